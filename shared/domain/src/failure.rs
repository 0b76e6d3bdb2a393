//! What an outside service can do to us, and what then has to happen. Providers produce it, the edge shows it,
//! queue code asks [`FailureKind::reaction`] and nothing else.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The kinds of failure of a call to a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The token or key is wrong, expired or revoked.
    CredentialsRejected,
    /// The credential is alive but may not do this.
    PermissionMissing,
    /// The tenant has no integration that could do it.
    NotConfigured,
    /// The message's own deadline has passed.
    Expired,
    /// The tenant has left.
    TenantRemoved,
    /// The account or number cannot send at present: locked, unpaid, not registered.
    AccountBlocked,
    /// The thing named does not exist, or is not visible to this credential.
    NotFound,
    /// The request itself is wrong and would be refused again.
    InvalidRequest,
    /// The address that was chosen may not be called: nothing was sent, and nothing will be.
    AddressRefused,
    /// The recipient cannot be reached in this way.
    Undeliverable,
    /// The platform's own credential was refused: no fault of the tenant's, who can only wait.
    PlatformRefused,
    /// The provider refuses the credentials of many tenants at once: trouble of its own.
    RefusesMany,
    /// Too many calls; come back later.
    Throttled,
    /// Too many messages to one recipient; others are not affected.
    RecipientThrottled,
    /// The provider was not reached, or refused because of trouble of its own: nothing was done.
    Unavailable,
    /// The request may or may not have been carried out.
    OutcomeUnknown,
}

/// What queue code does about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reaction {
    /// Never again: record the failure.
    GiveUp,
    /// Nothing was done: put back and try later. `counts` is false for what is no fault of the message, as a throttle.
    TryLater {
        /// Whether this try uses up one of the message's attempts.
        counts: bool,
    },
    /// The credential is at fault: keep the message until it is repaired.
    Park,
    /// Nobody knows: never send again unasked, wait for evidence.
    AwaitEvidence,
}

impl FailureKind {
    /// What queue code does.
    pub const fn reaction(self) -> Reaction {
        match self {
            Self::CredentialsRejected | Self::PermissionMissing => Reaction::Park,
            Self::NotConfigured
            | Self::Expired
            | Self::TenantRemoved
            | Self::AccountBlocked
            | Self::NotFound
            | Self::InvalidRequest
            | Self::AddressRefused
            | Self::Undeliverable => Reaction::GiveUp,
            Self::Throttled
            | Self::RecipientThrottled
            | Self::PlatformRefused
            | Self::RefusesMany => Reaction::TryLater { counts: false },
            Self::Unavailable => Reaction::TryLater { counts: true },
            Self::OutcomeUnknown => Reaction::AwaitEvidence,
        }
    }

    /// The stable code shown to people and programs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::CredentialsRejected => "credentials_rejected",
            Self::PermissionMissing => "permission_missing",
            Self::NotConfigured => "credentials_not_configured",
            Self::Expired => "expired",
            Self::TenantRemoved => "tenant_removed",
            Self::AccountBlocked => "account_blocked",
            Self::NotFound => "provider_object_not_found",
            Self::InvalidRequest => "provider_refused_request",
            Self::AddressRefused => "address_refused",
            Self::Undeliverable => "undeliverable",
            Self::PlatformRefused => "platform_credentials_rejected",
            Self::RefusesMany => "provider_refuses_many",
            Self::Throttled => "provider_rate_limit",
            Self::RecipientThrottled => "recipient_rate_limit",
            Self::Unavailable => "provider_unavailable",
            Self::OutcomeUnknown => "outcome_unknown",
        }
    }

    /// Whether the provider asks to come back later, and no more.
    pub const fn is_slowing_down(self) -> bool {
        matches!(self, Self::Throttled | Self::RecipientThrottled)
    }

    /// Whether another account may succeed where this one failed, and nothing was sent by this one.
    pub const fn may_differ_elsewhere(self) -> bool {
        match self {
            Self::CredentialsRejected
            | Self::PermissionMissing
            | Self::NotConfigured
            | Self::AccountBlocked
            | Self::NotFound
            | Self::AddressRefused
            | Self::Undeliverable
            | Self::PlatformRefused
            | Self::RefusesMany
            | Self::Unavailable => true,
            Self::Expired
            | Self::TenantRemoved
            | Self::InvalidRequest
            | Self::Throttled
            | Self::RecipientThrottled
            | Self::OutcomeUnknown => false,
        }
    }

    /// Whether the failure says something against the credential; anything else must never disable it.
    pub const fn blames_credentials(self) -> bool {
        matches!(self, Self::CredentialsRejected | Self::PermissionMissing)
    }
}

/// A failed call to a provider. Its texts are ours: no provider text, no value of a request is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error, JsonSchema)]
#[error("{kind:?}: {detail}")]
pub struct Failure {
    /// What happened, in our terms.
    pub kind: FailureKind,
    /// The provider's own code, such as Meta's `131047`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider_code: Option<String>,
    /// What happened, for people.
    pub detail: String,
    /// What to do about it, for people.
    pub hint: String,
    /// How long the provider asked to wait.
    #[serde(skip)]
    pub retry_after: Option<Duration>,
}

impl Failure {
    /// A failure with its two sentences.
    pub fn new(kind: FailureKind, detail: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            kind,
            provider_code: None,
            detail: detail.into(),
            hint: hint.into(),
            retry_after: None,
        }
    }

    /// With the provider's own code.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.provider_code = Some(code.into());
        self
    }

    /// With the time the provider asked to wait.
    #[must_use]
    pub fn after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }
}

/// A store or key service that could not do its work. Never a statement about a credential.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Throttled, timed out or unreachable: the same call may succeed later.
    #[error("{0} is not available")]
    Unavailable(
        &'static str,
        #[source] Option<Box<dyn std::error::Error + Send + Sync>>,
    ),
    /// The record is not in the form this version writes.
    #[error("a stored record is malformed: {0}")]
    Malformed(&'static str),
}
