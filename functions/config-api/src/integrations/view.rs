//! How an integration is shown: without the seal, and to those who do not manage it without its secrets' masks.

use std::collections::BTreeMap;

use domain::integration::{Masked, Owner, Status, Webhook};
use domain::{Caller, Failure, Integration, IntegrationId, ProviderId, Timestamp, UserId};
use serde::Serialize;
use serde_json::{Map, Value};

#[derive(Serialize)]
pub(crate) struct IntegrationView<'a> {
    id: &'a IntegrationId,
    provider: &'a ProviderId,
    name: &'a str,
    owner: &'a Owner,
    enabled: bool,
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    settings: Option<&'a Map<String, Value>>,
    /// Per secret field whether it is set, and at most its last four characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    credentials: Option<&'a BTreeMap<String, Masked>>,
    facts: &'a Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verified_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
    /// Until when a refusal in use leads back to the secrets before these.
    #[serde(skip_serializing_if = "Option::is_none")]
    returns_until: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error: Option<&'a Failure>,
    #[serde(skip_serializing_if = "Option::is_none")]
    webhook: Option<WebhookView<'a>>,
    priority: u32,
    revision: u64,
    created_at: Timestamp,
    created_by: &'a UserId,
    updated_at: Timestamp,
    updated_by: &'a UserId,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    warnings: &'a [String],
}

#[derive(Serialize)]
struct WebhookView<'a> {
    status: &'a domain::integration::WebhookStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a Failure>,
}

impl<'a> IntegrationView<'a> {
    pub(crate) fn new(integration: &'a Integration, caller: &Caller) -> Self {
        let manages = super::may_change(caller, &integration.owner).is_ok();
        Self {
            id: &integration.id,
            provider: &integration.provider,
            name: &integration.name,
            owner: &integration.owner,
            enabled: integration.enabled,
            status: integration.shown_status(),
            settings: manages.then_some(&integration.settings),
            credentials: manages.then_some(&integration.masked),
            facts: &integration.facts,
            verified_at: integration.verified_at,
            expires_at: integration.expires_at,
            returns_until: integration.returns_until,
            last_error: integration.last_error.as_ref(),
            webhook: integration
                .webhook
                .as_ref()
                .map(|Webhook { status, error, .. }| WebhookView {
                    status,
                    error: error.as_ref(),
                }),
            priority: integration.priority,
            revision: integration.revision,
            created_at: integration.created_at,
            created_by: &integration.created_by,
            updated_at: integration.updated_at,
            updated_by: &integration.updated_by,
            warnings: &[],
        }
    }

    /// With what deserves attention.
    pub(crate) fn warnings(mut self, warnings: &'a [String]) -> Self {
        self.warnings = warnings;
        self
    }
}

/// The entity tag of an integration's present revision (RFC 9110, section 8.8.3).
pub(crate) fn tag(integration: &Integration) -> String {
    format!("\"{}\"", integration.revision)
}
