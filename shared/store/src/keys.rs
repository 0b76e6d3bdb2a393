//! The tables on one screen.
//!
//! | table | partition key | sort key | item |
//! | --- | --- | --- | --- |
//! | Integrations | tenant | `INTEGRATION#{id}` | an integration with its sealed credentials |
//! | | tenant | `ROSTER` | what choosing a credential needs of the tenant's own integrations, its agents (`agent#{id}`) and grants of the platform's account (`grant#{provider}`), one attribute each; `default_agent` |
//! | | tenant | `ROSTER#{user}` | the same of one user's own integrations |
//! | | tenant | `AGENT#{id}` | an agent |
//! | | tenant | `NUMBER#{id}` | a phone number of an account, and whose it is; the id is made of the number |
//! | | tenant | `PREVIOUS#{id}` | the credentials an integration had before, for as long as it may go back to them |
//! | | tenant | `PERMISSIONS#{id}` | who else may send through an integration, one attribute each |
//! | | tenant | `REMOVED#{user}#{id}` | that an integration is gone, for as long as there are events of it |
//! | | tenant | `NOTIFICATION#{user}#{time}#{random}` | something its owner should know |
//! | WebhookRoutes | SHA-256 of the URL's token, hex | – | tenant, integration, sealed webhook secret, and its end if another URL has taken its place |
//! | | `CLAIM#` and SHA-256 of provider and account id, hex | – | the integration that alone may use the account |
//! | Activity | tenant | `MESSAGE#{id}#ACCEPTED` | the API took the message in |
//! | | tenant | `MESSAGE#{id}#CLAIM#{attempt}` | an attempt began |
//! | | tenant | `MESSAGE#{id}#EVIDENCE` | what the provider said later |
//! | | tenant | `MESSAGE#{id}#OUTCOME#{attempt}` | an attempt ended |
//! | | tenant | `EVENT#{integration}#{event id}` | an inbound event |
//! | | tenant | `FIGURES#{integration}#{hour}#{container}#{number}` | what happened through an integration within an hour, in numbers, as far as one container counted it |
//! | | tenant | `PARKED#{integration}#{time}#{message id}` | a message that waits for a repair |
//! | KeyRings | ring | version (number) | a wrapped ring key |
//! | Audit | tenant | number in the tenant's chain, 16 digits | an audit record |
//!
//! | index | partition key | sort key | for |
//! | --- | --- | --- | --- |
//! | Integrations, WebhookRoutes: `BySeal` | `seal`: `{ring}#{version}` | tenant | which records a ring key holds |
//! | KeyRings: `ByKmsKey` | `kms_key` | ring | which ring keys a KMS key holds |
//! | Activity: `ByTime` | tenant | `listed`: `EVENT#{time}#{hash of the sort key}` | a tenant's events, newest first |
//! | Audit: `ByProvider` | tenant | `provider_seq`: `{provider}#{number}` | the trail of one provider type |
//!
//! `#` occurs in no id, so no key is a prefix of another's. Where a key names a user and what it is about is the whole
//! tenant's, the user is empty. Times are RFC 3339 in UTC, which sorts. The first two indexes are read by the operator's
//! commands alone.

use domain::figures::Hour;
use domain::ids::{AgentId, IntegrationId, MessageId, NumberId, ProviderId, UserId};
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

/// Prefix of the attributes of the tenant's roster that tell what its agents are bound to.
pub(crate) const BINDING: &str = "agent#";

/// The attribute that tells what an agent is bound to; there for every agent.
pub fn binding(id: &AgentId) -> String {
    format!("{BINDING}{id}")
}

/// Prefix of the attributes of the tenant's roster that hold its grants.
pub(crate) const GRANT: &str = "grant#";

/// The attribute of a grant.
pub fn grant(provider: &ProviderId) -> String {
    format!("{GRANT}{provider}")
}

/// Sort key of an agent.
pub fn agent(id: &AgentId) -> String {
    format!("AGENT#{id}")
}

/// Prefix of all phone numbers of a tenant.
pub const PHONE_NUMBERS: &str = "NUMBER#";

