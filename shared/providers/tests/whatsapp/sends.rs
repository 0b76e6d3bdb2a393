//! The one request of a send, and what each refusal means.

use domain::FailureKind::{
    self, AccountBlocked, CredentialsRejected, InvalidRequest, NotFound, OutcomeUnknown,
    PermissionMissing, Throttled, Unavailable,
};
use domain::{Failure, MessageId};
use providers::Accepted;
use providers::form::Filled;
use providers::http::{Egress, Reach};
use serde_json::{Value, json};

use crate::stage::{Stage, is_sound, whatsapp};

const TO: &str = "+14155550199";

fn text() -> Value {
    json!({"to": TO, "type": "text", "text": {"body": "Hello! 👋 /"}})
}

fn template(name: &str, language: &str, parameters: usize) -> Value {
    let parameters: Vec<Value> = (0..parameters)
        .map(|number| json!({"type": "text", "text": format!("p{number}")}))
        .collect();
    let mut template = json!({"name": name, "language": {"code": language}});
    if !parameters.is_empty() {
        template["components"] = json!([{"type": "body", "parameters": parameters}]);
    }
    json!({"to": TO, "type": "template", "template": template})
}

async fn send(stage: &Stage, filled: &Filled, payload: &Value) -> Result<Accepted, Failure> {
    let raw = serde_json::value::to_raw_value(payload).expect("JSON");
    let id = MessageId::parse("m-1").expect("valid");
    let messages = whatsapp().messages().expect("it sends");
    messages.send(stage.connect(filled), &id, &raw).await
}

#[tokio::test]
async fn what_is_right_is_accepted_and_carries_our_id() {
    let stage = Stage::new().await;
    for secret in [json!({}), json!({"app_secret": null})] {
        let filled = stage.filled("one", secret).await;
        for payload in [
            text(),
            template("hello_world", "en_US", 0),
            template("order_update", "hi", 2),
        ] {
            let accepted = send(&stage, &filled, &payload).await.expect("accepted");
            assert!(accepted.provider_id.starts_with("wamid."));
            let calls = stage.requests().await;
            let body = &calls.last().expect("a call")["body"];
            assert_eq!(body["messaging_product"], "whatsapp");
            assert_eq!(body["biz_opaque_callback_data"], "m-1");
            for (name, value) in payload.as_object().expect("an object") {
                assert_eq!(body[name], *value);
            }
        }
    }
}

#[tokio::test]
async fn each_refusal_says_what_to_do() {
    let stage = Stage::new().await;
    let cases: Vec<(&str, Value, FailureKind, &str)> = vec![
        (
            "one",
            template("order_update", "en", 1),
            InvalidRequest,
            "132000",
        ),
        (
            "one",
            template("order_update", "en", 3),
            InvalidRequest,
            "132000",
        ),
        (
            "one",
            template("order_update", "de", 2),
            InvalidRequest,
            "132001",
        ),
        (
            "one",
            template("no_such_template", "en", 0),
            InvalidRequest,
            "132001",
        ),
        (
            "one",
            template("paused_offer", "en", 0),
            InvalidRequest,
            "132015",
        ),
        (
            "one",
            template("in_review", "en", 0),
            InvalidRequest,
            "132001",
        ),
        (
            "one",
            json!({"to": TO, "type": "telegram", "telegram": {}}),
            InvalidRequest,
            "100",
        ),
        (
            "one",
            json!({"to": TO, "type": "order", "order": {}}),
            InvalidRequest,
            "131051",
        ),
        (
            "one",
            json!({"to": TO, "type": "text"}),
            InvalidRequest,
            "131008",
        ),
        (
            "one",
            json!({"to": TO, "type": "text", "text": {"body": ""}}),
            InvalidRequest,
            "131008",
        ),
        (
            "one",
            json!({"type": "text", "text": {"body": "x"}}),
            InvalidRequest,
            "100",
        ),
        ("blocked", text(), AccountBlocked, "131042"),
        ("no_messaging", text(), PermissionMissing, "10"),
        ("expired", text(), CredentialsRejected, "190"),
    ];
    for (account, payload, kind, code) in cases {
        let filled = stage.filled(account, json!({})).await;
        let what = format!("{account} {payload}");
        let failure = send(&stage, &filled, &payload).await.expect_err(&what);
        let given = failure.provider_code.as_deref().unwrap_or_default();
        assert_eq!((failure.kind, given), (kind, code), "{what}: {failure:?}");
        is_sound(&failure, &filled);
    }
}

