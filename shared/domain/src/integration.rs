//! An integration: one account of a tenant, or of one of its users, at one provider.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::failure::Failure;
use crate::ids::{IntegrationId, ProviderId, TenantId, UserId};
use crate::seal::{Purpose, SealContext, Sealed};
use crate::time::Timestamp;

/// Whose integration it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "kind", content = "user_id")]
pub enum Owner {
    /// Of the whole tenant.
    Tenant,
    /// Of one user, seen by nobody else.
    User(UserId),
}

/// How a caller names an integration: by its id, or by a provider type for the default one of that type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// This one.
    Id(IntegrationId),
    /// The caller's own default of the type, else the tenant's.
    Default(ProviderId),
}

impl Reference {
    /// Reads a path segment; `None` if it can name nothing.
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(id) = IntegrationId::parse(text) {
            return Some(Self::Id(id));
        }
        ProviderId::parse(text).ok().map(Self::Default)
    }
}

/// What is known about the credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The provider accepted it when it was last asked.
    Connected,
    /// The provider could not be asked.
    Unverified,
    /// The provider refused it.
    Invalid,
    /// Switched off by the tenant.
    Disabled,
}

impl Status {
    /// Whether sends may use a credential of which that is known.
    pub const fn may_send(self) -> bool {
        matches!(self, Self::Connected | Self::Unverified)
    }

    /// The name as it is stored and shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Unverified => "unverified",
            Self::Invalid => "invalid",
            Self::Disabled => "disabled",
        }
    }

    /// The status of that name.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "connected" => Some(Self::Connected),
            "unverified" => Some(Self::Unverified),
            "invalid" => Some(Self::Invalid),
            "disabled" => Some(Self::Disabled),
            _ => None,
        }
    }
}

/// How a secret is shown when it is not revealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Masked {
    /// Whether a value is stored.
    pub set: bool,
    /// Its last four characters; only of values longer than twenty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last4: Option<String>,
    /// Tells two values of the tenant's apart and nothing else of them, for it takes the tenant's key to make.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
}

impl Masked {
    /// The mask of a stored value, without a fingerprint.
    pub fn of(value: &str) -> Self {
        let count = value.chars().count();
        let last4 = (count > 20).then(|| value.chars().skip(count - 4).collect());
        Self {
            set: true,
            last4,
            fingerprint: None,
        }
    }
}

/// The state of the provider's registration of our webhook URL, apart from the credential's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WebhookStatus {
    /// The provider was told our URL and verified it.
    Registered,
    /// The provider was not told; the webhook's `error` says why and what to do by hand.
    Failed,
    /// This integration receives no webhooks: the fields for it were not given.
    NotConfigured,
}

/// The integration's own webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// SHA-256 of the URL's token in hex: the key of its route. The token itself is sealed with the credentials.
    pub route: String,
    /// Whether the provider delivers there.
    pub status: WebhookStatus,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
    /// The route of the URL before this one, while it is still answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<PreviousRoute>,
}

/// The route of a URL that was rotated out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviousRoute {
    /// Its key.
    pub route: String,
    /// Until when it is answered; `None` while the provider has not taken the new URL, and so may still call this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

