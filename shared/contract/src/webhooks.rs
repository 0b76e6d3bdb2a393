//! An integration's webhook.

use domain::integration::WebhookStatus;
use domain::{Failure, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

use crate::credentials::Exposed;

/// An integration's webhook.
#[derive(Serialize, JsonSchema)]
pub struct WebhookView<'a> {
    /// The full URL. Who knows it can try to call it: keep it to yourself. Absent while no webhook is set up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<Exposed<'a>>,
    /// What to enter at the provider where the URL is registered by hand; absent where the provider asks for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verify_token: Option<Exposed<'a>>,
    /// Whether the provider delivers there.
    pub status: WebhookStatus,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<&'a Failure>,
    /// The URL before this one, while it is still answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<PreviousWebhook>,
}

/// A URL that was rotated out.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PreviousWebhook {
    /// Until when it is answered; absent while the provider has not taken the new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}
