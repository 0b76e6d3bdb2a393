//! The right to act on a message: taken for the whole batch in one write, directly before sending.

use domain::ledger::{AttemptResult, Claim, LEASE_MARGIN, Next, Outcome};
use domain::{Failure, FailureKind, Timestamp, random};
use edge::lambda::Invocation;
use edge::problem::Causes;
use store::ledger::Claimed;

use crate::fate::Fate;
use crate::job::Job;
use crate::plan::Plan;
use crate::{Context, backoff};

/// Claims every plan's attempt: those that are ours to carry out, and the fates of the others. A message that was
/// tried before moves on to the attempt its ledger calls for.
pub(crate) async fn take<'a>(
    context: &Context,
    plans: Vec<Plan<'a>>,
    invocation: &Invocation,
) -> (Vec<Plan<'a>>, Vec<(Job<'a>, Fate)>) {
    let desk = Desk {
        context,
        batch: random::base32(&random::bytes::<5>()),
        now: context.clock.now(),
        lease_until: invocation.deadline.after(LEASE_MARGIN),
    };
    // A first attempt is claimed at once; a later one only after a look at what came of those before it.
    let (first, later): (Vec<_>, Vec<_>) =
        plans.into_iter().partition(|plan| plan.job.attempt == 1);
    let claims: Vec<Claim> = first.iter().map(|plan| desk.claim(plan)).collect();
    let results = desk.insert(&first, &claims).await;
    let mut ours = Vec::with_capacity(first.len());
    let mut others = Vec::new();
    let later = later.into_iter().map(|plan| (plan, Claimed::Exists));
    for (mut plan, claimed) in first.into_iter().zip(results).chain(later) {
        let fate = match claimed {
            Claimed::Ours => None,
            _ => desk.look_up(&mut plan, claimed).await,
        };
        match fate {
            None => ours.push(plan),
            Some(fate) => others.push((plan.job, fate)),
        }
    }
    (ours, others)
}

/// What the claims of a batch have in common.
struct Desk<'c> {
    context: &'c Context,
    /// Names this batch among all that may hold claims.
    batch: String,
    now: Timestamp,
    lease_until: Timestamp,
}

impl Desk<'_> {
    fn owner(&self, plan: &Plan<'_>) -> String {
        let container = &self.context.container;
        format!("{container}-{}-{}", self.batch, plan.job.index)
    }

    fn claim(&self, plan: &Plan<'_>) -> Claim {
        Claim {
            attempt: plan.job.attempt,
            owner: self.owner(plan),
            at: self.now,
            lease_until: self.lease_until,
            accepted_at: plan.job.accepted_at,
            integration: plan.integration().cloned(),
            credential_source: plan.source.into(),
            credential_reason: plan.reason.name().into(),
            channel: plan.job.metadata.channel().clone(),
        }
    }

    async fn insert(&self, plans: &[Plan<'_>], claims: &[Claim]) -> Vec<Claimed> {
        let rows: Vec<_> = plans
            .iter()
            .zip(claims)
            .map(|(plan, claim)| ((&plan.job.tenant, &plan.job.id), claim))
            .collect();
        self.context.messages.claim(&rows).await
    }

    /// The claim was there already, or its answer was lost: the ledger tells. `None` if it is ours after all.
    async fn look_up(&self, plan: &mut Plan<'_>, claimed: Claimed) -> Option<Fate> {
        let key = (&plan.job.tenant, &plan.job.id);
        let ledger = match self.context.messages.find(key).await {
            Ok(ledger) => ledger,
            Err(error) => {
                tracing::warn!(error = %Causes(&error), message = %plan.job.id, "the ledger cannot be read");
                return Some(Fate::ComesAgain);
            }
        };
        match ledger.next(plan.job.attempt, self.now, &self.owner(plan)) {
            Next::Ours => None,
            Next::Settled => Some(Fate::Settled),
            Next::Held => Some(Fate::ComesAgain),
            Next::Wait(until) => {
                plan.job.attempt = ledger
                    .outcomes
                    .last()
                    .map_or(plan.job.attempt, |last| last.attempt + 1);
                Some(Fate::wait(&plan.job, self.now.until(until), self.now))
            }
            Next::Claim(_) if claimed == Claimed::Unavailable => {
                Some(Fate::wait(&plan.job, backoff::delay(None, 1), self.now))
            }
            Next::Claim(attempt) => {
                plan.job.attempt = attempt;
                let claim = self.claim(plan);
                let results = self.insert(std::slice::from_ref(plan), &[claim]).await;
                (results != [Claimed::Ours]).then_some(Fate::ComesAgain)
            }
            Next::RecordUnknown(attempt) => {
                let result = AttemptResult::Unknown(died());
                let outcome = Outcome {
                    attempt,
                    at: self.now,
                    result,
                };
                let written = self
                    .context
                    .messages
                    .write_outcome_once(key, &outcome)
                    .await;
                Some(if written.is_ok() {
                    Fate::Settled
                } else {
                    Fate::ComesAgain
                })
            }
        }
    }
}

fn died() -> Failure {
    Failure::new(
        FailureKind::OutcomeUnknown,
        "The function ended while it was sending: the message may or may not have been sent.",
        "Wait for the message's status, or ask the recipient, before sending again.",
    )
}
