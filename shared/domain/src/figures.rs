//! What happened through one integration, in numbers: how much of each kind, what went wrong, and when last. No id, no
//! text and no address is in them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::event::{DeliveryStatus, EventKind};
use crate::failure::{Failure, FailureKind};
use crate::ledger::AttemptResult;
use crate::time::Timestamp;

/// What is counted. Attempts count when they end, news of messages and events the first time they are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Figure {
    /// Attempts that the provider accepted.
    Sent,
    /// Attempts that were refused for good, passed on to another route, or given up.
    Failed,
    /// Attempts that sent nothing and are made again later.
    Deferred,
    /// Attempts after which the message waits for the integration's repair.
    Parked,
    /// Attempts of which nobody knew, when they ended, whether they sent anything.
    Unknown,
    /// Messages that reached the recipient's device.
    Delivered,
    /// Messages that the recipient has seen.
    Read,
    /// Messages that the provider accepted and could not deliver.
    Undelivered,
    /// Messages that somebody wrote to us.
    Received,
    /// Other events of the account.
    OtherEvents,
}

impl Figure {
    /// The name, which stays.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Deferred => "deferred",
            Self::Parked => "parked",
            Self::Unknown => "unknown",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Undelivered => "undelivered",
            Self::Received => "received",
            Self::OtherEvents => "other_events",
        }
    }

    fn of_attempt(result: &AttemptResult) -> Self {
        match result {
            AttemptResult::Sent { .. } => Self::Sent,
            AttemptResult::Failed(_)
            | AttemptResult::PassedOn(_)
            | AttemptResult::DeadLettered(_) => Self::Failed,
            AttemptResult::Deferred { .. } => Self::Deferred,
            AttemptResult::Parked(_) => Self::Parked,
            AttemptResult::Unknown(_) => Self::Unknown,
        }
    }

    fn of_event(kind: &EventKind) -> Option<Self> {
        match kind {
            EventKind::Message => Some(Self::Received),
            EventKind::Status(update) if update.message.is_some() => match update.status {
                DeliveryStatus::Delivered => Some(Self::Delivered),
                DeliveryStatus::Read => Some(Self::Read),
                DeliveryStatus::Failed => Some(Self::Undelivered),
                // Our attempt has counted it.
                DeliveryStatus::Sent => None,
            },
            EventKind::Status(_) | EventKind::Account | EventKind::Quarantined => {
                Some(Self::OtherEvents)
            }
        }
    }
}

/// A failure, by its code alone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FailedAt {
    /// When.
    pub at: Timestamp,
    /// What kind; see [`FailureKind::code`].
    pub code: Cow<'static, str>,
}

/// The figures of one integration over some time. Those of several times or containers can be added up, in any order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Figures {
    /// By the names of [`Figure`]; what another version counts besides is kept and added up.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    counts: BTreeMap<Cow<'static, str>, u64>,
    /// By [`FailureKind::code`]: no more than there are kinds.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    failures: BTreeMap<Cow<'static, str>, u64>,
    /// When the provider last accepted a message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_success_at: Option<Timestamp>,
    /// The last failure, of an attempt or a delivery.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<FailedAt>,
    /// When the last of the messages that were put back is tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Timestamp>,
}

impl Figures {
    /// Of one attempt that ended then.
    pub fn of_attempt(at: Timestamp, result: &AttemptResult) -> Self {
        let mut one = Self::of(Figure::of_attempt(result));
        match result {
            AttemptResult::Sent { .. } => one.last_success_at = Some(at),
            AttemptResult::Deferred { until, .. } => one.retry_at = Some(*until),
            AttemptResult::Failed(_)
            | AttemptResult::PassedOn(_)
            | AttemptResult::Parked(_)
            | AttemptResult::DeadLettered(_)
            | AttemptResult::Unknown(_) => {}
        }
        if let Some(failure) = result.failure() {
            one.fail(at, failure.kind);
        }
        one
    }

    /// Of one event that was told for the first time then; empty for what an attempt has counted already.
    pub fn of_event(at: Timestamp, kind: &EventKind) -> Self {
        let Some(figure) = Figure::of_event(kind) else {
            return Self::default();
        };
        let mut one = Self::of(figure);
        if figure == Figure::Undelivered
            && let EventKind::Status(update) = kind
        {
            let told = update
                .failure
                .as_ref()
                .map(|failure: &Failure| failure.kind);
            one.fail(at, told.unwrap_or(FailureKind::Undeliverable));
        }
        one
    }

