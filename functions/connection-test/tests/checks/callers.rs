//! Who may test what.

use serde_json::{Value, json};

use crate::stage::{ADMIN, AGENT, MANAGER, STRANGER, Stage, event};

#[tokio::test]
async fn only_an_admin_tests_what_is_the_organisations() {
    let (stage, _) = Stage::connected().await;
    for who in [MANAGER, AGENT] {
        stage
            .test(who, "whatsapp", Value::Null)
            .await
            .is_problem(403, "forbidden");
        // What they hold in hand they may try; what they leave out is not taken from the organisation's.
        let form = stage.form("two", json!({})).await;
        let reply = stage.test(who, "whatsapp", form.clone()).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        let mut part = form;
        part.as_object_mut().expect("a form").remove("access_token");
        let reply = stage.test(who, "whatsapp", part).await;
        reply.is_problem(422, "invalid_fields");
        assert_eq!(reply.body["errors"][0]["field"], "access_token");
    }
}

#[tokio::test]
async fn another_tenants_and_another_users_are_as_if_they_were_not() {
    let (stage, id) = Stage::connected().await;
    let form = stage.form("two", json!({"owner": "user"})).await;
    let own = stage.api(AGENT, "POST", "whatsapp", form).await;
    let own = own.body["data"]["id"].as_str().expect("an id").to_owned();
    for (who, reference) in [
        (STRANGER, &id),
        (STRANGER, &own),
        (ADMIN, &own),
        (MANAGER, &own),
    ] {
        let reply = stage.test(who, reference, Value::Null).await;
        reply.is_problem(404, "not_found");
        let unknown = stage.test(who, "int_x", Value::Null).await;
        assert_eq!(reply.text, unknown.text);
    }
    stage
        .test(STRANGER, &id, json!({"waba_id": "102290129340398"}))
        .await
        .is_problem(404, "not_found");
    assert_eq!(stage.test(AGENT, &own, Value::Null).await.status, 200);
}

#[tokio::test]
async fn paths_methods_and_identities_are_told_apart() {
    let stage = Stage::new().await;
    let path = "/api/v1/settings/integrations/whatsapp/test";
    let get = stage.raw(event(ADMIN, "GET", path, &Value::Null)).await;
    get.is_problem(405, "method_not_allowed");
    let elsewhere = stage
        .raw(event(ADMIN, "POST", "/api/v1/settings", &Value::Null))
        .await;
    elsewhere.is_problem(404, "no_such_route");
    let mut nobody = event(ADMIN, "POST", path, &Value::Null);
    nobody["requestContext"]["authorizer"] = Value::Null;
    stage.raw(nobody).await.is_problem(401, "unauthenticated");
    let mut garbled = event(ADMIN, "POST", path, &Value::Null);
    garbled["body"] = "CANARY".into();
    let reply = stage.raw(garbled.clone()).await;
    reply.is_problem(400, "invalid_body");
    assert!(!reply.text.contains("CANARY"));
    garbled["headers"] = json!({"content-type": "text/plain"});
    stage
        .raw(garbled)
        .await
        .is_problem(415, "unsupported_media_type");
    assert!(stage.cloud.counts().is_empty());
}
