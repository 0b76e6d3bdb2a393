//! A queue record as something to send, and what travels with it from try to try.

use std::collections::{HashMap, hash_map};
use std::fmt;
use std::time::Duration;

use domain::message::{MAX_BODY_BYTES, Metadata, attribute};
use domain::route::Route;
use domain::{IntegrationId, MessageId, TenantId, Timestamp};
use edge::queue::{Entry, LONGEST_DELAY};
use edge::sqs::SqsRecord;
use serde_json::value::RawValue;

use crate::Order;

/// How long a message may wait for what it takes to send it. Being kept until a repair does not count.
const LONGEST_LIFE: Duration = Duration::from_secs(24 * 3600);
/// Nothing waits longer for its next attempt.
const LONGEST_WAIT: Duration = Duration::from_secs(29 * 3600);
/// Its number has six digits in the ledger.
const MOST_ATTEMPTS: u32 = 99_999;

/// One message to send, at one of its attempts.
pub(crate) struct Job<'a> {
    /// Its place in the batch.
    pub(crate) index: usize,
    pub(crate) tenant: TenantId,
    pub(crate) id: MessageId,
    pub(crate) metadata: Metadata,
    pub(crate) payload: &'a RawValue,
    pub(crate) body: &'a str,
    pub(crate) progress: Progress,
    pub(crate) accepted_at: Timestamp,
    /// From when its age counts: an operator who sends it on gives it a new life.
    pub(crate) lives_since: Timestamp,
}

/// How far a message has come: what its queue record tells besides its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Progress {
    /// 1 for the first; every claim has its own.
    pub(crate) attempt: u32,
    /// Attempts that ended in trouble of the provider's; being slowed down is none.
    pub(crate) troubles: u32,
    /// Which of its routes is to be tried: 0 for the first.
    pub(crate) route: usize,
    /// It waits untouched until then.
    pub(crate) not_before: Option<Timestamp>,
    /// The credential it is to be sent with was refused before.
    pub(crate) suspect: Option<Suspect>,
    /// How often the provider was asked what became of it.
    pub(crate) look_ups: u32,
}

/// A version of an integration's credentials that was refused, and when that was first seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Suspect {
    pub(crate) integration: IntegrationId,
    pub(crate) version: u64,
    pub(crate) since: Timestamp,
}

impl Suspect {
    fn read(text: &str, now: Timestamp) -> Option<Self> {
        let mut parts = text.splitn(3, '@');
        Some(Self {
            integration: IntegrationId::parse(parts.next()?).ok()?,
            version: parts.next()?.parse().ok()?,
            since: Timestamp::from_millis(parts.next()?.parse().ok()?).min(now),
        })
    }
}

impl fmt::Display for Suspect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since = self.since.millis();
        write!(f, "{}@{}@{since}", self.integration, self.version)
    }
}

impl Progress {
    fn of(record: &SqsRecord, now: Timestamp) -> Self {
        Self {
            attempt: number(record, attribute::ATTEMPT).unwrap_or(1).max(1),
            troubles: number(record, attribute::TROUBLES).unwrap_or_default(),
            route: number(record, attribute::ROUTE).unwrap_or_default(),
            not_before: time(record, attribute::NOT_BEFORE)
                .map(|at| at.min(now.after(LONGEST_WAIT))),
            suspect: record
                .attribute(attribute::SUSPECT)
                .and_then(|text| Suspect::read(text, now)),
            look_ups: number(record, attribute::LOOK_UPS).unwrap_or_default(),
        }
    }

    /// The next attempt, not before a time.
    pub(crate) fn next(&self, attempt: u32, not_before: Option<Timestamp>) -> Self {
        Self {
            attempt,
            not_before,
            look_ups: 0,
            ..self.clone()
        }
    }

    /// The same attempt, not before a time.
    pub(crate) fn later(&self, not_before: Timestamp) -> Self {
        Self {
            not_before: Some(not_before),
            ..self.clone()
        }
    }

    fn attributes(&self) -> Vec<(&'static str, String)> {
        let mut told = vec![(attribute::ATTEMPT, self.attempt.to_string())];
        let mut tell = |name, value: Option<String>| told.extend(value.map(|value| (name, value)));
        let count = |count: u32| (count > 0).then(|| count.to_string());
        tell(attribute::TROUBLES, count(self.troubles));
        tell(attribute::LOOK_UPS, count(self.look_ups));
        let route = (self.route > 0).then(|| self.route.to_string());
        tell(attribute::ROUTE, route);
        let not_before = self.not_before.map(|at| at.millis().to_string());
        tell(attribute::NOT_BEFORE, not_before);
        let suspect = self.suspect.as_ref().map(ToString::to_string);
        tell(attribute::SUSPECT, suspect);
        told
    }
}

