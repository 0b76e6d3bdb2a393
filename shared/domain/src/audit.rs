//! Who did what, to which integration, and how it ended; and the chain that shows that nothing of it was changed.
//!
//! A tenant's records are numbered from 1. Each carries the hash of the one before it, so that one that was edited,
//! dropped or moved no longer fits its neighbours. [`ChainCheck`] finds the place. A chain cannot show that its last
//! records were cut off: compare its head with one noted before.

use std::borrow::Cow;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::caller::Caller;
use crate::ids::{IntegrationId, ProviderId, TenantId};
use crate::random;
use crate::time::Timestamp;

/// One line of a tenant's audit trail. It holds ids and outcomes, never a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditRecord {
    /// When. In the trail never before the record that it follows.
    pub at: Timestamp,
    /// User id, or the function or command that acted by itself.
    pub actor: String,
    /// What was done, as `noun.verb`: `integration.configure`, `credentials.open`.
    pub action: Cow<'static, str>,
    /// Provider type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<ProviderId>,
    /// Which integration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integration: Option<IntegrationId>,
    /// `ok`, or the code of the problem.
    pub outcome: Cow<'static, str>,
    /// The request or invocation that did it; on the dispatch path the container.
    pub request: String,
    /// What it was done for, where that is not plain from the action: why credentials were opened, who was granted
    /// a permission.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// Version of the credentials concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential_version: Option<u64>,
    /// How many times, where several are one record; 1 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
}

impl AuditRecord {
    /// What somebody did by themselves, at that time.
    pub fn new(actor: impl Into<String>, at: Timestamp, action: &'static str) -> Self {
        Self {
            at,
            actor: actor.into(),
            action: action.into(),
            provider: None,
            integration: None,
            outcome: "ok".into(),
            request: String::new(),
            purpose: None,
            credential_version: None,
            count: None,
        }
    }

    /// What a caller did, or tried and was refused.
    pub fn of_caller(
        caller: &Caller,
        at: Timestamp,
        action: &'static str,
        (provider, integration): (&ProviderId, Option<&IntegrationId>),
        outcome: &'static str,
        request: &str,
    ) -> Self {
        Self {
            provider: Some(provider.clone()),
            integration: integration.cloned(),
            outcome: outcome.into(),
            request: request.to_owned(),
            ..Self::new(caller.user.as_str(), at, action)
        }
    }
}

/// A line for a tenant's trail from one who may not write to it, on its way to one who may.
#[derive(Debug, Serialize, Deserialize)]
pub struct AuditNotice {
    /// Whose trail. The tenant stays text here: whoever consumes the queue turns it into a `TenantId`.
    pub tenant: String,
    /// The line.
    pub record: AuditRecord,
}

/// SHA-256 of a link; as text 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LinkHash([u8; 32]);

impl LinkHash {
    /// What the first record of a chain follows.
    pub const GENESIS: Self = Self([0; 32]);

    /// Reads 64 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        if digits.len() != 64 || digits.iter().any(u8::is_ascii_uppercase) {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let high = char::from(pair[0]).to_digit(16)?;
            let low = char::from(pair[1]).to_digit(16)?;
            *byte = u8::try_from(high * 16 + low).ok()?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for LinkHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for LinkHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The end of a chain: what the next record follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Number of the last record; 0 for an empty chain.
    pub number: u64,
    /// Its hash.
    pub hash: LinkHash,
    /// Its time.
    pub at: Timestamp,
}

impl Head {
    /// Of an empty chain.
    pub const EMPTY: Self = Self {
        number: 0,
        hash: LinkHash::GENESIS,
        at: Timestamp::from_millis(0),
    };
}

/// A record in its place in the chain, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// 1, 2, 3 …
    pub number: u64,
    /// Hash of the link before.
    pub previous: LinkHash,
    /// The record as JSON, exactly as it was hashed.
    pub record: String,
    /// Hash of this link.
    pub hash: LinkHash,
}

impl Link {
    /// Puts a record behind a chain's head; its time is moved up to the head's if clocks disagree.
    pub fn after(head: &Head, tenant: &TenantId, record: &AuditRecord) -> (Self, Head) {
        let at = record.at.max(head.at);
        let record = AuditRecord {
            at,
            ..record.clone()
        };
        // Strings, numbers and times: nothing in it can fail to be written.
        let record = serde_json::to_string(&record).unwrap_or_default();
        let number = head.number + 1;
        let hash = hash(tenant, number, &head.hash, &record);
        let link = Self {
            number,
            previous: head.hash,
            record,
            hash,
        };
        (link, Head { number, hash, at })
    }
}

/// SHA-256 over the label `switchboard audit v1`, the tenant's length (four bytes, big-endian) and name, the number
/// (eight bytes, big-endian), the hash before (32 bytes), and the record's JSON.
fn hash(tenant: &TenantId, number: u64, previous: &LinkHash, record: &str) -> LinkHash {
    let tenant = tenant.as_str().as_bytes();
    let length = u32::try_from(tenant.len()).unwrap_or(u32::MAX);
    let bytes = [
        b"switchboard audit v1".as_slice(),
        &length.to_be_bytes(),
        tenant,
        &number.to_be_bytes(),
        &previous.0,
        record.as_bytes(),
    ];
    LinkHash(random::sha256(&bytes.concat()))
}

