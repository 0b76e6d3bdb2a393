//! PATCH: what is given changes, the rest stays.

use domain::{IntegrationId, MessageId, TenantId, Timestamp};
use serde_json::{Value, json};
use store::parked::{Parked, ParkedMessage};
use testing::switchboard as names;

use crate::stage::{ADMIN, INTEGRATIONS, Stage, WHATSAPP};

#[tokio::test]
async fn a_new_name_is_no_matter_of_the_provider() {
    let (stage, one) = Stage::configured().await;
    let before = stage.requests().await.len();
    stage.cloud.reset_counts();
    let change = json!({"name": " Front desk ", "priority": 7});
    let reply = stage.call(ADMIN, "PATCH", WHATSAPP, change).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(stage.requests().await.len(), before);
    assert_eq!(stage.cloud.count("Decrypt"), 0);
    let data = &reply.body["data"];
    assert_eq!(
        (&data["name"], &data["priority"]),
        (&json!("Front desk"), &json!(7))
    );
    let mut expected = one.body["data"].clone();
    for name in ["name", "priority", "revision", "updated_at"] {
        expected[name] = data[name].clone();
    }
    assert_eq!(*data, expected);
    assert_eq!(stage.get(ADMIN, WHATSAPP).await.body, reply.body);
    assert!(
        stage
            .trail()
            .contains(&("integration.change".into(), "ok".into()))
    );
}

#[tokio::test]
async fn a_new_value_is_tested_with_those_that_stay() {
    let (stage, _) = Stage::configured().await;
    let version = json!({"graph_version": "v24.0"});
    let reply = stage.call(ADMIN, "PATCH", WHATSAPP, version).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(reply.body["data"]["settings"]["graph_version"], "v24.0");
    let calls = stage.requests().await;
    assert!(calls.iter().any(|call| {
        call["path"]
            .as_str()
            .is_some_and(|p| p.starts_with("/v24.0/"))
    }));
    let wrong = json!({"access_token": "EAAwrongwrongwrongwrong", "app_secret": null});
    let before = stage.get(ADMIN, WHATSAPP).await;
    let reply = stage.call(ADMIN, "PATCH", WHATSAPP, wrong).await;
    reply.is_problem(422, "credentials_rejected");
    assert_eq!(stage.get(ADMIN, WHATSAPP).await.body, before.body);
}

#[tokio::test]
async fn off_and_on_again() {
    let (stage, one) = Stage::configured().await;
    for (enabled, status) in [(false, "disabled"), (true, "connected")] {
        let change = json!({"enabled": enabled});
        let reply = stage.call(ADMIN, "PATCH", WHATSAPP, change).await;
        assert_eq!(reply.body["data"]["status"], status, "{}", reply.text);
        let shown = stage
            .get(ADMIN, &format!("{INTEGRATIONS}/{}", one.id()))
            .await;
        assert_eq!(shown.body["data"]["status"], status);
        let roster = stage.cloud.items(names::INTEGRATIONS);
        let roster = roster
            .iter()
            .find(|item| item["sk"]["S"] == "ROSTER")
            .expect("a roster");
        let line = roster[one.id()]["S"].as_str().expect("a line");
        assert!(line.contains(&format!("\"enabled\":{enabled}")), "{line}");
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test is a trusted source of tenants"
)]
async fn park(stage: &Stage, integration: &str) {
    let client = aws_sdk_dynamodb::Client::new(&stage.cloud.sdk_config());
    let parked = Parked::new(client, names::ACTIVITY.into());
    let tenant = TenantId::from_trusted_source("t_one").expect("valid");
    for number in 0..3 {
        let message = ParkedMessage {
            id: MessageId::parse(&format!("m-{number}")).expect("valid"),
            integration: IntegrationId::parse(integration).expect("valid"),
            accepted_at: Timestamp::from_seconds(1_767_000_000 + number),
            attempt: 1,
            body: format!("body {number}"),
        };
        parked
            .keep(&tenant, &message, message.accepted_at)
            .await
            .expect("kept");
    }
}

#[tokio::test]
async fn what_was_parked_goes_out_when_the_integration_can_send_again() {
    let (stage, one) = Stage::configured().await;
    let off = json!({"enabled": false});
    stage.call(ADMIN, "PATCH", WHATSAPP, off).await;
    park(&stage, one.id()).await;
    // New credentials for what is switched off change nothing for those who wait.
    let form = stage.form("one").await;
    let reply = stage.call(ADMIN, "POST", WHATSAPP, form).await;
    assert_eq!(reply.body["data"]["status"], "disabled");
    assert!(stage.cloud.messages(names::MESSAGES).is_empty());
    let on = json!({"enabled": true});
    stage.call(ADMIN, "PATCH", WHATSAPP, on).await;
    is_release(&stage.cloud.messages(names::MESSAGES), one.id());
}

