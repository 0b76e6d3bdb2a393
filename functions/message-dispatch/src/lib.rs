//! Sends messages: each at most once, unless nobody can know.
//!
//! A batch goes through five steps, and [`handle`] is the list of them: read the records, plan (choose
//! integrations, open credentials), claim, attempt and record, follow up. Everything that can fail without a trace
//! happens before the claim; between the claim and the outcome there is only the one request.

mod attempts;
mod backoff;
mod claims;
pub mod config;
mod job;
mod outcomes;
mod pauses;
mod plan;
mod senders;
mod verdict;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::time::Duration;

use domain::failure::Reaction;
use domain::ledger::AttemptResult;
use domain::seal::Purpose;
use domain::time::SystemClock;
use domain::{Clock, MessageId, TenantId, Timestamp};
use edge::StartError;
use edge::aws::AwsEnv;
use edge::lambda::Invocation;
use edge::problem::Causes;
use edge::queue::{self, Queue};
use edge::sqs::{BatchReply, Done, SqsBatch};
use providers::Overrides;
use providers::http::{Egress, TOTAL_TIMEOUT};
use store::integrations::Integrations;
use store::key_rings::KeyRingsTable;
use store::ledger::Messages;
use store::parked::Parked;
use vault::{AwsKms, CacheLimits, Opener, RingKeys};

use crate::claims::Held;
use crate::config::Config;
use crate::job::Job;
use crate::outcomes::Ended;
use crate::pauses::Pauses;
use crate::plan::{Plan, Step};
use crate::senders::Senders;

/// No send begins with less time left than a request may take and its outcome needs.
const LEAST_TIME: Duration = Duration::from_secs(TOTAL_TIMEOUT.as_secs() + 3);

/// What batches share: made once per cold start.
pub struct Context {
    clock: Arc<dyn Clock>,
    integrations: Integrations,
    senders: Senders,
    messages: Messages,
    parked: Parked,
    opener: Opener,
    queue: Queue,
    dead_letters: Queue,
    http: Egress,
    overrides: Overrides,
    pauses: Pauses,
}

impl Context {
    /// Sets up clients; nothing is called yet.
    ///
    /// # Errors
    /// If a client cannot be set up.
    pub fn new(config: Config, aws: &AwsEnv) -> Result<Self, StartError> {
        let sdk = aws.config()?;
        let http = Egress::new(aws.extra_roots())?;
        Ok(Self::with(config, &sdk, http, Arc::new(SystemClock)))
    }

    /// As [`Context::new`], with clients and a clock from outside.
    pub fn with(
        config: Config,
        sdk: &aws_types::SdkConfig,
        http: Egress,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let dynamodb = aws_sdk_dynamodb::Client::new(sdk);
        let rows = Arc::new(KeyRingsTable::new(dynamodb.clone(), config.key_rings_table));
        let kms = Arc::new(AwsKms(aws_sdk_kms::Client::new(sdk)));
        let limits = CacheLimits::default();
        let keys = RingKeys::new(Purpose::Credentials, rows, kms, clock.clone(), limits);
        let sqs = aws_sdk_sqs::Client::new(sdk);
        let integrations = Integrations::new(dynamodb.clone(), config.integrations_table);
        Self {
            senders: Senders::new(integrations.clone(), clock.clone()),
            integrations,
            messages: Messages::new(dynamodb.clone(), config.activity_table.clone()),
            parked: Parked::new(dynamodb, config.activity_table),
            opener: Opener::new(Arc::new(keys)),
            queue: Queue::new(sqs.clone(), config.messages_queue),
            dead_letters: Queue::new(sqs, config.dead_letter_queue),
            http,
            overrides: config.overrides,
            pauses: Pauses::default(),
            clock,
        }
    }
}

/// Sends a batch; what is not settled or put back comes again.
pub async fn handle(context: &Context, batch: &SqsBatch, invocation: &Invocation) -> BatchReply {
    let mut done = vec![Done::No; batch.records.len()];
    let now = context.clock.now();
    if now.until(invocation.deadline) >= LEAST_TIME {
        let (jobs, repeats) = set_repeats_aside(read(context, batch, &mut done, now).await);
        match plan::make(context, jobs, now).await {
            Ok(plans) => carry_out(context, plans, invocation, &mut done).await,
            Err(error) => {
                tracing::error!(error = %Causes(&error), "integrations cannot be read; the batch comes again");
            }
        }
        for (repeat, first) in repeats {
            done[repeat] = done[first];
        }
    }
    let failed = batch
        .records
        .iter()
        .zip(&done)
        .filter(|(_, done)| **done == Done::No);
    BatchReply::failed(failed.map(|(record, _)| record.message_id.clone()))
}

