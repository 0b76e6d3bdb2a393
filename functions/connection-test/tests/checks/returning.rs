//! A test that finds new secrets refused within the grace period leads back to those before.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use testing::switchboard as names;

use crate::stage::{ADMIN, Stage};

/// What is in the address of every call that is made with an app secret.
const PROOF: &str = "appsecret_proof";

async fn provider_refuses(stage: &Stage, part: &str) {
    let mut rule = json!({"provider": "whatsapp", "fault": "bad_credential", "times": 0});
    if !part.is_empty() {
        rule["path"] = part.into();
    }
    stage.control(Method::POST, "/_sandbox/faults", rule).await;
}

/// With new secrets, which are the first ones and an app secret, and which the provider does not take any more.
async fn refused() -> Stage {
    let (stage, _) = Stage::connected().await;
    let path = "/_sandbox/credentials?account=one";
    let form = stage.control(Method::GET, path, Value::Null).await;
    let change = json!({"app_secret": form["whatsapp"]["app_secret"]});
    let reply = stage.api(ADMIN, "PATCH", "whatsapp", change).await;
    assert!(
        reply.body["data"]["returns_until"].is_string(),
        "{}",
        reply.text
    );
    provider_refuses(&stage, PROOF).await;
    stage
}

fn told(stage: &Stage) -> Vec<Value> {
    let items = stage.cloud.items(names::INTEGRATIONS).into_iter();
    let codes = items.map(|item| item["code"]["S"].clone());
    codes.filter(|code| !code.is_null()).collect()
}

fn records(stage: &Stage, action: &str) -> usize {
    let records = stage.records().into_iter();
    records.filter(|one| one["action"] == action).count()
}

#[tokio::test]
async fn the_test_tells_what_it_found_and_those_before_serve_again() {
    let stage = refused().await;
    let reply = stage.test(ADMIN, "whatsapp", Value::Null).await;
    reply.is_problem(422, "credentials_rejected");
    let shown = stage.shown().await;
    assert_eq!(shown["status"], "connected");
    assert!(shown.get("returns_until").is_none() && shown.get("last_error").is_none());
    assert!(shown["credentials"].get("app_secret").is_none());
    assert_eq!(told(&stage), ["credentials_returned"]);
    assert_eq!(records(&stage, "credentials.return"), 1);
    assert_eq!(records(&stage, "integration.disable"), 0);
    // And they work.
    let reply = stage.test(ADMIN, "whatsapp", Value::Null).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(told(&stage).len(), 1);
}

#[tokio::test]
async fn if_those_before_are_refused_too_it_is_invalid() {
    let stage = refused().await;
    provider_refuses(&stage, "").await;
    for _ in 0..2 {
        let reply = stage.test(ADMIN, "whatsapp", Value::Null).await;
        reply.is_problem(422, "credentials_rejected");
    }
    assert_eq!(stage.shown().await["status"], "invalid");
    assert_eq!(told(&stage), ["integration_invalid"]);
}

#[tokio::test]
async fn after_the_grace_period_it_is_invalid() {
    let stage = refused().await;
    stage.clock.advance(Duration::from_secs(24 * 3600));
    stage.test(ADMIN, "whatsapp", Value::Null).await;
    assert_eq!(stage.shown().await["status"], "invalid");
    assert_eq!(records(&stage, "credentials.return"), 0);
}

#[tokio::test]
async fn while_the_provider_cannot_be_asked_about_those_before_nothing_is_decided() {
    let stage = refused().await;
    let before = stage.shown().await;
    let trouble = json!({"provider": "whatsapp", "fault": "reset", "times": 0});
    stage
        .control(Method::POST, "/_sandbox/faults", trouble)
        .await;
    let reply = stage.test(ADMIN, "whatsapp", Value::Null).await;
    reply.is_problem(422, "credentials_rejected");
    assert_eq!(stage.shown().await, before);
    assert!(told(&stage).is_empty());
    assert_eq!(records(&stage, "integration.test"), 1);
}

#[tokio::test]
async fn h1_of_many_tests_at_once_one_returns_and_tells() {
    let stage = refused().await;
    let tests = (0..20).map(|_| stage.test(ADMIN, "whatsapp", Value::Null));
    for reply in futures_util::future::join_all(tests).await {
        assert!(matches!(reply.status, 200 | 422), "{}", reply.text);
    }
    assert_eq!(stage.shown().await["status"], "connected");
    assert_eq!(told(&stage), ["credentials_returned"]);
    assert_eq!(records(&stage, "credentials.return"), 1);
    assert_eq!(records(&stage, "integration.test"), 20);
}
