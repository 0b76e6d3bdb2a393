//! Dead letters: looking at them, and putting them back. What the provider was asked is compared with what was
//! produced: each message has a recipient of its own.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sqs::types::MessageAttributeValue;
use domain::message::attribute;
use http::Method;
use serde_json::{Value, json};
use testing::clock::ManualClock;
use testing::cloud::{Calls, Cloud, Fault};
use testing::switchboard as names;

use crate::breaking_off::at_every_call;
use crate::seeding::Seeds;
use crate::stage::Stage;
use crate::worker::Worker;

const REDRIVE: &str = "dead-letters redrive";
const LIST: &str = "dead-letters list";
/// Longer than a dead letter is hidden by whoever looked at it.
const HIDDEN: Duration = Duration::from_secs(16 * 60);
const TEXT: &str = "Hello!";
const TENANTS: [&str; 2] = ["t_one", "t_two"];

/// Two tenants, each with an account at a provider that tells nothing back.
async fn stage(clock: &Arc<ManualClock>) -> Stage {
    let stage = Stage::with_provider(clock.clone()).await;
    let quiet = json!({"statuses": false});
    stage
        .control(Method::POST, "/_sandbox/settings", quiet)
        .await;
    let seeds = Seeds::known(&stage, TENANTS.len()).await;
    for tenant in TENANTS {
        seeds.tenant(tenant, 1).await;
    }
    stage
}

fn recipient(number: usize) -> String {
    format!("9198765{number:05}")
}

/// A message to that recipient, as in the seed contract: without an id of its own.
fn message(tenant: &str, number: usize) -> String {
    json!({
        "metadata": {"tenantId": tenant},
        "wabaPayload": {"to": recipient(number), "type": "text", "text": {"body": TEXT}},
    })
    .to_string()
}

fn messages(numbers: impl Iterator<Item = usize>) -> impl Iterator<Item = String> {
    numbers.map(|number| message("t_one", number))
}

/// What the provider was asked to send, against what it should have been.
#[derive(Debug, PartialEq, Eq, Default)]
struct Verdict {
    lost: Vec<String>,
    twice: Vec<String>,
}

/// Of messages to the first so many recipients.
async fn verdict(stage: &Stage, produced: usize) -> Verdict {
    let mut asked: BTreeMap<String, usize> = BTreeMap::new();
    for request in requests(stage).await {
        *asked.entry(request).or_default() += 1;
    }
    let all = (0..produced).map(recipient);
    Verdict {
        lost: all.filter(|one| !asked.contains_key(one)).collect(),
        twice: asked
            .into_iter()
            .filter(|(_, count)| *count > 1)
            .map(|(one, _)| one)
            .collect(),
    }
}

/// Recipients of all sends that took effect.
async fn requests(stage: &Stage) -> Vec<String> {
    let path = "/_sandbox/requests?path=/messages";
    let log = stage.control(Method::GET, path, Value::Null).await;
    let sends = log.as_array().unwrap().iter();
    sends
        .filter(|one| one["status"] == 200)
        .map(|one| one["body"]["to"].as_str().unwrap().to_owned())
        .collect()
}

fn dead_letters(stage: &Stage) -> usize {
    stage.cloud.messages(names::MESSAGES_DLQ).len()
}

#[tokio::test]
async fn a10_a_redrive_of_a_thousand_finished_messages_sends_nothing() {
    const COUNT: usize = 1_000;
    let clock = Arc::new(ManualClock::default());
    let stage = stage(&clock).await;
    let worker = Worker::new(&stage, &clock);
    worker.produce(names::MESSAGES, messages(0..COUNT)).await;
    worker.forsake(true).await;
    assert_eq!(
        (requests(&stage).await.len(), dead_letters(&stage)),
        (COUNT, COUNT)
    );

    let redriven = stage.operator(REDRIVE).await.complete();
    assert_eq!(
        (&redriven["moved"], dead_letters(&stage)),
        (&json!(COUNT), 0)
    );
    worker.until_quiet().await;
    assert_eq!(verdict(&stage, COUNT).await, Verdict::default());
    assert_eq!(
        (requests(&stage).await.len(), dead_letters(&stage)),
        (COUNT, 0)
    );
}

