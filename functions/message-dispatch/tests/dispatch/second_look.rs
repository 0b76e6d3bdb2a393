//! One refusal is no proof, and neither are many at once.

use std::time::Duration;

use serde_json::{Value, json};

use crate::stage::{Stage, WHATSAPP, arrived, text};

const SHORTLY: Duration = Duration::from_secs(5);

/// Calls with which the provider was asked whether the credentials work.
async fn probes(stage: &Stage) -> usize {
    let path = "/_sandbox/requests?provider=whatsapp";
    let log = stage.control(http::Method::GET, path, Value::Null).await;
    let log = log.as_array().expect("a list").iter();
    log.filter(|one| one["method"] == "GET").count()
}

#[tokio::test]
async fn h3_a_refusal_that_passes_has_no_consequences() {
    let stage = Stage::connected().await;
    stage.provider_fails("", json!("bad_credential")).await;
    stage.produce(&text("m-1")).await;
    assert_eq!(stage.turn().await, 1);
    assert_eq!(stage.shown().await["status"], "connected");
    stage.provider_recovers().await;
    stage.until_quiet(SHORTLY).await;
    assert_eq!(stage.message("m-1").await.0, "sent");
    assert!(stage.told().is_empty());
}

#[tokio::test]
async fn h3_the_provider_is_asked_once_however_many_are_refused() {
    let stage = Stage::connected().await;
    let before = probes(&stage).await;
    stage.provider_fails("", json!("bad_credential")).await;
    let batch: Vec<Value> = (0..10).map(|n| arrived(&text(&format!("m-{n}")))).collect();
    assert!(stage.dispatch(&batch).await.is_empty());
    assert_eq!(probes(&stage).await - before, 1);
    // Those that come meanwhile wait, and ask nobody.
    let more: Vec<Value> = (10..20)
        .map(|n| arrived(&text(&format!("m-{n}"))))
        .collect();
    assert!(stage.dispatch(&more).await.is_empty());
    assert_eq!(stage.sends().await.len(), 10);
    stage.until_quiet(SHORTLY).await;
    assert_eq!(probes(&stage).await - before, 1);
    assert_eq!(stage.told(), ["integration_invalid"]);
    for n in 0..20 {
        assert_eq!(stage.message(&format!("m-{n}")).await.0, "parked", "m-{n}");
    }
}

#[tokio::test]
async fn h3_another_container_needs_no_memory_of_the_first_look() {
    let mut stage = Stage::connected().await;
    stage.provider_fails("", json!("bad_credential")).await;
    stage.produce(&text("m-1")).await;
    assert_eq!(stage.turn().await, 1);
    stage.forget();
    stage.until_quiet(SHORTLY).await;
    assert_eq!(stage.message("m-1").await.0, "parked");
    let looks = stage.sends().await.len();
    assert_eq!(looks, 2, "one look each");
}

/// So many tenants, all connected.
async fn tenants(stage: &Stage, count: usize) -> Vec<String> {
    let more = json!({"provider": "whatsapp", "count": count});
    stage
        .control(http::Method::POST, "/_sandbox/accounts", more)
        .await;
    let mut tenants = Vec::new();
    for n in 1..=count {
        let tenant = format!("t_{n}");
        let form = stage.form(&format!("extra-{n}")).await;
        let (status, body) = stage.api_of(&tenant, "POST", WHATSAPP, form).await;
        assert_eq!(status, 201, "{body}");
        tenants.push(tenant);
    }
    tenants
}

fn of(tenant: &str, id: &str) -> String {
    let body: Value = serde_json::from_str(&text(id)).expect("JSON");
    let mut body = body;
    body["metadata"]["tenantId"] = json!(tenant);
    body.to_string()
}

/// How many of so many tenants are disabled when the provider refuses all of them, one after the other.
async fn disabled_of(count: usize) -> (usize, Stage) {
    let stage = Stage::new().await;
    let tenants = tenants(&stage, count).await;
    stage.provider_fails("", json!("bad_credential")).await;
    for tenant in &tenants {
        stage.produce(&of(tenant, "m-1")).await;
        stage.turn().await;
        stage.clock.advance(Duration::from_secs(2));
    }
    for _ in 0..60 {
        stage.turn().await;
        stage.clock.advance(Duration::from_secs(5));
    }
    let told = stage.told().len();
    (told, stage)
}

#[tokio::test]
async fn h3_a_provider_that_refuses_many_disables_nobody() {
    let (disabled, stage) = disabled_of(6).await;
    assert_eq!(disabled, 0);
    stage.provider_recovers().await;
    stage.until_quiet(SHORTLY).await;
    assert_eq!(stage.delivered().await.len(), 6);
}

#[tokio::test]
async fn h3_control_a_few_are_disabled_each_for_itself() {
    assert_eq!(disabled_of(2).await.0, 2);
}
