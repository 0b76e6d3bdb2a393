//! Paths and methods, the catalogue, and bodies that cannot be read.

use serde_json::{Value, json};

use crate::stage::{ADMIN, AGENT, INTEGRATIONS, Stage, WHATSAPP, event};

#[tokio::test]
async fn unknown_paths_and_methods_are_told_apart() {
    let stage = Stage::new().await;
    for path in [
        "/",
        "",
        "/api",
        "/api/v1",
        "/api/v2/providers",
        "/api/v1/providers/x",
        "/API/v1/providers",
    ] {
        stage
            .get(ADMIN, path)
            .await
            .is_problem(404, "no_such_route");
    }
    for (method, path) in [
        ("POST", "/api/v1/providers"),
        ("PATCH", INTEGRATIONS),
        ("PUT", WHATSAPP),
        ("GET", "/api/v1/messages"),
        ("POST", "/api/v1/messages/m-1"),
        ("POST", "/health"),
        ("", "/api/v1/providers"),
    ] {
        stage
            .call(ADMIN, method, path, Value::Null)
            .await
            .is_problem(405, "method_not_allowed");
    }
    assert!(stage.cloud.counts().is_empty());
}

#[tokio::test]
async fn health_is_public_and_says_no_more() {
    let stage = Stage::new().await;
    let mut event = event(ADMIN, "GET", "/health", &Value::Null);
    event["requestContext"]["authorizer"] = Value::Null;
    let reply = stage.raw(event).await;
    assert_eq!(
        (reply.status, reply.text.as_str()),
        (200, r#"{"status":"ok"}"#)
    );
}

#[tokio::test]
async fn the_catalogue_describes_every_provider_to_everybody() {
    let stage = Stage::new().await;
    for who in [ADMIN, AGENT] {
        let reply = stage.get(who, "/api/v1/providers").await;
        let listed = reply.body["data"].as_array().expect("a list");
        assert_eq!(listed.len(), providers::ALL.len());
        for (shown, provider) in listed.iter().zip(providers::ALL) {
            assert_eq!(shown["id"], provider.descriptor().id);
            let fields = shown["fields"].as_array().expect("fields");
            assert_eq!(fields.len(), provider.descriptor().fields.len());
            for field in fields {
                assert!(
                    field["secret"].is_boolean() && field["required"].is_boolean(),
                    "{field}"
                );
                assert!(
                    field["label"].is_string()
                        && field["help"].is_string()
                        && field["form"].is_object()
                );
            }
        }
    }
}

#[tokio::test]
async fn bodies_that_cannot_be_read_are_refused_without_repeating_them() {
    let stage = Stage::new().await;
    let long = format!("{{\"name\": \"CANARY{}\"}}", "x".repeat(64 * 1024));
    let deep = format!("{{\"a\": {}CANARY{}}}", "[".repeat(17), "]".repeat(17));
    for (body, status, code) in [
        ("", 400, "invalid_body"),
        ("CANARY", 400, "invalid_body"),
        ("[\"CANARY\"]", 400, "invalid_body"),
        ("{\"CANARY", 400, "invalid_body"),
        (deep.as_str(), 400, "invalid_body"),
        (long.as_str(), 413, "body_too_large"),
    ] {
        for (method, path) in [
            ("POST", WHATSAPP),
            ("POST", INTEGRATIONS),
            ("POST", "/api/v1/messages"),
        ] {
            let reply = stage.call(ADMIN, method, path, body).await;
            reply.is_problem(status, code);
            assert!(!reply.text.contains("CANARY"), "{}", reply.text);
        }
    }
    for declared in ["text/plain", "application/x-www-form-urlencoded", ""] {
        let headers = [("content-type", declared)];
        let reply = stage
            .call_with(ADMIN, "POST", WHATSAPP, json!({}), &headers)
            .await;
        reply.is_problem(415, "unsupported_media_type");
    }
    let mut garbled = event(ADMIN, "POST", WHATSAPP, &json!("%%%"));
    garbled["isBase64Encoded"] = true.into();
    stage.raw(garbled).await.is_problem(400, "invalid_body");
}
