//! What holds for all of them.

use domain::FailureKind::{Throttled, Unavailable};
use domain::{Failure, FailureKind};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::stage::Stage;

/// Provider, and a part of the path of each of its calls that count.
const CALLS: [(&str, &str); 5] = [
    ("elevenlabs", "/agents/"),
    ("elevenlabs", "/phone-numbers/"),
    ("chatwoot", "/api"),
    ("chatwoot", "/profile"),
    ("custom_crm", "/crm/v1/me"),
];

#[tokio::test]
async fn secrets_travel_in_headers_and_never_in_a_path() {
    for provider in ["elevenlabs", "chatwoot", "custom_crm"] {
        let stage = Stage::new(provider).await;
        for account in ["one", "two"] {
            let filled = stage.filled(account, json!({})).await;
            stage.check(&filled).await.expect("good");
            let calls = stage.calls().await.join("\n");
            for (name, secret) in filled.credentials.iter() {
                assert!(!calls.contains(secret.expose_secret()), "{name}");
            }
        }
        for call in stage.requests().await {
            assert_eq!(
                (&call["method"], &call["body"]),
                (&json!("GET"), &Value::Null)
            );
            assert_eq!(call["provider"], provider);
        }
    }
}

#[tokio::test]
async fn trouble_of_the_provider_blames_no_credential() {
    let cases = [
        (json!("rate_limit"), Throttled),
        (json!({"status": 429, "body": "slow down"}), Throttled),
        (json!({"status": 500}), Unavailable),
        (json!({"status": 502, "body": "<html>"}), Unavailable),
        (json!({"status": 503, "body": ""}), Unavailable),
        (json!({"status": 408}), Unavailable),
        (json!("reset"), Unavailable),
        (json!("truncate"), Unavailable),
        (json!("accept_then_reset"), Unavailable),
    ];
    for (provider, path) in CALLS {
        for (fault, kind) in cases.clone() {
            let stage = Stage::new(provider).await;
            stage.fault(path, fault.clone()).await;
            let failure = stage.refused("one", json!({})).await;
            assert_eq!(failure.kind, kind, "{provider} {path} {fault}: {failure:?}");
        }
    }
}

#[tokio::test]
async fn a_wait_that_the_provider_asks_for_is_told() {
    let wait = async |provider: &str, headers: Value| {
        let stage = Stage::new(provider).await;
        let fault = json!({"status": 429, "body": "", "headers": headers});
        stage.fault("/", fault).await;
        let failure: Failure = stage.refused("one", json!({})).await;
        failure.retry_after.map(|wait| wait.as_secs())
    };
    for provider in ["elevenlabs", "chatwoot", "custom_crm"] {
        assert_eq!(wait(provider, json!({"retry-after": "7"})).await, Some(7));
    }
    assert_eq!(wait("custom_crm", json!({})).await, None);
    // Chatwoot never says, and counts by the minute.
    assert_eq!(wait("chatwoot", json!({})).await, Some(60));
}

#[tokio::test]
async fn a_redirect_is_never_followed() {
    for (provider, path) in CALLS {
        let stage = Stage::new(provider).await;
        let headers = json!({"location": "http://127.0.0.1:1/"});
        let fault = json!({"status": 302, "body": "", "headers": headers});
        stage.fault(path, fault).await;
        let failure = stage.refused("one", json!({})).await;
        assert_eq!(failure.kind, FailureKind::InvalidRequest, "{provider}");
        assert!(failure.detail.contains("redirect"), "{}", failure.detail);
    }
}