#[tokio::test]
async fn a10_a_redrive_of_a_thousand_unfinished_messages_sends_each_once() {
    const COUNT: usize = 1_000;
    let clock = Arc::new(ManualClock::default());
    let stage = stage(&clock).await;
    let worker = Worker::new(&stage, &clock);
    worker.produce(names::MESSAGES, messages(0..COUNT)).await;
    worker.forsake(false).await;
    assert_eq!(
        (requests(&stage).await.len(), dead_letters(&stage)),
        (0, COUNT)
    );

    let redriven = stage.operator(REDRIVE).await.complete();
    assert_eq!(redriven["moved"], COUNT, "{redriven}");
    worker.until_quiet().await;
    assert_eq!(verdict(&stage, COUNT).await, Verdict::default());
    assert_eq!(dead_letters(&stage), 0);
    let again = stage.operator(REDRIVE).await.complete();
    assert_eq!(again["moved"], 0, "{again}");
}

/// What a redrive does that does not know of our ids, as SQS's own.
#[tokio::test]
async fn a10_a_redrive_that_forgets_who_a_message_is_would_send_it_twice() {
    let clock = Arc::new(ManualClock::default());
    let stage = stage(&clock).await;
    let worker = Worker::new(&stage, &clock);
    worker.produce(names::MESSAGES, messages(0..10)).await;
    worker.forsake(true).await;
    let letters = worker.receive(names::MESSAGES_DLQ).await;
    let bodies = letters.iter().map(|one| one.body().unwrap().to_owned());
    worker.produce(names::MESSAGES, bodies).await;
    worker.until_quiet().await;
    assert_eq!(verdict(&stage, 10).await.twice.len(), 10);
}

#[tokio::test]
async fn a10_what_the_provider_refused_eight_times_goes_on_where_it_was() {
    const COUNT: usize = 20;
    let clock = Arc::new(ManualClock::default());
    let stage = stage(&clock).await;
    let worker = Worker::new(&stage, &clock);
    let trouble = json!({"status": 503, "body": {"error": {"code": 2, "message": "Trouble"}}});
    let fault = json!({"provider": "whatsapp", "path": "/messages", "fault": trouble, "times": 0});
    stage.control(Method::POST, "/_sandbox/faults", fault).await;
    worker.produce(names::MESSAGES, messages(0..COUNT)).await;
    worker.until_quiet().await;
    assert_eq!(dead_letters(&stage), COUNT);
    let listed = stage.operator(LIST).await.complete();
    for letter in listed["letters"].as_array().unwrap() {
        assert_eq!(letter["tenant"], "t_one");
        assert_eq!(letter["attempts"], 8, "{letter}");
        let reason = letter["reason"].as_str().unwrap();
        assert!(reason.starts_with("Tried 8 times"), "{reason}");
    }

    stage
        .control(Method::DELETE, "/_sandbox/faults", Value::Null)
        .await;
    let line = format!("{REDRIVE} --reason-contains times:");
    let redriven = stage.operator(&line).await.complete();
    assert_eq!(redriven["moved"], COUNT, "{redriven}");
    worker.until_quiet().await;
    assert_eq!(verdict(&stage, COUNT).await, Verdict::default());
    let ninth = |item: &Value| item["sk"]["S"].as_str().unwrap().contains("#CLAIM#");
    let claims = stage.cloud.items(names::ACTIVITY);
    assert_eq!(claims.iter().filter(|item| ninth(item)).count(), 9 * COUNT);
}

/// Six messages that were sent, six that were not, and two that nobody can read.
async fn mixed(clock: &Arc<ManualClock>) -> Stage {
    let stage = stage(clock).await;
    let worker = Worker::new(&stage, clock);
    worker.produce(names::MESSAGES, messages(0..6)).await;
    worker.forsake(true).await;
    worker.produce(names::MESSAGES, messages(6..12)).await;
    worker.forsake(false).await;
    worker
        .produce(names::MESSAGES, ["x", "{"].map(str::to_owned))
        .await;
    worker.until_quiet().await;
    assert_eq!(dead_letters(&stage), 14);
    drop(worker);
    stage
}

#[tokio::test]
async fn a10_a_redrive_that_is_killed_anywhere_loses_nothing_and_sends_nothing_twice() {
    let clock = Arc::new(ManualClock::default());
    let calls = at_every_call(
        REDRIVE,
        async || mixed(&clock).await,
        async |stage| {
            clock.advance(HIDDEN);
            stage.operator(REDRIVE).await.complete();
            Worker::new(stage, &clock).until_quiet().await;
            assert_eq!(verdict(stage, 12).await, Verdict::default());
            assert_eq!(dead_letters(stage), 2);
        },
    )
    .await;
    assert!(calls > 10, "{calls}");
}

