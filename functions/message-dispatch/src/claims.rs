//! The right to act on a message: taken for the whole batch in one write, directly before sending.

use domain::ledger::{AttemptResult, Claim, LEASE_MARGIN, Next, Outcome};
use domain::{Failure, FailureKind, Timestamp, random};
use edge::lambda::Invocation;
use edge::problem::Causes;
use store::ledger::Claimed;

use crate::plan::{Plan, Step};
use crate::{Context, backoff};

/// What a claim came to.
pub(crate) enum Held {
    /// It is ours: act.
    Ours,
    /// There is nothing left to do.
    Settled,
    /// Not now, and not by us; it comes again.
    Comes,
    /// Put it back.
    Later(std::time::Duration),
}

/// Claims every plan's attempt. A message that was tried before moves on to the attempt its ledger calls for.
pub(crate) async fn take(
    context: &Context,
    plans: &mut [Plan<'_>],
    invocation: &Invocation,
    now: Timestamp,
) -> Vec<Held> {
    let batch = random::base32(&random::bytes::<10>());
    let owner = |plan: &Plan<'_>| format!("{batch}-{}", plan.job.index);
    let claims: Vec<Claim> = plans
        .iter()
        .map(|plan| claim(plan, owner(plan), invocation, now))
        .collect();
    let results = insert(context, plans, &claims).await;
    let mut held = Vec::with_capacity(plans.len());
    for (plan, claimed) in plans.iter_mut().zip(results) {
        held.push(match claimed {
            Claimed::Ours => Held::Ours,
            Claimed::Exists | Claimed::Unavailable => {
                let owner = format!("{batch}-{}", plan.job.index);
                look_up(context, plan, owner, claimed, invocation, now).await
            }
        });
    }
    held
}

async fn insert(context: &Context, plans: &[Plan<'_>], claims: &[Claim]) -> Vec<Claimed> {
    let rows: Vec<_> = plans
        .iter()
        .zip(claims)
        .map(|(plan, claim)| ((&plan.job.tenant, &plan.job.id), claim))
        .collect();
    context.messages.claim(&rows).await
}

fn claim(plan: &Plan<'_>, owner: String, invocation: &Invocation, now: Timestamp) -> Claim {
    let (integration, source) = match &plan.step {
        Step::Send(ready) => (Some(ready.integration.id.clone()), ready.source.name()),
        Step::Settle(integration, source, _) => (integration.clone(), *source),
        Step::Later(_) => (None, "none"),
    };
    Claim {
        attempt: plan.job.attempt,
        owner,
        at: now,
        lease_until: invocation.deadline.after(LEASE_MARGIN),
        accepted_at: plan.job.accepted_at,
        integration,
        credential_source: source.to_owned(),
        channel: plan.job.metadata.channel().to_string(),
    }
}

/// The claim was there already, or its answer was lost: the ledger tells what to do.
async fn look_up(
    context: &Context,
    plan: &mut Plan<'_>,
    owner: String,
    claimed: Claimed,
    invocation: &Invocation,
    now: Timestamp,
) -> Held {
    let key = (&plan.job.tenant, &plan.job.id);
    let ledger = match context.messages.find(key).await {
        Ok(ledger) => ledger,
        Err(error) => {
            tracing::warn!(error = %Causes(&error), message = %plan.job.id, "the ledger cannot be read");
            return Held::Comes;
        }
    };
    match ledger.next(now, &owner) {
        Next::Ours => Held::Ours,
        Next::Settled => Held::Settled,
        Next::Held => Held::Comes,
        Next::Wait(until) => {
            plan.job.attempt = ledger
                .outcomes
                .last()
                .map_or(plan.job.attempt, |o| o.attempt + 1);
            Held::Later(now.until(until))
        }
        Next::Claim(_) if claimed == Claimed::Unavailable => Held::Later(backoff::delay(None, 1)),
        Next::Claim(attempt) => {
            plan.job.attempt = attempt;
            let again = claim(plan, owner, invocation, now);
            match insert(context, std::slice::from_ref(plan), &[again]).await[..] {
                [Claimed::Ours] => Held::Ours,
                _ => Held::Comes,
            }
        }
        Next::RecordUnknown(attempt) => {
            let outcome = Outcome {
                attempt,
                at: now,
                result: AttemptResult::Unknown(died()),
            };
            match context.messages.write_outcome_once(key, &outcome).await {
                Ok(()) => Held::Settled,
                Err(_) => Held::Comes,
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