/// Sort key of a phone number.
pub fn phone_number(id: &NumberId) -> String {
    format!("{PHONE_NUMBERS}{id}")
}

/// The user whose something is; empty for what is the tenant's, which no user's id is.
fn user_of(owner: &Owner) -> &str {
    match owner {
        Owner::Tenant => "",
        Owner::User(user) => user.as_str(),
    }
}

/// Prefix of an owner's integrations that are gone.
pub fn removed_of(owner: &Owner) -> String {
    format!("REMOVED#{}#", user_of(owner))
}

/// Sort key of an integration that is gone.
pub fn removed(owner: &Owner, id: &IntegrationId) -> String {
    format!("{}{id}", removed_of(owner))
}

/// Prefix of what an owner should know; behind it stands its [`position`].
pub fn notifications(owner: &Owner) -> String {
    format!("NOTIFICATION#{}#", user_of(owner))
}

/// Where something stands in a list by time: `{time}#{tail}`, of which the tail tells apart what came in the same
/// millisecond.
pub(crate) fn position(at: Timestamp, tail: &[u8]) -> String {
    format!("{at}#{}", random::base32(tail))
}

/// The time of a [`position`].
pub(crate) fn time_of(position: &str) -> Option<Timestamp> {
    Timestamp::parse(position.split_once('#')?.0)
}

/// Higher than every [`position`].
pub(crate) const HIGHEST_POSITION: &str = "~";

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
        "{EVENTS}{integration}#{}",
        random::base32(&random::sha256(id.as_bytes())[..20])
    )
}

/// Prefix of all events, in the table and in the index by time.
pub(crate) const EVENTS: &str = "EVENT#";

/// The integration of an event, out of its sort key.
pub(crate) fn integration_of_event(sk: &str) -> Option<IntegrationId> {
    let (integration, _) = sk.strip_prefix(EVENTS)?.split_once('#')?;
    IntegrationId::parse(integration).ok()
}

/// An event's id, out of its sort key, which can be made of it again: `evt_`, 26 characters of the integration's id, and
/// the hash.
pub(crate) fn event_id(sk: &str) -> Option<String> {
    let (integration, hash) = sk.strip_prefix(EVENTS)?.split_once('#')?;
    Some(format!("evt_{}{hash}", integration.strip_prefix("int_")?))
}

/// The index of a tenant's activity by time.
pub const ACTIVITY_BY_TIME: &str = "ByTime";
/// Its sort key; only what is listed has it.
pub const LISTED: &str = "listed";

/// Sort key of an event among those of its tenant, out of its sort key in the table.
pub(crate) fn listed(received_at: Timestamp, event: &str) -> String {
    let tail = &random::sha256(event.as_bytes())[..10];
    format!("{EVENTS}{}", position(received_at, tail))
}

/// Prefix of an integration's parked messages.
pub fn parked_of(integration: &IntegrationId) -> String {
    format!("PARKED#{integration}#")
}

/// Sort key of a parked message.
pub fn parked(integration: &IntegrationId, accepted_at: Timestamp, id: &MessageId) -> String {
    format!("PARKED#{integration}#{accepted_at}#{id}")
}

/// Prefix of an integration's figures.
fn figures_of(integration: &IntegrationId) -> String {
    format!("FIGURES#{integration}#")
}

/// Lower than the sort key of every figure of that hour, and higher than those of the hours before.
pub(crate) fn figures_from(integration: &IntegrationId, hour: Hour) -> String {
    format!("{}{hour}", figures_of(integration))
}

/// Sort key of what a container counted within an hour; the number tells apart what it counted in several goes.
pub(crate) fn figures(
    integration: &IntegrationId,
    hour: Hour,
    container: &str,
    number: u64,
) -> String {
    format!("{}#{container}#{number}", figures_from(integration, hour))
}

/// The hour of figures, out of their sort key.
pub(crate) fn hour_of_figures(integration: &IntegrationId, sk: &str) -> Option<Hour> {
    let (hour, _) = sk.strip_prefix(&figures_of(integration))?.split_once('#')?;
    Hour::parse(hour)
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
