//! What is on record about one outbound message, and what follows from it.
//!
//! The record is a set of facts, each written once by one writer: `accepted` by whoever took the message in,
//! one claim and one outcome per attempt by the dispatcher, and the provider's own evidence by the inbound
//! router. No fact overwrites another, so a status webhook that overtakes the outcome is never lost. The state
//! of a message is computed from its facts, here and nowhere else.

use std::borrow::Cow;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::ids::{IntegrationId, ProviderId};
use crate::time::{Timestamp, millis};

/// Where a message stands.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum MessageStatus {
    /// On the queue, not yet tried, or waiting for the next try.
    Accepted,
    /// Claimed; the request may be on its way.
    Sending,
    /// May or may not have been sent; nobody knows.
    Unknown,
    /// Kept until the integration is repaired, or until an operator sends it on.
    Parked,
    /// Will not be sent, or the provider could not deliver it.
    Failed,
    /// The provider accepted it.
    Sent,
    /// It reached the recipient's device.
    Delivered,
    /// The recipient has seen it.
    Read,
}

/// The right to make one attempt: held by one invocation until the lease ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// 1 for the first try.
    pub attempt: u32,
    /// Random, one per received record: tells our own claim, whose answer was lost, from another's.
    pub owner: String,
    /// When it was made.
    #[serde(with = "millis")]
    pub at: Timestamp,
    /// After this no process can still be sending under it.
    #[serde(with = "millis")]
    pub lease_until: Timestamp,
    /// When the queue took the message in.
    #[serde(with = "millis")]
    pub accepted_at: Timestamp,
    /// Through which integration; none where the tenant has none that fits, or the platform's own account serves.
    pub integration: Option<IntegrationId>,
    /// Whose credential, or `none`.
    pub credential_source: Cow<'static, str>,
    /// Why that one, or why none; see [`crate::resolution::Reason`].
    #[serde(default)]
    pub credential_reason: Cow<'static, str>,
    /// Which version of the integration's credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential_version: Option<u64>,
    /// Which of the message's routes: 0 for the first.
    #[serde(default, skip_serializing_if = "is_first")]
    pub route: usize,
    /// Provider type.
    pub channel: ProviderId,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the form that serde asks for"
)]
fn is_first(route: &usize) -> bool {
    *route == 0
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Which attempt.
    pub attempt: u32,
    /// When it ended.
    #[serde(with = "millis")]
    pub at: Timestamp,
    /// How.
    pub result: AttemptResult,
}

/// How an attempt ended, in one word with its particulars.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptResult {
    /// Accepted by the provider under this id.
    Sent {
        /// The provider's id of the message.
        provider_id: String,
    },
    /// Refused for good.
    Failed(Failure),
    /// Not sent; to be tried again.
    Deferred {
        /// Not before this time.
        #[serde(with = "millis")]
        until: Timestamp,
        /// Why.
        failure: Failure,
    },
    /// Not sent; the message's next route takes it.
    PassedOn(Failure),
    /// Not sent; kept until the integration is repaired.
    Parked(Failure),
    /// Not sent, however often it was tried; kept on the dead-letter queue until an operator sends it on.
    DeadLettered(Failure),
    /// Nobody knows.
    Unknown(Failure),
}

impl AttemptResult {
    /// Why it was not sent, or why nobody knows.
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Sent { .. } => None,
            Self::Failed(failure)
            | Self::Deferred { failure, .. }
            | Self::PassedOn(failure)
            | Self::Parked(failure)
            | Self::DeadLettered(failure)
            | Self::Unknown(failure) => Some(failure),
        }
    }
}

/// What is done about a message of which nobody knows whether it was sent, and of which the provider tells nothing for
/// [`GRACE`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnUnknown {
    /// It stays unknown: it is never sent again unasked.
    #[default]
    Keep,
    /// It is sent once more: better twice than never.
    Resend,
}

/// How long the provider is given to tell of a message of which nobody knows whether it was sent.
pub const GRACE: Duration = Duration::from_secs(15 * 60);

/// What the provider told us later; each time is set once, in whatever order they come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Evidence {
    /// The provider's id of the message.
    pub provider_id: Option<String>,
    /// It left the provider.
    pub sent_at: Option<Timestamp>,
    /// It reached the device.
    pub delivered_at: Option<Timestamp>,
    /// It was seen.
    pub read_at: Option<Timestamp>,
    /// It could not be delivered.
    pub failed_at: Option<Timestamp>,
    /// Why not.
    pub failure: Option<Failure>,
}

