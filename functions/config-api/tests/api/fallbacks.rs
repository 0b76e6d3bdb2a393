//! Where a message may go when its first way cannot be used: who may name what, and what the queue is told.

use http::Method;
use serde_json::{Value, json};
use testing::switchboard as names;

use crate::sending_rights::{connect_own, grant, queued, send};
use crate::stage::{ADMIN, AGENT, INTEGRATIONS, MANAGER, OPERATOR, SERVICE, Stage};

const UNKNOWN: &str = "int_00000000000000000000000000";

/// With tenant one's Exotel for SMS connected too; its id.
async fn with_sms(stage: &Stage) -> String {
    let path = "/_sandbox/credentials?account=one";
    let all = stage.control(Method::GET, path, Value::Null).await;
    let place = format!("{INTEGRATIONS}/exotel_sms");
    let reply = stage
        .call(ADMIN, "POST", &place, all["exotel_sms"].clone())
        .await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    reply.id().to_owned()
}

async fn permit(stage: &Stage, integration: &str) {
    let path = format!("{INTEGRATIONS}/{integration}/permissions/{}", MANAGER.user);
    let reply = stage.call(ADMIN, "PUT", &path, Value::Null).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
}

#[tokio::test]
async fn the_queue_is_told_what_was_asked_for_in_either_spelling() {
    let stage = Stage::new().await;
    for metadata in [
        json!({"fallback": [UNKNOWN, "exotel_sms"], "onUnknown": "resend"}),
        json!({"fallback": [UNKNOWN, "exotel_sms"], "on_unknown": "resend"}),
    ] {
        for who in [SERVICE, ADMIN] {
            let reply = send(&stage, who, metadata.clone()).await;
            assert_eq!(reply.status, 202, "{}", reply.text);
            let told = queued(&stage).pop().expect("queued");
            assert_eq!(told["fallback"], json!([UNKNOWN, "exotel_sms"]));
            assert_eq!(told["onUnknown"], "resend");
        }
    }
    // What is usual need not be said, and is the same whether it is said or not.
    let usual = json!({"messageId": "m-1", "fallback": [], "onUnknown": "keep"});
    for metadata in [usual, json!({"messageId": "m-1"})] {
        assert_eq!(send(&stage, SERVICE, metadata).await.status, 202);
        let told = queued(&stage).pop().expect("queued");
        assert_eq!(told, json!({"tenantId": "t_one", "messageId": "m-1"}));
    }
    let other = json!({"messageId": "m-1", "onUnknown": "resend"});
    let reply = send(&stage, SERVICE, other).await;
    reply.is_problem(422, "idempotency_key_reused");
}

#[tokio::test]
async fn what_is_wrong_is_said_by_field() {
    let stage = Stage::new().await;
    for (metadata, field, says) in [
        (
            json!({"fallback": ["a", "b", "c", "d", "e", "f"]}),
            "fallback",
            "at most 5",
        ),
        (
            json!({"fallback": ["exotel_sms", "CANARY SMS"]}),
            "fallback",
            "provider type",
        ),
        (json!({"fallback": [5]}), "fallback", "text"),
        (json!({"fallback": "exotel_sms"}), "fallback", "a list"),
        (json!({"fallback": null}), "fallback", "a list"),
        (
            json!({"onUnknown": "CANARY"}),
            "on_unknown",
            "'keep' or 'resend'",
        ),
        (json!({"onUnknown": true}), "on_unknown", "words"),
    ] {
        let reply = send(&stage, SERVICE, metadata.clone()).await;
        reply.is_problem(422, "invalid_fields");
        let error = &reply.body["errors"][0];
        assert_eq!(error["field"], format!("metadata.{field}"), "{metadata}");
        assert!(
            error["detail"].as_str().expect("text").contains(says),
            "{error}"
        );
        assert!(!reply.text.contains("CANARY"), "{}", reply.text);
    }
    assert_eq!(stage.items(), [0; 4]);
}

#[tokio::test]
async fn s1_64_every_way_must_be_permitted_and_is_tied_to_what_was_found() {
    let (stage, whatsapp) = Stage::configured().await;
    let sms = with_sms(&stage).await;
    grant(&stage, MANAGER).await;
    for route in ["exotel_sms", &sms] {
        let reply = send(&stage, MANAGER, json!({"fallback": [route]})).await;
        reply.is_problem(403, "forbidden");
        assert_eq!(reply.body["errors"][0]["field"], "metadata.fallback");
        // The first way is told of as ever.
        let reply = send(&stage, AGENT, json!({"fallback": [route]})).await;
        reply.is_problem(403, "forbidden");
        assert!(reply.body["errors"].is_null());
    }
    assert!(queued(&stage).is_empty());
    permit(&stage, &sms).await;
    let own = connect_own(&stage, MANAGER, "two").await;
    let named =
        json!({"integrationId": whatsapp.id(), "fallback": ["whatsapp", "exotel_sms", sms]});
    let reply = send(&stage, MANAGER, named).await;
    assert_eq!(reply.status, 202, "{}", reply.text);
    let told = queued(&stage).pop().expect("queued");
    assert_eq!(told["integrationId"], whatsapp.id());
    assert_eq!(told["fallback"], json!([own, sms, sms]));
    // Those who send for the organisation are not tied.
    for who in [ADMIN, SERVICE, OPERATOR] {
        let header = [("x-switchboard-tenant", "t_one")];
        let body = crate::sending_rights::message(json!({"fallback": ["exotel_sms"]}));
        let reply = stage
            .call_with(who, "POST", "/api/v1/messages", body, &header)
            .await;
        assert_eq!(reply.status, 202, "{}", reply.text);
        let told = queued(&stage).pop().expect("queued");
        assert_eq!(told["fallback"], json!(["exotel_sms"]));
    }
}

#[tokio::test]
async fn s2_36_somebody_elses_account_is_no_way() {
    let (stage, _) = Stage::configured().await;
    grant(&stage, MANAGER).await;
    let of_agent = connect_own(&stage, AGENT, "two").await;
    let foreign = send(&stage, MANAGER, json!({"fallback": [of_agent]})).await;
    foreign.is_problem(409, "credentials_not_configured");
    assert_eq!(foreign.body["errors"][0]["field"], "metadata.fallback");
    for nothing in [UNKNOWN, "exotel_sms", "nothing"] {
        let reply = send(&stage, MANAGER, json!({"fallback": [nothing]})).await;
        assert_eq!(
            reply.but_for_its_id(),
            foreign.but_for_its_id(),
            "{nothing}"
        );
    }
    assert!(queued(&stage).is_empty());
    assert!(stage.cloud.items(names::ACTIVITY).is_empty());
    // An admin may name it, and it is no way for an admin's message either: nothing was sent through it.
    let metadata = json!({"integrationId": of_agent, "fallback": [of_agent]});
    assert_eq!(send(&stage, ADMIN, metadata).await.status, 202);
    assert!(stage.sent().await.is_empty());
    // Its owner's goes through it.
    let metadata = json!({"integrationId": of_agent, "fallback": [of_agent]});
    assert_eq!(send(&stage, AGENT, metadata).await.status, 202);
    assert_eq!(stage.sent().await.len(), 1);
}