    fn of(figure: Figure) -> Self {
        Self {
            counts: [(figure.name().into(), 1)].into(),
            ..Self::default()
        }
    }

    fn fail(&mut self, at: Timestamp, kind: FailureKind) {
        let code = Cow::Borrowed(kind.code());
        self.failures.insert(code.clone(), 1);
        self.last_failure = Some(FailedAt { at, code });
    }

    /// Adds others to these: counts are added up, of times the latest stays.
    pub fn add(&mut self, other: &Self) {
        for (to, from) in [
            (&mut self.counts, &other.counts),
            (&mut self.failures, &other.failures),
        ] {
            for (name, count) in from {
                let sum = to.entry(name.clone()).or_default();
                *sum = sum.saturating_add(*count);
            }
        }
        self.last_success_at = self.last_success_at.max(other.last_success_at);
        if self.last_failure < other.last_failure {
            self.last_failure.clone_from(&other.last_failure);
        }
        self.retry_at = self.retry_at.max(other.retry_at);
    }

    /// How many of a kind there were.
    pub fn count(&self, figure: Figure) -> u64 {
        self.counts.get(figure.name()).copied().unwrap_or_default()
    }

    /// How many failures there were, by [`FailureKind::code`].
    pub const fn failures(&self) -> &BTreeMap<Cow<'static, str>, u64> {
        &self.failures
    }

    /// Whether nothing happened.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }
}

/// One hour in UTC; as text `2026-01-31T09`, which sorts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hour(Timestamp);

const HOUR_MILLIS: i64 = 3_600_000;

impl Hour {
    /// The hour of a time.
    pub const fn of(time: Timestamp) -> Self {
        let past = time.millis().rem_euclid(HOUR_MILLIS);
        Self(Timestamp::from_millis(time.millis().saturating_sub(past)))
    }

    /// The first hour that begins at that time or after it.
    pub const fn not_before(time: Timestamp) -> Self {
        let hour = Self::of(time);
        if hour.0.millis() < time.millis() {
            hour.later(1)
        } else {
            hour
        }
    }

    /// Its first moment.
    pub const fn begin(self) -> Timestamp {
        self.0
    }

    /// The first moment after it.
    pub const fn end(self) -> Timestamp {
        self.later(1).0
    }

    /// The hour so many hours later, or earlier if negative.
    #[must_use]
    pub const fn later(self, hours: i64) -> Self {
        let by = hours.saturating_mul(HOUR_MILLIS);
        Self(Timestamp::from_millis(self.0.millis().saturating_add(by)))
    }

    /// Reads its text.
    pub fn parse(text: &str) -> Option<Self> {
        let hour = Self(Timestamp::parse(&format!("{text}:00:00Z"))?);
        (hour.to_string() == text).then_some(hour)
    }
}