/// A redrive that takes off the pile before it puts back; `Err` if it broke off.
async fn careless(worker: &Worker<'_>) -> Result<(), ()> {
    let letters = worker.receive(names::MESSAGES_DLQ).await;
    worker
        .delete(names::MESSAGES_DLQ, &letters.iter().collect::<Vec<_>>())
        .await?;
    for letter in &letters {
        let id = MessageAttributeValue::builder()
            .data_type("String")
            .string_value(letter.message_id().unwrap())
            .build();
        let send = worker.sqs.send_message();
        send.queue_url(Cloud::queue_url(names::MESSAGES))
            .message_body(letter.body().unwrap())
            .message_attributes(attribute::MESSAGE, id.unwrap())
            .send()
            .await
            .map_err(drop)?;
    }
    Ok(())
}

#[tokio::test]
async fn a10_a_redrive_that_deletes_first_would_lose_what_it_held_when_killed() {
    let clock = Arc::new(ManualClock::default());
    let stage = stage(&clock).await;
    let worker = Worker::new(&stage, &clock);
    worker.produce(names::MESSAGES, messages(0..6)).await;
    worker.forsake(false).await;
    // Received, deleted, two put back.
    let fourth = Calls::of("SendMessage").after(2).always();
    stage.cloud.faults().fail(fourth, Fault::Reset);
    assert_eq!(careless(&worker).await, Err(()));
    stage.cloud.faults().clear();
    clock.advance(HIDDEN);
    careless(&worker).await.unwrap();
    worker.until_quiet().await;
    assert_eq!(verdict(&stage, 6).await.lost.len(), 4);
}

#[tokio::test]
async fn a10_what_the_queue_does_not_take_stays_and_what_is_not_deleted_is_sent_once() {
    for (operation, moved, left) in [
        ("SendMessageBatch", 4, json!({"not_taken": 6})),
        ("DeleteMessageBatch", 10, json!({})),
    ] {
        let clock = Arc::new(ManualClock::default());
        let stage = stage(&clock).await;
        let worker = Worker::new(&stage, &clock);
        worker.produce(names::MESSAGES, messages(0..10)).await;
        worker.forsake(false).await;
        let fault = Fault::Partial(4);
        stage.cloud.faults().fail(Calls::of(operation), fault);
        let ran = stage.operator(REDRIVE).await;
        assert!(stage.cloud.faults().spent());
        assert!(matches!(ran.done, Ok(false)), "{}", ran.result);
        assert_eq!(ran.result["moved"], moved, "{}", ran.result);
        assert_eq!(ran.result["left"], left, "{}", ran.result);
        assert_eq!(dead_letters(&stage), 6);
        // They can be seen again at once.
        let again = stage.operator(REDRIVE).await.complete();
        assert_eq!(again["moved"], 6, "{again}");
        worker.until_quiet().await;
        assert_eq!(verdict(&stage, 10).await, Verdict::default());
    }
}

#[tokio::test]
async fn a_queue_that_takes_nothing_ends_it_and_everything_stays() {
    let clock = Arc::new(ManualClock::default());
    let stage = stage(&clock).await;
    let worker = Worker::new(&stage, &clock);
    worker.produce(names::MESSAGES, messages(0..25)).await;
    worker.forsake(false).await;
    let denied = Calls::of("SendMessageBatch").on(names::MESSAGES).always();
    stage.cloud.faults().fail(denied, Fault::AccessDenied);
    let failure = stage.operator(REDRIVE).await.failure();
    assert!(failure.contains("took none of 10 in a row"), "{failure}");
    stage.cloud.faults().clear();
    let redriven = stage.operator(REDRIVE).await.complete();
    assert_eq!(redriven["moved"], 25, "{redriven}");
}

/// Three messages of each tenant that SQS set aside, and one that nobody can read.
async fn of_two_tenants(clock: &Arc<ManualClock>) -> Stage {
    let stage = stage(clock).await;
    let worker = Worker::new(&stage, clock);
    let bodies = (0..6).map(|number| message(TENANTS[number % 2], number));
    worker.produce(names::MESSAGES, bodies).await;
    worker.forsake(false).await;
    worker.produce(names::MESSAGES, ["x".to_owned()]).await;
    worker.until_quiet().await;
    clock.advance(Duration::from_secs(1));
    drop(worker);
    stage
}

