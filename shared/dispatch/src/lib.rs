//! How everything that is queued leaves: each at most once, unless nobody can know.
//!
//! A batch goes through five steps, and [`Dispatcher::handle`] is the list of them: read the records, plan (choose
//! routes, open credentials, ask the gates), claim, attempt and record, follow up. Everything that can fail without a
//! trace happens before the claim; between the claim and the outcome there is only the one request.
//!
//! What is queued, and what a provider does with it, is the function's [`Errand`]: to send a message, to place a call.

mod account;
mod attempts;
mod backoff;
mod claims;
mod config;
mod evidence;
mod fate;
mod gate;
mod job;
mod outcomes;
mod plan;
mod refusals;
mod release;
mod senders;
mod suspicion;
mod verdict;

use std::sync::Arc;
use std::time::Duration;

use custody::{CHECK_TIMEOUT, Custody};
use domain::message::{Metadata, attribute};
use domain::opening::{OpenedBy, Reason};
use domain::seal::Purpose;
use domain::{Clock, ProviderId, Timestamp, random};
use edge::lambda::Invocation;
use edge::queue::{Entry, Queue};
use edge::sqs::{BatchReply, Done, SqsBatch, SqsRecord, contained};
use futures_util::future::join_all;
use futures_util::join;
use providers::http::{Egress, TOTAL_TIMEOUT};
use providers::platform::PlatformAccounts;
use providers::{Catalogue, Messages, Provider};
use serde_json::value::RawValue;
use store::audit::AuditTrail;
use store::figures::FigureBook;
use store::integrations::Integrations;
use store::key_rings::KeyRingsTable;
use store::ledger;
use store::openings::OpeningWindows;
use store::parked::Parked;
use store::verdicts::Verdicts;
use vault::{Opener, RingKeys};

pub use crate::config::Config;
use crate::fate::{Fate, LAST_RECEIVE};
use crate::gate::Gates;
use crate::job::Job;
use crate::senders::Senders;
use crate::suspicion::Suspicions;

/// No claim is made with less time left than a request, the questions whether a refused credential is really bad and
/// whether the one before it still works, and the record of it all may take.
const LEAST_TIME: Duration =
    Duration::from_secs(TOTAL_TIMEOUT.as_secs() + 2 * CHECK_TIMEOUT.as_secs() + 3);

/// Nothing is sent with less time left than the request and its record take.
const TIME_TO_SEND: Duration = Duration::from_secs(TOTAL_TIMEOUT.as_secs() + 3);

/// What a function sends.
#[derive(Debug, Clone, Copy)]
pub struct Errand {
    /// As who the function stands in the audit trail.
    pub actor: &'static str,
    /// Reads a queue record's body.
    ///
    /// # Errors
    /// Why nobody can carry it out, in a sentence that repeats nothing of it.
    pub read: for<'a> fn(&'a str) -> Result<Order<'a>, String>,
    /// What a provider does it with, if it can.
    pub channel: for<'p> fn(&'p dyn Provider) -> Option<&'p dyn Messages>,
}

/// What is to be sent.
#[derive(Debug)]
pub struct Order<'a> {
    /// Who sends, through what, and until when.
    pub metadata: Metadata,
    /// The provider's own object.
    pub payload: &'a RawValue,
}

/// A record and its place in its batch.
type Numbered<'a> = (usize, &'a SqsRecord);

/// Sends batches: what they share, made once per cold start.
pub struct Dispatcher {
    errand: Errand,
    clock: Arc<dyn Clock>,
    /// Names this container in claims and in the audit trail.
    container: String,
    integrations: Integrations,
    senders: Senders,
    messages: ledger::Messages,
    parked: Parked,
    custody: Custody,
    openings: Arc<OpeningWindows>,
    figures: Arc<FigureBook>,
    queue: Queue,
    dead_letters: Queue,
    gates: Gates,
    suspicions: Suspicions,
    platform: PlatformAccounts,
}