/// All facts about one message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    /// When the API took it in; queue producers leave no such record before the first claim.
    pub accepted_at: Option<Timestamp>,
    /// Claims in the order of their attempts.
    pub claims: Vec<Claim>,
    /// Outcomes in the order of their attempts.
    pub outcomes: Vec<Outcome>,
    /// The provider's own word.
    pub evidence: Evidence,
}

/// One step of a message's life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Step {
    /// The state it entered.
    pub status: MessageStatus,
    /// When.
    pub at: Timestamp,
    /// While it was being sent: the credential that served.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub credential: Option<Served>,
    /// Why it went no further.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
}

/// The credential that served an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Served {
    /// The integration whose it is; the platform's own account is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub integration_id: Option<IntegrationId>,
    /// Whose it is, or `none`; see [`crate::resolution::CredentialSource`].
    pub credential_source: Cow<'static, str>,
    /// Why that one, or why none; see [`crate::resolution::Reason`].
    #[serde(skip_serializing_if = "str::is_empty")]
    pub credential_reason: Cow<'static, str>,
    /// Which version of the integration's credentials.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential_version: Option<u64>,
    /// Which of the message's routes, if not the first: 1 for the first fallback.
    #[serde(skip_serializing_if = "is_first")]
    pub route: usize,
}

impl From<&Claim> for Served {
    fn from(claim: &Claim) -> Self {
        Self {
            integration_id: claim.integration.clone(),
            credential_source: claim.credential_source.clone(),
            credential_reason: claim.credential_reason.clone(),
            credential_version: claim.credential_version,
            route: claim.route,
        }
    }
}

impl Step {
    fn new(status: MessageStatus, at: Timestamp) -> Self {
        Self {
            status,
            at,
            credential: None,
            error: None,
        }
    }
}

/// What a dispatcher that received the message again must do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Nobody holds it and nothing was sent: claim this attempt.
    Claim(u32),
    /// It came to rest: acknowledge.
    Settled,
    /// Put it back until then, as that attempt.
    Wait {
        /// Not before this time.
        until: Timestamp,
        /// The attempt to make then.
        attempt: u32,
    },
    /// Given up for now: to the dead-letter queue, as that attempt.
    DeadLetter(u32),
    /// We hold it: the answer to our claim was lost on the way.
    Ours,
    /// Somebody holds it: leave it alone until the lease ends at that time.
    Held(Timestamp),
    /// Its holder died in mid-request: record that nobody knows.
    RecordUnknown(u32),
}

