//! Webhooks from a provider to us: queued per destination, sent in batches, retried, and listed.
//!
//! Updates about one message stay in order, because a message has at most one update in a batch and
//! at most one batch under way. Beyond that there is no order, as with the real providers. What has
//! piled up goes out as one POST, so a slow receiver gets fewer and larger ones.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use serde::Serialize;
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::Instant;
use url::Url;

use self::queue::Queue;
use crate::callback;
use crate::journal::Journal;
use crate::state::timestamp;
use crate::sync::lock;

mod queue;

/// POSTs under way at one time, over all destinations.
const AT_ONCE: usize = 4;

/// Pause before each try, in milliseconds; after the last one the batch is given up.
const PAUSES_MS: [u64; 6] = [0, 0, 250, 500, 1_000, 2_000];

/// What is posted: the exact bytes and the headers that go with them.
#[derive(Debug, Clone)]
pub(crate) struct Payload {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Turns a batch of updates into one payload of the provider.
pub(crate) type Seal = Arc<dyn Fn(&[Value]) -> Payload + Send + Sync>;

/// Where updates go and how they are put into a POST.
#[derive(Clone)]
pub(crate) struct Destination {
    pub(crate) provider: &'static str,
    pub(crate) account: String,
    pub(crate) url: Url,
    pub(crate) seal: Seal,
}

/// One piece of news about one subject.
#[derive(Debug)]
pub(crate) struct Update {
    /// Updates of the same subject arrive in the order queued.
    pub(crate) subject: String,
    pub(crate) due: Instant,
    pub(crate) content: Value,
}

/// One POST, as `GET /_sandbox/webhooks` shows it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Delivery {
    /// RFC 3339, UTC, milliseconds, of the first try.
    pub(crate) time: String,
    pub(crate) provider: &'static str,
    pub(crate) account: String,
    pub(crate) url: String,
    /// Tries so far.
    pub(crate) attempts: u32,
    /// Status of the last try; null when there was no answer.
    pub(crate) status: Option<u16>,
    /// Why the last try had no answer.
    pub(crate) error: Option<String>,
    /// The body parsed, or as text when it is not JSON.
    pub(crate) body: Value,
}

/// All webhooks of all providers.
#[derive(Default)]
pub(crate) struct Deliveries {
    shared: Arc<Shared>,
    lines: Mutex<HashMap<(&'static str, String, Url), Line>>,
}

struct Shared {
    journal: Journal<Delivery>,
    turns: Arc<Semaphore>,
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            journal: Journal::default(),
            turns: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }
}

impl Shared {
    /// Leave to have one POST under way. None cannot happen: the semaphore is never closed.
    async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.turns).acquire_owned().await.ok()
    }
}

impl Deliveries {
    /// Puts updates in line for their destination.
    pub(crate) fn queue(&self, destination: &Destination, updates: Vec<Update>) {
        let key = (
            destination.provider,
            destination.account.clone(),
            destination.url.clone(),
        );
        lock(&self.lines)
            .entry(key)
            .or_insert_with(|| Line::start(destination.clone(), Arc::clone(&self.shared)))
            .queue
            .add(updates);
    }

    /// Posts at once, one try, and returns how it went.
    pub(crate) async fn post(
        &self,
        provider: &'static str,
        account: &str,
        url: &Url,
        payload: &Payload,
    ) -> (Delivery, Bytes) {
        let number = self
            .shared
            .journal
            .push(Delivery::new(provider, account, url, payload));
        let answer = attempt(&self.shared.journal, number, url, payload).await;
        let mut delivery = Delivery::new(provider, account, url, payload);
        delivery.note(&answer);
        (
            delivery,
            answer.map(http::Response::into_body).unwrap_or_default(),
        )
    }

    /// All POSTs so far, oldest first.
    pub(crate) fn list(&self, matches: impl Fn(&Delivery) -> bool) -> Vec<Delivery> {
        self.shared.journal.list(matches)
    }

    /// Drops what is waiting or under way, and forgets the rest.
    pub(crate) fn clear(&self) {
        lock(&self.lines).clear();
        self.shared.journal.clear();
    }
}

impl Delivery {
    fn new(provider: &'static str, account: &str, url: &Url, payload: &Payload) -> Self {
        Self {
            time: timestamp(),
            provider,
            account: account.to_owned(),
            url: url.to_string(),
            attempts: 0,
            status: None,
            error: None,
            body: serde_json::from_slice(&payload.body)
                .unwrap_or_else(|_| String::from_utf8_lossy(&payload.body).into()),
        }
    }

    fn note(&mut self, answer: &Answer) {
        self.attempts += 1;
        self.status = answer.as_ref().ok().map(|answer| answer.status().as_u16());
        self.error = answer.as_ref().err().cloned();
    }
}

type Answer = Result<http::Response<Bytes>, String>;

async fn attempt(journal: &Journal<Delivery>, number: u64, url: &Url, payload: &Payload) -> Answer {
    let answer = callback::request(
        Method::POST,
        url,
        payload.headers.clone(),
        payload.body.clone(),
    )
    .await;
    journal.update(number, |delivery| delivery.note(&answer));
    answer
}

/// One destination: what waits for it and the task that sends it. Dropping it ends the task and its
/// POSTs.
struct Line {
    queue: Arc<Queue>,
    _worker: JoinSet<()>,
}

impl Line {
    fn start(destination: Destination, shared: Arc<Shared>) -> Self {
        let queue = Arc::new(Queue::default());
        let mut worker = JoinSet::new();
        worker.spawn(work(destination, Arc::clone(&queue), shared));
        Self {
            queue,
            _worker: worker,
        }
    }
}

async fn work(destination: Destination, queue: Arc<Queue>, shared: Arc<Shared>) {
    let destination = Arc::new(destination);
    let mut under_way = JoinSet::new();
    loop {
        tokio::select! {
            () = queue.ready() => {}
            Some(_) = under_way.join_next() => continue,
        }
        // While waiting for a turn more may pile up, which then goes along.
        let Some(turn) = shared.turn().await else {
            return;
        };
        let batch = queue.take();
        under_way.spawn(send(
            Arc::clone(&destination),
            batch,
            turn,
            Arc::clone(&queue),
            Arc::clone(&shared),
        ));
    }
}

async fn send(
    destination: Arc<Destination>,
    batch: Vec<Update>,
    turn: OwnedSemaphorePermit,
    queue: Arc<Queue>,
    shared: Arc<Shared>,
) {
    let contents: Vec<Value> = batch.iter().map(|update| update.content.clone()).collect();
    let payload = (destination.seal)(&contents);
    let delivery = Delivery::new(
        destination.provider,
        &destination.account,
        &destination.url,
        &payload,
    );
    let number = shared.journal.push(delivery);
    let mut turn = Some(turn);
    for pause in PAUSES_MS {
        tokio::time::sleep(Duration::from_millis(pause)).await;
        let held = match turn.take() {
            None => shared.turn().await,
            first => first,
        };
        let answer = attempt(&shared.journal, number, &destination.url, &payload).await;
        // Others go ahead while this one waits for its next try.
        drop(held);
        if answer.is_ok_and(|answer| answer.status() == StatusCode::OK) {
            break;
        }
    }
    queue.release(&batch);
}
