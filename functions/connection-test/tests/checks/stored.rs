//! What is stored: the verdict becomes its state, and only a verdict does.

use std::time::Duration;

use domain::IntegrationId;
use http::Method;
use serde_json::{Value, json};
use testing::cloud::{Calls, Fault};
use testing::switchboard as names;

use crate::stage::{ADMIN, Stage};

/// The status in the roster, by which dispatchers choose.
fn in_roster(stage: &Stage, id: &str) -> String {
    let items = stage.cloud.items(names::INTEGRATIONS);
    let roster = items
        .iter()
        .find(|item| item["sk"]["S"] == "ROSTER")
        .expect("a roster");
    let line: Value =
        serde_json::from_str(roster[id]["S"].as_str().expect("a line")).expect("JSON");
    line["status"].as_str().expect("a status").to_owned()
}

#[tokio::test]
async fn a_good_one_is_connected_and_verified_now() {
    let (stage, id) = Stage::connected().await;
    stage.clock.advance(Duration::from_secs(60));
    for reference in ["whatsapp", id.as_str()] {
        let reply = stage.test(ADMIN, reference, Value::Null).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
    }
    // An empty object is no values either.
    assert_eq!(stage.test(ADMIN, "whatsapp", json!({})).await.status, 200);
    let shown = stage.shown().await;
    assert_eq!(shown["status"], "connected");
    assert_eq!(shown["verified_at"], "2026-01-01T00:01:00.000Z");
    assert_eq!(stage.recorded("ok"), 3);
}

#[tokio::test]
async fn a_refused_one_turns_invalid_with_the_reason_and_back() {
    for (fault, code) in [
        ("bad_credential", "credentials_rejected"),
        ("missing_scope", "permission_missing"),
    ] {
        let (stage, id) = Stage::connected().await;
        stage.fault(fault.into()).await;
        for _ in 0..2 {
            stage
                .test(ADMIN, "whatsapp", Value::Null)
                .await
                .is_problem(422, code);
            let shown = stage.shown().await;
            assert_eq!(shown["status"], "invalid");
            assert_eq!(shown["last_error"]["kind"], code);
            assert!(shown["last_error"]["hint"].is_string());
            assert_eq!(in_roster(&stage, &id), "invalid");
        }
        assert_eq!(stage.recorded(code), 2);
        stage
            .control(Method::DELETE, "/_sandbox/faults", Value::Null)
            .await;
        assert_eq!(stage.test(ADMIN, "whatsapp", Value::Null).await.status, 200);
        let shown = stage.shown().await;
        assert_eq!(shown["status"], "connected");
        assert!(shown.get("last_error").is_none());
        assert_eq!(in_roster(&stage, &id), "connected");
    }
}

#[tokio::test]
async fn a_provider_in_trouble_leaves_the_state_as_it_was() {
    let (stage, _) = Stage::connected().await;
    let faults = [
        (json!("reset"), "provider_unavailable"),
        (json!("truncate"), "provider_unavailable"),
        (
            json!({"status": 502, "body": "<html>"}),
            "provider_unavailable",
        ),
        (json!("rate_limit"), "provider_rate_limit"),
    ];
    for state in ["connected", "invalid"] {
        if state == "invalid" {
            stage.fault("bad_credential".into()).await;
            stage.test(ADMIN, "whatsapp", Value::Null).await;
        }
        let before = stage.kept();
        for (fault, code) in &faults {
            stage.fault(fault.clone()).await;
            stage
                .test(ADMIN, "whatsapp", Value::Null)
                .await
                .is_problem(503, code);
        }
        assert_eq!(stage.shown().await["status"], state);
        assert_eq!(stage.kept(), before);
    }
}

#[tokio::test]
async fn one_that_is_switched_off_can_be_tested_and_stays_off() {
    let (stage, _) = Stage::connected().await;
    stage
        .api(ADMIN, "PATCH", "whatsapp", json!({"enabled": false}))
        .await;
    assert_eq!(stage.test(ADMIN, "whatsapp", Value::Null).await.status, 200);
    let shown = stage.shown().await;
    assert_eq!(
        (&shown["status"], &shown["enabled"]),
        (&json!("disabled"), &json!(false))
    );
}

#[tokio::test]
async fn what_is_not_there_is_not_tested() {
    let (stage, id) = Stage::connected().await;
    let unknown = IntegrationId::make().to_string();
    let mut answers = Vec::new();
    for reference in [
        unknown.as_str(),
        "int_x",
        "telegram",
        "..",
        &id.to_uppercase(),
        "é",
    ] {
        let reply = stage.test(ADMIN, reference, Value::Null).await;
        reply.is_problem(404, "not_found");
        answers.push(reply.text);
        let with_body = stage
            .test(ADMIN, reference, json!({"waba_id": "102290129340398"}))
            .await;
        answers.push(with_body.text);
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    // Nor is a type of which there is none.
    let empty = Stage::new().await;
    empty
        .test(ADMIN, "whatsapp", Value::Null)
        .await
        .is_problem(404, "not_found");
}

#[tokio::test]
async fn without_tables_or_keys_nothing_is_said_of_the_credential() {
    for calls in [
        Calls::of("GetItem").on(names::INTEGRATIONS).always(),
        Calls::of("GetItem").on(names::KEY_RINGS).always(),
        Calls::of("Decrypt").always(),
        Calls::of("TransactWriteItems").always(),
        Calls::of("PutItem").on(names::AUDIT).always(),
    ] {
        let (stage, id) = Stage::connected().await;
        stage
            .cloud
            .faults()
            .fail(calls.clone(), Fault::AccessDenied);
        let reply = stage.test(ADMIN, &id, Value::Null).await;
        reply.is_problem(503, "temporarily_unavailable");
        stage.cloud.faults().clear();
        assert_eq!(stage.shown().await["status"], "connected", "{calls:?}");
    }
}
