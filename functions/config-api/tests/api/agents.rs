//! Agents (S3-11 to S3-14): made, shown, changed and removed.

use serde_json::{Value, json};

use crate::stage::{ADMIN, AGENT, INTEGRATIONS, MANAGER, Reply, STRANGER, Stage};

const AGENTS: &str = "/api/v1/agents";

async fn make(stage: &Stage, body: Value) -> Reply {
    let reply = stage.call(ADMIN, "POST", AGENTS, body).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    reply
}

async fn change(stage: &Stage, agent: &Reply, body: Value) -> Reply {
    stage
        .call(ADMIN, "PATCH", &format!("{AGENTS}/{}", agent.id()), body)
        .await
}

#[tokio::test]
async fn s3_11_an_agent_is_kept_as_it_was_given() {
    let stage = Stage::new().await;
    let given = json!({"name": " Front desk ", "description": "First line",
        "behaviour": {"autoReply": "One minute, please.", "language": "en"},
        "destination": {"type": "https", "url": "https://hooks.example.com/inbox?a=1"}, "isDefault": true});
    let made = make(&stage, given).await;
    assert_eq!(made.headers["etag"], "\"1\"");
    let shown = stage.get(ADMIN, &format!("{AGENTS}/{}", made.id())).await;
    assert_eq!(shown.body, made.body);
    let data = &shown.body["data"];
    assert_eq!(
        (&data["name"], &data["enabled"], &data["is_default"]),
        (&json!("Front desk"), &json!(true), &json!(true))
    );
    assert_eq!(data["behaviour"]["auto_reply"], "One minute, please.");
    assert_eq!(
        data["destination"]["url"],
        "https://hooks.example.com/inbox?a=1"
    );
    // Everybody sees it, and only admins where it is reached.
    for who in [MANAGER, AGENT] {
        let seen = stage.get(who, &format!("{AGENTS}/{}", made.id())).await;
        assert_eq!(seen.body["data"]["name"], "Front desk");
        assert!(seen.body["data"]["destination"].is_null());
    }
}

#[tokio::test]
async fn s3_13_its_number_and_how_that_stands_are_shown() {
    let (stage, configured) = Stage::configured().await;
    let made = make(
        &stage,
        json!({"name": "Desk", "whatsapp": {"integration_id": configured.id()}}),
    )
    .await;
    let whatsapp = &made.body["data"]["whatsapp"];
    assert_eq!(
        (&whatsapp["status"], &whatsapp["enabled"]),
        (&json!("connected"), &json!(true))
    );
    assert!(
        whatsapp["phone_number"]
            .as_str()
            .is_some_and(|number| number.starts_with('+')),
        "{}",
        made.text
    );
    let path = format!("{INTEGRATIONS}/{}", configured.id());
    stage
        .call(ADMIN, "PATCH", &path, json!({"enabled": false}))
        .await;
    let shown = stage.get(AGENT, &format!("{AGENTS}/{}", made.id())).await;
    assert_eq!(shown.body["data"]["whatsapp"]["status"], "disabled");
}

#[tokio::test]
async fn s3_12_it_is_bound_to_what_the_tenant_has() {
    let (stage, configured) = Stage::configured().await;
    let personal = stage
        .form_with("two", json!({"provider": "whatsapp", "owner": "user"}))
        .await;
    let personal = stage.call(MANAGER, "POST", INTEGRATIONS, personal).await;
    let id = configured.id();
    for (whatsapp, field) in [
        (
            json!({"integration_id": format!("int_{}", "0".repeat(26))}),
            "whatsapp.integration_id",
        ),
        (
            json!({"integration_id": personal.id()}),
            "whatsapp.integration_id",
        ),
        (
            json!({"integration_id": id, "phone_number_id": "999"}),
            "whatsapp.phone_number_id",
        ),
        (
            json!({"integration_id": "nothing"}),
            "whatsapp.integration_id",
        ),
        (json!({}), "whatsapp.integration_id"),
        (
            json!({"integration_id": id, "colour": 1}),
            "whatsapp.colour",
        ),
    ] {
        let reply = stage
            .call(
                ADMIN,
                "POST",
                AGENTS,
                json!({"name": "Desk", "whatsapp": whatsapp}),
            )
            .await;
        reply.is_problem(422, "invalid_fields");
        assert_eq!(reply.body["errors"][0]["field"], field, "{}", reply.text);
    }
    let foreign = stage
        .call(
            STRANGER,
            "POST",
            AGENTS,
            json!({"name": "X", "whatsapp": {"integration_id": id}}),
        )
        .await;
    foreign.is_problem(422, "invalid_fields");
    assert_eq!(stage.get(ADMIN, AGENTS).await.body["data"], json!([]));
}

