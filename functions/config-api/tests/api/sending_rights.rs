//! Who may send through what (S1-64, S2-36): managers and agents through their own integrations and granted ones.

use serde_json::{Value, json};
use testing::switchboard as names;

use crate::stage::{ADMIN, AGENT, INTEGRATIONS, MANAGER, Person, Reply, SERVICE, Stage, WHATSAPP};

const MESSAGES: &str = "/api/v1/messages";

pub(crate) fn message(metadata: Value) -> Value {
    json!({"metadata": metadata, "wabaPayload": {"to": "919876543220", "type": "text", "text": {"body": "Hi"}}})
}

pub(crate) async fn send(stage: &Stage, who: Person, metadata: Value) -> Reply {
    stage.call(who, "POST", MESSAGES, message(metadata)).await
}

pub(crate) fn queued(stage: &Stage) -> Vec<Value> {
    let bodies = stage.cloud.messages(names::MESSAGES);
    let bodies = bodies
        .iter()
        .map(|body| serde_json::from_str::<Value>(body).expect("JSON"));
    bodies.map(|body| body["metadata"].clone()).collect()
}

pub(crate) async fn grant(stage: &Stage, who: Person) {
    let path = format!("{WHATSAPP}/permissions/{}", who.user);
    let reply = stage.call(ADMIN, "PUT", &path, Value::Null).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
}

/// An integration of somebody's own.
pub(crate) async fn connect_own(stage: &Stage, who: Person, account: &str) -> String {
    let changes = json!({"provider": "whatsapp", "owner": "user"});
    let form = stage.form_with(account, changes).await;
    let reply = stage.call(who, "POST", INTEGRATIONS, form).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    reply.id().to_owned()
}

#[tokio::test]
async fn s1_64_nobody_sends_through_what_was_not_granted() {
    let (stage, _) = Stage::configured().await;
    for who in [AGENT, MANAGER] {
        send(&stage, who, json!({}))
            .await
            .is_problem(403, "forbidden");
    }
    assert!(queued(&stage).is_empty());
    grant(&stage, MANAGER).await;
    assert_eq!(send(&stage, MANAGER, json!({})).await.status, 202);
    send(&stage, AGENT, json!({}))
        .await
        .is_problem(403, "forbidden");
    for who in [ADMIN, SERVICE] {
        assert_eq!(send(&stage, who, json!({})).await.status, 202);
    }
    let path = format!("{WHATSAPP}/permissions/{}", MANAGER.user);
    let revoked = stage.call(ADMIN, "DELETE", &path, Value::Null).await;
    assert_eq!(revoked.status, 200);
    send(&stage, MANAGER, json!({}))
        .await
        .is_problem(403, "forbidden");
    assert_eq!(queued(&stage).len(), 3);
}

#[tokio::test]
async fn s1_64_what_was_permitted_is_what_is_sent_through() {
    let (stage, configured) = Stage::configured().await;
    grant(&stage, MANAGER).await;
    send(&stage, MANAGER, json!({})).await;
    let metadata = &queued(&stage)[0];
    assert_eq!(metadata["integrationId"], configured.id());
    assert_eq!(metadata["userId"], MANAGER.user);
    // Another one becomes the first choice: the message stays with the one that was permitted.
    let changes = json!({"provider": "whatsapp", "priority": 1});
    let form = stage.form_with("two", changes).await;
    assert_eq!(
        stage.call(ADMIN, "POST", INTEGRATIONS, form).await.status,
        201
    );
    send(&stage, MANAGER, json!({}))
        .await
        .is_problem(403, "forbidden");
    let named = json!({"integrationId": configured.id()});
    assert_eq!(send(&stage, MANAGER, named).await.status, 202);
}

