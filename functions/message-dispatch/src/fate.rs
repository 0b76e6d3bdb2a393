//! What finally becomes of a record, after everything about it is on record: acknowledged, left to come again, put
//! back, or moved to the dead-letter queue. A crash here repeats nothing.

use std::time::Duration;

use domain::Timestamp;
use domain::failure::Reaction;
use domain::ledger::{AttemptResult, Outcome};
use edge::queue::Entry;
use edge::sqs::Done;

use crate::Context;
use crate::job::Job;

/// Attempts that may end in the provider's own trouble before the message goes to the dead-letter queue.
const MOST_TROUBLES: u32 = 8;

/// What becomes of a record.
#[derive(Debug)]
pub(crate) enum Fate {
    /// Acknowledged.
    Settled,
    /// Not acknowledged: the queue gives it out again.
    ComesAgain,
    /// A new queue message takes its place.
    PutBack {
        delay: Duration,
        attempt: u32,
        troubles: u32,
    },
    /// It waits for an operator; from there it can be sent under this attempt.
    DeadLetter {
        attempt: u32,
        troubles: u32,
        reason: String,
    },
}

impl Fate {
    /// Put back as it is.
    pub(crate) fn wait(job: &Job<'_>, delay: Duration) -> Self {
        Self::PutBack {
            delay,
            attempt: job.attempt,
            troubles: job.troubles,
        }
    }

    /// What follows from an outcome that is on record.
    pub(crate) fn after(job: &Job<'_>, outcome: &Outcome, now: Timestamp) -> Self {
        let AttemptResult::Deferred { until, failure } = &outcome.result else {
            return Self::Settled;
        };
        let counts = failure.kind.reaction() == Reaction::TryLater { counts: true };
        let troubles = job.troubles + u32::from(counts);
        let attempt = outcome.attempt + 1;
        if troubles < MOST_TROUBLES {
            return Self::PutBack {
                delay: now.until(*until),
                attempt,
                troubles,
            };
        }
        let reason = format!("Tried {troubles} times: {}", failure.detail);
        Self::DeadLetter {
            attempt,
            troubles,
            reason,
        }
    }
}

/// Brings about the fates of a batch; `done` is told by place which records need not come again.
pub(crate) async fn settle(context: &Context, ended: &[(Job<'_>, Fate)], done: &mut [Done]) {
    let (mut back, mut dead) = (Vec::new(), Vec::new());
    for (job, fate) in ended {
        match fate {
            Fate::Settled => done[job.index] = Done::Yes,
            Fate::ComesAgain => {}
            Fate::PutBack {
                delay,
                attempt,
                troubles,
            } => {
                back.push((job.index, job.again(*delay, *attempt, *troubles)));
            }
            Fate::DeadLetter {
                attempt,
                troubles,
                reason,
            } => {
                let mut entry = job.again(Duration::ZERO, *attempt, *troubles);
                entry.attributes.push(("reason", reason.clone()));
                dead.push((job.index, entry));
            }
        }
    }
    for (queue, messages) in [(&context.queue, back), (&context.dead_letters, dead)] {
        let (places, entries): (Vec<usize>, Vec<Entry<'_>>) = messages.into_iter().unzip();
        for (place, taken) in places.into_iter().zip(queue.send(&entries).await) {
            if taken {
                done[place] = Done::Yes;
            }
        }
    }
}
