//! Subscribing and overriding the callback URL.

use http::Method;
use serde_json::{Value, json};

use crate::harness::{Receiver, VERIFY_TOKEN, World};

const REFUSED: (u16, i64, Option<i64>) = (400, 100, None);
const UNVERIFIED: (u16, i64, Option<i64>) = (400, 2200, None);

fn wanted(url: &str) -> Value {
    json!({ "override_callback_uri": url, "verify_token": VERIFY_TOKEN })
}

async fn subscribed(world: &World) -> Value {
    world
        .get(&format!("{}/subscribed_apps", world.account.waba))
        .await
        .body["data"]
        .clone()
}

#[tokio::test]
async fn subscribing_overriding_and_unsubscribing() {
    let (world, receiver) = (World::start().await, Receiver::start().await);
    let path = format!("{}/subscribed_apps", world.account.waba);
    let post = async |body: Value| world.graph(Method::POST, &path, body).await;

    assert_eq!(subscribed(&world).await, json!([]));
    assert_eq!(
        post(wanted(&receiver.url())).await.error(),
        REFUSED,
        "not subscribed yet"
    );
    assert!(receiver.verifications().is_empty());

    assert_eq!(post(Value::Null).await.body, json!({ "success": true }));
    let app = &subscribed(&world).await[0];
    assert_eq!(app["whatsapp_business_api_data"]["id"], world.account.app);
    assert!(app.get("override_callback_uri").is_none());

    assert_eq!(
        post(wanted(&receiver.url())).await.body,
        json!({ "success": true })
    );
    assert_eq!(
        subscribed(&world).await[0]["override_callback_uri"],
        receiver.url()
    );
    let seen = receiver.verifications();
    assert!(
        seen[0].starts_with("ab12.execute-api.localhost:"),
        "{seen:?}"
    );
    assert!(
        seen[0].contains("/hooks/one?way=in&hub.mode=subscribe&hub.challenge="),
        "{seen:?}"
    );

    post(Value::Null).await;
    assert!(
        subscribed(&world).await[0]
            .get("override_callback_uri")
            .is_none(),
        "removed"
    );
    let deleted = world.graph(Method::DELETE, &path, Value::Null).await;
    assert_eq!(deleted.body, json!({ "success": true }));
    assert_eq!(subscribed(&world).await, json!([]));
}

#[tokio::test]
async fn a_url_that_cannot_be_or_does_not_verify_is_refused() {
    let (world, receiver) = (World::start().await, Receiver::start().await);
    let path = format!("{}/subscribed_apps", world.account.waba);
    let post = async |body: Value| world.graph(Method::POST, &path, body).await;
    post(Value::Null).await;
    for url in [
        "http://hooks.example/a",
        "nonsense",
        "",
        &format!("https://a.example/{}", "x".repeat(200)),
    ] {
        assert_eq!(post(wanted(url)).await.error(), REFUSED, "{url}");
    }
    assert_eq!(
        post(json!({ "override_callback_uri": receiver.url() }))
            .await
            .error(),
        REFUSED
    );
    assert_eq!(post(json!({ "verify_token": "x" })).await.error(), REFUSED);

    let wrong_token = json!({ "override_callback_uri": receiver.url(), "verify_token": "wrong" });
    let answer = post(wrong_token).await;
    assert_eq!(answer.error(), UNVERIFIED);
    assert!(
        answer.body["error"]["message"]
            .as_str()
            .unwrap()
            .contains("HTTP Status Code = 403")
    );
    assert_eq!(
        post(wanted("http://127.0.0.1:1/closed")).await.error(),
        UNVERIFIED
    );
    *receiver.seen.spoil.lock().unwrap() = "\n".to_owned();
    assert_eq!(
        post(wanted(&receiver.url())).await.error(),
        UNVERIFIED,
        "not exactly the challenge"
    );
    assert!(
        subscribed(&world).await[0]
            .get("override_callback_uri")
            .is_none()
    );
}

#[tokio::test]
async fn a_phone_number_has_an_override_of_its_own() {
    let (world, receiver) = (World::start().await, Receiver::start().await);
    let phone = world.account.phone.clone();
    let post = async |configuration: Value| {
        world
            .graph(
                Method::POST,
                &phone,
                json!({ "webhook_configuration": configuration }),
            )
            .await
    };
    let shown = async || {
        let path = format!("{phone}?fields=webhook_configuration");
        world.get(&path).await.body["webhook_configuration"].clone()
    };
    assert_eq!(
        post(wanted(&receiver.url())).await.error(),
        REFUSED,
        "not subscribed yet"
    );
    world.register(&receiver).await;
    assert_eq!(
        shown().await,
        json!({ "whatsapp_business_account": receiver.url() })
    );
    let own = format!("{}&own", receiver.url());
    assert_eq!(post(wanted(&own)).await.body, json!({ "success": true }));
    assert_eq!(shown().await["phone_number"], own);
    assert_eq!(
        post(json!({ "override_callback_uri": "" })).await.status,
        200
    );
    assert!(shown().await.get("phone_number").is_none());

    assert_eq!(
        world.graph(Method::POST, &phone, json!({})).await.error(),
        REFUSED
    );
    assert_eq!(
        world
            .graph(Method::POST, &phone, json!({ "pin": "12" }))
            .await
            .error(),
        REFUSED
    );
    assert_eq!(
        world
            .graph(Method::POST, &phone, json!({ "pin": "123456" }))
            .await
            .status,
        200
    );
    assert_eq!(
        world
            .graph(Method::POST, &phone, json!({ "colour": 1 }))
            .await
            .error(),
        REFUSED
    );
}