#[tokio::test]
async fn s2_36_everybody_sends_through_their_own() {
    let stage = Stage::new().await;
    send(&stage, AGENT, json!({}))
        .await
        .is_problem(409, "credentials_not_configured");
    let own = connect_own(&stage, AGENT, "one").await;
    let reply = send(&stage, AGENT, json!({})).await;
    assert_eq!(reply.status, 202, "{}", reply.text);
    assert_eq!(queued(&stage)[0]["integrationId"], own);
    // Nobody else does, and nobody can tell that it is there.
    let unknown = "int_00000000000000000000000000";
    let foreign = send(&stage, MANAGER, json!({"integrationId": own})).await;
    let missing = send(&stage, MANAGER, json!({"integrationId": unknown})).await;
    foreign.is_problem(409, "credentials_not_configured");
    assert_eq!(foreign.but_for_its_id(), missing.but_for_its_id());
}

#[tokio::test]
async fn s0_48_nobody_sends_as_somebody_else() {
    let (stage, _) = Stage::configured().await;
    grant(&stage, MANAGER).await;
    connect_own(&stage, AGENT, "two").await;
    for name in ["userId", "assignedTo", "createdBy"] {
        let reply = send(&stage, MANAGER, json!({ name: AGENT.user })).await;
        reply.is_problem(403, "forbidden");
        assert_eq!(
            send(&stage, MANAGER, json!({ name: MANAGER.user }))
                .await
                .status,
            202
        );
    }
}

#[tokio::test]
async fn s0_48_an_admin_sends_as_themselves_too() {
    let (stage, _) = Stage::configured().await;
    connect_own(&stage, AGENT, "two").await;
    for who in [
        ADMIN,
        Person {
            role: "operator",
            ..ADMIN
        },
    ] {
        let header = [("x-switchboard-tenant", ADMIN.tenant)];
        for name in ["userId", "assignedTo", "createdBy"] {
            let body = message(json!({ name: AGENT.user }));
            let reply = stage.call_with(who, "POST", MESSAGES, body, &header).await;
            reply.is_problem(403, "forbidden");
        }
    }
    // Machines send for everybody: that is what they are for.
    assert_eq!(
        send(&stage, SERVICE, json!({"userId": AGENT.user}))
            .await
            .status,
        202
    );
    // An admin's own account comes first, as everybody's does.
    assert_eq!(send(&stage, ADMIN, json!({})).await.status, 202);
    assert_eq!(queued(&stage)[1]["userId"], ADMIN.user);
}

#[tokio::test]
async fn a4_who_names_a_message() {
    let (stage, _) = Stage::configured().await;
    grant(&stage, MANAGER).await;
    // A message id is the back end's own: a member cannot take it before the back end does.
    let reply = send(&stage, MANAGER, json!({"messageId": "order-17"})).await;
    reply.is_problem(422, "invalid_fields");
    assert_eq!(reply.body["errors"][0]["field"], "metadata.message_id");
    let key = [("idempotency-key", "order-17")];
    let ask = async |who| {
        stage
            .call_with(who, "POST", MESSAGES, message(json!({})), &key)
            .await
    };
    let (admins, managers, again) = (ask(ADMIN).await, ask(MANAGER).await, ask(MANAGER).await);
    assert_eq!(managers.id(), again.id());
    assert_ne!(managers.id(), admins.id());
    // Two names for one message are one too many.
    let both = message(json!({"messageId": "m-1"}));
    let reply = stage.call_with(ADMIN, "POST", MESSAGES, both, &key).await;
    reply.is_problem(422, "invalid_fields");
}

#[tokio::test]
async fn s3_12_an_agents_number_is_no_way_around_a_permission() {
    let (stage, configured) = Stage::configured().await;
    let agent = json!({"name": "Front desk", "whatsapp": {"integrationId": configured.id()}});
    let made = stage.call(ADMIN, "POST", "/api/v1/agents", agent).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let through_agent = json!({"agentId": made.id()});
    send(&stage, MANAGER, through_agent.clone())
        .await
        .is_problem(403, "forbidden");
    grant(&stage, MANAGER).await;
    assert_eq!(send(&stage, MANAGER, through_agent).await.status, 202);
    assert_eq!(queued(&stage)[0]["integrationId"], configured.id());
}
