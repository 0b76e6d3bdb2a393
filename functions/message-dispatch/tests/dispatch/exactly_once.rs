//! Every message comes to rest in one state, and is sent at most once.

use std::time::Duration;

use serde_json::{Value, json};
use testing::cloud::{Calls, Fault};
use testing::switchboard as names;

use crate::stage::{Stage, TENANT, arrived, text};

#[tokio::test]
async fn the_seed_message_is_sent_as_it_stands() {
    let stage = Stage::connected().await;
    let (_, listed) = stage
        .api("GET", "/api/v1/settings/integrations/whatsapp", Value::Null)
        .await;
    let phone = listed["data"]["settings"]["phone_number_id"]
        .as_str()
        .expect("a number")
        .to_owned();
    let body = json!({
        "metadata": {"tenantId": TENANT, "phoneNumberId": phone},
        "wabaPayload": {"to": "919876543220", "type": "text", "text": {"body": "Hello!"}},
    });
    stage.produce(&body.to_string()).await;
    stage.until_quiet(Duration::from_secs(1)).await;
    let sent = stage.delivered().await;
    assert_eq!(sent.len(), 1);
    let (status, message) = stage.message(&sent[0]).await;
    assert_eq!(status, "sent");
    assert_eq!(message["channel"], "whatsapp");
    assert_eq!(message["credential_source"], "tenant");
    assert!(
        message["provider_id"]
            .as_str()
            .expect("an id")
            .starts_with("wamid.")
    );
    let steps: Vec<_> = message["timeline"]
        .as_array()
        .expect("steps")
        .iter()
        .map(|s| &s["status"])
        .collect();
    assert_eq!(steps, ["accepted", "sending", "sent"]);
}

#[tokio::test]
async fn a_warm_batch_of_ten_costs_two_calls() {
    let stage = Stage::connected().await;
    let batch = |round: u32| {
        (0..10)
            .map(move |n| arrived(&text(&format!("m-{round}-{n}"))))
            .collect::<Vec<_>>()
    };
    assert!(stage.dispatch(&batch(1)).await.is_empty());
    stage.cloud.reset_counts();
    assert!(stage.dispatch(&batch(2)).await.is_empty());
    let counts: Vec<_> = stage.cloud.counts().into_iter().collect();
    let expected = [
        ("BatchExecuteStatement".to_owned(), 1),
        ("BatchWriteItem".to_owned(), 1),
    ];
    assert_eq!(counts, expected);
    assert_eq!(stage.delivered().await.len(), 20);
}

#[tokio::test]
async fn delivered_many_times_and_sent_once() {
    let mut stage = Stage::connected().await;
    let same: Vec<_> = (0..10).map(|_| arrived(&text("m-1"))).collect();
    stage.dispatch(&same).await;
    stage.dispatch(&same).await;
    stage.forget();
    assert!(
        stage.dispatch(&same).await.is_empty(),
        "what is settled is acknowledged"
    );
    assert_eq!(stage.delivered().await, ["m-1"]);
}

#[tokio::test]
async fn two_dispatchers_share_one_message() {
    let stage = Stage::connected().await;
    let other = Stage::new().await;
    drop(other);
    let first = [arrived(&text("m-1"))];
    let second = [arrived(&text("m-1"))];
    let (a, b) = futures_util::join!(stage.dispatch(&first), stage.dispatch(&second));
    assert!(a.is_empty() || b.is_empty());
    assert_eq!(stage.delivered().await, ["m-1"]);
}

#[tokio::test]
async fn a_claim_whose_answer_was_lost_is_ours() {
    for fault in [
        Fault::AppliedButLost,
        Fault::Throttle,
        Fault::InternalError,
        Fault::Reset,
    ] {
        let stage = Stage::connected().await;
        let calls = Calls::of("BatchExecuteStatement")
            .on(names::ACTIVITY)
            .times(1);
        stage.cloud.faults().fail(calls, fault);
        stage.produce(&text("m-1")).await;
        stage.until_quiet(Duration::from_secs(60)).await;
        assert!(stage.cloud.faults().spent());
        assert_eq!(stage.delivered().await, ["m-1"], "{fault:?}");
        assert_eq!(stage.message("m-1").await.0, "sent", "{fault:?}");
    }
}

#[tokio::test]
async fn a_claim_that_is_never_answered_is_settled_by_reading() {
    let stage = Stage::connected().await;
    let calls = Calls::of("BatchExecuteStatement")
        .on(names::ACTIVITY)
        .times(3);
    stage.cloud.faults().fail(calls, Fault::AppliedButLost);
    stage.produce(&text("m-1")).await;
    stage.until_quiet(Duration::from_secs(60)).await;
    assert_eq!(stage.delivered().await, ["m-1"]);
    assert_eq!(stage.message("m-1").await.0, "sent");
}

#[tokio::test]
async fn an_outcome_that_cannot_be_written_leaves_an_unknown_and_no_second_send() {
    let stage = Stage::connected().await;
    let calls = Calls::of("BatchWriteItem").on(names::ACTIVITY).always();
    stage.cloud.faults().fail(calls, Fault::ThroughputExceeded);
    stage.produce(&text("m-1")).await;
    assert_eq!(stage.turn().await, 1);
    stage.cloud.faults().clear();
    assert_eq!(stage.message("m-1").await.0, "sending");
    stage.until_quiet(Duration::from_secs(60)).await;
    assert_eq!(stage.delivered().await, ["m-1"]);
    assert_eq!(stage.message("m-1").await.0, "unknown");
    assert!(stage.cloud.messages(names::MESSAGES_DLQ).is_empty());
}

#[tokio::test]
async fn nothing_begins_that_could_not_end_in_time() {
    let stage = Stage::connected().await;
    let batch = json!({"Records": [arrived(&text("m-1"))]});
    let batch = serde_json::from_value(batch).expect("a batch");
    for left in [0, 1, 12] {
        let deadline = domain::Clock::now(&*stage.clock).after(Duration::from_secs(left));
        let invocation = edge::lambda::Invocation {
            deadline,
            request_id: "i".into(),
        };
        let reply = message_dispatch::handle(&stage.dispatch, &batch, &invocation).await;
        let reply = serde_json::to_value(reply).expect("an answer");
        assert_eq!(
            reply["batchItemFailures"].as_array().map(Vec::len),
            Some(1),
            "{left} s left"
        );
    }
    assert!(stage.delivered().await.is_empty());
}

#[tokio::test]
async fn the_unreadable_goes_to_the_dead_letter_queue_and_its_neighbours_are_sent() {
    let stage = Stage::connected().await;
    for body in [
        "x",
        "{",
        "[]",
        r#"{"metadata": {"tenantId": "t_one"}}"#,
        r#"{"metadata": {"tenantId": "a b"}, "wabaPayload": {}}"#,
    ] {
        stage.produce(body).await;
    }
    stage.produce(&text("m-1")).await;
    stage.until_quiet(Duration::from_secs(1)).await;
    assert_eq!(stage.delivered().await, ["m-1"]);
    assert_eq!(stage.cloud.messages(names::MESSAGES_DLQ).len(), 5);
}
