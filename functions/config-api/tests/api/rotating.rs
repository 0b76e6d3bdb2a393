//! New secrets: tested before they take over; those before are kept, sealed, for a day.

use serde_json::{Value, json};
use testing::switchboard as names;

use crate::stage::{ADMIN, Reply, Stage, WHATSAPP};

/// The other number of account one.
const OTHER_NUMBER: &str = "30710000000000003";
const A_DAY_LATER: &str = "2026-01-02T00:00:00.000Z";

/// With account one configured without its app secret.
async fn configured() -> Stage {
    let stage = Stage::new().await;
    let form = stage.form_with("one", json!({"app_secret": null})).await;
    let reply = stage.call(ADMIN, "POST", WHATSAPP, form).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    stage
}

async fn change(stage: &Stage, change: Value) -> Reply {
    let reply = stage.call(ADMIN, "PATCH", WHATSAPP, change).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply
}

/// Gives it the app secret, and with it new secrets, besides other changes.
async fn rotate(stage: &Stage, mut changes: Value) -> Reply {
    changes["app_secret"] = stage.form("one").await["app_secret"].clone();
    change(stage, changes).await
}

fn seal(stage: &Stage, kind: &str) -> Value {
    stage.item(kind).expect("an item")["credentials"].clone()
}

fn version(stage: &Stage) -> String {
    let item = stage.item("INTEGRATION#").expect("an integration");
    let version = item["credential_version"]["N"].as_str();
    version.expect("a number").to_owned()
}

#[tokio::test]
async fn new_secrets_that_the_provider_refuses_change_nothing() {
    let stage = configured().await;
    let (before, shown) = (
        stage.cloud.items(names::INTEGRATIONS),
        stage.get(ADMIN, WHATSAPP).await,
    );
    for (new, code) in [
        (
            json!({"access_token": "EAAwrongwrongwrongwrong"}),
            "credentials_rejected",
        ),
        (
            json!({"app_secret": "0123456789abcdef0123456789abcdef"}),
            "permission_missing",
        ),
    ] {
        let reply = stage.call(ADMIN, "PATCH", WHATSAPP, new).await;
        reply.is_problem(422, code);
        assert_eq!(stage.cloud.items(names::INTEGRATIONS), before);
        assert_eq!(stage.get(ADMIN, WHATSAPP).await.text, shown.text);
    }
}

#[tokio::test]
async fn those_before_are_kept_sealed_for_a_day_and_the_answer_says_so() {
    let stage = configured().await;
    let before = seal(&stage, "INTEGRATION#");
    let reply = rotate(&stage, json!({})).await;
    assert_eq!(reply.body["data"]["returns_until"], A_DAY_LATER);
    let shown = stage.get(ADMIN, WHATSAPP).await;
    assert_eq!(shown.body["data"]["returns_until"], A_DAY_LATER);
    assert_eq!(seal(&stage, "PREVIOUS#"), before);
    assert_ne!(seal(&stage, "INTEGRATION#"), before);
    let kept = stage.item("PREVIOUS#").expect("kept");
    assert_eq!(kept["credential_version"]["N"], "1");
    assert_eq!(version(&stage), "2");
    // DynamoDB removes it then.
    assert_eq!(kept["expires_at_s"]["N"], "1767312000");
    let token = stage.form("one").await["access_token"].clone();
    let token = token.as_str().expect("text");
    assert!(!kept.to_string().contains(token));
}

/// After a return to them their provider's signatures would be refused.
#[tokio::test]
async fn those_whose_webhook_does_not_live_on_are_not_kept() {
    let stage = configured().await;
    rotate(&stage, json!({})).await;
    assert!(stage.item("PREVIOUS#").is_some());
    let reply = change(&stage, json!({"app_secret": null})).await;
    assert!(reply.body["data"].get("returns_until").is_none());
    assert!(stage.item("PREVIOUS#").is_none());
    assert_eq!(version(&stage), "3");
}

#[tokio::test]
async fn who_does_not_want_those_before_kept_keeps_none() {
    let stage = configured().await;
    let reply = rotate(&stage, json!({"keep_previous": false})).await;
    assert!(reply.body["data"].get("returns_until").is_none());
    assert!(stage.item("PREVIOUS#").is_none());
}

