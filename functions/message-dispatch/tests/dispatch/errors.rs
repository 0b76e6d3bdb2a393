//! What the provider answers, and the state and hint that follow.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use testing::cloud::{Calls, Fault};
use testing::switchboard as names;

use crate::stage::{Stage, TENANT, text};

/// Sends one message while the provider fails so, and follows it until the queue is quiet.
async fn sent_under(fault: Value, times: u32) -> (Stage, String, Value) {
    let stage = Stage::connected().await;
    stage.fault(fault, times).await;
    stage.produce(&text("m-1")).await;
    stage.until_quiet(Duration::from_secs(5)).await;
    let (status, message) = stage.message("m-1").await;
    (stage, status, message)
}

#[tokio::test]
async fn being_slowed_down_is_waited_out() {
    let (stage, status, message) = sent_under(json!("rate_limit"), 50).await;
    assert_eq!(status, "sent");
    assert_eq!(message["attempts"], 51);
    assert_eq!(stage.delivered().await, ["m-1"]);
    assert!(stage.cloud.messages(names::MESSAGES_DLQ).is_empty());
}

#[tokio::test]
async fn trouble_of_the_provider_is_tried_again() {
    let body = json!({"error": {"message": "(#131016) Service unavailable", "code": 131016}});
    let (stage, status, _) = sent_under(json!({"status": 503, "body": body}), 3).await;
    assert_eq!(status, "sent");
    assert_eq!(stage.delivered().await, ["m-1"]);
}

#[tokio::test]
async fn trouble_that_does_not_end_leads_to_the_dead_letter_queue_from_where_it_can_be_sent() {
    let body = json!({"error": {"message": "(#131016) Service unavailable", "code": 131016}});
    let (stage, status, message) = sent_under(json!({"status": 503, "body": body}), 0).await;
    assert_eq!(status, "parked", "{message}");
    assert!(
        message["error"]["detail"]
            .as_str()
            .is_some_and(|why| why.starts_with("Tried 8 times"))
    );
    assert_eq!(stage.cloud.messages(names::MESSAGES_DLQ).len(), 1);
    assert!(stage.delivered().await.is_empty());
}

#[tokio::test]
async fn no_answer_is_an_unknown_and_nothing_is_sent_again() {
    for fault in [
        json!("accept_then_reset"),
        json!("truncate"),
        json!("reset"),
        json!({"status": 502, "body": "<html>"}),
    ] {
        let (stage, status, message) = sent_under(fault.clone(), 1).await;
        assert_eq!(status, "unknown", "{fault}");
        assert_eq!(message["error"]["kind"], "outcome_unknown", "{fault}");
        assert!(
            message["error"]["hint"]
                .as_str()
                .is_some_and(|hint| !hint.is_empty())
        );
        let log = stage
            .control(
                Method::GET,
                "/_sandbox/requests?path=/messages",
                Value::Null,
            )
            .await;
        assert_eq!(log.as_array().map(Vec::len), Some(1), "{fault}");
    }
}

#[tokio::test]
async fn a_permanent_refusal_fails_with_the_providers_code_and_a_hint() {
    let closed = json!({"error": {"message": "(#131047) Re-engagement message", "code": 131047}});
    let (stage, status, message) = sent_under(json!({"status": 400, "body": closed}), 1).await;
    assert_eq!(status, "failed");
    assert_eq!(message["error"]["provider_code"], "131047");
    assert!(
        message["error"]["hint"]
            .as_str()
            .expect("a hint")
            .contains("template")
    );
    assert!(stage.delivered().await.is_empty());
}

#[tokio::test]
async fn a_wrong_payload_fails_with_what_is_wrong() {
    let stage = Stage::connected().await;
    let body = json!({"metadata": {"tenantId": TENANT, "messageId": "m-1"},
        "wabaPayload": {"to": "919876543220", "type": "text", "text": {}}});
    stage.produce(&body.to_string()).await;
    stage.until_quiet(Duration::from_secs(1)).await;
    let (status, message) = stage.message("m-1").await;
    assert_eq!(status, "failed");
    assert_eq!(message["error"]["kind"], "invalid_request");
}

#[tokio::test]
async fn a_refused_credential_is_disabled_once_told_once_and_its_messages_go_out_after_the_repair()
{
    let stage = Stage::connected().await;
    let rule = json!({"provider": "whatsapp", "fault": "bad_credential", "times": 0});
    stage.control(Method::POST, "/_sandbox/faults", rule).await;
    for n in 0..25 {
        stage.produce(&text(&format!("m-{n}"))).await;
    }
    stage.until_quiet(Duration::from_secs(5)).await;
    let (_, found) = stage
        .api("GET", "/api/v1/settings/integrations/whatsapp", Value::Null)
        .await;
    assert_eq!(found["data"]["status"], "invalid");
    assert_eq!(found["data"]["last_error"]["kind"], "credentials_rejected");
    let told = stage.cloud.items(names::INTEGRATIONS);
    let told = told.iter().filter(|item| {
        item["sk"]["S"]
            .as_str()
            .is_some_and(|sk| sk.starts_with("NOTIFICATION#"))
    });
    assert_eq!(told.count(), 1);
    for n in 0..25 {
        assert_eq!(stage.message(&format!("m-{n}")).await.0, "parked");
    }
    assert!(stage.delivered().await.is_empty());

    stage
        .control(Method::POST, "/_sandbox/reset", Value::Null)
        .await;
    assert_eq!(stage.connect("one").await.0, 200);
    stage.until_quiet(Duration::from_secs(5)).await;
    let mut sent = stage.delivered().await;
    sent.sort();
    sent.dedup();
    assert_eq!(sent.len(), 25);
    assert_eq!(stage.delivered().await.len(), 25);
    assert_eq!(stage.message("m-7").await.0, "sent");
}

