//! Who did what, to which integration, and how it ended.

use serde::Serialize;

use crate::caller::Caller;
use crate::ids::{IntegrationId, ProviderId, TenantId};
use crate::time::Timestamp;

/// One line of a tenant's audit trail. It holds ids and outcomes, never a value.
#[derive(Debug, Clone, Serialize)]
pub struct AuditRecord {
    /// Whose trail.
    pub tenant: TenantId,
    /// When.
    pub at: Timestamp,
    /// User id, or the function that acted by itself.
    pub actor: String,
    /// What was done, as `noun.verb`: `integration.configure`, `credentials.open`.
    pub action: &'static str,
    /// Provider type.
    pub provider: Option<ProviderId>,
    /// Which integration.
    pub integration: Option<IntegrationId>,
    /// `ok`, or the code of the problem.
    pub outcome: String,
    /// The request or invocation that did it.
    pub request: String,
}

impl AuditRecord {
    /// What a caller did, or tried and was refused.
    pub fn of_caller(
        caller: &Caller,
        at: Timestamp,
        action: &'static str,
        (provider, integration): (&ProviderId, Option<&IntegrationId>),
        outcome: &str,
        request: &str,
    ) -> Self {
        Self {
            tenant: caller.tenant.clone(),
            at,
            actor: caller.user.to_string(),
            action,
            provider: Some(provider.clone()),
            integration: integration.cloned(),
            outcome: outcome.to_owned(),
            request: request.to_owned(),
        }
    }
}