fn number<T: std::str::FromStr>(record: &SqsRecord, name: &str) -> Option<T> {
    record.attribute(name)?.parse().ok()
}

fn time(record: &SqsRecord, name: &str) -> Option<Timestamp> {
    number(record, name).map(Timestamp::from_millis)
}

impl<'a> Job<'a> {
    /// Reads a record whose body is an order.
    ///
    /// # Errors
    /// Why nobody can send it, in a sentence that repeats nothing of it.
    #[expect(
        clippy::disallowed_methods,
        reason = "who may put messages on this queue may send for every tenant: IAM guards it"
    )]
    pub(crate) fn read(
        index: usize,
        record: &'a SqsRecord,
        order: impl FnOnce(&'a str) -> Result<Order<'a>, String>,
        now: Timestamp,
    ) -> Result<Self, String> {
        if record.body.len() > MAX_BODY_BYTES {
            return Err(format!(
                "The message is larger than {MAX_BODY_BYTES} bytes."
            ));
        }
        let Order { metadata, payload } = order(&record.body)?;
        let tenant = TenantId::from_trusted_source(&metadata.tenant_id)
            .map_err(|error| format!("metadata.tenantId: {error}."))?;
        let id = match &metadata.message_id {
            Some(id) => id.clone(),
            None => MessageId::parse(
                record
                    .attribute(attribute::MESSAGE)
                    .unwrap_or(&record.message_id),
            )
            .map_err(|error| format!("messageId: {error}."))?,
        };
        let progress = Progress::of(record, now);
        if progress.attempt > MOST_ATTEMPTS {
            return Err(format!("It was tried more than {MOST_ATTEMPTS} times."));
        }
        let accepted_at = time(record, attribute::ACCEPTED_AT)
            .or_else(|| record.sent_at())
            .map_or(now, |at| at.min(now));
        Ok(Self {
            index,
            tenant,
            id,
            metadata,
            payload,
            body: &record.body,
            progress,
            accepted_at,
            lives_since: time(record, attribute::REDRIVEN_AT).map_or(accepted_at, |at| at.min(now)),
        })
    }

    /// Whether it has waited for as long as it may.
    pub(crate) fn is_old(&self, now: Timestamp) -> bool {
        self.lives_since.until(now) >= LONGEST_LIFE
    }

    /// The route of that number; the first is whatever the message asks for in the first place.
    pub(crate) fn fallback(&self, route: usize) -> Option<&Route> {
        self.metadata.fallback.routes().get(route.checked_sub(1)?)
    }

    /// The number of its last route.
    pub(crate) fn last_route(&self) -> usize {
        self.metadata.fallback.routes().len()
    }

    /// Whether there is another route behind that one.
    pub(crate) fn goes_on_after(&self, route: usize) -> bool {
        route < self.last_route()
    }

    /// The same message for the queue, with that progress.
    pub(crate) fn again(&self, progress: &Progress, now: Timestamp) -> Entry<'_> {
        let delay = progress
            .not_before
            .map_or(Duration::ZERO, |at| now.until(at));
        let mut attributes = vec![
            (attribute::MESSAGE, self.id.to_string()),
            (
                attribute::ACCEPTED_AT,
                self.accepted_at.millis().to_string(),
            ),
        ];
        if self.lives_since != self.accepted_at {
            let since = self.lives_since.millis().to_string();
            attributes.push((attribute::REDRIVEN_AT, since));
        }
        attributes.extend(progress.attributes());
        Entry {
            body: self.body,
            tenant: Some(&self.tenant),
            delay: delay.min(LONGEST_DELAY),
            attributes,
        }
    }
}

/// Leaves one job per message, of repeats in the same batch the latest attempt. The others share its fate: pairs of their
/// places.
pub(crate) fn set_repeats_aside(jobs: Vec<Job<'_>>) -> (Vec<Job<'_>>, Vec<(usize, usize)>) {
    let mut places: HashMap<(TenantId, MessageId), usize> = HashMap::with_capacity(jobs.len());
    let mut repeats = Vec::new();
    let mut kept: Vec<Job<'_>> = Vec::with_capacity(jobs.len());
    for mut job in jobs {
        match places.entry((job.tenant.clone(), job.id.clone())) {
            hash_map::Entry::Occupied(entry) => {
                let first = &mut kept[*entry.get()];
                if job.progress.attempt > first.progress.attempt {
                    std::mem::swap(first, &mut job);
                }
                repeats.push((job.index, *entry.get()));
            }
            hash_map::Entry::Vacant(entry) => {
                entry.insert(kept.len());
                kept.push(job);
            }
        }
    }
    let repeats = repeats
        .into_iter()
        .map(|(repeat, place)| (repeat, kept[place].index));
    let repeats = repeats.collect();
    (kept, repeats)
}

