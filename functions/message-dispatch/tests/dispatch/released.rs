//! After a repair what was parked goes out: in order, at a rate, once; and what is too late is told of.

use std::time::Duration;

use domain::Clock;
use serde_json::{Value, json};
use testing::cloud::{Calls, Fault};
use testing::switchboard as names;

use crate::stage::{Stage, TENANT};

const SHORTLY: Duration = Duration::from_secs(1);
const PEOPLE: usize = 4;

/// The n-th message; every fourth goes to the same person.
fn message(n: usize, more: &Value) -> String {
    let mut metadata = json!({"tenantId": TENANT, "messageId": format!("m-{n}")});
    for (name, value) in more.as_object().into_iter().flatten() {
        metadata[name] = value.clone();
    }
    let to = format!("9198765{:05}", n % PEOPLE);
    let payload = json!({"to": to, "type": "text", "text": {"body": "Hello!"}});
    json!({"metadata": metadata, "wabaPayload": payload}).to_string()
}

/// So many messages wait, because their account's credentials are refused.
async fn parked(count: usize, more: impl Fn(&Stage, usize) -> Value) -> Stage {
    let stage = Stage::connected().await;
    stage.provider_fails("", json!("bad_credential")).await;
    for n in 0..count {
        stage.produce(&message(n, &more(&stage, n))).await;
        stage.clock.advance(Duration::from_millis(10));
    }
    stage.until_quiet(Duration::from_secs(10)).await;
    for n in 0..count {
        assert_eq!(stage.message(&format!("m-{n}")).await.0, "parked", "m-{n}");
    }
    stage
}

/// The numbers of the messages that were sent, in the order in which they were.
async fn numbers(stage: &Stage) -> Vec<usize> {
    let sent = stage.delivered().await.into_iter();
    let number = |id: String| id.strip_prefix("m-").and_then(|n| n.parse().ok());
    sent.filter_map(number).collect()
}

fn all_in_order(sent: &[usize], count: usize) {
    let mut sorted = sent.to_vec();
    sorted.sort_unstable();
    assert_eq!(sorted, (0..count).collect::<Vec<_>>(), "each once");
    for person in 0..PEOPLE {
        let to: Vec<_> = sent.iter().filter(|n| *n % PEOPLE == person).collect();
        assert!(to.is_sorted(), "{person}: {to:?}");
    }
}

#[tokio::test]
async fn h5_parked_messages_leave_once_in_order_and_at_a_rate() {
    let stage = parked(24, |_, _| Value::Null).await;
    stage.provider_recovers().await;
    assert_eq!(stage.connect("one").await.0, 200);
    let began = stage.clock.now();
    stage.until_quiet(SHORTLY).await;
    all_in_order(&numbers(&stage).await, 24);
    // Six to each person, with six seconds in between.
    let took = began.until(stage.clock.now());
    assert!(took >= Duration::from_secs(30), "{took:?}");
    assert_eq!(stage.told(), ["integration_invalid"]);
}

#[tokio::test]
async fn h5_more_than_one_step_of_them_leave_too() {
    let stage = parked(230, |_, _| Value::Null).await;
    stage.provider_recovers().await;
    assert_eq!(stage.connect("one").await.0, 200);
    stage.until_quiet(Duration::from_secs(3)).await;
    all_in_order(&numbers(&stage).await, 230);
}

#[tokio::test]
async fn h5_those_that_are_too_late_are_told_of_once() {
    let soon = |stage: &Stage, n: usize| match n % 3 {
        0 => json!({"notAfter": stage.clock.now().after(Duration::from_secs(600))}),
        _ => Value::Null,
    };
    let stage = parked(12, soon).await;
    stage.clock.advance(Duration::from_secs(3600));
    stage.provider_recovers().await;
    assert_eq!(stage.connect("one").await.0, 200);
    assert_eq!(stage.connect("one").await.0, 200);
    stage.until_quiet(SHORTLY).await;
    assert_eq!(numbers(&stage).await.len(), 8);
    let (status, shown) = stage.message("m-3").await;
    assert_eq!(
        (status.as_str(), &shown["error"]["kind"]),
        ("failed", &json!("expired"))
    );
    let told = stage.told();
    let expired = told.iter().filter(|code| *code == "messages_expired");
    assert_eq!(expired.count(), 1, "{told:?}");
}

#[tokio::test]
async fn what_is_not_repaired_stays_parked() {
    let stage = parked(3, |_, _| Value::Null).await;
    let (status, _) = stage
        .api("PATCH", crate::stage::WHATSAPP, json!({"name": "Renamed"}))
        .await;
    assert_eq!(status, 200);
    stage.until_quiet(SHORTLY).await;
    assert!(stage.delivered().await.is_empty());
    assert_eq!(stage.message("m-0").await.0, "parked");
}

/// K15: at each call of the step that puts them back the process dies, before the call took effect and after.
#[tokio::test]
async fn k15_whoever_dies_while_they_are_put_back_each_is_sent_once() {
    for fault in [Fault::Timeout, Fault::AppliedButSilent] {
        for call in 0.. {
            let mut stage = parked(4, |_, _| Value::Null).await;
            stage.provider_recovers().await;
            assert_eq!(stage.connect("one").await.0, 200);
            let calls = Calls::any().after(call).times(1);
            if stage.turn_under(calls, fault).await.is_none() {
                assert!(call > 4, "the step makes calls");
                break;
            }
            stage.forget();
            stage.until_quiet(Duration::from_secs(10)).await;
            let mut sent = numbers(&stage).await;
            sent.sort_unstable();
            assert_eq!(sent, [0, 1, 2, 3], "{fault:?} at call {call}");
            let left = stage.cloud.items(names::ACTIVITY).into_iter();
            let left = left.filter(|item| item["sk"]["S"].to_string().contains("PARKED#"));
            assert_eq!(left.count(), 0, "{fault:?} at call {call}");
        }
    }
}