#[tokio::test]
async fn one_refusal_that_is_not_confirmed_disables_nothing() {
    let (stage, status, _) = sent_under(json!("bad_credential"), 1).await;
    assert_eq!(status, "sent");
    let (_, found) = stage
        .api("GET", "/api/v1/settings/integrations/whatsapp", Value::Null)
        .await;
    assert_eq!(found["data"]["status"], "connected");
}

#[tokio::test]
async fn without_an_integration_the_message_says_so() {
    let stage = Stage::new().await;
    stage.produce(&text("m-1")).await;
    stage.until_quiet(Duration::from_secs(1)).await;
    let (status, message) = stage.message("m-1").await;
    assert_eq!(status, "failed");
    assert!(
        message["error"]["detail"]
            .as_str()
            .expect("a detail")
            .contains("Credentials not configured")
    );
}

#[tokio::test]
async fn another_tenants_number_is_no_number() {
    let stage = Stage::connected().await;
    let body = json!({"metadata": {"tenantId": "t_two", "messageId": "m-1", "phoneNumberId": "1"},
        "wabaPayload": {"to": "919876543220", "type": "text", "text": {"body": "Hello!"}}});
    stage.produce(&body.to_string()).await;
    stage.until_quiet(Duration::from_secs(1)).await;
    assert!(stage.delivered().await.is_empty());
    assert_eq!(
        stage
            .api("GET", "/api/v1/messages/m-1", Value::Null)
            .await
            .0,
        404
    );
}

#[tokio::test]
async fn an_expired_message_is_not_sent() {
    let stage = Stage::connected().await;
    let body = json!({"metadata": {"tenantId": TENANT, "messageId": "m-1", "notAfter": "2025-12-31T23:59:59Z"},
        "wabaPayload": {"to": "919876543220", "type": "text", "text": {"body": "Hello!"}}});
    stage.produce(&body.to_string()).await;
    stage.until_quiet(Duration::from_secs(1)).await;
    let (status, message) = stage.message("m-1").await;
    assert_eq!(
        (status.as_str(), &message["error"]["kind"]),
        ("failed", &json!("expired"))
    );
    assert!(stage.delivered().await.is_empty());
}

#[tokio::test]
async fn while_keys_cannot_be_had_messages_wait_and_no_credential_is_blamed() {
    let mut stage = Stage::connected().await;
    stage.forget();
    let outage = Calls::of("Decrypt").times(60);
    stage.cloud.faults().fail(outage, Fault::Throttle);
    stage.produce(&text("m-1")).await;
    stage.until_quiet(Duration::from_secs(30)).await;
    assert!(stage.cloud.faults().spent());
    assert_eq!(stage.message("m-1").await.0, "sent");
    assert_eq!(stage.delivered().await, ["m-1"]);
    assert!(stage.cloud.messages(names::MESSAGES_DLQ).is_empty());
    let (_, found) = stage
        .api("GET", "/api/v1/settings/integrations/whatsapp", Value::Null)
        .await;
    assert_eq!(found["data"]["status"], "connected");
}

#[tokio::test]
async fn a_credential_that_was_tampered_with_is_switched_off_and_its_messages_wait() {
    let mut stage = Stage::connected().await;
    stage.tamper().await;
    stage.forget();
    stage.produce(&text("m-1")).await;
    stage.until_quiet(Duration::from_secs(5)).await;
    assert_eq!(stage.message("m-1").await.0, "parked");
    let place = "/api/v1/settings/integrations/whatsapp";
    assert_eq!(
        stage.api("GET", place, Value::Null).await.1["data"]["status"],
        "invalid"
    );
    assert!(stage.delivered().await.is_empty());
    assert_eq!(stage.connect("one").await.0, 200);
    stage.until_quiet(Duration::from_secs(5)).await;
    assert_eq!(stage.delivered().await, ["m-1"]);
}

#[tokio::test]
async fn what_waits_for_a_removed_integration_is_told_to_have_none() {
    let stage = Stage::connected().await;
    let rule = json!({"provider": "whatsapp", "fault": "bad_credential", "times": 0});
    stage.control(Method::POST, "/_sandbox/faults", rule).await;
    stage.produce(&text("m-1")).await;
    stage.until_quiet(Duration::from_secs(5)).await;
    assert_eq!(stage.message("m-1").await.0, "parked");
    let place = "/api/v1/settings/integrations/whatsapp";
    assert_eq!(stage.api("DELETE", place, Value::Null).await.0, 200);
    stage.until_quiet(Duration::from_secs(5)).await;
    let (status, message) = stage.message("m-1").await;
    assert_eq!(
        (status.as_str(), &message["error"]["kind"]),
        ("failed", &json!("not_configured"))
    );
}