#[tokio::test]
async fn what_was_parked_goes_out_after_a_repair() {
    let (stage, one) = Stage::configured().await;
    park(&stage, one.id()).await;
    let form = stage.form("one").await;
    let reply = stage.call(ADMIN, "POST", WHATSAPP, form).await;
    assert_eq!(reply.status, 200);
    is_release(&stage.cloud.messages(names::MESSAGES), one.id());
}

/// Whoever serves the queue is told, once, to let go what was parked for that integration.
#[track_caller]
fn is_release(queued: &[String], integration: &str) {
    let [release] = queued else {
        panic!("{queued:?}");
    };
    let release: Value = serde_json::from_str(release).expect("JSON");
    assert_eq!(release["integrationId"], integration);
    assert_eq!(release["tenantId"], "t_one");
}

#[tokio::test]
async fn a_change_on_an_old_state_is_refused() {
    let (stage, one) = Stage::configured().await;
    let tag = one.headers["etag"].as_str().expect("a tag").to_owned();
    let rename = |name: &str| json!({ "name": name });
    let with = |tag: String| {
        let stage = &stage;
        async move {
            stage
                .call_with(ADMIN, "PATCH", WHATSAPP, rename("A"), &[("if-match", &tag)])
                .await
        }
    };
    assert_eq!(with(tag.clone()).await.status, 200);
    with(tag.clone()).await.is_problem(412, "changed_meanwhile");
    with("nonsense".into())
        .await
        .is_problem(412, "changed_meanwhile");
    assert_eq!(with("*".into()).await.status, 200);
    let gone = stage
        .call_with(
            ADMIN,
            "DELETE",
            WHATSAPP,
            Value::Null,
            &[("if-match", &tag)],
        )
        .await;
    gone.is_problem(412, "changed_meanwhile");
    assert_eq!(stage.get(ADMIN, WHATSAPP).await.status, 200);
}

#[tokio::test]
async fn of_two_changes_at_once_none_is_lost_silently() {
    let (stage, _) = Stage::configured().await;
    let (a, b) = tokio::join!(
        stage.call(ADMIN, "PATCH", WHATSAPP, json!({"name": "A"})),
        stage.call(ADMIN, "PATCH", WHATSAPP, json!({"name": "B"}))
    );
    let mut both = [a.status, b.status];
    both.sort_unstable();
    assert_eq!(both, [200, 409]);
    let winner = if a.status == 200 { "A" } else { "B" };
    assert_eq!(
        stage.get(ADMIN, WHATSAPP).await.body["data"]["name"],
        winner
    );
}

#[tokio::test]
async fn the_owner_cannot_be_changed() {
    let (stage, one) = Stage::configured().await;
    let change = json!({"owner": "user"});
    let reply = stage.call(ADMIN, "PATCH", WHATSAPP, change).await;
    reply.is_problem(422, "invalid_fields");
    assert_eq!(reply.body["errors"][0]["field"], "owner");
    assert_eq!(stage.get(ADMIN, WHATSAPP).await.body, one.body);
}

#[tokio::test]
async fn what_does_not_open_any_more_can_be_entered_again() {
    let (stage, one) = Stage::configured().await;
    let old_routes = stage.items()[1];
    // The seal of another integration is put in its place.
    let client = aws_sdk_dynamodb::Client::new(&stage.cloud.sdk_config());
    let text = |value: &str| aws_sdk_dynamodb::types::AttributeValue::S(value.to_owned());
    let foreign = aws_sdk_dynamodb::primitives::Blob::new(b"SB\x01\x01 not a seal".as_slice());
    client
        .update_item()
        .table_name(names::INTEGRATIONS)
        .key("pk", text("t_one"))
        .key("sk", text(&format!("INTEGRATION#{}", one.id())))
        .update_expression("SET credentials = :foreign")
        .expression_attribute_values(
            ":foreign",
            aws_sdk_dynamodb::types::AttributeValue::B(foreign),
        )
        .send()
        .await
        .expect("written");
    let part = json!({"graph_version": "v24.0"});
    let reply = stage.call(ADMIN, "PATCH", WHATSAPP, part).await;
    reply.is_problem(422, "invalid_fields");
    assert_eq!(reply.body["errors"][0]["field"], "access_token");
    let form = stage.form("one").await;
    let reply = stage.call(ADMIN, "POST", WHATSAPP, form).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(reply.body["data"]["webhook"]["status"], "registered");
    // It has a new URL, and the old one is gone.
    assert_eq!(stage.items()[1], old_routes);
}
