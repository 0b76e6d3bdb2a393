//! What comes of a message, and what must.

use domain::Failure;
use domain::FailureKind::{self, InvalidRequest, OutcomeUnknown, Unavailable};
use domain::failure::Reaction;
use providers::Accepted;

/// What must come of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is sent, under an id that was given for it.
    Sent,
    /// It is not, and what has to happen then; with the seconds that the provider asked to wait.
    Not(FailureKind, Reaction, Option<u64>),
}

pub(crate) const SENT: Outcome = Outcome::Sent;
/// Nothing was done: tried again.
pub(crate) const NOT_DONE: Outcome = not_done(None);
/// Nobody knows: never tried again.
pub(crate) const IN_DOUBT: Outcome = Outcome::Not(OutcomeUnknown, Reaction::AwaitEvidence, None);
/// Never again.
pub(crate) const REFUSED: Outcome = Outcome::Not(InvalidRequest, Reaction::GiveUp, None);

pub(crate) const fn not_done(wait: Option<u64>) -> Outcome {
    Outcome::Not(Unavailable, Reaction::TryLater { counts: true }, wait)
}

/// What came of a message.
pub(crate) fn outcome_of(result: &Result<Accepted, Failure>) -> Outcome {
    match result {
        Ok(_) => SENT,
        Err(failure) => Outcome::Not(
            failure.kind,
            failure.kind.reaction(),
            failure.retry_after.map(|wait| wait.as_secs()),
        ),
    }
}

/// Slower, or to this recipient slower.
pub(crate) const fn throttled(kind: FailureKind, wait: Option<u64>) -> Outcome {
    Outcome::Not(kind, Reaction::TryLater { counts: false }, wait)
}
