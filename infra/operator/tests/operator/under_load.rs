//! Moving many records while messages are sent through them, on the real clock.
//!
//! `RESEAL_RECORDS=100000 cargo test --release --package operator -- --nocapture under_load` is the full size, with
//! `RESEAL_SENDS_PER_SECOND=200` as its default; without optimisation both are small.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use domain::time::SystemClock;
use domain::{Clock as _, MessageId};
use edge::lambda::Invocation;
use edge::sqs::SqsBatch;
use serde_json::{Value, json};
use testing::switchboard as names;
use tokio::task::JoinSet;

use crate::kept::look;
use crate::seeding::{RECORDS_EACH, Seeded, Seeds};
use crate::stage::Stage;

/// Integrations of each tenant.
const EACH: usize = 20;
const BATCH: usize = 10;
/// Batches after which a dispatcher is replaced by one that remembers nothing.
const LIFE: usize = 20;

/// A size from the environment.
#[expect(
    clippy::disallowed_methods,
    reason = "a test's own size, which no configuration knows of"
)]
pub(crate) fn number(name: &str, default: usize) -> usize {
    std::env::var(name)
        .ok()
        .map_or(default, |text| text.parse().expect("a number"))
}

/// What became of the messages.
#[derive(Default)]
struct Sends {
    sent: usize,
    put_back: usize,
    slowest: Duration,
    latencies: Vec<Duration>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f6_no_send_fails_while_records_move_under_load() {
    let (records, rate) = if cfg!(debug_assertions) {
        (600, 50)
    } else {
        (3_000, 200)
    };
    let records = number("RESEAL_RECORDS", records);
    let rate = number("RESEAL_SENDS_PER_SECOND", rate);
    let stage = Arc::new(Stage::with_provider(Arc::new(SystemClock)).await);
    let quiet = json!({"statuses": false});
    stage
        .control(http::Method::POST, "/_sandbox/settings", quiet)
        .await;
    let seeds = Seeds::known(&stage, 1).await;
    let mut seeded = Vec::new();
    for tenant in 0..records.div_ceil(EACH * RECORDS_EACH) {
        seeded.extend(seeds.tenant(&format!("t_{tenant}"), EACH).await);
    }
    let records = seeded.len() * RECORDS_EACH;
    stage.operator("rings rotate --all").await.complete();
    let done = Arc::new(AtomicBool::new(false));
    let sending = tokio::spawn(send(stage.clone(), targets(&seeded), rate, done.clone()));
    tokio::time::sleep(Duration::from_secs(1)).await;
    let began = Instant::now();
    let resealed = stage
        .operator("rings reseal --all-old --pause 1")
        .await
        .complete();
    let took = began.elapsed().as_secs_f64();
    tokio::time::sleep(Duration::from_secs(1)).await;
    done.store(true, Ordering::SeqCst);
    let mut sends = sending.await.unwrap();
    sends.latencies.sort();
    let part = |of: usize| {
        sends.latencies[(sends.latencies.len() * of / 100).min(sends.latencies.len() - 1)]
    };
    let outcomes = outcomes(&stage);
    println!(
        "{} records moved in {took:.1} s ({:.0} a second); {} messages sent at {rate} a second, {} not sent, {} put \
         back; a batch took {:?} (median), {:?} (99 of 100), {:?} at most",
        resealed["moved"],
        records as f64 / took,
        outcomes.0,
        outcomes.1.len(),
        sends.put_back,
        part(50),
        part(99),
        sends.slowest,
    );
    assert_eq!(resealed["moved"], records);
    assert_eq!(outcomes.1, Vec::<Value>::new());
    assert_eq!((outcomes.0, sends.put_back), (sends.sent, 0));
    let kept = look(&stage).await;
    assert_eq!((kept.held_by("#1"), kept.count()), (0, records));
    assert_eq!(kept.failed, Vec::<String>::new());
}

/// Tenants and integrations to send through.
fn targets(seeded: &[Seeded]) -> Vec<(String, String)> {
    seeded
        .iter()
        .map(|Seeded { integration, .. }| {
            (integration.tenant.to_string(), integration.id.to_string())
        })
        .collect()
}

/// Sends that many messages a second through all integrations in turn, until it is done.
async fn send(
    stage: Arc<Stage>,
    targets: Vec<(String, String)>,
    rate: usize,
    done: Arc<AtomicBool>,
) -> Sends {
    let mut ticks = tokio::time::interval(
        Duration::from_secs(1) * u32::try_from(BATCH).unwrap() / u32::try_from(rate).unwrap(),
    );
    let mut dispatch = Arc::new(stage.message_dispatch());
    let (mut sends, mut batches) = (Sends::default(), JoinSet::new());
    let next = AtomicUsize::new(0);
    for number in 1.. {
        let due = ticks.tick().await;
        if done.load(Ordering::SeqCst) {
            break;
        }
        if number % LIFE == 0 {
            dispatch = Arc::new(stage.message_dispatch());
        }
        let records: Vec<Value> = (0..BATCH)
            .map(|_| {
                // A stride, so that neighbours in a batch are not neighbours in the tables.
                let place = next.fetch_add(7_919, Ordering::SeqCst) % targets.len();
                record(&targets[place])
            })
            .collect();
        sends.sent += records.len();
        let batch: SqsBatch = serde_json::from_value(json!({"Records": records})).unwrap();
        let dispatch = dispatch.clone();
        batches.spawn(async move {
            let invocation = Invocation {
                // A busy machine may be slow, but nothing is to be put back for that.
                deadline: SystemClock.now().after(Duration::from_secs(600)),
                request_id: "i-1".into(),
            };
            let reply = message_dispatch::handle(&dispatch, &batch, &invocation).await;
            let reply = serde_json::to_value(reply).unwrap();
            let put_back = reply["batchItemFailures"].as_array().map_or(0, Vec::len);
            (put_back, due.elapsed())
        });
    }
    while let Some(batch) = batches.join_next().await {
        let (put_back, took) = batch.unwrap();
        sends.put_back += put_back;
        sends.slowest = sends.slowest.max(took);
        sends.latencies.push(took);
    }
    sends
}

fn record((tenant, integration): &(String, String)) -> Value {
    let id = MessageId::make();
    let body = json!({
        "metadata": {"tenantId": tenant, "messageId": id.as_str(), "integrationId": integration},
        "wabaPayload": {"to": "919876543220", "type": "text", "text": {"body": "Hello!"}},
    });
    json!({"messageId": id.as_str(), "body": body.to_string()})
}

/// How many messages were sent, and how all others ended.
fn outcomes(stage: &Stage) -> (usize, Vec<Value>) {
    let items = stage.cloud.items(names::ACTIVITY);
    let outcomes = items
        .iter()
        .filter(|item| {
            item["sk"]["S"]
                .as_str()
                .is_some_and(|sk| sk.contains("#OUTCOME#"))
        })
        .map(|item| serde_json::from_str::<Value>(item["fact"]["S"].as_str().unwrap()).unwrap());
    let (sent, others): (Vec<Value>, Vec<Value>) =
        outcomes.partition(|outcome| outcome["result"].get("sent").is_some());
    (sent.len(), others)
}