#[tokio::test]
async fn only_what_is_meant_goes_back() {
    for (line, moved, left) in [
        ("", 6, json!({"unreadable": 1})),
        ("--tenant t_two", 3, json!({"other_tenant": 4})),
        (
            "--reason-contains events/schemas",
            0,
            json!({"other_reason": 6, "unreadable": 1}),
        ),
        (
            "--reason-contains events/schemas --unreadable",
            1,
            json!({"other_reason": 6}),
        ),
        ("--unreadable", 7, json!({})),
    ] {
        let clock = Arc::new(ManualClock::default());
        let stage = of_two_tenants(&clock).await;
        let rehearsed = stage.operator(&format!("{REDRIVE} {line} --dry-run")).await;
        let rehearsed = rehearsed.complete();
        assert_eq!((&rehearsed["moved"], dead_letters(&stage)), (&json!(0), 7));
        let redriven = stage
            .operator(&format!("{REDRIVE} {line}"))
            .await
            .complete();
        assert_eq!(
            (&redriven["moved"], &redriven["left"], dead_letters(&stage)),
            (&json!(moved), &left, 7 - moved),
            "{line}"
        );
        assert_eq!(
            (&rehearsed["would_move"], &rehearsed["left"]),
            (&redriven["moved"], &redriven["left"]),
            "{line}"
        );
        // What was left can be seen at once.
        let rest = stage
            .operator(&format!("{REDRIVE} --unreadable"))
            .await
            .complete();
        assert_eq!(rest["moved"], 7 - moved, "{line}");
    }
}

#[tokio::test]
async fn no_more_go_back_than_is_said() {
    let clock = Arc::new(ManualClock::default());
    let stage = stage(&clock).await;
    let worker = Worker::new(&stage, &clock);
    worker.produce(names::MESSAGES, messages(0..25)).await;
    worker.forsake(false).await;
    let line = format!("{REDRIVE} --limit 13");
    for (moved, more) in [(13, true), (12, false)] {
        let redriven = stage.operator(&line).await.complete();
        assert_eq!(
            (&redriven["moved"], &redriven["more"]),
            (&json!(moved), &json!(more))
        );
    }
}

#[tokio::test]
async fn what_shows_up_again_while_it_runs_is_counted_once() {
    const COUNT: usize = 60;
    let clock = Arc::new(ManualClock::default());
    let stage = stage(&clock).await;
    let worker = Worker::new(&stage, &clock);
    worker.produce(names::MESSAGES, messages(0..COUNT)).await;
    worker.forsake(false).await;
    let line = format!("{REDRIVE} --tenant t_two");
    let half = stage.cloud.count("ReceiveMessage") + 3;
    let wait = async {
        while stage.cloud.count("ReceiveMessage") < half {
            tokio::task::yield_now().await;
        }
        clock.advance(HIDDEN);
    };
    let redrive = async { stage.operator(&line).await.complete() };
    let (redriven, ()) = tokio::join!(redrive, wait);
    assert_eq!(redriven["left"]["other_tenant"], COUNT, "{redriven}");
    // They are not hidden any more either.
    assert_eq!(stage.operator(REDRIVE).await.complete()["moved"], COUNT);
}

#[tokio::test]
async fn what_is_set_aside_again_at_once_does_not_go_round_and_round() {
    let clock = Arc::new(ManualClock::default());
    let stage = of_two_tenants(&clock).await;
    let worker = Worker::new(&stage, &clock);
    let line = format!("{REDRIVE} --unreadable");
    let done = Cell::new(false);
    let redrive = async {
        let ran = stage.operator(&line).await;
        done.set(true);
        ran.complete()
    };
    let work = async {
        while !done.get() {
            worker.turn().await;
            clock.advance(Duration::from_millis(10));
        }
    };
    let (redriven, ()) = tokio::join!(redrive, work);
    assert_eq!(redriven["moved"], 7, "{redriven}");
    worker.until_quiet().await;
    assert_eq!(dead_letters(&stage), 1);
}

