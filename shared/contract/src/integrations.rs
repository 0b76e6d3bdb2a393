//! Integrations: what is said of one besides the provider's own fields, and how one is shown.

use std::borrow::Cow;
use std::collections::BTreeMap;

use domain::integration::{Masked, Owner, Status, Webhook, WebhookStatus};
use domain::{Failure, Integration, IntegrationId, ProviderId, Timestamp, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::analytics::LastDay;
use crate::fields::{Label, Ranged};

/// What is said of an integration besides the provider's own fields; what is left out stays as it is.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct About {
    /// What people call it.
    pub name: Option<Label<100>>,
    /// Lower is tried first.
    pub priority: Option<Ranged<0, 1000>>,
    /// Switched on.
    pub enabled: Option<bool>,
    /// Whose it is: the organisation's, or the caller's own. It cannot be changed later.
    pub owner: Option<Ownership>,
    /// Whether secrets that are replaced may serve again, for a day, if the new ones fail in use.
    pub keep_previous: Option<bool>,
}

impl About {
    /// The names of its fields, and others under which they are taken.
    pub fn field(name: &str) -> Option<&'static str> {
        Some(match name {
            "name" | "display_name" => "name",
            "priority" => "priority",
            "enabled" | "is_active" => "enabled",
            "owner" => "owner",
            "keep_previous" => "keep_previous",
            _ => return None,
        })
    }
}

/// Whose an integration is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ownership {
    /// The organisation's.
    Tenant,
    /// The caller's own; nobody else sees it.
    User,
}

/// An integration, without its secrets.
#[derive(Debug, Serialize, JsonSchema)]
pub struct IntegrationView<'a> {
    /// Its id.
    pub id: &'a IntegrationId,
    /// Provider type.
    pub provider: &'a ProviderId,
    /// What people call it.
    pub name: &'a str,
    /// Whose it is.
    pub owner: &'a Owner,
    /// Switched on.
    pub enabled: bool,
    /// What is known about the credential.
    pub status: Status,
    /// Values that are not secret, by field name; for those who may change it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings: Option<&'a Map<String, Value>>,
    /// Per secret field whether it is set, and at most its last four characters; for those who may change it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credentials: Option<&'a BTreeMap<String, Masked>>,
    /// What the provider told about the account.
    pub facts: &'a Map<String, Value>,
    /// When the provider last accepted the credential.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified_at: Option<Timestamp>,
    /// When the token ends, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Until when a refusal in use leads back to the secrets before these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub returns_until: Option<Timestamp>,
    /// Why it does not work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<&'a Failure>,
    /// The provider's registration of its webhook; absent where the provider has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook: Option<WebhookState<'a>>,
    /// Lower is tried first.
    pub priority: u32,
    /// Rises with every change; the entity tag is made of it.
    pub revision: u64,
    /// When it was first saved.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: &'a UserId,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// By whom.
    pub updated_by: &'a UserId,
    /// What works but deserves attention.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    #[schemars(default)]
    pub warnings: &'a [String],
}

/// How the provider's registration of a webhook stands.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct WebhookState<'a> {
    /// Whether the provider delivers.
    pub status: &'a WebhookStatus,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<&'a Failure>,
}

impl<'a> From<&'a Webhook> for WebhookState<'a> {
    fn from(webhook: &'a Webhook) -> Self {
        Self {
            status: &webhook.status,
            error: webhook.error.as_ref(),
        }
    }
}

impl<'a> IntegrationView<'a> {
    /// As somebody sees it who may change it, or may not.
    pub fn new(integration: &'a Integration, may_change: bool) -> Self {
        Self {
            id: &integration.id,
            provider: &integration.provider,
            name: &integration.name,
            owner: &integration.owner,
            enabled: integration.enabled,
            status: integration.shown_status(),
            settings: may_change.then_some(&integration.settings),
            credentials: may_change.then_some(&integration.masked),
            facts: &integration.facts,
            verified_at: integration.verified_at,
            expires_at: integration.expires_at,
            returns_until: integration.returns_until,
            last_error: integration.last_error.as_ref(),
            webhook: integration.webhook.as_ref().map(WebhookState::from),
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
    #[must_use]
    pub fn warnings(mut self, warnings: &'a [String]) -> Self {
        self.warnings = warnings;
        self
    }
}

/// The entity tag of a revision (RFC 9110, section 8.8.3).
pub fn entity_tag(revision: u64) -> String {
    format!("\"{revision}\"")
}

/// A passed test.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Passed<'a> {
    /// Always `true`.
    pub success: bool,
    /// A sentence for people.
    pub message: Cow<'a, str>,
    /// What was learned.
    pub data: Learned<'a>,
}

/// What a test tells.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Learned<'a> {
    /// Always `connected`.
    pub status: Status,
    /// What the provider told about the account.
    pub facts: &'a Map<String, Value>,
    /// When the token ends, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// What works but deserves attention.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    #[schemars(default)]
    pub warnings: &'a [String],
}

/// Who else may send through an integration.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PermissionView<'a> {
    /// Who.
    pub user_id: &'a UserId,
    /// Who allowed it.
    pub granted_by: &'a UserId,
    /// When.
    pub granted_at: Timestamp,
}

/// How an integration fares.
#[derive(Debug, Serialize, JsonSchema)]
pub struct HealthView<'a> {
    /// What is known about the credential.
    pub status: Status,
    /// When the provider last accepted it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified_at: Option<Timestamp>,
    /// When the token ends, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Why it does not work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<&'a Failure>,
    /// What the provider told about the account and its limits.
    pub limits: Map<String, Value>,
    /// The provider's registration of its webhook; absent where the provider has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook: Option<WebhookState<'a>>,
    /// What happened lately.
    pub activity: Activity,
    /// What to do, most urgent first; empty if all is well.
    pub advice: Vec<String>,
}

/// What happened lately through an integration.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Activity {
    /// Messages that wait for its repair.
    pub parked: u64,
    /// Whether there are more of these than were counted.
    pub parked_is_least: bool,
    /// When the latest event arrived, of those of the last 30 days.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_event_at: Option<Timestamp>,
    /// When its credential was last opened, and what for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used: Option<LastUse>,
    /// What was sent, failed and came back.
    pub last_day: LastDay,
}

/// A use of a credential.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LastUse {
    /// When.
    pub at: Timestamp,
    /// What for, such as `send`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
}

/// What was taken over from a provider.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Synced {
    /// Phone numbers that the account has.
    pub phone_numbers: u64,
    /// Of these, numbers that were not known before.
    pub added: u64,
    /// Numbers that the account does not have any more; they are kept as inactive.
    pub retired: u64,
}
