//! What the table holds about the message, and the real ledger made of it.

use std::borrow::Cow;

use domain::ledger::{AttemptResult, Claim, Evidence, GRACE, Ledger, OnUnknown, Outcome};
use domain::{Failure, FailureKind, ProviderId, Timestamp};

/// The moment of every look. Terms are over by it, or run on from it: how long they are is left open.
pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_000_000);

/// The facts about the message.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Record {
    claims: Vec<ClaimRow>,
    outcomes: Vec<OutcomeRow>,
    /// The last attempt's lease runs. Those of attempts that have ended, or have a successor, are as good as over.
    leased: bool,
    /// The time that the last attempt's outcome names, or the provider's time to tell, has not come.
    waits: bool,
    /// The provider told that it sent the message.
    pub(crate) told_sent: bool,
    /// The provider told that it could not deliver the message.
    pub(crate) told_failed: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct ClaimRow {
    attempt: u32,
    route: usize,
    /// The worker that holds it; none once that worker has gone on to other things.
    owner: Option<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct OutcomeRow {
    attempt: u32,
    ending: Ending,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Ending {
    Sent,
    Failed,
    Deferred,
    PassedOn,
    Parked,
    DeadLettered,
    Unknown,
}

impl Record {
    /// Puts a claim unless that attempt has one, as the table does; whether it was put.
    pub(crate) fn claim(&mut self, attempt: u32, route: usize, owner: usize) -> bool {
        let free = self.claims.iter().all(|claim| claim.attempt != attempt);
        if free {
            self.overwrite_claim(attempt, route, owner);
        }
        free
    }

    /// Puts a claim, whatever was there.
    pub(crate) fn overwrite_claim(&mut self, attempt: u32, route: usize, owner: usize) {
        self.claims.retain(|claim| claim.attempt != attempt);
        self.claims.push(ClaimRow {
            attempt,
            route,
            owner: Some(owner),
        });
        self.claims.sort_by_key(|claim| claim.attempt);
        if attempt >= self.last_attempt() {
            (self.leased, self.waits) = (true, false);
        }
    }

    /// Puts an outcome, whatever was there. Whether a term begins with it is the policy's to say.
    pub(crate) fn put_outcome(&mut self, attempt: u32, ending: Ending, policy: OnUnknown) {
        self.outcomes.retain(|outcome| outcome.attempt != attempt);
        self.outcomes.push(OutcomeRow { attempt, ending });
        self.outcomes.sort_by_key(|outcome| outcome.attempt);
        if attempt >= self.last_attempt() {
            self.leased = false;
            self.waits = match ending {
                Ending::Deferred => true,
                Ending::Unknown => policy == OnUnknown::Resend,
                _ => false,
            };
        }
    }

    /// Puts an outcome unless that attempt has one.
    pub(crate) fn put_outcome_once(&mut self, attempt: u32, ending: Ending, policy: OnUnknown) {
        if self.outcome(attempt).is_none() {
            self.put_outcome(attempt, ending, policy);
        }
    }

    fn outcome(&self, attempt: u32) -> Option<Ending> {
        let outcome = self.outcomes.iter().find(|o| o.attempt == attempt)?;
        Some(outcome.ending)
    }

    /// Whether it is on record that nobody knows how an attempt ended.
    pub(crate) fn is_unknown(&self, attempt: u32) -> bool {
        self.outcome(attempt) == Some(Ending::Unknown)
    }

    /// Whether a worker holds the last attempt, which is that one and has not ended.
    pub(crate) fn is_held(&self, attempt: u32, worker: usize) -> bool {
        let last = self.claims.last().filter(|claim| claim.attempt == attempt);
        last.is_some_and(|claim| claim.owner == Some(worker)) && self.outcome(attempt).is_none()
    }

    /// How many attempts ended like that.
    pub(crate) fn count(&self, ending: Ending) -> usize {
        self.outcomes.iter().filter(|o| o.ending == ending).count()
    }

    /// Whether no attempt was made after the first that ended like that.
    pub(crate) fn ends_with_first(&self, ending: Ending) -> bool {
        let first = self.outcomes.iter().find(|o| o.ending == ending);
        first.is_some_and(|first| first.attempt == self.last_attempt())
    }

    /// Through which route the last attempt was claimed.
    pub(crate) fn last_route(&self) -> Option<usize> {
        Some(self.claims.last()?.route)
    }

    /// The provider has told of the message.
    pub(crate) fn has_evidence(&self) -> bool {
        self.told_sent || self.told_failed
    }

    /// A worker's claims are nobody's from now on.
    pub(crate) fn leave(&mut self, worker: usize) {
        for claim in &mut self.claims {
            claim.owner = claim.owner.filter(|owner| *owner != worker);
        }
    }

    /// Two workers change places.
    pub(crate) fn swap_owners(&mut self) {
        for owner in self.claims.iter_mut().filter_map(|c| c.owner.as_mut()) {
            *owner = 1 - *owner;
        }
    }

    fn last_attempt(&self) -> u32 {
        let claimed = self.claims.last().map_or(0, |claim| claim.attempt);
        let ended = self.outcomes.last().map_or(0, |outcome| outcome.attempt);
        claimed.max(ended)
    }

    /// If the last attempt's lease runs: who holds it.
    pub(crate) fn lease(&self) -> Option<Option<usize>> {
        let last = self.claims.last().filter(|_| self.leased)?;
        Some(last.owner)
    }

    /// The last attempt's lease ends.
    pub(crate) fn end_lease(&mut self) {
        self.leased = false;
    }

    /// Whether the last attempt's successor must wait.
    pub(crate) fn waits(&self) -> bool {
        self.waits
    }

    /// The time for the successor comes.
    pub(crate) fn end_wait(&mut self) {
        self.waits = false;
    }

    /// The same facts as the rules read them at [`NOW`].
    pub(crate) fn ledger(&self) -> Ledger {
        let last = self.last_attempt();
        let claim = |row: &ClaimRow| row.fact(self.leased && row.attempt == last);
        let outcome = |row: &OutcomeRow| row.fact(self.waits && row.attempt == last);
        Ledger {
            accepted_at: None,
            claims: self.claims.iter().map(claim).collect(),
            outcomes: self.outcomes.iter().map(outcome).collect(),
            evidence: Evidence {
                sent_at: self.told_sent.then_some(NOW),
                failed_at: self.told_failed.then_some(NOW),
                ..Evidence::default()
            },
        }
    }
}

/// What a worker calls itself in its claims.
pub(crate) fn owner_of(worker: usize) -> String {
    format!("worker-{worker}")
}

/// A time that has not come, or has.
fn term(runs: bool) -> Timestamp {
    Timestamp::from_millis(NOW.millis() + i64::from(runs))
}

impl ClaimRow {
    fn fact(&self, leased: bool) -> Claim {
        Claim {
            attempt: self.attempt,
            owner: self.owner.map_or_else(|| "gone".to_owned(), owner_of),
            at: NOW,
            lease_until: term(leased),
            accepted_at: NOW,
            integration: None,
            credential_source: Cow::Borrowed("tenant"),
            credential_reason: Cow::Borrowed(""),
            credential_version: None,
            route: self.route,
            channel: ProviderId::parse("whatsapp").expect("a provider type"),
        }
    }
}

impl OutcomeRow {
    fn fact(&self, waits: bool) -> Outcome {
        let failure = || Failure::new(FailureKind::Unavailable, "", "");
        let result = match self.ending {
            Ending::Sent => AttemptResult::Sent {
                provider_id: String::new(),
            },
            Ending::Failed => AttemptResult::Failed(failure()),
            Ending::Deferred => AttemptResult::Deferred {
                until: term(waits),
                failure: failure(),
            },
            Ending::PassedOn => AttemptResult::PassedOn(failure()),
            Ending::Parked => AttemptResult::Parked(failure()),
            Ending::DeadLettered => AttemptResult::DeadLettered(failure()),
            Ending::Unknown => AttemptResult::Unknown(failure()),
        };
        // So long ago that the provider's time to tell is over, or is not.
        let grace = i64::try_from(GRACE.as_millis()).expect("a short time");
        Outcome {
            attempt: self.attempt,
            at: Timestamp::from_millis(term(waits).millis() - grace),
            result,
        }
    }
}
