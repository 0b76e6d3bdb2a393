//! A message whose first route cannot be used goes by the next, and never by two.

use std::time::Duration;

use domain::Clock;
use serde_json::{Value, json};
use testing::cloud::{Calls, Fault};
use testing::switchboard as names;

use crate::stage::{Stage, TENANT, WHATSAPP, recipient};

const SHORTLY: Duration = Duration::from_secs(5);

/// A message with these routes behind its first.
fn message(id: &str, fallback: &[&str], more: Value) -> String {
    let mut metadata = json!({"tenantId": TENANT, "messageId": id, "fallback": fallback});
    for (name, value) in more.as_object().into_iter().flatten() {
        metadata[name] = value.clone();
    }
    let payload = json!({"to": recipient(id), "type": "text", "text": {"body": "Hello!"}});
    json!({"metadata": metadata, "wabaPayload": payload}).to_string()
}

/// Sends it; its state, and the accounts that were asked to send it.
async fn sent(stage: &Stage, body: &str) -> (String, Value, Vec<String>) {
    stage.produce(body).await;
    stage.until_quiet(SHORTLY).await;
    let body: Value = serde_json::from_str(body).expect("JSON");
    let id = body["metadata"]["messageId"].as_str().expect("an id");
    let (status, message) = stage.message(id).await;
    let sends = stage.sends().await.into_iter();
    let accounts = sends.filter(|(of, _)| of == id).map(|(_, account)| account);
    (status, message, accounts.collect())
}

async fn one_answers(stage: &Stage, fault: Value) {
    let rule = json!({"provider": "whatsapp", "account": "one", "path": "/messages", "fault": fault, "times": 0});
    stage
        .control(http::Method::POST, "/_sandbox/faults", rule)
        .await;
}

fn refusal(code: u32) -> Value {
    json!({"status": 400, "body": {"error": {"message": "refused", "code": code}}})
}

#[tokio::test]
async fn what_is_switched_off_is_passed_by() {
    let (stage, two) = Stage::with_two_accounts().await;
    let one = stage.shown().await["id"].clone();
    let off = stage.api("PATCH", WHATSAPP, json!({"enabled": false}));
    assert_eq!(off.await.0, 200);
    let named = json!({"integrationId": one});
    let (status, shown, accounts) = sent(&stage, &message("m-1", &[&two], named)).await;
    assert_eq!(
        (status.as_str(), accounts),
        ("sent", vec!["two".to_owned()])
    );
    assert_eq!(shown["integration_id"], two.as_str());
    assert_eq!(shown["timeline"][1]["route"], 1, "{shown}");
}

