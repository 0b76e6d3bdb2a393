//! New secrets that fail in use within the grace period: those before serve again, once, and the tenant is told once.

use std::time::Duration;

use custody::GRACE;
use futures_util::future::join_all;
use serde_json::{Value, json};
use testing::cloud::{Calls, Fault};
use testing::switchboard as names;

use crate::forgetful::without_conditions;
use crate::stage::{PROOF, Stage, arrived, text};

const SHORTLY: Duration = Duration::from_secs(5);

/// The provider does not take the new secrets any more.
async fn refused_in_use() -> Stage {
    let stage = Stage::connected().await;
    stage.rotate().await;
    assert_eq!(stage.version(), "2");
    stage.provider_fails(PROOF, json!("bad_credential")).await;
    stage
}

async fn send(stage: &Stage, id: &str) {
    stage.produce(&text(id)).await;
    stage.until_quiet(SHORTLY).await;
}

/// The integration has its first credentials again, and that was done once and told once.
#[track_caller]
fn has_returned(stage: &Stage) {
    assert_eq!(stage.version(), "1");
    assert_eq!(stage.told(), ["credentials_returned"]);
    assert_eq!(stage.records("credentials.return").len(), 1);
    assert!(stage.records("integration.disable").is_empty());
    assert!(stage.cloud.messages(names::MESSAGES_DLQ).is_empty());
}

#[tokio::test]
async fn within_the_grace_period_those_before_serve_again_and_the_message_is_sent() {
    let stage = Stage::connected().await;
    let before = stage.shown().await;
    let seal = stage.item("INTEGRATION#").expect("an item")["credentials"].clone();
    stage.rotate().await;
    stage.provider_fails(PROOF, json!("bad_credential")).await;
    stage.clock.advance(GRACE - Duration::from_secs(60));
    send(&stage, "m-1").await;

    assert_eq!(stage.delivered().await, ["m-1"]);
    assert_eq!(stage.message("m-1").await.0, "sent");
    has_returned(&stage);
    let after = stage.shown().await;
    assert_eq!(after["status"], "connected");
    for field in ["settings", "credentials", "facts", "name"] {
        assert_eq!(after[field], before[field], "{field}");
    }
    assert!(after.get("returns_until").is_none() && after.get("last_error").is_none());
    assert_eq!(
        stage.item("INTEGRATION#").expect("an item")["credentials"],
        seal
    );
    // The next one goes out at once.
    assert!(stage.dispatch(&[arrived(&text("m-2"))]).await.is_empty());
    assert_eq!(stage.delivered().await, ["m-1", "m-2"]);
}

#[tokio::test]
async fn the_return_is_on_record_with_the_opening_that_led_to_it() {
    let stage = refused_in_use().await;
    send(&stage, "m-1").await;
    let id = stage.shown().await["id"].clone();
    let record = &stage.records("credentials.return")[0];
    assert_eq!(record["integration"], id);
    assert_eq!(record["actor"], "message-dispatch");
    assert_eq!(record["credential_version"], 1);
    assert_eq!(record["outcome"], "ok");
    let openings = stage.records("credentials.open");
    let returned = openings.iter().filter(|one| one["purpose"] == "return");
    let versions: Vec<_> = returned.map(|one| &one["credential_version"]).collect();
    assert_eq!(versions, [&json!(1)]);
}

#[tokio::test]
async fn after_the_grace_period_the_integration_turns_invalid_as_ever() {
    let stage = refused_in_use().await;
    stage.clock.advance(GRACE);
    send(&stage, "m-1").await;
    assert_eq!(stage.message("m-1").await.0, "parked");
    assert_eq!(stage.shown().await["status"], "invalid");
    assert_eq!(stage.version(), "2");
    assert_eq!(stage.told(), ["integration_invalid"]);
    assert!(stage.records("credentials.return").is_empty());
    assert!(stage.delivered().await.is_empty());
}

#[tokio::test]
async fn if_those_before_are_refused_too_the_integration_turns_invalid_once() {
    let stage = refused_in_use().await;
    stage.provider_fails("", json!("bad_credential")).await;
    for id in ["m-1", "m-2", "m-3"] {
        stage.produce(&text(id)).await;
    }
    stage.until_quiet(SHORTLY).await;
    assert_eq!(stage.message("m-3").await.0, "parked");
    assert_eq!(stage.shown().await["status"], "invalid");
    assert_eq!(stage.version(), "2");
    assert_eq!(stage.told(), ["integration_invalid"]);
    assert_eq!(stage.records("integration.disable").len(), 1);
    // New secrets end it, and what waited goes out.
    stage.provider_recovers().await;
    assert_eq!(stage.connect("one").await.0, 200);
    stage.until_quiet(SHORTLY).await;
    assert_eq!(stage.delivered().await.len(), 3);
}

