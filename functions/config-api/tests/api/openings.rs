//! The opening of a webhook's secret is on its way to the audit trail before anybody is verified by it.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use testing::cloud::{Calls, Fault};
use testing::switchboard as names;

use crate::queue;
use crate::stage::Stage;

/// Somebody writes to account one; what the ingress answered its provider.
async fn write_in(stage: &Stage, text: &str) -> Value {
    let event = json!({"provider": "whatsapp", "text": text});
    let sent = stage.control(Method::POST, "/_sandbox/send", event).await;
    sent["status"].clone()
}

/// Hands all that is on the inbound queue to the router.
async fn route(stage: &Stage) {
    let sdk = stage.cloud.sdk_config();
    let config = inbound_router::config::Config {
        activity_table: names::ACTIVITY.into(),
        audit_table: names::AUDIT.into(),
    };
    let router = inbound_router::Context::with(config, &sdk, stage.clock.clone());
    let batch = queue::take(&stage.cloud, names::INBOUND).await;
    let batch = serde_json::from_value(batch).expect("a batch");
    let reply = inbound_router::handle(&router, &batch).await;
    let reply = serde_json::to_value(reply).expect("an answer");
    assert_eq!(reply, json!({"batchItemFailures": []}));
}

fn openings(stage: &Stage) -> Vec<Value> {
    let records = stage.records().into_iter();
    records
        .filter(|one| one["action"] == "webhook_secret.open")
        .collect()
}

#[tokio::test]
async fn it_reaches_the_tenants_trail_by_way_of_queue_and_router() {
    let (stage, one) = Stage::configured().await;
    // The provider asked whether the URL is ours; within a minute the route is remembered.
    for text in ["a", "b", "c"] {
        assert_eq!(write_in(&stage, text).await, 200);
    }
    assert!(
        openings(&stage).is_empty(),
        "the ingress writes to no table"
    );
    route(&stage).await;
    let lines = openings(&stage);
    assert_eq!(lines.len(), 1);
    let line = &lines[0];
    assert_eq!(line["actor"], "webhook-ingress");
    assert_eq!(line["purpose"], "verify-webhook");
    assert_eq!(line["integration"], one.id());
    assert_eq!(line["credential_version"], 1);
    assert_eq!(line["outcome"], "ok");
    assert_eq!(stage.cloud.items(names::ACTIVITY).len(), 3, "the events");
}

#[tokio::test]
async fn each_time_it_is_opened_there_is_another() {
    let (stage, _) = Stage::configured().await;
    for _ in 0..3 {
        stage.clock.advance(Duration::from_secs(61));
        assert_eq!(write_in(&stage, "x").await, 200);
    }
    route(&stage).await;
    assert_eq!(openings(&stage).len(), 4);
}

#[tokio::test]
async fn while_the_queue_is_down_nothing_is_handed_out_and_the_provider_comes_again() {
    for fault in [
        Fault::InternalError,
        Fault::Throttle,
        Fault::AccessDenied,
        Fault::Reset,
        Fault::Partial(0),
    ] {
        let (stage, _) = Stage::configured().await;
        route(&stage).await;
        stage.clock.advance(Duration::from_secs(61));
        let calls = Calls::of("SendMessageBatch").on(names::INBOUND).always();
        stage.cloud.faults().fail(calls, fault);
        assert_eq!(write_in(&stage, "x").await, 503, "{fault:?}");
        // Without the secret a forged body cannot even be told.
        let forged = json!({"provider": "whatsapp", "text": "x", "tamper": true});
        let forged = stage.control(Method::POST, "/_sandbox/send", forged).await;
        assert_eq!(forged["status"], 503, "{fault:?}");
        stage.cloud.faults().clear();
        assert_eq!(openings(&stage).len(), 1);
        assert_eq!(write_in(&stage, "x").await, 200);
        route(&stage).await;
        assert_eq!(openings(&stage).len(), 2, "{fault:?}");
    }
}