#[tokio::test]
async fn a9_a_list_tells_whose_they_are_and_why_and_never_what_they_say() {
    let clock = Arc::new(ManualClock::default());
    let stage = of_two_tenants(&clock).await;
    clock.advance(Duration::from_secs(3600));
    let ran = stage.operator(LIST).await;
    let shown = format!("{}{}", ran.result, ran.progress);
    assert!(
        !shown.contains(TEXT) && !shown.contains("9198765"),
        "{shown}"
    );
    let listed = ran.complete();
    assert_eq!(
        (&listed["visible"], &listed["hidden"]),
        (&json!(7), &json!(0))
    );
    let letters = listed["letters"].as_array().unwrap();
    let of = |tenant: Value| letters.iter().filter(move |one| one["tenant"] == tenant);
    assert_eq!(of(json!("t_one")).count() + of(json!("t_two")).count(), 6);
    assert!(of(json!("t_one")).all(|one| one["reason"] == Value::Null));
    assert!(
        letters
            .iter()
            .all(|one| one["age_s"].as_u64().unwrap() >= 3600)
    );
    let unreadable: Vec<&Value> = of(Value::Null).collect();
    assert_eq!(unreadable.len(), 1);
    let reason = unreadable[0]["reason"].as_str().unwrap();
    assert!(reason.contains("events/schemas/message.json"), "{reason}");

    // Nothing was moved, and everything can be seen again.
    assert_eq!(dead_letters(&stage), 7);
    let few = stage
        .operator(&format!("{LIST} --limit 2"))
        .await
        .complete();
    assert_eq!(
        (few["letters"].as_array().unwrap().len(), &few["visible"]),
        (2, &json!(7))
    );
    assert_eq!(stage.operator(REDRIVE).await.complete()["moved"], 6);
}

#[tokio::test]
async fn e3_a_redrive_stands_in_the_trail_of_whom_it_concerns() {
    let clock = Arc::new(ManualClock::default());
    let stage = of_two_tenants(&clock).await;
    stage
        .operator(&format!("{REDRIVE} --dry-run"))
        .await
        .complete();
    assert_eq!(
        redrives(&stage, "switchboard:platform"),
        Vec::<Value>::new()
    );
    let line = format!("{REDRIVE} --tenant t_one");
    stage.operator(&line).await.complete();
    stage.operator(REDRIVE).await.complete();
    for (chain, moved) in [("t_one", 3), ("switchboard:platform", 3)] {
        let records = redrives(&stage, chain);
        let ends: Vec<&Value> = records.iter().map(|one| &one["outcome"]).collect();
        assert_eq!(ends, ["begun", "ok"], "{chain}");
        assert_eq!(
            (&records[1]["purpose"], &records[1]["count"]),
            (&json!("messages"), &json!(moved)),
            "{chain}"
        );
    }
}

fn redrives(stage: &Stage, chain: &str) -> Vec<Value> {
    let items = stage.cloud.items(names::AUDIT);
    let records = items.iter().filter(|item| item["pk"]["S"] == chain);
    records
        .map(|item| serde_json::from_str(item["record"]["S"].as_str().unwrap()).unwrap())
        .filter(|record: &Value| record["action"] == "dead_letters.redrive")
        .collect()
}

#[tokio::test]
async fn what_came_in_goes_back_to_the_inbound_queue_with_its_kind() {
    let clock = Arc::new(ManualClock::default());
    let stage = stage(&clock).await;
    let worker = Worker::new(&stage, &clock);
    let notice = json!({"tenant": "t_one", "record": {
        "at": "2026-01-01T00:00:00.000Z", "actor": "webhook-ingress", "action": "webhook_secret.open",
        "outcome": "ok", "request": "",
    }});
    let kind = MessageAttributeValue::builder()
        .data_type("String")
        .string_value(attribute::AUDIT)
        .build();
    let send = worker.sqs.send_message();
    send.queue_url(Cloud::queue_url(names::INBOUND_DLQ))
        .message_body(notice.to_string())
        .message_attributes(attribute::KIND, kind.unwrap())
        .send()
        .await
        .unwrap();
    let listed = stage.operator(&format!("{LIST} --queue inbound")).await;
    assert_eq!(listed.complete()["letters"][0]["tenant"], "t_one");
    let redriven = stage.operator(&format!("{REDRIVE} --queue inbound")).await;
    assert_eq!(redriven.complete()["moved"], 1);
    assert_eq!(
        stage.cloud.messages(names::INBOUND_DLQ),
        Vec::<String>::new()
    );
    let back = worker.receive(names::INBOUND).await.remove(0);
    let attributes = back.message_attributes().unwrap();
    assert_eq!(back.body(), Some(&*notice.to_string()));
    assert_eq!(
        attributes[attribute::KIND].string_value(),
        Some(attribute::AUDIT)
    );
}
