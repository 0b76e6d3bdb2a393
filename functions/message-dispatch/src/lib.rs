//! Sends messages: each at most once, unless nobody can know.
//!
//! A batch goes through five steps, and [`handle`] is the list of them: read the records, plan (choose
//! integrations, open credentials), claim, attempt and record, follow up. Everything that can fail without a trace
//! happens before the claim; between the claim and the outcome there is only the one request.

mod account;
mod attempts;
mod backoff;
mod claims;
pub mod config;
mod fate;
mod job;
mod outcomes;
mod pauses;
mod plan;
mod refusals;
mod senders;
mod verdict;

use std::sync::Arc;
use std::time::Duration;

use custody::{CHECK_TIMEOUT, Custody};
use domain::message::attribute;
use domain::opening::{OpenedBy, Reason};
use domain::seal::Purpose;
use domain::time::SystemClock;
use domain::{Clock, Timestamp, random};
use edge::StartError;
use edge::aws::AwsEnv;
use edge::lambda::Invocation;
use edge::problem::Causes;
use edge::queue::{Entry, Queue};
use edge::sqs::{BatchReply, Done, SqsBatch};
use providers::http::{Egress, Reach, TOTAL_TIMEOUT};
use providers::platform::PlatformAccounts;
use store::audit::AuditTrail;
use store::integrations::Integrations;
use store::key_rings::KeyRingsTable;
use store::ledger::Messages;
use store::openings::OpeningWindows;
use store::parked::Parked;
use store::verdicts::Verdicts;
use vault::{Opener, RingKeys};

use crate::config::Config;
use crate::job::Job;
use crate::pauses::Pauses;
use crate::senders::Senders;

/// No claim is made with less time left than a request, the questions whether a refused credential is really bad and
/// whether the one before it still works, and the record of it all may take.
const LEAST_TIME: Duration =
    Duration::from_secs(TOTAL_TIMEOUT.as_secs() + 2 * CHECK_TIMEOUT.as_secs() + 3);

/// As who the function stands in the audit trail.
const ACTOR: &str = "message-dispatch";

/// What batches share: made once per cold start.
pub struct Context {
    clock: Arc<dyn Clock>,
    /// Names this container in claims and in the audit trail.
    container: String,
    integrations: Integrations,
    senders: Senders,
    messages: Messages,
    parked: Parked,
    custody: Custody,
    openings: Arc<OpeningWindows>,
    queue: Queue,
    dead_letters: Queue,
    pauses: Pauses,
    platform: PlatformAccounts,
}

impl Context {
    /// Sets up clients; nothing is called yet.
    ///
    /// # Errors
    /// If a client cannot be set up.
    pub fn new(config: Config, aws: &AwsEnv) -> Result<Self, StartError> {
        let sdk = aws.config()?;
        let http = Egress::new(Reach {
            extra_roots: aws.extra_roots(),
            overrides: &config.overrides,
            own_hosts: &config.own_hosts,
        })?;
        Ok(Self::with(config, &sdk, http, Arc::new(SystemClock)))
    }

    /// As whom credentials are opened.
    fn opens_for(&self, reason: Reason) -> OpenedBy<'_> {
        OpenedBy {
            actor: ACTOR,
            reason,
            request: &self.container,
        }
    }

    /// As [`Context::new`], with clients and a clock from outside.
    pub fn with(
        config: Config,
        sdk: &aws_types::SdkConfig,
        http: Egress,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let dynamodb = aws_sdk_dynamodb::Client::new(sdk);
        let rows = KeyRingsTable::new(dynamodb.clone(), config.key_rings_table);
        let kms = aws_sdk_kms::Client::new(sdk);
        let keys = RingKeys::on_aws(Purpose::Credentials, rows, kms, clock.clone());
        let sqs = aws_sdk_sqs::Client::new(sdk);
        let integrations = Integrations::new(dynamodb.clone(), config.integrations_table);
        let trail = AuditTrail::new(dynamodb.clone(), config.audit_table, clock.clone());
        let openings = Arc::new(OpeningWindows::new(trail.clone(), clock.clone()));
        let custody = Custody::new(
            integrations.clone(),
            Verdicts::new(integrations.clone(), trail),
            Opener::new(keys, openings.clone()),
            (http, config.overrides),
            clock.clone(),
        );
        Self {
            container: random::base32(&random::bytes::<10>()),
            senders: Senders::new(integrations.clone(), config.platform.offer(), clock.clone()),
            integrations,
            messages: Messages::new(dynamodb.clone(), config.activity_table.clone()),
            parked: Parked::new(dynamodb, config.activity_table),
            custody,
            openings,
            queue: Queue::new(sqs.clone(), config.messages_queue),
            dead_letters: Queue::new(sqs, config.dead_letter_queue),
            pauses: Pauses::default(),
            platform: config.platform,
            clock,
        }
    }
}

impl Context {
    /// What remains to be recorded when the process ends.
    pub fn last_words(&self) -> impl Future<Output = ()> + Send + 'static {
        let openings = self.openings.clone();
        async move { openings.close().await }
    }
}

/// Sends a batch; what is not settled or put back comes again.
pub async fn handle(context: &Context, batch: &SqsBatch, invocation: &Invocation) -> BatchReply {
    let mut done = vec![Done::No; batch.records.len()];
    if in_time(context, invocation) {
        send(context, batch, invocation, &mut done).await;
        context.openings.settle().await;
    }
    let failed = batch
        .records
        .iter()
        .zip(&done)
        .filter(|(_, done)| **done == Done::No);
    BatchReply::failed(failed.map(|(record, _)| record.message_id.clone()))
}

fn in_time(context: &Context, invocation: &Invocation) -> bool {
    context.clock.now().until(invocation.deadline) >= LEAST_TIME
}

async fn send(context: &Context, batch: &SqsBatch, invocation: &Invocation, done: &mut [Done]) {
    let now = context.clock.now();
    let (jobs, repeats) = job::set_repeats_aside(read(context, batch, done, now).await);
    let (plans, mut ended) = match plan::make(context, jobs, now).await {
        Ok(planned) => planned,
        Err(error) => {
            let error = &Causes(&error);
            tracing::error!(%error, "integrations cannot be read; the batch comes again");
            return;
        }
    };
    // What was read took time; a claim that cannot be acted on is worse than none.
    if !in_time(context, invocation) {
        return;
    }
    let (ours, not_ours) = claims::take(context, plans, invocation).await;
    ended.extend(not_ours);
    ended.extend(outcomes::run(context, ours).await);
    fate::settle(context, &ended, done).await;
    for (repeat, first) in repeats {
        done[repeat] = done[first];
    }
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
                let entry = Entry {
                    body: &record.body,
                    tenant: None,
                    delay: Duration::ZERO,
                    attributes: vec![(attribute::REASON, reason)],
                };
                if context.dead_letters.send(&[entry]).await[..] == [true] {
                    done[index] = Done::Yes;
                }
            }
        }
    }
    jobs
}
