//! Runs a batch's attempts side by side and writes their outcomes together: at the latest a moment after each, so
//! that a crash loses little, and in as few writes as that allows.

use std::collections::HashMap;
use std::time::Duration;

use domain::ledger::{AttemptResult, Outcome};
use edge::problem::Causes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use store::ledger::MessageKey;
use store::parked::ParkedMessage;

use crate::fate::Fate;
use crate::job::Job;
use crate::plan::{Plan, Step};
use crate::{Context, attempts};

/// Longest time that an outcome waits for others before it is written.
const LONGEST_WAIT: Duration = Duration::from_millis(50);
/// Makes all attempts, records how they ended, and tells what becomes of their messages.
pub(crate) async fn run<'a>(context: &Context, plans: Vec<Plan<'a>>) -> Vec<(Job<'a>, Fate)> {
    let recorded = attempt_all(context, &plans).await;
    let now = context.clock.now();
    let sent = recorded
        .values()
        .flatten()
        .filter(|o| matches!(o.result, AttemptResult::Sent { .. }));
    tracing::info!(messages = plans.len(), sent = sent.count(), "batch done");
    plans
        .into_iter()
        .map(|plan| {
            let outcome = recorded.get(&plan.job.index).and_then(Option::as_ref);
            let fate = outcome.map_or(Fate::ComesAgain, |o| Fate::after(&plan.job, o, now));
            (plan.job, fate)
        })
        .collect()
}

/// Outcomes by the place of their record; `None` for one that could not be recorded.
type Recorded = HashMap<usize, Option<Outcome>>;

async fn attempt_all(context: &Context, plans: &[Plan<'_>]) -> Recorded {
    let mut attempts: FuturesUnordered<_> =
        plans.iter().map(|plan| attempt(context, plan)).collect();
    let mut writes = FuturesUnordered::new();
    let mut waiting = Vec::new();
    let mut recorded = Recorded::with_capacity(plans.len());
    let mut timer = std::pin::pin!(tokio::time::sleep(LONGEST_WAIT));
    while recorded.len() < plans.len() {
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
            Some(written) = writes.next(), if !writes.is_empty() => recorded.extend(written),
        }
    }
    recorded
}

type Attempted<'p, 'a> = (&'p Plan<'a>, Outcome);

async fn attempt<'p, 'a>(context: &Context, plan: &'p Plan<'a>) -> Attempted<'p, 'a> {
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

async fn record(context: &Context, attempted: Vec<Attempted<'_, '_>>) -> Recorded {
    let mut recorded = Recorded::with_capacity(attempted.len());
    let mut recordable = Vec::with_capacity(attempted.len());
    for (plan, outcome) in attempted {
        // A parked message is kept before its record says so: a crash between the two loses nothing.
        let parked = matches!(outcome.result, AttemptResult::Parked(_));
        if parked && !keep(context, plan).await {
            recorded.insert(plan.job.index, None);
        } else {
            recordable.push((plan, outcome));
        }
    }
    let rows: Vec<_> = recordable
        .iter()
        .map(|(plan, o)| ((&plan.job.tenant, &plan.job.id), o))
        .collect();
    let written = write(context, &rows).await;
    recorded.extend(
        recordable
            .into_iter()
            .map(|(plan, o)| (plan.job.index, written.then_some(o))),
    );
    recorded
}

async fn write(context: &Context, rows: &[(MessageKey<'_>, &Outcome)]) -> bool {
    const TRIES: u32 = 3;
    for _ in 0..TRIES {
        match context.messages.write_outcomes(rows).await {
            Ok(()) => return true,
            Err(error) => tracing::warn!(error = %Causes(&error), "outcomes are written again"),
        }
    }
    tracing::error!(
        messages = rows.len(),
        "outcomes are not on record; the provider's word will settle them"
    );
    false
}

async fn keep(context: &Context, plan: &Plan<'_>) -> bool {
    let integration = match &plan.step {
        Step::Send(ready) => ready.integration.id.clone(),
        Step::Settle(Some(integration), ..) => integration.clone(),
        Step::Settle(None, ..) => return false,
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
