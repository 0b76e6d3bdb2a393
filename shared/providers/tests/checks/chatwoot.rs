//! Chatwoot: whether it is there, whose token it is, and what that may do.

use domain::FailureKind::{
    AccountBlocked, CredentialsRejected, InvalidRequest, NotFound, PermissionMissing, Unavailable,
};
use serde_json::{Value, json};

use crate::stage::{Case, Stage};

const WRONG_TOKEN: &str = "wrongwrongwrongwrongwron";

async fn stage() -> Stage {
    Stage::new("chatwoot").await
}

#[tokio::test]
async fn s2_11_good_credentials_are_verified_and_named() {
    let stage = stage().await;
    for account in ["one", "two", "older"] {
        let checked = stage.checked(account, json!({})).await;
        assert!(checked.warnings.is_empty(), "{:?}", checked.warnings);
        let facts = json!({
            "version": "4.13.0",
            "account_name": format!("Sandbox desk {account}"),
            "user_name": format!("Sandbox user {account}"),
            "role": "administrator",
        });
        assert_eq!(Value::from(checked.facts), facts);
    }
}

#[tokio::test]
async fn s2_20_a_token_goes_by_all_its_names() {
    let stage = stage().await;
    let form = stage.form("one", json!({})).await;
    for name in [
        "apiKey",
        "api_token",
        "apiToken",
        "access_token",
        "apiAccessToken",
    ] {
        let changes = json!({name: form["api_key"]});
        let mut given = stage.form("one", changes).await;
        given.remove("api_key");
        let provider = providers::find("chatwoot").expect("listed");
        let filled = providers::form::read(provider, given, None).expect("a form that holds");
        stage.check(&filled).await.expect("good");
    }
}

#[tokio::test]
async fn s2_51_each_fault_is_told_apart() {
    let stage = stage().await;
    let other = stage.form("two", json!({})).await;
    for (account, changes, kind, says) in [
        (
            "one",
            json!({"api_key": WRONG_TOKEN}),
            CredentialsRejected,
            "Profile Settings → Access Token",
        ),
        (
            "one",
            json!({"account_id": other["account_id"]}),
            NotFound,
            "Check the account ID",
        ),
        (
            "one",
            json!({"account_id": "99"}),
            NotFound,
            "Check the account ID",
        ),
        ("bot", json!({}), PermissionMissing, "token of a user"),
        ("suspended", json!({}), AccountBlocked, "suspended"),
    ] {
        let case = Case {
            account,
            changes,
            kind,
            code: "",
            says,
        };
        stage.leads_to(case).await;
    }
    let elsewhere = json!({"base_url": "https://chat.nowhere.example.com"});
    let filled = stage.filled("one", elsewhere).await;
    assert_eq!(stage.host(&filled).await, ["chat.nowhere.example.com"]);
    stage.fault("/api", json!("reset")).await;
    assert_eq!(stage.refused("one", json!({})).await.kind, Unavailable);
}

#[tokio::test]
async fn s2_51_a_server_that_is_no_chatwoot_never_sees_the_token() {
    for (answer, kind) in [
        (json!({"status": 404, "body": "<html>"}), NotFound),
        (json!({"status": 404}), NotFound),
        (json!({"status": 400}), NotFound),
        (
            json!({"status": 200, "body": "<!DOCTYPE html><html>"}),
            NotFound,
        ),
        (json!({"status": 200, "body": {}}), NotFound),
        (json!({"status": 200, "body": {"version": "1.0"}}), NotFound),
        (json!({"status": 200, "body": []}), NotFound),
        (
            json!({"status": 200, "body": {"version": 1, "timestamp": "x"}}),
            NotFound,
        ),
        (json!({"status": 401, "body": ""}), AccountBlocked),
        (json!({"status": 403, "body": "<html>"}), AccountBlocked),
        (json!({"status": 301}), InvalidRequest),
    ] {
        let stage = stage().await;
        stage.fault("/api", answer.clone()).await;
        let failure = stage.refused("one", json!({})).await;
        assert_eq!(failure.kind, kind, "{answer}");
        assert_eq!(stage.calls().await, ["GET /api"]);
        for call in stage.requests().await {
            assert_eq!(call["headers"]["api_access_token"], Value::Null);
        }
    }
}