impl PreviousRoute {
    /// Whether it is still answered.
    pub fn is_answered_at(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

impl Webhook {
    /// The keys of its routes: the present URL's, and that of the one before.
    pub fn routes(&self) -> impl Iterator<Item = &str> {
        let previous = self.previous.as_ref().map(|previous| &previous.route);
        std::iter::once(&self.route)
            .chain(previous)
            .map(String::as_str)
    }
}

/// A stored integration. The bare name is the stored form; what goes out is a view without the seal.
#[derive(Debug, Clone)]
pub struct Integration {
    /// Its id.
    pub id: IntegrationId,
    /// Whose it is.
    pub tenant: TenantId,
    /// The tenant's or one user's.
    pub owner: Owner,
    /// Provider type.
    pub provider: ProviderId,
    /// What people call it.
    pub name: String,
    /// Values that are not secret, by field name.
    pub settings: Map<String, Value>,
    /// The sealed secret values.
    pub credentials: Sealed,
    /// Rises with every new seal, and the seal is bound to it; a late failure of an old version is told by it.
    pub credential_version: u64,
    /// The highest credential version ever given out; higher than the present one after a return to the previous.
    pub latest_version: u64,
    /// The vault's own word for the present version, which the roster repeats: an older record put in the place of
    /// this one is told by it (F4).
    pub version_attested: String,
    /// Until when a refusal in use leads back to the credentials before these; `None` if there are none.
    pub returns_until: Option<Timestamp>,
    /// How the secret values are shown.
    pub masked: BTreeMap<String, Masked>,
    /// Ids at the provider that belong to this integration alone, such as phone number ids.
    pub accounts: Vec<String>,
    /// Switched on.
    pub enabled: bool,
    /// What is known about the credential.
    pub status: Status,
    /// When the provider last accepted it.
    pub verified_at: Option<Timestamp>,
    /// Why it does not work.
    pub last_error: Option<Failure>,
    /// What the provider told about the account at the last test.
    pub facts: Map<String, Value>,
    /// When the token ends, where that is known.
    pub expires_at: Option<Timestamp>,
    /// Lower is tried first.
    pub priority: u32,
    /// Rises with every write; the optimistic lock.
    pub revision: u64,
    /// The webhook, if the provider has one.
    pub webhook: Option<Webhook>,
    /// When it was first saved.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: UserId,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// By whom.
    pub updated_by: UserId,
}

impl Integration {
    /// The place its credentials are sealed for. `origin` is the address that its settings name as the one its secrets
    /// are sent to, if the tenant chose one: with another address they do not open (B5).
    pub fn credentials_place<'a>(&'a self, origin: Option<&'a str>) -> SealContext<'a> {
        credentials_place(
            &self.tenant,
            &self.provider,
            &self.id,
            self.credential_version,
            origin,
        )
    }

    /// The matter on which the vault attests the credentials' version.
    pub fn version_matter(&self) -> String {
        format!("credential version of {}", self.id)
    }

    /// The place the secret of its webhook is sealed for.
    pub fn webhook_secret_place(&self) -> SealContext<'_> {
        webhook_secret_place(
            &self.tenant,
            &self.provider,
            &self.id,
            self.credential_version,
        )
    }

    /// Whether that user may know of it: the tenant's are known to all of the tenant, a user's own to nobody else.
    pub fn is_visible_to(&self, user: &UserId) -> bool {
        match &self.owner {
            Owner::Tenant => true,
            Owner::User(owner) => owner == user,
        }
    }

    /// Whether the provider may call that route: it is one of the integration's webhook, and that is configured.
    pub fn is_called_on(&self, route: &str) -> bool {
        self.webhook.as_ref().is_some_and(|webhook| {
            webhook.status != WebhookStatus::NotConfigured
                && webhook.routes().any(|own| own == route)
        })
    }

    /// Whether sends may use it.
    pub fn is_usable(&self) -> bool {
        self.enabled && self.status.may_send()
    }

    /// The state as it is shown.
    pub fn shown_status(&self) -> Status {
        if self.enabled {
            self.status
        } else {
            Status::Disabled
        }
    }
}

/// The place a version of an integration's credentials is sealed for, the present one or one it had before.
pub fn credentials_place<'a>(
    tenant: &'a TenantId,
    provider: &'a ProviderId,
    integration: &'a IntegrationId,
    version: u64,
    origin: Option<&'a str>,
) -> SealContext<'a> {
    SealContext {
        tenant,
        provider,
        integration,
        purpose: Purpose::Credentials,
        record: "integration",
        revision: version,
        origin,
    }
}

/// The place a webhook's secret is sealed for, as its route names it.
pub fn webhook_secret_place<'a>(
    tenant: &'a TenantId,
    provider: &'a ProviderId,
    integration: &'a IntegrationId,
    version: u64,
) -> SealContext<'a> {
    SealContext {
        tenant,
        provider,
        integration,
        purpose: Purpose::WebhookSecrets,
        record: "webhook-route",
        revision: version,
        origin: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_secrets_show_nothing() {
        assert_eq!(Masked::of("12345678901234567890").last4, None);
        assert_eq!(
            Masked::of("123456789012345678901").last4.as_deref(),
            Some("8901")
        );
        assert_eq!(
            Masked::of("short"),
            Masked {
                set: true,
                last4: None,
                fingerprint: None
            }
        );
    }
}