#[tokio::test]
async fn while_the_provider_cannot_be_asked_about_those_before_nothing_is_decided() {
    for fault in [
        json!("reset"),
        json!("rate_limit"),
        json!({"status": 500}),
        json!({"status": 502, "body": "<html>"}),
    ] {
        let stage = refused_in_use().await;
        stage.provider_fails("", fault.clone()).await;
        stage.produce(&text("m-1")).await;
        for _ in 0..30 {
            stage.turn().await;
            stage.clock.advance(Duration::from_secs(4));
        }
        assert_eq!(stage.shown().await["status"], "connected", "{fault}");
        assert_eq!(stage.version(), "2", "{fault}");
        assert!(stage.told().is_empty() && stage.delivered().await.is_empty());
        assert!(stage.item("PREVIOUS#").is_some());
        stage.provider_recovers().await;
        stage.provider_fails(PROOF, json!("bad_credential")).await;
        stage.until_quiet(SHORTLY).await;
        has_returned(&stage);
        assert_eq!(stage.delivered().await, ["m-1"], "{fault}");
    }
}

#[tokio::test]
async fn while_those_before_cannot_be_read_or_their_opening_not_recorded_nothing_is_decided() {
    for calls in [
        Calls::of("BatchGetItem").on(names::INTEGRATIONS).after(2),
        Calls::of("PutItem").on(names::AUDIT).after(1),
    ] {
        let stage = refused_in_use().await;
        let down = calls.clone().always();
        stage.cloud.faults().fail(down, Fault::AccessDenied);
        assert!(stage.dispatch(&[arrived(&text("m-1"))]).await.is_empty());
        stage.cloud.faults().clear();
        assert_eq!(stage.shown().await["status"], "connected", "{calls:?}");
        assert_eq!(stage.version(), "2");
        assert!(stage.told().is_empty());
        stage.until_quiet(SHORTLY).await;
        has_returned(&stage);
        assert_eq!(stage.delivered().await, ["m-1"]);
    }
}

#[tokio::test]
async fn h2_after_a_return_the_next_secrets_get_a_version_that_never_was() {
    let stage = refused_in_use().await;
    send(&stage, "m-1").await;
    has_returned(&stage);
    stage.provider_recovers().await;
    stage.rotate().await;
    assert_eq!(stage.version(), "3");
    assert_eq!(stage.shown().await["status"], "connected");
}

/// So many messages, each in a batch of its own, in five containers at once, all of them refused before.
async fn send_at_once(stage: &Stage, sdk: &aws_types::SdkConfig, count: usize) {
    let containers: Vec<_> = (0..5).map(|_| stage.container(sdk)).collect();
    let batches = (0..count).map(|n| {
        let container = &containers[n % 5];
        let batch = [stage.arrived_again(&text(&format!("m-{n}")), 2)];
        async move { stage.dispatch_in(container, &batch).await }
    });
    for again in join_all(batches).await {
        assert!(again.is_empty());
    }
}

async fn all_are_sent_once(stage: &Stage, count: usize) {
    stage.until_quiet(SHORTLY).await;
    let mut sent = stage.delivered().await;
    assert_eq!(sent.len(), count);
    sent.sort();
    sent.dedup();
    assert_eq!(sent.len(), count);
}

#[tokio::test]
async fn h1_fifty_batches_that_find_the_refusal_return_once_and_tell_once() {
    let stage = refused_in_use().await;
    send_at_once(&stage, &stage.cloud.sdk_config(), 50).await;
    has_returned(&stage);
    all_are_sent_once(&stage, 50).await;
    has_returned(&stage);
}

#[tokio::test]
async fn h1_batches_that_find_those_before_refused_too_turn_it_invalid_once_and_tell_once() {
    let stage = refused_in_use().await;
    stage.provider_fails("", json!("bad_credential")).await;
    send_at_once(&stage, &stage.cloud.sdk_config(), 20).await;
    stage.until_quiet(SHORTLY).await;
    assert_eq!(stage.told(), ["integration_invalid"]);
    assert_eq!(stage.records("integration.disable").len(), 1);
    assert_eq!(stage.message("m-19").await.0, "parked");
    stage.provider_recovers().await;
    assert_eq!(stage.connect("one").await.0, 200);
    all_are_sent_once(&stage, 20).await;
}

#[tokio::test]
async fn h1_control_writes_without_their_conditions_tell_again_and_again() {
    let stage = refused_in_use().await;
    let of_integrations = |write: &Value| write["TableName"] == names::INTEGRATIONS;
    let sdk = without_conditions(&stage.cloud, of_integrations);
    send_at_once(&stage, &sdk, 10).await;
    assert!(stage.told().len() > 1);
    assert!(stage.records("credentials.return").len() > 1);
}