#[cfg(test)]
mod tests {
    use domain::message::OutboundMessage;
    use serde_json::{Value, json};

    use super::*;

    fn read(record: &SqsRecord) -> Result<Job<'_>, String> {
        let order = |body| {
            let message: OutboundMessage<'_> =
                serde_json::from_str(body).map_err(|_| "no message".to_owned())?;
            Ok(Order {
                metadata: message.metadata,
                payload: message.waba_payload,
            })
        };
        Job::read(0, record, order, Timestamp::from_millis(20_000))
    }

    fn record(metadata: &Value, attributes: &Value) -> SqsRecord {
        let body = json!({"metadata": metadata, "wabaPayload": {}}).to_string();
        let record = json!({"messageId": "m-1", "body": body, "messageAttributes": attributes});
        serde_json::from_value(record).unwrap()
    }

    #[test]
    fn progress_is_read_as_it_was_told() {
        let arrived = record(&json!({"tenantId": "t_1"}), &json!({}));
        let job = read(&arrived).unwrap();
        let fresh = job.progress.clone();
        assert_eq!((fresh.attempt, fresh.route, fresh.troubles), (1, 0, 0));
        let progress = Progress {
            attempt: 7,
            troubles: 3,
            route: 2,
            not_before: Some(Timestamp::from_millis(12_345)),
            suspect: Some(Suspect {
                integration: IntegrationId::make(),
                version: 4,
                since: Timestamp::from_millis(99),
            }),
            look_ups: 1,
        };
        let entry = job.again(&progress, Timestamp::from_millis(345));
        assert_eq!(entry.delay, Duration::from_secs(12));
        let told = |value: &String| json!({"stringValue": value});
        let attributes = entry.attributes.iter();
        let attributes: serde_json::Map<String, Value> = attributes
            .map(|(name, value)| ((*name).to_owned(), told(value)))
            .collect();
        let back = record(&json!({"tenantId": "t_1"}), &attributes.into());
        let again = read(&back).unwrap();
        assert_eq!(again.progress, progress);
        assert_eq!(again.id, job.id);
    }

    #[test]
    fn what_a_producer_says_of_times_and_attempts_is_bounded() {
        let told = |name: &str, value: &str| {
            let attributes = json!({name: {"stringValue": value}});
            record(&json!({"tenantId": "t_1"}), &attributes)
        };
        let now = Timestamp::from_millis(20_000);
        let late = told("switchboard.notBefore", "9999999999999");
        let waits = read(&late).unwrap().progress.not_before;
        assert_eq!(waits, Some(now.after(LONGEST_WAIT)));
        for name in ["switchboard.acceptedAt", "switchboard.redrivenAt"] {
            let young = told(name, "9999999999999");
            assert_eq!(read(&young).unwrap().lives_since, now);
        }
        let often = told("switchboard.attempt", "4294967295");
        assert!(read(&often).is_err());
    }

    #[test]
    fn of_repeats_the_latest_attempt_counts() {
        let attempt = |number: u32| {
            let attributes = json!({"switchboard.attempt": {"stringValue": number.to_string()}});
            let metadata = json!({"tenantId": "t_1", "messageId": "m-1"});
            record(&metadata, &attributes)
        };
        let records = [attempt(1), attempt(3), attempt(2)];
        let jobs = records.iter().enumerate().map(|(index, record)| {
            let job = read(record).unwrap();
            Job { index, ..job }
        });
        let (kept, mut repeats) = set_repeats_aside(jobs.collect());
        repeats.sort_unstable();
        assert_eq!(kept.len(), 1);
        assert_eq!((kept[0].index, kept[0].progress.attempt), (1, 3));
        assert_eq!(repeats, [(0, 1), (2, 1)]);
    }

    #[test]
    fn an_age_counts_from_when_an_operator_sent_it_on() {
        let attributes = json!({
            "switchboard.acceptedAt": {"stringValue": "1000"},
            "switchboard.redrivenAt": {"stringValue": "5000"},
        });
        let arrived = record(&json!({"tenantId": "t_1"}), &attributes);
        let job = read(&arrived).unwrap();
        assert_eq!(job.accepted_at.millis(), 1000);
        assert_eq!(job.lives_since.millis(), 5000);
    }
}
