//! What finally becomes of a record, after everything about it is on record: acknowledged, left to come again, put
//! back, or moved to the dead-letter queue. A crash here repeats nothing.

use std::time::Duration;

use domain::Timestamp;
use domain::failure::Reaction;
use domain::ledger::{AttemptResult, Outcome};
use domain::message::attribute;
use edge::queue::Entry;
use edge::sqs::Done;

use crate::Context;
use crate::job::Job;

/// Attempts that may end in the provider's own trouble before the message goes to the dead-letter queue.
const MOST_TROUBLES: u32 = 8;

/// The receive after which SQS would move a record away by itself, without our id: `maxReceiveCount` in
/// `template.yaml`.
const LAST_RECEIVE: u32 = 5;

/// How long a message may be put back for before it goes to the dead-letter queue.
const LONGEST_LIFE: Duration = Duration::from_secs(24 * 3600);

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
    /// Put back as it is, for a day at most.
    pub(crate) fn wait(job: &Job<'_>, delay: Duration, now: Timestamp) -> Self {
        if job.accepted_at.until(now) >= LONGEST_LIFE {
            return Self::DeadLetter {
                attempt: job.attempt,
                troubles: job.troubles,
                reason: "Waited for a day for what Switchboard needs to send it.".to_owned(),
            };
        }
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
        let reason = if troubles >= MOST_TROUBLES {
            format!("Tried {troubles} times: {}", failure.detail)
        } else if job.accepted_at.until(now) >= LONGEST_LIFE {
            format!("Tried for a day: {}", failure.detail)
        } else {
            return Self::PutBack {
                delay: now.until(*until),
                attempt,
                troubles,
            };
        };
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
            Fate::ComesAgain if job.receives < LAST_RECEIVE => {}
            Fate::ComesAgain => {
                let reason = "Received again and again without coming to rest.".to_owned();
                dead.push((
                    job.index,
                    dead_letter(job, job.attempt, job.troubles, reason),
                ));
            }
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
                dead.push((
                    job.index,
                    dead_letter(job, *attempt, *troubles, reason.clone()),
                ));
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

/// The message for the dead-letter queue, from where it can be sent under the same id.
fn dead_letter<'j>(job: &'j Job<'_>, attempt: u32, troubles: u32, reason: String) -> Entry<'j> {
    let mut entry = job.again(Duration::ZERO, attempt, troubles);
    entry.attributes.push((attribute::REASON, reason));
    entry
}