#[tokio::test]
async fn what_it_was_bound_to_may_be_gone_and_it_is_changed_all_the_same() {
    let (stage, configured) = Stage::configured().await;
    let made = make(
        &stage,
        json!({"name": "Desk", "whatsapp": {"integration_id": configured.id()}}),
    )
    .await;
    let path = format!("{INTEGRATIONS}/{}", configured.id());
    assert_eq!(
        stage.call(ADMIN, "DELETE", &path, Value::Null).await.status,
        200
    );
    for body in [json!({"enabled": false}), json!({"name": "Old desk"})] {
        let reply = change(&stage, &made, body).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        assert!(reply.body["data"]["whatsapp"]["status"].is_null());
    }
    // Switching it on again is another matter.
    change(&stage, &made, json!({"enabled": true}))
        .await
        .is_problem(422, "invalid_fields");
    let unbound = change(&stage, &made, json!({"enabled": true, "whatsapp": null})).await;
    assert_eq!(
        (unbound.status, &unbound.body["data"]["whatsapp"]),
        (200, &Value::Null),
        "{}",
        unbound.text
    );
}

#[tokio::test]
async fn a_change_keeps_what_it_does_not_name_and_removes_what_is_null() {
    let stage = Stage::new().await;
    let made = make(
        &stage,
        json!({"name": "Desk", "description": "One", "behaviour": {"greeting": "Hi"}}),
    )
    .await;
    let renamed = change(&stage, &made, json!({"name": "Reception"})).await;
    assert_eq!(renamed.body["data"]["description"], "One");
    assert_eq!(renamed.body["data"]["behaviour"]["greeting"], "Hi");
    assert_eq!(renamed.headers["etag"], "\"2\"");
    let bare = change(
        &stage,
        &made,
        json!({"description": null, "behaviour": null}),
    )
    .await;
    assert!(bare.body["data"]["description"].is_null());
    assert_eq!(bare.body["data"]["behaviour"], json!({}));
    let path = format!("{AGENTS}/{}", made.id());
    let stale = [("if-match", "\"1\"")];
    for (method, body) in [("PATCH", json!({"name": "X"})), ("DELETE", Value::Null)] {
        stage
            .call_with(ADMIN, method, &path, body, &stale)
            .await
            .is_problem(412, "changed_meanwhile");
    }
    let present = [("if-match", "W/\"2\", \"3\"")];
    assert_eq!(
        stage
            .call_with(ADMIN, "DELETE", &path, Value::Null, &present)
            .await
            .status,
        200
    );
    stage.get(ADMIN, &path).await.is_problem(404, "not_found");
    let actions: Vec<_> = stage
        .trail()
        .into_iter()
        .map(|(action, _)| action)
        .collect();
    for action in ["agent.create", "agent.change", "agent.delete"] {
        assert!(actions.iter().any(|one| one == action), "{actions:?}");
    }
}

#[tokio::test]
async fn one_is_the_default_at_most() {
    let stage = Stage::new().await;
    let first = make(&stage, json!({"name": "One", "is_default": true})).await;
    let second = make(&stage, json!({"name": "Two", "is_default": true})).await;
    let listed = stage.get(AGENT, AGENTS).await;
    let defaults: Vec<_> = listed.body["data"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|agent| agent["is_default"] == true)
        .map(|agent| agent["id"].clone())
        .collect();
    assert_eq!(defaults, [second.id()]);
    assert_ne!(first.id(), second.id());
}

#[tokio::test]
async fn where_it_is_reached_is_the_tenants_own() {
    let stage = Stage::new().await;
    let own = "arn:aws:sqs:eu-central-1:999999999999:inbox";
    for (destination, status) in [
        (json!({"type": "sqs", "queue_arn": own}), 201),
        (
            json!({"type": "sqs", "queue_arn": "https://sqs.eu-central-1.amazonaws.com/999999999999/inbox"}),
            422,
        ),
        (
            json!({"type": "sqs", "queue_arn": "arn:aws:sns:eu-central-1:999999999999:inbox"}),
            422,
        ),
        (
            json!({"type": "chatwoot", "integration_id": format!("int_{}", "0".repeat(26)), "inbox_id": 1}),
            422,
        ),
        (json!({"type": "chatwoot", "inbox_id": 1}), 422),
        (json!({"type": "carrier_pigeon"}), 422),
        (json!({"url": "https://hooks.example.com/"}), 422),
    ] {
        let reply = stage
            .call(
                ADMIN,
                "POST",
                AGENTS,
                json!({"name": "Desk", "destination": destination}),
            )
            .await;
        assert_eq!(reply.status, status, "{destination}: {}", reply.text);
    }
    // Our own queues speak for every tenant.
    let url = testing::cloud::Cloud::queue_url(testing::switchboard::MESSAGES);
    let account = url.rsplit('/').nth(1).expect("an account");
    let ours = format!("arn:aws:sqs:eu-central-1:{account}:messages");
    let reply = stage
        .call(
            ADMIN,
            "POST",
            AGENTS,
            json!({"name": "Desk", "destination": {"type": "sqs", "queue_arn": ours}}),
        )
        .await;
    reply.is_problem(422, "invalid_fields");
}
