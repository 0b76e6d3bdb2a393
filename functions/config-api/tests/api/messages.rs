//! Putting messages on the queue, and following them.

use serde_json::{Value, json};
use testing::cloud::{Calls, Fault};
use testing::switchboard as names;

use crate::stage::{ADMIN, AGENT, OPERATOR, SERVICE, STRANGER, Stage};

const MESSAGES: &str = "/api/v1/messages";

fn text() -> Value {
    json!({"wabaPayload": {"to": "919876543220", "type": "text", "text": {"body": "Hello!"}}})
}

fn queued(stage: &Stage) -> Vec<Value> {
    let bodies = stage.cloud.messages(names::MESSAGES);
    bodies
        .iter()
        .map(|body| serde_json::from_str(body).expect("JSON"))
        .collect()
}

#[tokio::test]
async fn a_message_is_accepted_and_can_be_followed() {
    let stage = Stage::new().await;
    for who in [ADMIN, SERVICE] {
        let reply = stage.call(who, "POST", MESSAGES, text()).await;
        assert_eq!(reply.status, 202, "{}", reply.text);
        assert_eq!(reply.body["data"]["status"], "accepted");
        let message = queued(&stage).pop().expect("queued");
        let mut expected = json!({"tenantId": "t_one", "messageId": reply.id()});
        if who.role != "service" {
            expected["userId"] = who.user.into();
        }
        assert_eq!(message["metadata"], expected);
        assert_eq!(message["wabaPayload"], text()["wabaPayload"]);
        let shown = stage.get(who, &format!("{MESSAGES}/{}", reply.id())).await;
        let at = "2026-01-01T00:00:00.000Z";
        assert_eq!(
            shown.body["data"],
            json!({"id": reply.id(), "status": "accepted", "attempts": 0,
                "timeline": [{"status": "accepted", "at": at}]})
        );
    }
}

#[tokio::test]
async fn metadata_is_taken_in_either_spelling() {
    let stage = Stage::new().await;
    let mut message = text();
    message["metadata"] = json!({"tenant_id": "t_one", "message_id": "m-1", "phone_number_id": "882",
        "user_id": "u-1", "notAfter": "2026-01-02T00:00:00Z"});
    let reply = stage.call(SERVICE, "POST", MESSAGES, message).await;
    assert_eq!((reply.status, reply.id()), (202, "m-1"), "{}", reply.text);
    assert_eq!(
        queued(&stage)[0]["metadata"],
        json!({"tenantId": "t_one", "messageId": "m-1", "phoneNumberId": "882", "userId": "u-1",
            "notAfter": "2026-01-02T00:00:00.000Z"})
    );
}

#[tokio::test]
async fn another_tenants_name_is_as_good_as_none() {
    let stage = Stage::new().await;
    let mut answers = Vec::new();
    for tenant in [json!("t_two"), json!("t_none"), json!("a b"), json!(5)] {
        for name in ["tenantId", "tenant_id"] {
            let mut message = text();
            message["metadata"] = json!({ name: tenant });
            let reply = stage.call(ADMIN, "POST", MESSAGES, message).await;
            reply.is_problem(404, "not_found");
            answers.push(reply.text);
        }
    }
    answers.dedup();
    assert_eq!(answers.len(), 1);
    assert!(queued(&stage).is_empty());
}

#[tokio::test]
async fn what_is_wrong_is_said_by_field() {
    let stage = Stage::new().await;
    let payload = text()["wabaPayload"].clone();
    for (body, field) in [
        (json!({}), "wabaPayload"),
        (json!({"wabaPayload": "text"}), "wabaPayload"),
        (json!({"wabaPayload": payload, "metadata": []}), "metadata"),
        (json!({"wabaPayload": payload, "colour": 1}), "colour"),
        (
            json!({"wabaPayload": payload, "metadata": {"messageId": "a b"}}),
            "metadata.message_id",
        ),
        (
            json!({"wabaPayload": payload, "metadata": {"messageId": 5}}),
            "metadata.message_id",
        ),
        (
            json!({"wabaPayload": payload, "metadata": {"channel": "A B"}}),
            "metadata.channel",
        ),
        (
            json!({"wabaPayload": payload, "metadata": {"notAfter": "soon"}}),
            "metadata.not_after",
        ),
        (
            json!({"wabaPayload": payload, "metadata": {"integrationId": "x"}}),
            "metadata.integration_id",
        ),
    ] {
        let reply = stage.call(ADMIN, "POST", MESSAGES, body.clone()).await;
        reply.is_problem(422, "invalid_fields");
        assert_eq!(reply.body["errors"][0]["field"], field, "{body}");
    }
    for key in ["", "a b", "ü", &"x".repeat(129)] {
        let headers = [("idempotency-key", key)];
        let reply = stage
            .call_with(ADMIN, "POST", MESSAGES, text(), &headers)
            .await;
        reply.is_problem(400, "invalid_parameter");
        assert_eq!(reply.body["errors"][0]["field"], "Idempotency-Key");
    }
    assert!(queued(&stage).is_empty());
    assert_eq!(stage.items(), [0; 4]);
}