#[tokio::test]
async fn what_the_account_cannot_do_another_does() {
    for code in [131_031, 133_010, 131_042] {
        let (stage, two) = Stage::with_two_accounts().await;
        one_answers(&stage, refusal(code)).await;
        let body = message("m-1", &[&two], Value::Null);
        let (status, shown, accounts) = sent(&stage, &body).await;
        assert_eq!(status, "sent", "{code}: {shown}");
        assert_eq!(accounts, ["one", "two"], "{code}");
        let steps: Vec<_> = shown["timeline"]
            .as_array()
            .expect("steps")
            .iter()
            .collect();
        assert_eq!(
            steps[2]["error"]["provider_code"],
            code.to_string(),
            "{shown}"
        );
        assert_eq!(steps[3]["integration_id"], two.as_str(), "{shown}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_the_message_itself_is_not_tried_elsewhere() {
    let (stage, two) = Stage::with_two_accounts().await;
    one_answers(&stage, refusal(131_009)).await;
    let body = message("m-1", &[&two], Value::Null);
    let (status, _, accounts) = sent(&stage, &body).await;
    assert_eq!(
        (status.as_str(), accounts),
        ("failed", vec!["one".to_owned()])
    );
}

#[tokio::test]
async fn what_may_have_been_sent_is_not_sent_by_another() {
    for fault in ["accept_then_reset", "reset", "truncate"] {
        let (stage, two) = Stage::with_two_accounts().await;
        one_answers(&stage, json!(fault)).await;
        let body = message("m-1", &[&two, "whatsapp"], Value::Null);
        let (status, _, accounts) = sent(&stage, &body).await;
        assert_eq!(status, "unknown", "{fault}");
        assert_eq!(accounts, ["one"], "{fault}");
    }
}

#[tokio::test]
async fn a_provider_that_keeps_failing_is_passed_by() {
    let (stage, two) = Stage::with_two_accounts().await;
    one_answers(
        &stage,
        json!({"status": 503, "body": {"error": {"message": "down", "code": 131_016}}}),
    )
    .await;
    let body = message("m-1", &[&two], Value::Null);
    let (status, _, accounts) = sent(&stage, &body).await;
    assert_eq!(status, "sent");
    assert_eq!(accounts, ["one", "one", "one", "two"]);
    let body = message("m-2", &[&two], Value::Null);
    assert_eq!(
        sent(&stage, &body).await.2.last().map(String::as_str),
        Some("two")
    );
    // By now the first is known to be down, and is not even asked.
    let body = message("m-3", &[&two], Value::Null);
    assert_eq!(sent(&stage, &body).await.2, ["two"]);
}

#[tokio::test]
async fn a_refused_credential_is_told_of_and_its_messages_go_by_another() {
    let (stage, two) = Stage::with_two_accounts().await;
    let rule =
        json!({"provider": "whatsapp", "account": "one", "fault": "bad_credential", "times": 0});
    stage
        .control(http::Method::POST, "/_sandbox/faults", rule)
        .await;
    let one = json!({"integrationId": stage.shown().await["id"]});
    let body = message("m-1", &[&two], one.clone());
    let (status, shown, accounts) = sent(&stage, &body).await;
    assert_eq!(status, "sent", "{shown}");
    assert_eq!(accounts.last().map(String::as_str), Some("two"));
    assert_eq!(stage.told(), ["integration_invalid"]);
    let (status, _, accounts) = sent(&stage, &message("m-2", &[&two], Value::Null)).await;
    assert_eq!(
        (status.as_str(), accounts),
        ("sent", vec!["two".to_owned()])
    );
    // Without another it waits.
    let (status, _, _) = sent(&stage, &message("m-3", &[], one)).await;
    assert_eq!(status, "parked");
}

#[tokio::test]
async fn where_no_route_can_be_used_the_first_says_why() {
    let stage = Stage::connected().await;
    let gone = domain::IntegrationId::make();
    one_answers(&stage, refusal(131_031)).await;
    let body = message("m-1", &[gone.as_str(), "exotel_sms"], Value::Null);
    let (status, shown, accounts) = sent(&stage, &body).await;
    assert_eq!(
        (status.as_str(), accounts),
        ("failed", vec!["one".to_owned()])
    );
    assert!(!shown["error"]["detail"].is_null(), "{shown}");
}

#[tokio::test]
async fn a_deadline_holds_on_every_route() {
    let (stage, two) = Stage::with_two_accounts().await;
    one_answers(&stage, json!("rate_limit")).await;
    let limit = stage.clock.now().after(Duration::from_secs(20));
    let body = message("m-1", &[&two], json!({"notAfter": limit}));
    let (status, shown, accounts) = sent(&stage, &body).await;
    assert_eq!(status, "failed", "{shown}");
    assert_eq!(shown["error"]["kind"], "expired");
    assert!(accounts.iter().all(|account| account == "one"));
}

/// At each call of the turn that passes the message on, the process dies, before it took effect and after.
#[tokio::test]
async fn whoever_dies_while_passing_it_on_it_is_sent_once() {
    for fault in [Fault::Timeout, Fault::AppliedButSilent] {
        for call in 0.. {
            let (mut stage, two) = Stage::with_two_accounts().await;
            one_answers(&stage, refusal(131_031)).await;
            stage.produce(&message("m-1", &[&two], Value::Null)).await;
            let calls = Calls::any().after(call).times(1);
            if stage.turn_under(calls, fault).await.is_none() {
                assert!(call > 2, "the turn makes calls");
                break;
            }
            stage.forget();
            stage.until_quiet(Duration::from_secs(30)).await;
            let sent = stage.delivered().await.len();
            let (status, shown) = stage.message("m-1").await;
            let is_true = match status.as_str() {
                "sent" => sent == 1,
                // It died between its claim and its outcome.
                "unknown" => sent == 0,
                _ => false,
            };
            assert!(is_true, "{fault:?} at call {call}: {sent} sent, {shown}");
            assert!(stage.cloud.messages(names::MESSAGES_DLQ).is_empty());
        }
    }
}