#[tokio::test]
async fn the_token_is_shown_once_and_in_its_own_header() {
    let stage = stage().await;
    let form = stage.form("one", json!({})).await;
    stage.checked("one", json!({})).await;
    assert_eq!(stage.calls().await, ["GET /api", "GET /api/v1/profile"]);
    let requests = stage.requests().await;
    assert_eq!(requests[1]["headers"]["api_access_token"], form["api_key"]);
    assert_eq!(requests[1]["headers"]["authorization"], Value::Null);
}

#[tokio::test]
async fn a_401_of_any_kind_speaks_of_the_token_and_of_the_proxy() {
    for body in [
        json!({"error": "Invalid Access Token"}),
        json!({"errors": ["You need to sign in or sign up before continuing."]}),
        json!({"error": 7}),
        json!("<html>"),
    ] {
        let stage = stage().await;
        stage
            .fault("/profile", json!({"status": 401, "body": body}))
            .await;
        let failure = stage.refused("one", json!({})).await;
        assert_eq!(failure.kind, CredentialsRejected, "{body}");
        assert!(
            failure.hint.contains("api_access_token"),
            "{}",
            failure.hint
        );
    }
}

#[tokio::test]
async fn what_an_agents_token_cannot_do_is_told_if_it_is_wanted() {
    let stage = stage().await;
    let checked = stage.checked("agent", json!({})).await;
    assert_eq!(checked.facts["role"], "agent");
    assert_eq!(checked.warnings.len(), 1);
    assert!(checked.warnings[0].contains("administrator"));
    let nothing =
        json!({"autoCreateInboxes": false, "autoCreateBots": false, "syncContacts": false});
    let checked = stage.checked("agent", nothing).await;
    assert!(checked.warnings.is_empty());
}

#[tokio::test]
async fn s2_54_a_version_without_agent_bots_is_told_if_they_are_wanted() {
    let server = json!({"version": "1.16.2", "timestamp": "2021-05-04 08:00:00"});
    for (wanted, warnings) in [(true, 1), (false, 0)] {
        let stage = stage().await;
        let fault = json!({"status": 200, "body": server});
        stage.fault_times("/api", fault, 1).await;
        let checked = stage
            .checked("one", json!({"auto_create_bots": wanted}))
            .await;
        assert_eq!(checked.facts["version"], "1.16.2");
        assert_eq!(checked.warnings.len(), warnings);
    }
}

#[tokio::test]
async fn profiles_with_more_or_less_than_expected_are_read() {
    let account = stage().await.form("one", json!({})).await["account_id"].clone();
    for (body, good) in [
        (json!({"accounts": [{"id": account}]}), true),
        (
            json!({"accounts": [{"id": null}, {"id": account, "status": null, "new": 1}]}),
            true,
        ),
        (json!({"accounts": []}), false),
        (json!({"accounts": null}), false),
        (json!({}), false),
        (json!([]), false),
        (json!("x"), false),
    ] {
        let stage = stage().await;
        let fault = json!({"status": 200, "body": body});
        stage.fault("/profile", fault).await;
        let filled = stage.filled("one", json!({})).await;
        let checked = stage.check(&filled).await;
        assert_eq!(checked.is_ok(), good, "{body}");
        if let Err(failure) = checked {
            assert!(!failure.kind.blames_credentials(), "{body}");
        }
    }
}

#[tokio::test]
async fn an_account_may_be_connected_more_than_once() {
    let stage = stage().await;
    let filled = stage.filled("one", json!({})).await;
    let provider = providers::find("chatwoot").expect("listed");
    let accounts = provider.accounts(&filled.settings);
    assert!(accounts.exclusive.is_empty());
    assert_eq!(
        accounts.shared,
        [filled.settings["account_id"].as_str().expect("text")]
    );
}
