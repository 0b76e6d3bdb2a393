//! Who is asking, as the gateway's authorizer verified it.

use schemars::JsonSchema;
use serde::Serialize;

use crate::ids::{TenantId, UserId};

/// What a caller may do, from the least to the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sees status; sends through integrations granted to them.
    Agent,
    /// As an agent, for a team.
    Manager,
    /// Configures, deletes, reveals credentials, assigns, grants, migrates.
    Admin,
    /// A machine of the platform: fetches credentials and enqueues.
    Service,
    /// Platform staff: may act on any tenant.
    Operator,
}

impl Role {
    /// The role of that name, as it stands in the groups claim.
    pub fn from_group(name: &str) -> Option<Self> {
        match name {
            "agent" => Some(Self::Agent),
            "manager" => Some(Self::Manager),
            "admin" => Some(Self::Admin),
            "service" => Some(Self::Service),
            "operator" => Some(Self::Operator),
            _ => None,
        }
    }

    /// May configure, change and delete the tenant's integrations.
    pub const fn manages_integrations(self) -> bool {
        matches!(self, Self::Admin | Self::Operator)
    }

    /// May put messages on the queue for any integration of the tenant.
    pub const fn sends_for_tenant(self) -> bool {
        matches!(self, Self::Admin | Self::Service | Self::Operator)
    }
}

/// A verified identity: made by the authorizer's claims and by nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The tenant it belongs to, or that an operator acts for.
    pub tenant: TenantId,
    /// The person or machine.
    pub user: UserId,
    /// The strongest role among its groups.
    pub role: Role,
}
