//! What providers told us.

use domain::{IntegrationId, ProviderId, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// An inbound event.
#[derive(Debug, Serialize, JsonSchema)]
pub struct EventView<'a> {
    /// Its id.
    pub id: &'a str,
    /// `message`, `status`, `account`, or `quarantined` for what names an account that is not the integration's.
    pub kind: &'a str,
    /// Provider type.
    pub provider: &'a ProviderId,
    /// The integration that received it.
    pub integration_id: &'a IntegrationId,
    /// The provider's id of the account it is about, such as the phone number id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<&'a str>,
    /// When it arrived.
    pub received_at: Timestamp,
    /// When it happened, by the provider's clock.
    pub occurred_at: Timestamp,
    /// The event in the provider's own form.
    #[schemars(with = "Value")]
    pub payload: &'a RawValue,
}