/// Reads the records. What nobody can read goes to the dead-letter queue at once, with the reason.
async fn read<'a>(
    context: &Context,
    batch: &'a SqsBatch,
    done: &mut [Done],
    now: Timestamp,
) -> Vec<Job<'a>> {
    let mut jobs = Vec::with_capacity(batch.records.len());
    for (index, record) in batch.records.iter().enumerate() {
        match Job::read(index, record, now) {
            Ok(job) => jobs.push(job),
            Err(reason) => {
                tracing::warn!(
                    reason,
                    record = record.message_id,
                    "unreadable: to the dead-letter queue"
                );
                let entry = queue::Entry {
                    body: &record.body,
                    tenant: None,
                    delay: Duration::ZERO,
                    attributes: vec![("reason", reason)],
                };
                done[index] = took(context.dead_letters.send(&[entry]).await[..] == [true]);
            }
        }
    }
    jobs
}

/// Leaves one job per message. A repeat in the same batch shares the fate of the first: pairs of their places.
fn set_repeats_aside(jobs: Vec<Job<'_>>) -> (Vec<Job<'_>>, Vec<(usize, usize)>) {
    let mut first: HashMap<(TenantId, MessageId), usize> = HashMap::with_capacity(jobs.len());
    let mut repeats = Vec::new();
    let mut kept = Vec::with_capacity(jobs.len());
    for job in jobs {
        match first.entry((job.tenant.clone(), job.id.clone())) {
            Entry::Occupied(entry) => repeats.push((job.index, *entry.get())),
            Entry::Vacant(entry) => {
                entry.insert(job.index);
                kept.push(job);
            }
        }
    }
    (kept, repeats)
}

fn took(taken: bool) -> Done {
    if taken { Done::Yes } else { Done::No }
}

/// Claims what is to be acted on, acts, and puts back what has to wait.
async fn carry_out(
    context: &Context,
    plans: Vec<Plan<'_>>,
    invocation: &Invocation,
    done: &mut [Done],
) {
    let now = context.clock.now();
    let (waiting, mut acting): (Vec<_>, Vec<_>) = plans
        .into_iter()
        .partition(|plan| matches!(plan.step, Step::Later(_)));
    let mut put_back: Vec<(usize, queue::Entry<'_>)> = waiting
        .iter()
        .filter_map(|plan| match plan.step {
            Step::Later(delay) => Some((
                plan.job.index,
                plan.job.again(delay, plan.job.attempt, plan.job.troubles),
            )),
            _ => None,
        })
        .collect();

    let held = claims::take(context, &mut acting, invocation, now).await;
    let mut ours = Vec::with_capacity(acting.len());
    let mut others = Vec::new();
    for (plan, held) in acting.into_iter().zip(held) {
        match held {
            Held::Ours => ours.push(plan),
            Held::Settled => done[plan.job.index] = Done::Yes,
            Held::Comes => {}
            Held::Later(delay) => others.push((plan, delay)),
        }
    }
    put_back.extend(others.iter().map(|(plan, delay)| {
        (
            plan.job.index,
            plan.job.again(*delay, plan.job.attempt, plan.job.troubles),
        )
    }));

    let ended = outcomes::run(context, &ours).await;
    let mut dead = Vec::new();
    for one in &ended {
        match follow_up(one, context.clock.now()) {
            FollowUp::Nothing(settled) => done[one.plan.job.index] = settled,
            FollowUp::PutBack(entry) => put_back.push((one.plan.job.index, entry)),
            FollowUp::DeadLetter(entry) => dead.push((one.plan.job.index, entry)),
        }
    }
    for (queue, entries) in [(&context.queue, put_back), (&context.dead_letters, dead)] {
        if entries.is_empty() {
            continue;
        }
        let (places, entries): (Vec<_>, Vec<_>) = entries.into_iter().unzip();
        for (place, taken) in places.into_iter().zip(queue.send(&entries).await) {
            done[place] = took(taken);
        }
    }
    let sent = ended
        .iter()
        .filter(|one| matches!(one.outcome.result, AttemptResult::Sent { .. }))
        .count();
    tracing::info!(messages = done.len(), sent, "batch done");
}

enum FollowUp<'p> {
    Nothing(Done),
    PutBack(queue::Entry<'p>),
    DeadLetter(queue::Entry<'p>),
}

/// What an ended attempt still asks of the queue. Its outcome is on record first, so a crash here repeats nothing.
fn follow_up<'p>(ended: &Ended<'p, '_>, now: Timestamp) -> FollowUp<'p> {
    let job = &ended.plan.job;
    let (AttemptResult::Deferred { until, failure }, true) =
        (&ended.outcome.result, ended.recorded)
    else {
        return FollowUp::Nothing(took(ended.recorded));
    };
    let counts = failure.kind.reaction() == Reaction::TryLater { counts: true };
    let troubles = job.troubles + u32::from(counts);
    let mut entry = job.again(now.until(*until), ended.outcome.attempt + 1, troubles);
    if troubles < attempts::MOST_TROUBLES {
        return FollowUp::PutBack(entry);
    }
    entry.delay = Duration::ZERO;
    entry.attributes.push((
        "reason",
        format!("Tried {troubles} times: {}", failure.detail),
    ));
    FollowUp::DeadLetter(entry)
}
