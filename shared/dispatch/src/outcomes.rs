//! Runs a batch's attempts side by side and writes their outcomes together: at the latest a moment after each, so
//! that a crash loses little, and in as few writes as that allows.

use std::collections::HashMap;
use std::time::Duration;

use domain::ledger::{AttemptResult, Outcome};
use domain::{Integration, Timestamp};
use edge::problem::Causes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use store::ledger::MessageKey;
use store::parked::ParkedMessage;

use crate::fate::Fate;
use crate::job::Job;
use crate::job::Suspect;
use crate::plan::Plan;
use crate::{Dispatcher, attempts};

/// Longest time that an outcome waits for others before it is written.
const LONGEST_WAIT: Duration = Duration::from_millis(50);
/// How long a message waits whose outcome is not on record: until the lease of its claim is over.
const UNRECORDED: Duration = Duration::from_secs(60);

/// Makes all attempts, records how they ended, and tells what becomes of their messages.
pub(crate) async fn run<'a>(context: &Dispatcher, plans: Vec<Plan<'a>>) -> Vec<(Job<'a>, Fate)> {
    let mut ended = attempt_all(context, &plans).await;
    let now = context.clock.now();
    let sent = ended
        .values()
        .filter(|end| matches!(end.outcome.result, AttemptResult::Sent { .. }));
    tracing::info!(messages = plans.len(), sent = sent.count(), "batch done");
    plans
        .into_iter()
        .map(|plan| {
            let fate = match ended.remove(&plan.job.index) {
                Some(end) => end.fate(&plan, now),
                None => Fate::try_again(&plan.job, now.after(UNRECORDED), now),
            };
            (plan.job, fate)
        })
        .collect()
}

/// How an attempt ended, and what is known of its record.
struct End {
    outcome: Outcome,
    suspect: Option<Suspect>,
    recorded: bool,
    /// Parked, while the integration can send again: nobody may come to fetch it.
    repaired: bool,
}

impl End {
    fn fate(&self, plan: &Plan<'_>, now: Timestamp) -> Fate {
        match &self.outcome.result {
            AttemptResult::Parked(_) if self.repaired => {
                Fate::PutBack(plan.job.progress.next(self.outcome.attempt + 1, None))
            }
            // It could not be kept, and nothing was sent.
            AttemptResult::Parked(_) if !self.recorded => {
                let again = Some(now.after(UNRECORDED));
                Fate::PutBack(plan.job.progress.next(self.outcome.attempt + 1, again))
            }
            // Nothing was sent, and the next attempt's number says so even where the record does not.
            AttemptResult::Deferred { .. }
            | AttemptResult::PassedOn(_)
            | AttemptResult::DeadLettered(_) => {
                Fate::after(plan, &self.outcome, self.suspect.clone())
            }
            _ if self.recorded => Fate::after(plan, &self.outcome, self.suspect.clone()),
            _ => Fate::try_again(&plan.job, now.after(UNRECORDED), now),
        }
    }
}

/// Ends by the place of their record.
type Ended = HashMap<usize, End>;

async fn attempt_all(context: &Dispatcher, plans: &[Plan<'_>]) -> Ended {
    let mut attempts: FuturesUnordered<_> =
        plans.iter().map(|plan| attempt(context, plan)).collect();
    let mut writes = FuturesUnordered::new();
    let mut waiting = Vec::new();
    let mut ended = Ended::with_capacity(plans.len());
    let mut timer = std::pin::pin!(tokio::time::sleep(LONGEST_WAIT));
    while ended.len() < plans.len() {
        tokio::select! {
            // In this order, so that a run can be repeated.
            biased;
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

/// An attempt that was made and is to be recorded.
type Made<'p, 'a> = (&'p Plan<'a>, Outcome, Option<Suspect>);

async fn attempt<'p, 'a>(context: &Dispatcher, plan: &'p Plan<'a>) -> Made<'p, 'a> {
    let attempted = attempts::make(context, plan).await;
    let outcome = Outcome {
        attempt: plan.job.progress.attempt,
        at: context.clock.now(),
        result: attempted.result,
    };
    (plan, outcome, attempted.suspect)
}

async fn record(context: &Dispatcher, made: Vec<Made<'_, '_>>) -> Ended {
    let mut ended = Ended::with_capacity(made.len());
    let mut recordable = Vec::with_capacity(made.len());
    for (plan, outcome, suspect) in made {
        // A parked message is kept before its record says so: a crash between the two loses nothing.
        let parked = matches!(outcome.result, AttemptResult::Parked(_));
        if parked && !keep(context, plan).await {
            let end = End {
                outcome,
                suspect,
                recorded: false,
                repaired: false,
            };
            ended.insert(plan.job.index, end);
        } else {
            recordable.push((plan, outcome, suspect));
        }
    }
    for (plan, outcome, _) in &recordable {
        if let Some(integration) = plan.integration() {
            let (tenant, result) = (&plan.job.tenant, &outcome.result);
            context
                .figures
                .count(tenant, integration, outcome.at, result);
        }
    }
    let rows: Vec<_> = recordable
        .iter()
        .map(|(plan, outcome, _)| ((&plan.job.tenant, &plan.job.id), outcome))
        .collect();
    let written = write(context, &rows).await;
    for (plan, outcome, suspect) in recordable {
        // What is parked is kept, recorded or not; a repair that came in between has not seen it.
        let parked = matches!(outcome.result, AttemptResult::Parked(_));
        let end = End {
            recorded: written || parked,
            repaired: parked && is_usable(context, plan).await,
            outcome,
            suspect,
        };
        ended.insert(plan.job.index, end);
    }
    ended
}

async fn write(context: &Dispatcher, rows: &[(MessageKey<'_>, &Outcome)]) -> bool {
    const PAUSES: [Duration; 3] = [
        Duration::ZERO,
        Duration::from_millis(100),
        Duration::from_millis(400),
    ];
    for pause in PAUSES {
        tokio::time::sleep(pause).await;
        let figures = context.figures.due(context.clock.now());
        match context.messages.write_outcomes_with(rows, figures).await {
            Ok(()) => return true,
            Err(error) => tracing::warn!(error = %Causes(&error), "outcomes are written again"),
        }
    }
    tracing::error!(messages = rows.len(), "outcomes are not on record");
    false
}

/// Whether the integration that a message waits for can send now.
async fn is_usable(context: &Dispatcher, plan: &Plan<'_>) -> bool {
    let Some(id) = plan.integration() else {
        return false;
    };
    let key = (plan.job.tenant.clone(), id.clone());
    // Who cannot see it does not leave it to a repair that may have been.
    let stored = context.integrations.find_many(&[key]).await;
    stored.map_or(true, |stored| {
        stored.first().is_some_and(Integration::is_usable)
    })
}

async fn keep(context: &Dispatcher, plan: &Plan<'_>) -> bool {
    let Some(integration) = plan.integration().cloned() else {
        return false;
    };
    let message = ParkedMessage {
        id: plan.job.id.clone(),
        integration,
        accepted_at: plan.job.accepted_at,
        attempt: plan.job.progress.attempt,
        body: plan.job.body.to_owned(),
    };
    let kept = context
        .parked
        .keep(&plan.job.tenant, &message, context.clock.now())
        .await;
    kept.inspect_err(
        |error| tracing::error!(error = %Causes(error), "a message could not be parked"),
    )
    .is_ok()
}
