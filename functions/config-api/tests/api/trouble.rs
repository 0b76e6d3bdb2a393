//! When the provider, a table or a key cannot be had: 503, nothing is kept, and no credential is blamed.

use std::time::Duration;

use serde_json::json;
use testing::cloud::{Calls, Fault};
use testing::switchboard as names;

use crate::stage::{ADMIN, Stage, WHATSAPP};

#[tokio::test]
async fn a_provider_in_trouble_says_nothing_about_the_credential() {
    let cases = [
        (json!("reset"), "provider_unavailable"),
        (json!("truncate"), "provider_unavailable"),
        (json!({"status": 500}), "provider_unavailable"),
        (
            json!({"status": 502, "body": "<html>"}),
            "provider_unavailable",
        ),
        (json!("rate_limit"), "provider_rate_limit"),
    ];
    for (fault, code) in cases {
        let stage = Stage::new().await;
        let form = stage.form("one").await;
        stage.fault(fault.clone()).await;
        let reply = stage.call(ADMIN, "POST", WHATSAPP, form).await;
        reply.is_problem(503, code);
        assert_eq!(reply.headers["retry-after"], "5");
        assert_eq!(stage.items(), [0; 4], "{fault}");
    }
}

#[tokio::test]
async fn an_existing_integration_survives_a_change_that_could_not_be_tested() {
    let (stage, first) = Stage::configured().await;
    stage.fault(json!("reset")).await;
    let change = json!({"access_token": "EAAanotheranotheranother"});
    let reply = stage.call(ADMIN, "PATCH", WHATSAPP, change).await;
    reply.is_problem(503, "provider_unavailable");
    assert_eq!(stage.get(ADMIN, WHATSAPP).await.body, first.body);
}

#[tokio::test]
async fn without_keys_or_tables_nothing_is_kept() {
    let calls = [
        Calls::of("GenerateDataKey").always(),
        Calls::of("Decrypt").always(),
        Calls::of("Query").on(names::KEY_RINGS).always(),
        Calls::of("PutItem").on(names::KEY_RINGS).always(),
        Calls::of("TransactWriteItems").always(),
        Calls::of("BatchGetItem").always(),
    ];
    for calls in calls {
        for fault in [Fault::AccessDenied, Fault::InternalError] {
            let stage = Stage::new().await;
            let form = stage.form("one").await;
            stage.cloud.faults().fail(calls.clone(), fault);
            let reply = stage.call(ADMIN, "POST", WHATSAPP, form).await;
            reply.is_problem(503, "temporarily_unavailable");
            let [integrations, routes, _, activity] = stage.items();
            assert_eq!([integrations, routes, activity], [0; 3], "{calls:?}");
            stage.cloud.faults().clear();
            // A denial is remembered for half a minute.
            stage.clock.advance(Duration::from_secs(31));
            let form = stage.form("one").await;
            let reply = stage.call(ADMIN, "POST", WHATSAPP, form).await;
            assert_eq!(reply.status, 201, "{calls:?}: {}", reply.text);
        }
    }
}

#[tokio::test]
async fn what_cannot_be_recorded_is_not_reported_as_done() {
    let stage = Stage::new().await;
    let form = stage.form("one").await;
    let calls = Calls::of("Query").on(names::AUDIT).always();
    stage.cloud.faults().fail(calls, Fault::AccessDenied);
    let reply = stage.call(ADMIN, "POST", WHATSAPP, form.clone()).await;
    reply.is_problem(503, "temporarily_unavailable");
    // Nothing was done that is not on record.
    let [integrations, routes, ..] = stage.items();
    assert_eq!([integrations, routes], [0; 2]);
    stage.cloud.faults().clear();
    let reply = stage.call(ADMIN, "POST", WHATSAPP, form).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_is_not_made_twice() {
    let stage = Stage::new().await;
    let form = stage.form("one").await;
    let calls = Calls::of("TransactWriteItems");
    stage.cloud.faults().fail(calls, Fault::AppliedButLost);
    let reply = stage.call(ADMIN, "POST", WHATSAPP, form).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    assert!(stage.cloud.faults().spent());
    assert_eq!(stage.items()[0], 4);
}