impl Ledger {
    /// Whether nothing is on record.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn outcome_of(&self, attempt: u32) -> Option<&Outcome> {
        self.outcomes
            .iter()
            .find(|outcome| outcome.attempt == attempt)
    }

    /// Whether it is on record how that attempt ended.
    pub fn has_ended(&self, attempt: u32) -> bool {
        self.outcome_of(attempt).is_some()
    }

    fn accepted_by_provider(&self) -> bool {
        let Evidence {
            sent_at,
            delivered_at,
            read_at,
            failed_at,
            ..
        } = &self.evidence;
        [sent_at, delivered_at, read_at, failed_at]
            .into_iter()
            .any(Option::is_some)
    }

    /// The state at `now`.
    pub fn status(&self, now: Timestamp) -> MessageStatus {
        let evidence = &self.evidence;
        if evidence.read_at.is_some() {
            return MessageStatus::Read;
        }
        if evidence.delivered_at.is_some() {
            return MessageStatus::Delivered;
        }
        if evidence.failed_at.is_some() {
            return MessageStatus::Failed;
        }
        if evidence.sent_at.is_some() {
            return MessageStatus::Sent;
        }
        let last_outcome = self.outcomes.last();
        let Some(claim) = self.claims.last() else {
            return match last_outcome.map(|outcome| &outcome.result) {
                Some(result) => status_of(result),
                None => MessageStatus::Accepted,
            };
        };
        match last_outcome {
            Some(outcome) if outcome.attempt >= claim.attempt => match status_of(&outcome.result) {
                MessageStatus::Sent => MessageStatus::Sent,
                _ if self.is_in_doubt() => MessageStatus::Unknown,
                status => status,
            },
            _ if now < claim.lease_until => MessageStatus::Sending,
            _ => MessageStatus::Unknown,
        }
    }

    /// The steps so far, oldest first.
    pub fn timeline(&self, now: Timestamp) -> Vec<Step> {
        let mut steps = Vec::new();
        let accepted = self
            .accepted_at
            .or_else(|| self.claims.first().map(|c| c.accepted_at));
        if let Some(at) = accepted {
            steps.push(Step::new(MessageStatus::Accepted, at));
        }
        let ended = |outcome: &Outcome| Step {
            error: outcome.result.failure().cloned(),
            ..Step::new(status_of(&outcome.result), outcome.at)
        };
        for claim in &self.claims {
            steps.push(Step {
                credential: Some(claim.into()),
                ..Step::new(MessageStatus::Sending, claim.at)
            });
            match self.outcome_of(claim.attempt) {
                Some(outcome) => steps.push(ended(outcome)),
                None if now >= claim.lease_until && !self.accepted_by_provider() => {
                    steps.push(Step::new(MessageStatus::Unknown, claim.lease_until));
                }
                None => {}
            }
        }
        let is_claimed = |outcome: &&Outcome| {
            let mut claims = self.claims.iter();
            claims.any(|claim| claim.attempt == outcome.attempt)
        };
        let unclaimed = self.outcomes.iter().filter(|one| !is_claimed(one));
        steps.extend(unclaimed.map(ended));
        let evidence = &self.evidence;
        let sent_on_record = self
            .outcomes
            .iter()
            .any(|o| matches!(o.result, AttemptResult::Sent { .. }));
        if let Some(at) = evidence.sent_at.filter(|_| !sent_on_record) {
            steps.push(Step::new(MessageStatus::Sent, at));
        }
        if let Some(at) = evidence.failed_at {
            steps.push(Step {
                error: evidence.failure.clone(),
                ..Step::new(MessageStatus::Failed, at)
            });
        }
        for (at, status) in [
            (evidence.delivered_at, MessageStatus::Delivered),
            (evidence.read_at, MessageStatus::Read),
        ] {
            if let Some(at) = at {
                steps.push(Step::new(status, at));
            }
        }
        // The provider tells whole seconds: its steps come after ours whatever the clocks say.
        steps.sort_by_key(|step| (phase(step.status), step.at));
        let mut floor = Timestamp::default();
        for step in &mut steps {
            step.at = step.at.max(floor);
            floor = step.at;
        }
        steps
    }

    /// Why the message is not sent, if it is not.
    pub fn failure(&self, now: Timestamp) -> Option<&Failure> {
        if self.status(now) >= MessageStatus::Sent {
            return None;
        }
        self.evidence
            .failure
            .as_ref()
            .or_else(|| self.outcomes.last()?.result.failure())
    }

    /// The provider's id of the message.
    pub fn provider_id(&self) -> Option<&str> {
        self.evidence.provider_id.as_deref().or_else(|| {
            self.outcomes
                .iter()
                .rev()
                .find_map(|outcome| match &outcome.result {
                    AttemptResult::Sent { provider_id } => Some(provider_id.as_str()),
                    _ => None,
                })
        })
    }

    /// Whether the last attempt ended with nobody knowing whether it sent anything, and nobody has told since.
    pub fn is_unknown(&self) -> bool {
        let last = self
            .outcomes
            .last()
            .filter(|_| !self.accepted_by_provider());
        last.is_some_and(|last| {
            last.attempt == self.last_attempt() && matches!(last.result, AttemptResult::Unknown(_))
        })
    }

    /// The last attempt on record; 0 if there is none.
    pub fn last_attempt(&self) -> u32 {
        let claimed = self.claims.last().map_or(0, |claim| claim.attempt);
        let ended = self.outcomes.last().map_or(0, |outcome| outcome.attempt);
        claimed.max(ended)
    }

    /// Whether an attempt may have sent it, whatever came of those after it.
    pub fn is_in_doubt(&self) -> bool {
        let unknown = |outcome: &Outcome| matches!(outcome.result, AttemptResult::Unknown(_));
        self.outcomes.iter().any(unknown)
    }

    /// The claim of the first attempt that may have sent it.
    pub fn in_doubt(&self) -> Option<&Claim> {
        let unknown = |outcome: &&Outcome| matches!(outcome.result, AttemptResult::Unknown(_));
        let attempt = self.outcomes.iter().find(unknown)?.attempt;
        self.claims.iter().find(|claim| claim.attempt == attempt)
    }

    /// Which of the message's routes is to be tried, as far as the record tells.
    pub fn route(&self) -> usize {
        let passed_on = |claim: &&Claim| {
            let outcome = self.outcome_of(claim.attempt);
            outcome.is_some_and(|outcome| matches!(outcome.result, AttemptResult::PassedOn(_)))
        };
        let passed_on = self.claims.iter().filter(passed_on);
        passed_on.map(|claim| claim.route + 1).max().unwrap_or(0)
    }

    /// What to do with a message that was received as `attempt`. A higher attempt than the last on record is issued
    /// only by who knows that the one before it sent nothing, or that its sender wants it sent once more. `owner` tells
    /// our own claim whose answer was lost.
    pub fn next(&self, attempt: u32, now: Timestamp, owner: &str, on_unknown: OnUnknown) -> Next {
        let settled = |outcome: &Outcome| {
            matches!(
                outcome.result,
                AttemptResult::Sent { .. } | AttemptResult::Failed(_)
            )
        };
        if self.accepted_by_provider() || self.outcomes.iter().any(settled) {
            return Next::Settled;
        }
        let claimed = self.claims.last().map_or(0, |claim| claim.attempt);
        let ended = self.outcomes.last().map_or(0, |outcome| outcome.attempt);
        if attempt > self.last_attempt() {
            return Next::Claim(attempt);
        }
        match (self.claims.last(), self.outcomes.last()) {
            (_, Some(outcome)) if ended >= claimed => self.after(outcome, now, on_unknown),
            (Some(claim), _) if claim.owner == owner => Next::Ours,
            (Some(claim), _) if now < claim.lease_until => Next::Held(claim.lease_until),
            (Some(claim), _) => Next::RecordUnknown(claim.attempt),
            (None, _) => Next::Claim(attempt),
        }
    }

    /// What follows the last outcome, if it did not settle the message.
    fn after(&self, last: &Outcome, now: Timestamp, on_unknown: OnUnknown) -> Next {
        let attempt = last.attempt + 1;
        let not_before = |until: Timestamp| match until > now {
            true => Next::Wait { until, attempt },
            false => Next::Claim(attempt),
        };
        match &last.result {
            AttemptResult::Deferred { until, .. } => not_before(*until),
            AttemptResult::PassedOn(_) => Next::Claim(attempt),
            AttemptResult::DeadLettered(_) => Next::DeadLetter(attempt),
            AttemptResult::Unknown(_) if on_unknown == OnUnknown::Resend && !self.was_resent() => {
                not_before(last.at.after(GRACE))
            }
            AttemptResult::Unknown(_)
            | AttemptResult::Parked(_)
            | AttemptResult::Sent { .. }
            | AttemptResult::Failed(_) => Next::Settled,
        }
    }

    /// Whether an unknown outcome was followed by another one: a message is sent once more once.
    fn was_resent(&self) -> bool {
        let unknown = |outcome: &&Outcome| matches!(outcome.result, AttemptResult::Unknown(_));
        self.outcomes.iter().filter(unknown).count() > 1
    }
}

