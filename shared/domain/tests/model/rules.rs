//! The rules under check: those of `domain::ledger`, or those with one defect planted in them or in who follows them.

use domain::ledger::{AttemptResult, Evidence, Ledger, Next, OnUnknown};

use crate::record::{NOW, owner_of};

/// What workers go by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// What the sender wants done when nobody knows.
    pub(crate) policy: OnUnknown,
    /// The provider can be asked what became of a message.
    pub(crate) can_be_asked: bool,
    /// What is wrong.
    pub(crate) defect: Option<Defect>,
}

/// One thing done wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Defect {
    /// A claim that was left without an outcome is taken over instead of being recorded as unknown.
    LeftClaimTakenOver,
    /// A claim is put whether or not there is one.
    ClaimOverwritten,
    /// What nobody knows goes back under the next attempt's number before it is on record.
    PutBackBeforeRecord,
    /// The provider's word is not read when a message comes again.
    EvidenceIgnored,
    /// An unknown is sent again however often it was.
    ResentWithoutLimit,
    /// A worker may live on when its lease is over.
    LeaseTooShort,
    /// A message is acknowledged before another copy has taken its place.
    AcknowledgedFirst,
    /// Whoever ended without a word is taken to have sent nothing.
    LeftClaimTakenForFailed,
    /// Whoever got no answer is taken to have sent the message.
    SilenceTakenForSent,
    /// What nobody knows is acknowledged though its sender wants it sent once more.
    ResendForgotten,
    /// Which routes have passed the message on is not asked.
    RouteForgotten,
    /// What became of a message is asked of the account that would serve now.
    AnotherAccountAsked,
    /// What became of a message is asked although the provider has told.
    EvidenceDoubted,
}

impl Rules {
    /// Those of production, for a message whose sender wants that.
    pub(crate) fn of(policy: OnUnknown) -> Self {
        Self {
            policy,
            can_be_asked: false,
            defect: None,
        }
    }

    /// The same, with a provider that can be asked.
    pub(crate) fn asking(self) -> Self {
        Self {
            can_be_asked: true,
            ..self
        }
    }

    /// Whether that is done wrong.
    pub(crate) fn with(&self, defect: Defect) -> bool {
        self.defect == Some(defect)
    }

    /// What a worker must do that received the message as `attempt`.
    pub(crate) fn next(&self, ledger: &Ledger, attempt: u32, worker: usize) -> Next {
        let mut seen = ledger.clone();
        if self.with(Defect::EvidenceIgnored) {
            seen.evidence = Evidence::default();
        }
        if self.with(Defect::ResentWithoutLimit) {
            let last = seen.last_attempt();
            seen.outcomes.retain(|outcome| {
                outcome.attempt == last || !matches!(outcome.result, AttemptResult::Unknown(_))
            });
        }
        match seen.next(attempt, NOW, &owner_of(worker), self.policy) {
            Next::RecordUnknown(attempt) if self.with(Defect::LeftClaimTakenOver) => {
                Next::Claim(attempt + 1)
            }
            next => next,
        }
    }

    /// Which route is to be tried, as far as the record tells.
    pub(crate) fn route(&self, ledger: &Ledger) -> usize {
        match self.with(Defect::RouteForgotten) {
            true => 0,
            false => ledger.route(),
        }
    }
}
