//! A custom CRM: how it is shown who asks, and what its answer means.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::FailureKind::{CredentialsRejected, InvalidRequest, NotFound, PermissionMissing};
use providers::Checked;
use serde_json::{Value, json};

use crate::stage::{Case, Stage};

async fn stage() -> Stage {
    Stage::new("custom_crm").await
}

#[tokio::test]
async fn s2_27_good_credentials_of_each_kind_are_verified() {
    let stage = stage().await;
    for account in ["one", "two", "basic", "own_header"] {
        let Checked {
            facts,
            warnings,
            discovered,
            expires_at,
        } = stage.checked(account, json!({})).await;
        assert_eq!(Value::from(facts), json!({"http_status": 200}));
        assert!(warnings.is_empty() && discovered.is_empty() && expires_at.is_none());
    }
    assert_eq!(stage.calls().await, ["GET /crm/v1/me"; 4]);
}

#[tokio::test]
async fn s2_28_credentials_are_shown_as_the_kind_wants_it() {
    let basic = |pair: &str| format!("Basic {}", STANDARD.encode(pair));
    for (changes, header, value) in [
        (
            json!({"auth_type": "api_key", "credentials": {"api_key": "CANARY-1"}}),
            "x-api-key",
            "CANARY-1".to_owned(),
        ),
        (
            json!({"auth_type": "api_key", "api_key_header": "Authorization",
                "credentials": {"api_key": "Token CANARY-1"}}),
            "authorization",
            "Token CANARY-1".to_owned(),
        ),
        (
            json!({"auth_type": "bearer", "credentials": {"token": "CANARY-1"}}),
            "authorization",
            "Bearer CANARY-1".to_owned(),
        ),
        (
            json!({"auth_type": "bearer", "credentials": {"api_key": "CANARY-1"}}),
            "authorization",
            "Bearer CANARY-1".to_owned(),
        ),
        (
            json!({"authenticationType": "basic", "auth_type": null,
                "credentials": {"username": "zoë", "password": "p:w", "api_key": "unused"}}),
            "authorization",
            basic("zoë:p:w"),
        ),
    ] {
        let stage = stage().await;
        stage
            .fault("/crm/", json!({"status": 204, "body": ""}))
            .await;
        let mut form = stage.form("one", changes.clone()).await;
        form.retain(|_, value| !value.is_null());
        let provider = providers::find("custom_crm").expect("listed");
        let filled = providers::form::read(provider, form, None).expect("a form that holds");
        stage.check(&filled).await.expect("good");
        let headers = stage.requests().await[0]["headers"].clone();
        assert_eq!(headers[header], value, "{changes}");
        let others = ["authorization", "x-api-key"].into_iter();
        for other in others.filter(|other| *other != header) {
            assert_eq!(headers[other], Value::Null, "{changes}");
        }
    }
}

#[tokio::test]
async fn credentials_that_do_not_fit_their_kind_are_refused_before_anything_is_sent() {
    let stage = stage().await;
    for (kind, credentials, says) in [
        (
            "api_key",
            json!({"token": "CANARY-1"}),
            "api_key is missing",
        ),
        ("api_key", json!({"api_key": ""}), "api_key is missing"),
        (
            "api_key",
            json!({"api_key": "CANARY\n"}),
            "api_key has characters",
        ),
        (
            "api_key",
            json!({"api_key": "CANARÝ"}),
            "api_key has characters",
        ),
        (
            "bearer",
            json!({"username": "CANARY-1"}),
            "token is missing",
        ),
        (
            "bearer",
            json!({"token": "CANARY\r\nhost: x"}),
            "token has characters",
        ),
        (
            "basic",
            json!({"username": "CANARY-1"}),
            "password is missing",
        ),
        (
            "basic",
            json!({"password": "CANARY-1"}),
            "username is missing",
        ),
        (
            "basic",
            json!({"username": "a:b", "password": "CANARY-1"}),
            "username has a colon",
        ),
    ] {
        let changes = json!({"auth_type": kind, "credentials": credentials});
        let failure = stage.refused("one", changes.clone()).await;
        assert_eq!(failure.kind, InvalidRequest, "{changes}");
        assert!(
            failure.detail.contains(says),
            "{changes}: {}",
            failure.detail
        );
        assert!(!format!("{failure:?}").contains("CANAR"));
    }
    assert!(stage.calls().await.is_empty());
}

