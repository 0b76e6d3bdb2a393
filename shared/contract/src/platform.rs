//! The platform's own accounts, and which of them a tenant may use.

use domain::{Timestamp, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a tenant may use of the platform's accounts of one provider type.
#[derive(Debug, Serialize, JsonSchema)]
pub struct GrantView<'a> {
    /// Provider type.
    pub provider: &'a str,
    /// Whether sends may use the platform's account now.
    pub live: bool,
    /// Who granted it.
    pub granted_by: &'a UserId,
    /// When.
    pub granted_at: Timestamp,
    /// When it ends by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// When it was ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
}

/// Until when a tenant may use the platform's account.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SetGrant {
    /// When it ends by itself; without it, when it is ended.
    pub until: Option<Timestamp>,
}
