//! Runs a batch's attempts side by side and writes their outcomes together: at the latest a moment after each, so
//! that a crash loses little, and in as few writes as that allows.

use std::time::Duration;

use domain::ledger::{AttemptResult, Outcome};
use edge::problem::Causes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use store::parked::ParkedMessage;

use crate::plan::{Plan, Step};
use crate::{Context, attempts};

/// Longest time that an outcome waits for others before it is written.
const LONGEST_WAIT: Duration = Duration::from_millis(50);
const TRIES: u32 = 3;

/// How a plan ended, and whether that is on record.
pub(crate) struct Ended<'p, 'a> {
    pub(crate) plan: &'p Plan<'a>,
    pub(crate) outcome: Outcome,
    pub(crate) recorded: bool,
}

/// Makes all attempts and records how they ended.
pub(crate) async fn run<'p, 'a>(context: &Context, plans: &'p [Plan<'a>]) -> Vec<Ended<'p, 'a>> {
    let mut attempts: FuturesUnordered<_> =
        plans.iter().map(|plan| attempt(context, plan)).collect();
    let mut writes = FuturesUnordered::new();
    let mut waiting = Vec::new();
    let mut ended = Vec::with_capacity(plans.len());
    let mut timer = std::pin::pin!(tokio::time::sleep(LONGEST_WAIT));
    while ended.len() < plans.len() {
        tokio::select! {
            Some(one) = attempts.next(), if !attempts.is_empty() => {
                if waiting.is_empty() {
                    timer.as_mut().reset(tokio::time::Instant::now() + LONGEST_WAIT);
                }
                waiting.push(one);
                if attempts.is_empty() {
                    writes.push(record(context, std::mem::take(&mut waiting)));
                }
            }
            () = &mut timer, if !waiting.is_empty() => {
                writes.push(record(context, std::mem::take(&mut waiting)));
            }
            Some(written) = writes.next(), if !writes.is_empty() => ended.extend(written),
        }
    }
    ended
}

async fn attempt<'p, 'a>(context: &Context, plan: &'p Plan<'a>) -> (&'p Plan<'a>, Outcome) {
    let result = attempts::make(context, plan).await;
    (
        plan,
        Outcome {
            attempt: plan.job.attempt,
            at: context.clock.now(),
            result,
        },
    )
}

async fn record<'p, 'a>(
    context: &Context,
    batch: Vec<(&'p Plan<'a>, Outcome)>,
) -> Vec<Ended<'p, 'a>> {
    let mut ended = Vec::with_capacity(batch.len());
    for (plan, outcome) in batch {
        // A parked message is kept before its record says so: a crash between the two loses nothing.
        let recorded = match outcome.result {
            AttemptResult::Parked(_) => keep(context, plan).await,
            _ => true,
        };
        ended.push(Ended {
            plan,
            outcome,
            recorded,
        });
    }
    let rows: Vec<_> = ended
        .iter()
        .filter(|one| one.recorded)
        .map(|one| ((&one.plan.job.tenant, &one.plan.job.id), &one.outcome))
        .collect();
    let mut written = rows.is_empty();
    for _ in 0..TRIES {
        if written {
            break;
        }
        match context.messages.write_outcomes(&rows).await {
            Ok(()) => written = true,
            Err(error) => tracing::warn!(error = %Causes(&error), "outcomes are written again"),
        }
    }
    if !written {
        tracing::error!(
            messages = rows.len(),
            "outcomes are not on record; the provider's word will settle them"
        );
        for one in &mut ended {
            one.recorded = false;
        }
    }
    ended
}

async fn keep(context: &Context, plan: &Plan<'_>) -> bool {
    let integration = match &plan.step {
        Step::Send(ready) => ready.integration.id.clone(),
        Step::Settle(Some(integration), ..) => integration.clone(),
        _ => return false,
    };
    let message = ParkedMessage {
        id: plan.job.id.clone(),
        integration,
        accepted_at: plan.job.accepted_at,
        attempt: plan.job.attempt,
        body: plan.job.body.to_owned(),
    };
    let kept = context.parked.keep(&plan.job.tenant, &message).await;
    kept.inspect_err(
        |error| tracing::error!(error = %Causes(error), "a message could not be parked"),
    )
    .is_ok()
}