#[tokio::test]
async fn wrong_credentials_are_told_from_wrong_numbers() {
    let stage = Stage::new().await;
    for (changes, kind) in [
        (
            json!({"access_token": "EAAwrongwrongwrongwrong"}),
            CredentialsRejected,
        ),
        (json!({"phone_number_id": "99999999999"}), NotFound),
        (
            json!({"app_secret": "0123456789abcdef0123456789abcdef"}),
            PermissionMissing,
        ),
    ] {
        let filled = stage.filled("one", changes.clone()).await;
        let failure = send(&stage, &filled, &text()).await.expect_err("refused");
        assert_eq!(failure.kind, kind, "{changes}: {failure:?}");
    }
}

#[tokio::test]
async fn what_is_not_a_message_never_leaves() {
    let stage = Stage::new().await;
    let filled = stage.filled("one", json!({})).await;
    for payload in [
        json!([]),
        json!("x"),
        json!(null),
        json!({"biz_opaque_callback_data": "x"}),
    ] {
        let failure = send(&stage, &filled, &payload)
            .await
            .expect_err("no message");
        assert_eq!(failure.kind, InvalidRequest, "{payload}");
    }
    assert!(stage.requests().await.is_empty());
}

#[tokio::test]
async fn only_what_proves_that_nothing_was_done_may_be_tried_again() {
    let cases = [
        (json!("rate_limit"), Throttled),
        (json!({"status": 429, "body": ""}), Throttled),
        (json!("bad_credential"), CredentialsRejected),
        (json!("missing_scope"), PermissionMissing),
        (
            json!({"status": 503, "body": {"error": {"message": "m", "code": 2}}}),
            Unavailable,
        ),
        (json!({"status": 500}), OutcomeUnknown),
        (json!({"status": 502, "body": "<html>"}), OutcomeUnknown),
        (json!({"status": 200, "body": "<html>"}), OutcomeUnknown),
        (json!({"status": 200, "body": {}}), OutcomeUnknown),
        (
            json!({"status": 200, "body": {"messages": []}}),
            OutcomeUnknown,
        ),
        (
            json!({"status": 200, "body": {"messages": [{"id": ""}]}}),
            OutcomeUnknown,
        ),
        (
            json!({"status": 302, "headers": {"location": "/elsewhere"}}),
            InvalidRequest,
        ),
        (json!("reset"), OutcomeUnknown),
        (json!("truncate"), OutcomeUnknown),
        (json!("accept_then_reset"), OutcomeUnknown),
    ];
    for (fault, kind) in cases {
        let stage = Stage::new().await;
        let filled = stage.filled("one", json!({})).await;
        stage.fault("/messages", fault.clone()).await;
        let failure = send(&stage, &filled, &text()).await.expect_err("a fault");
        assert_eq!(failure.kind, kind, "{fault}: {failure:?}");
        is_sound(&failure, &filled);
        // Whatever happened, the request was made once.
        assert_eq!(stage.requests().await.len(), 1, "{fault}");
    }
}

#[tokio::test]
async fn the_providers_own_time_is_kept() {
    let stage = Stage::new().await;
    let filled = stage.filled("one", json!({})).await;
    for body in [
        json!(""),
        json!({"error": {"message": "m", "code": 130429}}),
    ] {
        let fault = json!({"status": 429, "body": body, "headers": {"retry-after": "17"}});
        stage
            .control(http::Method::DELETE, "/_sandbox/faults", Value::Null)
            .await;
        stage.fault("/messages", fault).await;
        let failure = send(&stage, &filled, &text()).await.expect_err("a fault");
        let wait = failure.retry_after.map(|wait| wait.as_secs());
        assert_eq!((failure.kind, wait), (Throttled, Some(17)), "{body}");
    }
}

#[tokio::test]
async fn nothing_was_sent_where_nobody_listens() {
    let stage = Stage::new().await;
    let filled = stage.filled("one", json!({})).await;
    let nowhere = json!({"whatsapp": {"base_url": "http://127.0.0.1:1"}});
    let overrides: providers::Overrides = serde_json::from_value(nowhere).expect("overrides");
    let http = Egress::new(Reach::new(&overrides)).expect("a client");
    let (settings, credentials) = (&filled.settings, &filled.credentials);
    let connection = overrides.connect(whatsapp(), settings, credentials, &http);
    let raw = serde_json::value::to_raw_value(&text()).expect("JSON");
    let id = MessageId::parse("m-1").expect("valid");
    let messages = whatsapp().messages().expect("it sends");
    let failure = messages
        .send(connection, &id, &raw)
        .await
        .expect_err("nobody there");
    assert_eq!(failure.kind, Unavailable);
}