impl Dispatcher {
    /// Sets up clients; nothing is called yet.
    pub fn new(
        errand: Errand,
        config: Config,
        sdk: &aws_types::SdkConfig,
        http: Egress,
        clock: Arc<dyn Clock>,
        providers: Catalogue,
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
        )
        .with_providers(providers);
        let container = random::base32(&random::bytes::<10>());
        let figures = FigureBook::new(
            dynamodb.clone(),
            config.activity_table.clone(),
            container.clone(),
        );
        Self {
            errand,
            container,
            figures: Arc::new(figures),
            senders: Senders::new(integrations.clone(), config.platform.offer(), clock.clone()),
            integrations,
            messages: ledger::Messages::new(dynamodb.clone(), config.activity_table.clone()),
            parked: Parked::new(dynamodb, config.activity_table),
            custody,
            openings,
            queue: Queue::new(sqs.clone(), config.queue),
            dead_letters: Queue::new(sqs, config.dead_letter_queue),
            gates: Gates::default(),
            suspicions: Suspicions::default(),
            platform: config.platform,
            clock,
        }
    }

    /// What remains to be recorded when the process ends.
    pub fn last_words(&self) -> impl Future<Output = ()> + Send + 'static {
        let (openings, figures) = (self.openings.clone(), self.figures.clone());
        async move {
            join!(openings.close(), figures.close());
        }
    }

    /// Sends a batch; what is not settled or put back comes again.
    pub async fn handle(&self, batch: &SqsBatch, invocation: &Invocation) -> BatchReply {
        let mut done = vec![Done::No; batch.records.len()];
        let records: Vec<_> = batch.records.iter().enumerate().collect();
        if self.in_time(invocation) && !self.survive(&records, invocation, &mut done).await {
            // One of them is the culprit; its neighbours are none the worse for it.
            for record in &records {
                self.alone(*record, invocation, &mut done).await;
            }
        }
        self.openings.settle().await;
        let failed = batch
            .records
            .iter()
            .zip(&done)
            .filter(|(_, done)| **done == Done::No);
        BatchReply::failed(failed.map(|(record, _)| record.message_id.clone()))
    }

    fn in_time(&self, invocation: &Invocation) -> bool {
        self.clock.now().until(invocation.deadline) >= LEAST_TIME
    }

    /// Sends records; `false` if they made us panic.
    async fn survive(
        &self,
        records: &[Numbered<'_>],
        invocation: &Invocation,
        done: &mut [Done],
    ) -> bool {
        let sending = Box::pin(async {
            self.send(records, invocation, done).await;
            true
        });
        contained(sending, false).await
    }

    /// Sends a record of a batch that made us panic. One that does so whenever it is received goes to the dead-letter
    /// queue.
    async fn alone(
        &self,
        (index, record): Numbered<'_>,
        invocation: &Invocation,
        done: &mut [Done],
    ) {
        if done[index] == Done::Yes || !self.in_time(invocation) {
            return;
        }
        let survived = self.survive(&[(index, record)], invocation, done).await;
        if !survived && record.receives() >= LAST_RECEIVE {
            self.bury(index, record, "It made Switchboard panic.".to_owned(), done)
                .await;
        }
    }

    async fn send(&self, records: &[Numbered<'_>], invocation: &Invocation, done: &mut [Done]) {
        let now = self.clock.now();
        let (releases, orders): (Vec<Numbered<'_>>, Vec<Numbered<'_>>) = records
            .iter()
            .partition(|(_, record)| release::is_one(record));
        let (jobs, repeats) = job::set_repeats_aside(self.read(&orders, done, now).await);
        let (plans, mut ended) = plan::make(self, jobs, now).await;
        // What was read took time; a claim that cannot be acted on is worse than none.
        if self.in_time(invocation) {
            let (ours, not_ours) = claims::take(self, plans, invocation).await;
            ended.extend(not_ours);
            if self.clock.now().until(invocation.deadline) >= TIME_TO_SEND {
                ended.extend(outcomes::run(self, ours).await);
            } else {
                let now = self.clock.now();
                ended.extend(ours.into_iter().map(|plan| fate::unsent(plan, now)));
            }
        } else {
            ended.extend(plans.into_iter().map(|plan| {
                let fate = Fate::wait(&plan.job, now);
                (plan.job, fate)
            }));
        }
        fate::settle(self, &ended, done).await;
        for (repeat, first) in repeats {
            done[repeat] = done[first];
        }
        self.release(&releases, done).await;
    }

    /// Lets go what waited for a repair.
    async fn release(&self, releases: &[Numbered<'_>], done: &mut [Done]) {
        let steps = releases.iter().map(async |(index, record)| {
            let step = Box::pin(release::step(self, record));
            (*index, contained(step, Done::No).await)
        });
        for (index, step) in join_all(steps).await {
            done[index] = step;
        }
    }

    /// Reads the records. What nobody can read goes to the dead-letter queue at once, with the reason.
    async fn read<'a>(
        &self,
        records: &[Numbered<'a>],
        done: &mut [Done],
        now: Timestamp,
    ) -> Vec<Job<'a>> {
        let mut jobs = Vec::with_capacity(records.len());
        for (index, record) in records {
            match Job::read(*index, record, self.errand.read, now) {
                Ok(job) => jobs.push(job),
                Err(reason) => self.bury(*index, record, reason, done).await,
            }
        }
        jobs
    }

    /// To the dead-letter queue with a record that nobody can handle.
    async fn bury(&self, index: usize, record: &SqsRecord, reason: String, done: &mut [Done]) {
        tracing::warn!(
            reason,
            record = record.message_id,
            "unreadable: to the dead-letter queue"
        );
        let id = record.attribute(attribute::MESSAGE);
        let id = id.unwrap_or(&record.message_id).to_owned();
        let entry = Entry {
            body: &record.body,
            tenant: None,
            delay: Duration::ZERO,
            attributes: vec![(attribute::MESSAGE, id), (attribute::REASON, reason)],
        };
        if self.dead_letters.send(&[entry]).await[..] == [true] {
            done[index] = Done::Yes;
        }
    }

    /// What the provider of that type sends with.
    fn channel(&self, provider: &ProviderId) -> Option<&'static dyn Messages> {
        (self.errand.channel)(self.custody.provider(provider)?)
    }

    /// As whom credentials are opened.
    fn opens_for(&self, reason: Reason) -> OpenedBy<'_> {
        OpenedBy {
            actor: self.errand.actor,
            reason,
            request: &self.container,
        }
    }
}