fn status_of(result: &AttemptResult) -> MessageStatus {
    match result {
        AttemptResult::Sent { .. } => MessageStatus::Sent,
        AttemptResult::Failed(_) => MessageStatus::Failed,
        AttemptResult::Deferred { .. } | AttemptResult::PassedOn(_) => MessageStatus::Accepted,
        AttemptResult::Parked(_) | AttemptResult::DeadLettered(_) => MessageStatus::Parked,
        AttemptResult::Unknown(_) => MessageStatus::Unknown,
    }
}

/// The order in which steps are shown: everything of ours by time, then what only the provider can say.
fn phase(status: MessageStatus) -> u8 {
    match status {
        MessageStatus::Delivered => 1,
        MessageStatus::Read => 2,
        _ => 0,
    }
}

/// How long a claim outlives the invocation that made it: Lambda kills at the deadline, so no sender does.
pub const LEASE_MARGIN: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::FailureKind;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn claim(attempt: u32) -> Claim {
        Claim {
            attempt,
            owner: format!("owner-{attempt}"),
            at: at(i64::from(attempt) * 100),
            lease_until: at(i64::from(attempt) * 100 + 35),
            accepted_at: at(50),
            integration: Some(IntegrationId::make()),
            credential_source: "tenant".into(),
            credential_reason: "first_in_line".into(),
            credential_version: Some(1),
            route: 0,
            channel: ProviderId::parse("whatsapp").unwrap(),
        }
    }

    fn outcome(attempt: u32, result: AttemptResult) -> Outcome {
        Outcome {
            attempt,
            at: at(i64::from(attempt) * 100 + 1),
            result,
        }
    }

    fn failure(kind: FailureKind) -> Failure {
        Failure::new(kind, "what happened", "what to do")
    }

    fn sent() -> AttemptResult {
        AttemptResult::Sent {
            provider_id: "wamid.1".into(),
        }
    }

    #[test]
    fn a_message_goes_its_way() {
        let mut ledger = Ledger::default();
        assert_eq!(
            ledger.next(1, at(99), "me", OnUnknown::Keep),
            Next::Claim(1)
        );
        ledger.claims.push(claim(1));
        assert_eq!(ledger.status(at(101)), MessageStatus::Sending);
        assert_eq!(
            ledger.next(1, at(101), "me", OnUnknown::Keep),
            Next::Held(at(135))
        );
        assert_eq!(
            ledger.next(1, at(101), "owner-1", OnUnknown::Keep),
            Next::Ours
        );
        ledger.outcomes.push(outcome(1, sent()));
        ledger.evidence.sent_at = Some(at(101));
        ledger.evidence.delivered_at = Some(at(99));
        ledger.evidence.read_at = Some(at(104));
        let timeline = ledger.timeline(at(200));
        let states: Vec<_> = timeline.iter().map(|step| step.status).collect();
        use MessageStatus::{Accepted, Delivered, Read, Sending, Sent};
        assert_eq!(states, [Accepted, Sending, Sent, Delivered, Read]);
        assert!(timeline.is_sorted_by_key(|step| step.at));
    }

    #[test]
    fn a_dead_holder_leaves_an_unknown_that_evidence_settles() {
        let mut ledger = Ledger {
            claims: vec![claim(1)],
            ..Ledger::default()
        };
        assert_eq!(ledger.status(at(135)), MessageStatus::Unknown);
        assert_eq!(
            ledger.next(1, at(135), "me", OnUnknown::Keep),
            Next::RecordUnknown(1)
        );
        ledger.evidence.sent_at = Some(at(102));
        assert_eq!(ledger.status(at(135)), MessageStatus::Sent);
        assert_eq!(
            ledger.next(1, at(135), "me", OnUnknown::Keep),
            Next::Settled
        );
    }

    #[test]
    fn a_deferred_attempt_has_a_successor() {
        let until = at(300);
        let deferred = AttemptResult::Deferred {
            until,
            failure: failure(FailureKind::Throttled),
        };
        let ledger = Ledger {
            claims: vec![claim(1)],
            outcomes: vec![outcome(1, deferred)],
            ..Ledger::default()
        };
        assert_eq!(ledger.status(at(200)), MessageStatus::Accepted);
        assert_eq!(
            ledger.next(1, at(200), "me", OnUnknown::Keep),
            Next::Wait { until, attempt: 2 }
        );
        assert_eq!(
            ledger.next(1, at(300), "me", OnUnknown::Keep),
            Next::Claim(2)
        );
    }

    #[test]
    fn what_was_passed_on_is_tried_by_the_next_route() {
        let passed = AttemptResult::PassedOn(failure(FailureKind::AccountBlocked));
        let ledger = Ledger {
            claims: vec![claim(1)],
            outcomes: vec![outcome(1, passed)],
            ..Ledger::default()
        };
        assert_eq!(ledger.route(), 1);
        assert_eq!(ledger.status(at(102)), MessageStatus::Accepted);
        assert_eq!(
            ledger.next(1, at(102), "me", OnUnknown::Keep),
            Next::Claim(2)
        );
    }

    #[test]
    fn what_was_given_up_goes_to_the_dead_letter_queue_and_on_from_there() {
        let dead = AttemptResult::DeadLettered(failure(FailureKind::Unavailable));
        let ledger = Ledger {
            claims: vec![claim(1)],
            outcomes: vec![outcome(1, dead)],
            ..Ledger::default()
        };
        assert_eq!(ledger.status(at(102)), MessageStatus::Parked);
        assert_eq!(
            ledger.next(1, at(102), "me", OnUnknown::Keep),
            Next::DeadLetter(2)
        );
        assert_eq!(
            ledger.next(2, at(102), "me", OnUnknown::Keep),
            Next::Claim(2)
        );
    }

    #[test]
    fn an_unknown_is_sent_once_more_if_that_is_wanted_and_once_only() {
        let unknown = || AttemptResult::Unknown(failure(FailureKind::OutcomeUnknown));
        let mut ledger = Ledger {
            claims: vec![claim(1)],
            outcomes: vec![outcome(1, unknown())],
            ..Ledger::default()
        };
        let until = at(101).after(GRACE);
        let next = |ledger: &Ledger, now| ledger.next(1, now, "me", OnUnknown::Resend);
        assert_eq!(ledger.next(1, until, "me", OnUnknown::Keep), Next::Settled);
        assert_eq!(next(&ledger, at(102)), Next::Wait { until, attempt: 2 });
        assert_eq!(next(&ledger, until), Next::Claim(2));
        ledger.claims.push(claim(2));
        ledger.outcomes.push(outcome(2, unknown()));
        assert_eq!(next(&ledger, at(90_000)), Next::Settled);
        ledger.outcomes.truncate(1);
        ledger.claims.truncate(1);
        ledger.evidence.sent_at = Some(at(110));
        assert_eq!(next(&ledger, until), Next::Settled);
    }

    #[test]
    fn a_parked_attempt_goes_on_only_as_its_successor() {
        let parked = AttemptResult::Parked(failure(FailureKind::CredentialsRejected));
        let mut ledger = Ledger {
            claims: vec![claim(1)],
            outcomes: vec![outcome(1, parked)],
            ..Ledger::default()
        };
        assert_eq!(
            ledger.next(1, at(200), "me", OnUnknown::Keep),
            Next::Settled
        );
        assert_eq!(
            ledger.next(2, at(200), "me", OnUnknown::Keep),
            Next::Claim(2)
        );
        ledger.evidence.sent_at = Some(at(150));
        assert_eq!(
            ledger.next(2, at(200), "me", OnUnknown::Keep),
            Next::Settled
        );
    }

    #[test]
    fn a_successor_needs_no_record_of_the_attempt_before_it() {
        let ledger = Ledger {
            claims: vec![claim(1)],
            ..Ledger::default()
        };
        assert_eq!(
            ledger.next(1, at(500), "me", OnUnknown::Keep),
            Next::RecordUnknown(1)
        );
        assert_eq!(
            ledger.next(2, at(500), "me", OnUnknown::Keep),
            Next::Claim(2)
        );
    }

    #[test]
    fn whatever_the_order_the_highest_state_stands() {
        let mut ledger = Ledger {
            claims: vec![claim(1)],
            outcomes: vec![outcome(1, sent())],
            ..Ledger::default()
        };
        ledger.evidence.failed_at = Some(at(105));
        assert_eq!(ledger.status(at(200)), MessageStatus::Failed);
        ledger.evidence.delivered_at = Some(at(104));
        assert_eq!(ledger.status(at(200)), MessageStatus::Delivered);
        ledger.evidence.read_at = Some(at(106));
        assert_eq!(ledger.status(at(200)), MessageStatus::Read);
        assert_eq!(ledger.failure(at(200)), None);
    }

    #[test]
    fn what_came_to_rest_stays() {
        for result in [
            sent(),
            AttemptResult::Failed(failure(FailureKind::InvalidRequest)),
            AttemptResult::Parked(failure(FailureKind::CredentialsRejected)),
            AttemptResult::Unknown(failure(FailureKind::OutcomeUnknown)),
        ] {
            let ledger = Ledger {
                claims: vec![claim(1)],
                outcomes: vec![outcome(1, result)],
                ..Ledger::default()
            };
            assert_eq!(
                ledger.next(1, at(10_000), "me", OnUnknown::Keep),
                Next::Settled
            );
            assert_eq!(
                ledger.next(1, at(10_000), "owner-1", OnUnknown::Keep),
                Next::Settled
            );
        }
    }
}
