//! What finally becomes of a record, after everything about it is on record: acknowledged, put back, or moved to the
//! dead-letter queue. None is left to come again by itself, for that would use up its receives; what the queue does not
//! take back comes again all the same. A crash here repeats nothing.

use std::time::Duration;

use domain::Timestamp;
use domain::failure::Reaction;
use domain::ledger::{AttemptResult, GRACE, OnUnknown, Outcome};
use domain::message::attribute;
use edge::queue::Entry;
use edge::sqs::Done;

use crate::Dispatcher;
use crate::evidence;
use crate::job::{Job, Progress, Suspect};
use crate::plan::Plan;

/// The receive after which SQS would move a record away by itself, without our id: `maxReceiveCount` in
/// `template.yaml`.
pub(crate) const LAST_RECEIVE: u32 = 5;

/// What becomes of a record.
#[derive(Debug)]
pub(crate) enum Fate {
    /// Acknowledged.
    Settled,
    /// A new queue message takes its place.
    PutBack(Progress),
    /// It waits for an operator; from there it can be sent with this progress.
    DeadLetter { progress: Progress, reason: String },
}

impl Fate {
    /// Put back as it is.
    pub(crate) fn wait(job: &Job<'_>, until: Timestamp) -> Self {
        Self::PutBack(job.progress.later(until))
    }

    /// Put back as it is because of trouble of ours, for a day at most.
    pub(crate) fn try_again(job: &Job<'_>, until: Timestamp, now: Timestamp) -> Self {
        if job.is_old(now) {
            return Self::DeadLetter {
                progress: job.progress.clone(),
                reason: "For a day Switchboard lacked what it needs to send it.".to_owned(),
            };
        }
        Self::wait(job, until)
    }

    /// What follows from an outcome that is on record, or need not be.
    pub(crate) fn after(plan: &Plan<'_>, outcome: &Outcome, suspect: Option<Suspect>) -> Self {
        let progress = &plan.job.progress;
        let next = |not_before| progress.next(outcome.attempt + 1, not_before);
        match &outcome.result {
            AttemptResult::Sent { .. } | AttemptResult::Failed(_) | AttemptResult::Parked(_) => {
                Self::Settled
            }
            AttemptResult::Deferred { until, failure } => {
                let counts = failure.kind.reaction() == Reaction::TryLater { counts: true };
                Self::PutBack(Progress {
                    troubles: progress.troubles + u32::from(counts),
                    suspect,
                    ..next(Some(*until))
                })
            }
            AttemptResult::PassedOn(_) => Self::PutBack(Progress {
                troubles: 0,
                suspect: None,
                route: plan.route + 1,
                ..next(None)
            }),
            AttemptResult::DeadLettered(failure) => Self::DeadLetter {
                progress: next(None),
                reason: failure.detail.clone(),
            },
            // The ledger says whether there is a next attempt, when its time has come.
            AttemptResult::Unknown(_) if evidence::can_be_asked_for(plan) => {
                Self::PutBack(evidence::asked_for_later(progress, outcome.at))
            }
            AttemptResult::Unknown(_) if plan.job.metadata.on_unknown == OnUnknown::Resend => {
                Self::PutBack(progress.later(outcome.at.after(GRACE)))
            }
            AttemptResult::Unknown(_) => Self::Settled,
        }
    }
}

/// What becomes of a message that was claimed and for which no time was left: nothing was sent under its claim.
pub(crate) fn unsent(plan: Plan<'_>, now: Timestamp) -> (Job<'_>, Fate) {
    let progress = &plan.job.progress;
    let fate = Fate::PutBack(progress.next(progress.attempt + 1, Some(now)));
    (plan.job, fate)
}

/// Brings about the fates of a batch; `done` is told by place which records need not come again.
pub(crate) async fn settle(context: &Dispatcher, ended: &[(Job<'_>, Fate)], done: &mut [Done]) {
    let now = context.clock.now();
    let (mut back, mut dead) = (Vec::new(), Vec::new());
    for (job, fate) in ended {
        match fate {
            Fate::Settled => done[job.index] = Done::Yes,
            Fate::PutBack(progress) => back.push((job.index, job.again(progress, now))),
            Fate::DeadLetter { progress, reason } => {
                dead.push((job.index, dead_letter(job, progress, reason.clone(), now)));
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
fn dead_letter<'j>(
    job: &'j Job<'_>,
    progress: &Progress,
    reason: String,
    now: Timestamp,
) -> Entry<'j> {
    let mut entry = job.again(progress, now);
    entry.delay = Duration::ZERO;
    entry.attributes.push((attribute::REASON, reason));
    entry
}