#[tokio::test]
async fn a_key_names_one_message_of_one_tenant() {
    let stage = Stage::new().await;
    let headers = [("idempotency-key", "key-1")];
    let first = stage
        .call_with(ADMIN, "POST", MESSAGES, text(), &headers)
        .await;
    let again = stage
        .call_with(SERVICE, "POST", MESSAGES, text(), &headers)
        .await;
    assert_eq!((first.status, &first.text), (202, &again.text));
    // Put on the queue again under the same id: the ledger sends it once.
    let ids: Vec<_> = queued(&stage)
        .iter()
        .map(|one| one["metadata"]["messageId"].clone())
        .collect();
    assert_eq!(ids, [first.id(), first.id()]);
    let mut other = text();
    other["wabaPayload"]["text"]["body"] = "Another".into();
    let reused = stage
        .call_with(ADMIN, "POST", MESSAGES, other.clone(), &headers)
        .await;
    reused.is_problem(422, "idempotency_key_reused");
    assert_eq!(queued(&stage).len(), 2);
    // The order of fields does not make it another message.
    let turned = r#"{"metadata": {}, "wabaPayload": {"type": "text", "text": {"body": "Hello!"}, "to": "919876543220"}}"#;
    let same = stage
        .call_with(ADMIN, "POST", MESSAGES, turned, &headers)
        .await;
    assert_eq!(same.text, first.text);
    let foreign = stage
        .call_with(STRANGER, "POST", MESSAGES, other, &headers)
        .await;
    assert_eq!(foreign.status, 202);
    assert_ne!(foreign.id(), first.id());
}

#[tokio::test]
async fn a_queue_that_is_down_is_told_and_a_repeat_gets_through() {
    let stage = Stage::new().await;
    let calls = Calls::of("SendMessageBatch").on(names::MESSAGES).always();
    stage.cloud.faults().fail(calls, Fault::InternalError);
    let headers = [("idempotency-key", "key-1")];
    let reply = stage
        .call_with(ADMIN, "POST", MESSAGES, text(), &headers)
        .await;
    reply.is_problem(503, "temporarily_unavailable");
    stage.cloud.faults().clear();
    let reply = stage
        .call_with(ADMIN, "POST", MESSAGES, text(), &headers)
        .await;
    assert_eq!(reply.status, 202);
    assert_eq!(queued(&stage).len(), 1);
}

#[tokio::test]
async fn another_tenants_message_is_not_there() {
    let stage = Stage::new().await;
    let mut message = text();
    message["metadata"] = json!({"messageId": "m-1"});
    stage.call(ADMIN, "POST", MESSAGES, message).await;
    let foreign = stage.get(STRANGER, &format!("{MESSAGES}/m-1")).await;
    foreign.is_problem(404, "not_found");
    for id in ["m-2", "a b", "..", "%2e", &"x".repeat(500)] {
        let unknown = stage.get(STRANGER, &format!("{MESSAGES}/{id}")).await;
        assert_eq!(
            unknown.but_for_its_id(),
            foreign.but_for_its_id(),
            "{id:.20}"
        );
    }
    assert_eq!(
        stage.get(AGENT, &format!("{MESSAGES}/m-1")).await.status,
        200
    );
}

#[tokio::test]
async fn an_operator_sends_for_the_tenant_it_names() {
    let stage = Stage::new().await;
    let header = [("x-switchboard-tenant", "t_two")];
    let reply = stage
        .call_with(OPERATOR, "POST", MESSAGES, text(), &header)
        .await;
    assert_eq!(reply.status, 202);
    assert_eq!(queued(&stage)[0]["metadata"]["tenantId"], "t_two");
}