/// Where a chain is not what was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Break {
    /// Records are not there, or not in their order.
    #[error("record {expected} is missing: {found} follows")]
    Missing {
        /// The number that should be here.
        expected: u64,
        /// The number that is.
        found: u64,
    },
    /// The record before this one is another than it was.
    #[error("record {0} does not follow the record before it")]
    Relinked(u64),
    /// The record is not what was hashed.
    #[error("record {0} was edited")]
    Edited(u64),
}

/// Walks along a chain from its first record on.
#[derive(Debug)]
pub struct ChainCheck {
    tenant: TenantId,
    head: Head,
}

impl ChainCheck {
    /// From the start of a tenant's chain.
    pub fn new(tenant: TenantId) -> Self {
        Self {
            tenant,
            head: Head::EMPTY,
        }
    }

    /// Takes the next record.
    ///
    /// # Errors
    /// [`Break`] at the first record that does not fit.
    pub fn next(&mut self, link: &Link) -> Result<(), Break> {
        let expected = self.head.number + 1;
        if link.number != expected {
            let found = link.number;
            return Err(Break::Missing { expected, found });
        }
        if link.hash != hash(&self.tenant, link.number, &link.previous, &link.record) {
            return Err(Break::Edited(link.number));
        }
        if link.previous != self.head.hash {
            return Err(Break::Relinked(link.number));
        }
        self.head = Head {
            number: link.number,
            hash: link.hash,
            at: self.head.at,
        };
        Ok(())
    }

    /// The head as far as the chain was walked.
    pub fn head(&self) -> Head {
        self.head
    }
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "a test is a trusted source of tenants"
)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tenant(name: &str) -> TenantId {
        TenantId::from_trusted_source(name).expect("a tenant")
    }

    fn chain(length: usize) -> Vec<Link> {
        let mut head = Head::EMPTY;
        (0..length)
            .map(|n| {
                let at = Timestamp::from_seconds(i64::try_from(n).expect("small"));
                let record = AuditRecord::new(format!("u-{n}"), at, "integration.configure");
                let (link, next) = Link::after(&head, &tenant("t_1"), &record);
                head = next;
                link
            })
            .collect()
    }

    fn walk(links: &[Link]) -> Result<Head, Break> {
        let mut check = ChainCheck::new(tenant("t_1"));
        links.iter().try_for_each(|link| check.next(link))?;
        Ok(check.head())
    }

    proptest! {
        #[test]
        fn an_untouched_chain_holds_and_ends_in_its_head(length in 0usize..40) {
            let links = chain(length);
            let head = walk(&links).expect("whole");
            prop_assert_eq!(head.number, length as u64);
            prop_assert_eq!(Some(head.hash), links.last().map(|l| l.hash).or(Some(LinkHash::GENESIS)));
        }

        #[test]
        fn an_edited_record_is_found_where_it_is(length in 1usize..40, place in any::<prop::sample::Index>()) {
            let mut links = chain(length);
            let place = place.index(length);
            links[place].record = links[place].record.replace("configure", "delete");
            prop_assert_eq!(walk(&links), Err(Break::Edited(place as u64 + 1)));
        }

        #[test]
        fn an_edited_record_that_was_hashed_anew_is_found_after_it(
            length in 2usize..40, place in any::<prop::sample::Index>()
        ) {
            let mut links = chain(length);
            let place = place.index(length - 1);
            let link = &mut links[place];
            link.record = link.record.replace("configure", "delete");
            link.hash = hash(&tenant("t_1"), link.number, &link.previous, &link.record);
            prop_assert_eq!(walk(&links), Err(Break::Relinked(place as u64 + 2)));
        }

        #[test]
        fn a_dropped_record_is_missed(length in 2usize..40, place in any::<prop::sample::Index>()) {
            let mut links = chain(length);
            let place = place.index(length - 1);
            links.remove(place);
            let (expected, found) = (place as u64 + 1, place as u64 + 2);
            prop_assert_eq!(walk(&links), Err(Break::Missing { expected, found }));
        }

        #[test]
        fn reordered_records_are_found(length in 2usize..40, place in any::<prop::sample::Index>()) {
            let mut links = chain(length);
            let place = place.index(length - 1);
            links.swap(place, place + 1);
            prop_assert!(walk(&links).is_err());
            // Renumbered as well, they still do not fit.
            links[place].number -= 1;
            links[place + 1].number += 1;
            prop_assert_eq!(walk(&links), Err(Break::Edited(place as u64 + 1)));
        }
    }

    #[test]
    fn a_chain_of_another_tenant_does_not_hold() {
        let mut check = ChainCheck::new(tenant("t_2"));
        assert_eq!(check.next(&chain(1)[0]), Err(Break::Edited(1)));
    }

    #[test]
    fn time_does_not_run_backwards_in_a_chain() {
        let late = AuditRecord::new("u", Timestamp::from_seconds(9), "a.b");
        let early = AuditRecord::new("u", Timestamp::from_seconds(5), "a.b");
        let (_, head) = Link::after(&Head::EMPTY, &tenant("t_1"), &late);
        let (link, _) = Link::after(&head, &tenant("t_1"), &early);
        let record: AuditRecord = serde_json::from_str(&link.record).expect("our own form");
        assert_eq!(record.at, Timestamp::from_seconds(9));
    }

    #[test]
    fn hashes_as_text_and_back() {
        let link = &chain(1)[0];
        assert_eq!(LinkHash::parse(&link.hash.to_string()), Some(link.hash));
        for text in ["", "00", &"g".repeat(64), &"A".repeat(64)] {
            assert_eq!(LinkHash::parse(text), None, "{text}");
        }
    }
}