#[tokio::test]
async fn what_was_kept_is_forgotten_when_that_is_asked_for() {
    let whole = configured().await.form("one").await;
    let mut again = whole.clone();
    again["keepPrevious"] = false.into();
    for request in [json!({"keep_previous": false}), again] {
        let stage = configured().await;
        rotate(&stage, json!({})).await;
        assert!(stage.item("PREVIOUS#").is_some());
        let reply = change(&stage, request.clone()).await;
        let fields: Vec<_> = request.as_object().into_iter().flatten().collect();
        assert!(
            reply.body["data"].get("returns_until").is_none(),
            "{fields:?}"
        );
        assert!(stage.item("PREVIOUS#").is_none(), "{fields:?}");
    }
}

#[tokio::test]
async fn the_same_secrets_saved_again_leave_those_before_as_they_are() {
    let stage = configured().await;
    rotate(&stage, json!({})).await;
    let kept = stage.item("PREVIOUS#");
    stage.clock.advance(std::time::Duration::from_secs(3600));
    for again in [
        stage.form("one").await,
        json!({"access_token": "••••", "app_secret": "••••"}),
        json!({"graph_version": "v24.0"}),
        json!({"name": "Front desk"}),
        json!({"keep_previous": true}),
    ] {
        let reply = change(&stage, again).await;
        assert_eq!(reply.body["data"]["returns_until"], A_DAY_LATER);
        assert_eq!(stage.item("PREVIOUS#"), kept);
    }
}

#[tokio::test]
async fn a_change_of_the_account_keeps_none() {
    let stage = configured().await;
    let reply = rotate(&stage, json!({"phone_number_id": OTHER_NUMBER})).await;
    assert!(reply.body["data"].get("returns_until").is_none());
    assert!(stage.item("PREVIOUS#").is_none());
}

#[tokio::test]
async fn a_change_of_the_account_alone_forgets_those_that_belong_to_the_one_before() {
    let stage = configured().await;
    rotate(&stage, json!({})).await;
    assert!(stage.item("PREVIOUS#").is_some());
    let reply = change(&stage, json!({"phone_number_id": OTHER_NUMBER})).await;
    assert!(reply.body["data"].get("returns_until").is_none());
    assert!(stage.item("PREVIOUS#").is_none());
}

#[tokio::test]
async fn what_did_not_work_or_does_not_open_is_not_kept() {
    use aws_sdk_dynamodb::primitives::Blob;
    use aws_sdk_dynamodb::types::AttributeValue;

    let broken = AttributeValue::B(Blob::new(b"SB\x01\x01 not a seal".as_slice()));
    let invalid = AttributeValue::S("invalid".into());
    for (field, value) in [("credentials", broken), ("status", invalid)] {
        let stage = configured().await;
        let item = stage.item("INTEGRATION#").expect("an integration");
        let key = |name: &str| AttributeValue::S(item[name]["S"].as_str().expect("text").into());
        aws_sdk_dynamodb::Client::new(&stage.cloud.sdk_config())
            .update_item()
            .table_name(names::INTEGRATIONS)
            .key("pk", key("pk"))
            .key("sk", key("sk"))
            .update_expression("SET #field = :value")
            .expression_attribute_names("#field", field)
            .expression_attribute_values(":value", value)
            .send()
            .await
            .expect("written");
        let form = stage.form("one").await;
        let reply = change(&stage, form).await;
        assert!(
            reply.body["data"].get("returns_until").is_none(),
            "{}",
            reply.text
        );
        assert!(stage.item("PREVIOUS#").is_none(), "{field}");
    }
}

#[tokio::test]
async fn of_two_rotations_at_once_one_wins_and_what_is_kept_is_what_it_replaced() {
    let stage = configured().await;
    let before = seal(&stage, "INTEGRATION#");
    let form = stage.form("one").await;
    let (a, b) = tokio::join!(
        stage.call(ADMIN, "PATCH", WHATSAPP, form.clone()),
        stage.call(ADMIN, "PATCH", WHATSAPP, form)
    );
    let mut both = [a.status, b.status];
    both.sort_unstable();
    assert_eq!(both, [200, 409]);
    assert_eq!(seal(&stage, "PREVIOUS#"), before);
    assert_eq!(version(&stage), "2");
}

#[tokio::test]
async fn h2_no_version_comes_twice() {
    let stage = configured().await;
    let mut versions = vec![version(&stage)];
    let secret = stage.form("one").await["app_secret"].clone();
    for app_secret in [secret.clone(), Value::Null, secret] {
        change(&stage, json!({"app_secret": app_secret})).await;
        versions.push(version(&stage));
    }
    assert_eq!(versions, ["1", "2", "3", "4"]);
}