#[tokio::test]
async fn s2_27_what_is_planned_is_refused_with_the_form() {
    let stage = stage().await;
    for (changes, field) in [
        (json!({"auth_type": "oauth2_client"}), "auth_type"),
        (json!({"auth_type": "digest"}), "auth_type"),
        (json!({"auth_type": null}), "auth_type"),
        (json!({"api_key_header": "Host"}), "api_key_header"),
        (
            json!({"api_key_header": "Transfer-Encoding"}),
            "api_key_header",
        ),
        (json!({"api_key_header": "X:Key"}), "api_key_header"),
        (json!({"test_path": "crm/v1/me"}), "test_path"),
        (json!({"test_path": "//evil.example/"}), "test_path"),
        (json!({"test_path": "/a/../b"}), "test_path"),
        (json!({"test_path": "/me?key=1"}), "test_path"),
        (
            json!({"base_url": "https://crm.example.com/api"}),
            "base_url",
        ),
        (json!({"credentials": {}}), "credentials"),
        (json!({"credentials": {"api_key": 1}}), "credentials"),
        (json!({"credentials": "CANARY-1"}), "credentials"),
    ] {
        let objections = stage.objections("one", changes.clone()).await;
        let fields: Vec<_> = objections.iter().map(|one| one.field.as_str()).collect();
        assert_eq!(fields, [field], "{changes}");
    }
}

#[tokio::test]
async fn each_answer_has_its_verdict() {
    let stage = stage().await;
    for (account, changes, kind, code, says) in [
        (
            "one",
            json!({"credentials": {"api_key": "CANARY-wrong"}}),
            CredentialsRejected,
            "401",
            "Check the credentials",
        ),
        (
            "one",
            json!({"api_key_header": "X-Other"}),
            CredentialsRejected,
            "401",
            "api_key_header",
        ),
        (
            "forbidden",
            json!({}),
            PermissionMissing,
            "403",
            "permission",
        ),
        (
            "one",
            json!({"test_path": "/crm/v1/nothing"}),
            NotFound,
            "404",
            "Correct the test_path",
        ),
    ] {
        let case = Case {
            account,
            changes,
            kind,
            code,
            says,
        };
        stage.leads_to(case).await;
    }
    for (status, kind) in [
        (400, InvalidRequest),
        (405, InvalidRequest),
        (410, NotFound),
        (422, InvalidRequest),
    ] {
        stage
            .fault_times("/crm/", json!({"status": status}), 1)
            .await;
        let failure = stage.refused("one", json!({})).await;
        assert_eq!(failure.kind, kind, "{status}");
        assert_eq!(failure.provider_code, Some(status.to_string()));
    }
}

#[tokio::test]
async fn any_success_is_one_whatever_the_body() {
    let stage = stage().await;
    for (status, body) in [(200, "<html>"), (200, ""), (201, "[]"), (204, "")] {
        stage
            .fault_times("/crm/", json!({"status": status, "body": body}), 1)
            .await;
        let checked = stage.checked("one", json!({})).await;
        assert_eq!(checked.facts["http_status"], status);
    }
}

#[tokio::test]
async fn the_credentials_go_to_the_address_that_was_entered() {
    let stage = stage().await;
    let filled = stage.filled("two", json!({})).await;
    assert_eq!(stage.host(&filled).await, ["crm.two.example.com"]);
    assert!(stage.calls().await.is_empty());
}
