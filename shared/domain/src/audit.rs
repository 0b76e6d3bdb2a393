//! Who did what, to which integration, and how it ended.

use serde::Serialize;

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
