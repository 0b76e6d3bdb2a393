//! DELETE: everything that belongs to an integration goes in one transaction.

use serde_json::{Value, json};
use testing::cloud::{Calls, Fault};
use testing::switchboard as names;

use crate::stage::{ADMIN, AGENT, INTEGRATIONS, MANAGER, STRANGER, Stage, WHATSAPP};

#[tokio::test]
async fn everything_goes_and_the_account_can_be_connected_again() {
    let (stage, one) = Stage::configured().await;
    stage.cloud.reset_counts();
    let path = format!("{INTEGRATIONS}/{}", one.id());
    let reply = stage.call(ADMIN, "DELETE", &path, Value::Null).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let message = reply.body["message"].as_str().expect("a message");
    assert!(
        message.contains("Removed, with its credentials"),
        "{message}"
    );
    assert_eq!(stage.cloud.count("TransactWriteItems"), 1);
    assert_eq!(stage.cloud.count("DeleteItem"), 0);
    // Whose it was is known for as long as there are events of it.
    let note = format!("REMOVED##{}", one.id());
    let left = stage.cloud.items(names::INTEGRATIONS);
    let left: Vec<_> = left
        .iter()
        .filter(|item| item["sk"]["S"] != *note)
        .collect();
    assert!(
        left.iter()
            .all(|item| item["sk"]["S"] == "ROSTER" && item.get(one.id()).is_none())
    );
    assert!(stage.cloud.items(names::WEBHOOK_ROUTES).is_empty());
    assert!(
        stage
            .trail()
            .contains(&("integration.delete".into(), "ok".into()))
    );
    // The provider was told to stop.
    let calls = stage.requests().await;
    let last = calls.last().expect("a call");
    assert_eq!(
        last["body"],
        json!({"webhook_configuration": {"override_callback_uri": ""}})
    );
    for path in [WHATSAPP, &path] {
        stage.get(ADMIN, path).await.is_problem(404, "not_found");
        stage
            .call(ADMIN, "DELETE", path, Value::Null)
            .await
            .is_problem(404, "not_found");
    }
    let form = stage.form("one").await;
    let reply = stage.call(STRANGER, "POST", WHATSAPP, form).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
}

#[tokio::test]
async fn a_provider_that_cannot_be_told_does_not_keep_it() {
    let (stage, _) = Stage::configured().await;
    stage.fault(json!("reset")).await;
    let reply = stage.call(ADMIN, "DELETE", WHATSAPP, Value::Null).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let message = reply.body["message"].as_str().expect("a message");
    assert!(message.contains("could not be told to stop"), "{message}");
    assert_eq!(stage.items()[1], 0);
}

#[tokio::test]
async fn a_removal_that_fails_removes_nothing() {
    let (stage, one) = Stage::configured().await;
    let before = stage.items();
    let calls = Calls::of("TransactWriteItems").always();
    stage.cloud.faults().fail(calls, Fault::AccessDenied);
    let reply = stage.call(ADMIN, "DELETE", WHATSAPP, Value::Null).await;
    reply.is_problem(503, "temporarily_unavailable");
    assert_eq!(stage.items(), before);
    stage.cloud.faults().clear();
    assert_eq!(stage.get(ADMIN, WHATSAPP).await.id(), one.id());
}

#[tokio::test]
async fn only_an_admin_removes_what_is_the_tenants() {
    let (stage, one) = Stage::configured().await;
    for who in [MANAGER, AGENT] {
        let reply = stage.call(who, "DELETE", WHATSAPP, Value::Null).await;
        reply.is_problem(403, "forbidden");
    }
    assert_eq!(stage.get(ADMIN, WHATSAPP).await.body, one.body);
}
