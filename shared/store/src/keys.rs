//! The tables on one screen.
//!
//! | table | partition key | sort key | item |
//! | --- | --- | --- | --- |
//! | Integrations | tenant | `INTEGRATION#{id}` | an integration with its sealed credentials |
//! | | tenant | `ROSTER` | what choosing a credential needs of the tenant's own integrations, one attribute each |
//! | | tenant | `ROSTER#{user}` | the same of one user's own |
//! | | tenant | `PREVIOUS#{id}` | the credentials an integration had before, for as long as it may go back to them |
//! | | tenant | `PERMISSIONS#{id}` | who else may send through an integration, one attribute each |
//! | | tenant | `NOTIFICATION#{time}#{random}` | something an admin should know |
//! | WebhookRoutes | SHA-256 of the URL's token, hex | – | tenant, integration, sealed webhook secret |
//! | | `CLAIM#` and SHA-256 of provider and account id, hex | – | the integration that alone may use the account |
//! | Activity | tenant | `MESSAGE#{id}#ACCEPTED` | the API took the message in |
//! | | tenant | `MESSAGE#{id}#CLAIM#{attempt}` | an attempt began |
//! | | tenant | `MESSAGE#{id}#EVIDENCE` | what the provider said later |
//! | | tenant | `MESSAGE#{id}#OUTCOME#{attempt}` | an attempt ended |
//! | | tenant | `EVENT#{integration}#{event id}` | an inbound event |
//! | | tenant | `PARKED#{integration}#{time}#{message id}` | a message that waits for a repair |
//! | KeyRings | ring | version (number) | a wrapped ring key |
//! | Audit | tenant | number in the tenant's chain, 16 digits | an audit record |
//!
//! | index | partition key | sort key | for |
//! | --- | --- | --- | --- |
//! | Integrations, WebhookRoutes: `BySeal` | `seal`: `{ring}#{version}` | tenant | which records a ring key holds |
//! | KeyRings: `ByKmsKey` | `kms_key` | ring | which ring keys a KMS key holds |
//! | Audit: `ByProvider` | tenant | `provider_seq`: `{provider}#{number}` | the trail of one provider type |
//!
//! `#` occurs in no id, so no key is a prefix of another's. Times are RFC 3339 in UTC, which sorts. The first two
//! indexes are read by the operator's commands alone.

use domain::ids::{IntegrationId, MessageId, ProviderId, UserId};
use domain::integration::Owner;
use domain::random;
use domain::seal::Sealed;
use domain::time::Timestamp;

/// Partition key attribute.
pub const PK: &str = "pk";
/// Sort key attribute.
pub const SK: &str = "sk";
/// Seconds since the epoch after which DynamoDB may delete the item.
pub const TTL: &str = "expires_at_s";

/// Prefix of all integrations of a tenant.
pub const INTEGRATIONS: &str = "INTEGRATION#";

/// Sort key of an integration.
pub fn integration(id: &IntegrationId) -> String {
    format!("{INTEGRATIONS}{id}")
}

/// Sort key of the roster that an owner's integrations stand in.
pub fn roster(owner: &Owner) -> String {
    match owner {
        Owner::Tenant => "ROSTER".to_owned(),
        Owner::User(user) => user_roster(user),
    }
}

/// The attribute beside an integration's line in a roster with what the vault attests of its credentials' version.
pub fn attested(id: &IntegrationId) -> String {
    format!("attested#{id}")
}

/// Sort key of a user's roster.
pub fn user_roster(user: &UserId) -> String {
    format!("ROSTER#{user}")
}

/// Sort key of a notification.
pub fn notification(at: Timestamp) -> String {
    format!(
        "NOTIFICATION#{at}#{}",
        random::base32(&random::bytes::<10>())
    )
}

/// Partition key of a webhook route.
pub fn route(token: &str) -> String {
    hex(&random::sha256(token.as_bytes()))
}

/// Partition key of the claim on a provider's account.
pub fn claim(provider: &ProviderId, account: &str) -> String {
    format!(
        "CLAIM#{}",
        hex(&random::sha256(format!("{provider}\n{account}").as_bytes()))
    )
}

/// Prefix of all facts about a message.
pub fn message(id: &MessageId) -> String {
    format!("MESSAGE#{id}#")
}

/// Last part of the sort keys of a message's facts.
pub(crate) mod fact {
    pub(crate) const ACCEPTED: &str = "ACCEPTED";
    pub(crate) const CLAIM: &str = "CLAIM";
    pub(crate) const EVIDENCE: &str = "EVIDENCE";
    pub(crate) const OUTCOME: &str = "OUTCOME";

    pub(crate) fn claim(attempt: u32) -> String {
        format!("{CLAIM}#{attempt:06}")
    }

    pub(crate) fn outcome(attempt: u32) -> String {
        format!("{OUTCOME}#{attempt:06}")
    }
}

/// Sort key of an inbound event; the provider's id is hashed, for it may hold anything.
pub fn event(integration: &IntegrationId, id: &str) -> String {
    format!(
        "EVENT#{integration}#{}",
        random::base32(&random::sha256(id.as_bytes())[..20])
    )
}

/// Prefix of an integration's parked messages.
pub fn parked_of(integration: &IntegrationId) -> String {
    format!("PARKED#{integration}#")
}

/// Sort key of a parked message.
pub fn parked(integration: &IntegrationId, accepted_at: Timestamp, id: &MessageId) -> String {
    format!("PARKED#{integration}#{accepted_at}#{id}")
}

/// The index of the records that a ring key holds.
pub const BY_SEAL: &str = "BySeal";
/// The attribute that names the ring key a record is sealed under.
pub const SEAL: &str = "seal";

/// The ring key that a value is sealed under, as its header names it; `None` for what is no seal.
pub fn seal(sealed: &Sealed) -> Option<String> {
    sealed.ring().map(|(ring, version)| seal_of(ring, version))
}

/// A ring key.
pub fn seal_of(ring: &str, version: u32) -> String {
    format!("{ring}#{version}")
}

/// Prefix of the credentials that integrations had before.
pub const PREVIOUS: &str = "PREVIOUS#";

/// Sort key of the credentials that an integration had before.
pub fn previous(id: &IntegrationId) -> String {
    format!("{PREVIOUS}{id}")
}

/// Sort key of an integration's permissions.
pub fn permissions(id: &IntegrationId) -> String {
    format!("PERMISSIONS#{id}")
}

/// The index of the trail by provider type.
pub const AUDIT_BY_PROVIDER: &str = "ByProvider";
/// Its sort key.
pub const PROVIDER_SEQ: &str = "provider_seq";
/// No chain grows longer.
pub const LAST_AUDIT_NUMBER: u64 = 9_999_999_999_999_999;

/// Sort key of an audit record.
pub fn audit(number: u64) -> String {
    format!("{number:016}")
}

/// Sort key of an audit record among those of its provider type.
pub fn audit_of_provider(provider: &ProviderId, number: u64) -> String {
    format!("{provider}#{number:016}")
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a string cannot fail.
            write!(text, "{byte:02x}").unwrap_or_default();
            text
        })
}