impl fmt::Display for Hour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let begin = self.0.to_string();
        f.write_str(begin.get(..13).unwrap_or(&begin))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::StatusUpdate;
    use crate::ids::MessageId;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn failure(kind: FailureKind) -> Failure {
        Failure::new(kind, "A detail.", "A hint.").with_code("131047")
    }

    fn sent() -> AttemptResult {
        AttemptResult::Sent {
            provider_id: "wamid.1".into(),
        }
    }

    fn status(status: DeliveryStatus, ours: bool) -> EventKind {
        EventKind::Status(StatusUpdate {
            message: ours.then(MessageId::make),
            provider_id: "wamid.1".into(),
            status,
            failure: None,
        })
    }

    fn sum(all: &[Figures]) -> Figures {
        let mut sum = Figures::default();
        all.iter().for_each(|one| sum.add(one));
        sum
    }

    /// One of everything.
    fn various() -> Vec<Figures> {
        let deferred = |until, kind| AttemptResult::Deferred {
            until: at(until),
            failure: failure(kind),
        };
        let results = [
            sent(),
            AttemptResult::Failed(failure(FailureKind::InvalidRequest)),
            deferred(900, FailureKind::Throttled),
            deferred(800, FailureKind::Unavailable),
            AttemptResult::PassedOn(failure(FailureKind::AccountBlocked)),
            AttemptResult::Parked(failure(FailureKind::CredentialsRejected)),
            AttemptResult::DeadLettered(failure(FailureKind::Unavailable)),
            AttemptResult::Unknown(failure(FailureKind::OutcomeUnknown)),
            sent(),
        ];
        let attempts = (1..).zip(&results);
        let attempts = attempts.map(|(second, result)| Figures::of_attempt(at(second), result));
        let kinds = [
            EventKind::Message,
            status(DeliveryStatus::Sent, true),
            status(DeliveryStatus::Delivered, true),
            status(DeliveryStatus::Read, true),
            status(DeliveryStatus::Failed, true),
            status(DeliveryStatus::Delivered, false),
            EventKind::Account,
            EventKind::Quarantined,
        ];
        let events = (20..).zip(&kinds);
        let events = events.map(|(second, kind)| Figures::of_event(at(second), kind));
        attempts.chain(events).collect()
    }

    #[test]
    fn h8_everything_counts_once_as_what_it_is() {
        let sum = sum(&various());
        let counted = [
            (Figure::Sent, 2),
            (Figure::Failed, 3),
            (Figure::Deferred, 2),
            (Figure::Parked, 1),
            (Figure::Unknown, 1),
            (Figure::Delivered, 1),
            (Figure::Read, 1),
            (Figure::Undelivered, 1),
            (Figure::Received, 1),
            (Figure::OtherEvents, 3),
        ];
        for (figure, count) in counted {
            assert_eq!(sum.count(figure), count, "{}", figure.name());
        }
        assert_eq!(sum.failures().values().sum::<u64>(), 8);
        assert_eq!(sum.failures()["provider_unavailable"], 2);
        assert_eq!(sum.failures()["undeliverable"], 1);
        assert_eq!(sum.last_success_at, Some(at(9)));
        let last = sum.last_failure.expect("one");
        assert_eq!((last.at, &*last.code), (at(24), "undeliverable"));
        assert_eq!(sum.retry_at, Some(at(900)));
    }

    #[test]
    fn they_add_up_alike_in_any_order() {
        let mut all = various();
        // Two of the same moment.
        let twin = AttemptResult::Failed(failure(FailureKind::NotFound));
        all.push(Figures::of_attempt(at(24), &twin));
        let forwards = sum(&all);
        all.reverse();
        assert_eq!(sum(&all), forwards);
        let halves = all.split_at(all.len() / 2);
        assert_eq!(sum(&[sum(halves.0), sum(halves.1)]), forwards);
    }

    #[test]
    fn h8_nothing_of_a_failure_but_its_kind_is_kept() {
        let text = serde_json::to_string(&sum(&various())).unwrap();
        for word in ["131047", "detail", "hint", "wamid"] {
            assert!(!text.contains(word), "{word}: {text}");
        }
        assert!(
            text.contains("credentials_rejected"),
            "it is looked through"
        );
    }

    #[test]
    fn what_another_version_counts_is_added_up_all_the_same() {
        let text = r#"{"counts":{"sent":2,"forwarded":1},"failures":{"out_of_paper":1},"more":[]}"#;
        let mut read: Figures = serde_json::from_str(text).unwrap();
        read.add(&Figures::of_attempt(at(1), &sent()));
        read.add(&serde_json::from_str(text).unwrap());
        assert_eq!(read.count(Figure::Sent), 5);
        assert_eq!(read.failures()["out_of_paper"], 2);
        let text = serde_json::to_string(&read).unwrap();
        assert!(text.contains(r#""forwarded":2"#), "{text}");
        assert_eq!(serde_json::to_string(&Figures::default()).unwrap(), "{}");
    }

    #[test]
    fn an_hour_ends_where_the_next_begins() {
        let nine = Hour::parse("2026-01-31T09").expect("an hour");
        let last = Timestamp::parse("2026-01-31T09:59:59.999Z").expect("a time");
        assert_eq!(Hour::of(last), nine);
        assert_eq!(Hour::of(nine.begin()), nine);
        assert_eq!(Hour::of(nine.end()), nine.later(1));
        assert_eq!(Hour::not_before(last), nine.later(1));
        assert_eq!(Hour::not_before(nine.begin()), nine);
        assert_eq!(nine.later(15).to_string(), "2026-02-01T00");
        assert_eq!(Hour::of(Timestamp::from_millis(-1)).end(), at(0));
        for wrong in [
            "",
            "2026-01-31",
            "2026-01-31T24",
            "2026-01-31T9",
            "2026-01-31t09",
        ] {
            assert_eq!(Hour::parse(wrong), None, "{wrong}");
        }
    }
}
