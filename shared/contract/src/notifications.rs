//! What somebody should know.

use domain::{IntegrationId, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

/// A notification.
#[derive(Debug, Serialize, JsonSchema)]
pub struct NotificationView<'a> {
    /// Its id.
    pub id: &'a str,
    /// When.
    pub at: Timestamp,
    /// Stable, for programs, such as `integration_invalid`.
    pub code: &'a str,
    /// Which integration it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub integration_id: Option<&'a IntegrationId>,
    /// What happened.
    pub detail: &'a str,
    /// What to do.
    #[serde(skip_serializing_if = "str::is_empty")]
    #[schemars(default)]
    pub hint: &'a str,
}
