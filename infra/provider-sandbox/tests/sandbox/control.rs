//! Looking at what happened, and starting over.

use http::Method;
use provider_sandbox::{Options, Sandbox};
use serde_json::{Value, json};

use crate::harness::{Account, Receiver, World, call, text_message};

#[tokio::test]
async fn what_arrived_is_listed_oldest_first() {
    let world = World::start().await;
    let path = format!("/v25.0/{}?fields=id", world.account.phone);
    world
        .get(&format!("{}?fields=id", world.account.phone))
        .await;
    world.send(text_message("hello")).await;
    world.send(json!({})).await;
    let requests = world.requests().await;
    assert_eq!(requests.len(), 3, "the control API is not in its own log");
    let first = &requests[0];
    assert_eq!(
        (&first["method"], &first["path"]),
        (&json!("GET"), &json!(path))
    );
    assert_eq!(
        (&first["account"], &first["status"]),
        (&json!("one"), &json!(200))
    );
    assert_eq!(
        (&first["body"], &first["fault"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(
        first["headers"]["authorization"],
        format!("Bearer {}", world.account.token)
    );
    let time = first["time"].as_str().unwrap();
    assert!(
        time.len() == 24 && time.ends_with('Z') && time <= requests[1]["time"].as_str().unwrap()
    );
    assert_eq!(requests[1]["body"]["text"]["body"], "hello");
    assert_eq!(requests[2]["status"], 400);

    let sends = world
        .control(
            Method::GET,
            "requests?path=/messages&account=one",
            Value::Null,
        )
        .await;
    assert_eq!(sends.as_array().unwrap().len(), 2);
    world.control(Method::DELETE, "requests", Value::Null).await;
    assert!(world.requests().await.is_empty());
}

#[tokio::test]
async fn paths_of_no_provider_are_logged_too() {
    let world = World::start().await;
    let answer = call(world.sandbox.address(), Method::GET, "/nowhere", None, None)
        .await
        .unwrap();
    assert_eq!(answer.status, 404);
    let all = world.control(Method::GET, "requests", Value::Null).await;
    assert_eq!(
        (&all[0]["provider"], &all[0]["path"]),
        (&Value::Null, &json!("/nowhere"))
    );
    let unknown = world.try_control(Method::GET, "nowhere", Value::Null).await;
    assert_eq!(unknown.status, 404);
    let unknown = world
        .try_control(Method::GET, "requests?provider=fax", Value::Null)
        .await;
    assert_eq!(
        (unknown.status, &unknown.body["field"]),
        (400, &json!("provider"))
    );
}

#[tokio::test]
async fn a_provider_can_be_named_in_front_of_its_paths() {
    let world = World::start().await;
    let path = format!("/whatsapp/v25.0/{}", world.account.phone);
    let token = Some(world.account.token.as_str());
    let answer = call(world.sandbox.address(), Method::GET, &path, token, None)
        .await
        .unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(world.requests().await[0]["path"], path);
}

#[tokio::test]
async fn accounts_can_be_had_in_any_number() {
    let world = World::start().await;
    let wanted = json!({ "provider": "whatsapp", "count": 3 });
    let made = world.control(Method::POST, "accounts", wanted).await;
    let made = made["accounts"].as_array().unwrap();
    assert_eq!(made.len(), 3);
    for entry in made {
        let account = Account::of(&entry["configuration"]);
        let path = format!("{}?fields=id", account.phone);
        let answer = world
            .graph_as(&account.token, Method::GET, &path, Value::Null)
            .await
            .unwrap();
        assert_eq!(answer.body["id"], account.phone);
        let name = entry["account"].as_str().unwrap();
        let again = world
            .control(
                Method::GET,
                &format!("credentials?account={name}"),
                Value::Null,
            )
            .await;
        assert_eq!(again["whatsapp"], entry["configuration"]);
    }
    for (wrong, field) in [
        (json!({ "count": 1 }), "provider"),
        (json!({ "provider": "whatsapp", "count": 0 }), "count"),
    ] {
        let answer = world.try_control(Method::POST, "accounts", wrong).await;
        assert_eq!(
            (answer.status, answer.body["field"].as_str()),
            (400, Some(field))
        );
    }
    let unknown = world
        .try_control(Method::GET, "credentials?account=x", Value::Null)
        .await;
    assert_eq!(
        (unknown.status, &unknown.body["field"]),
        (400, &json!("account"))
    );
}

#[tokio::test]
async fn a_reset_forgets_everything_but_accounts() {
    let (world, receiver) = (World::start().await, Receiver::start().await);
    world.register(&receiver).await;
    world
        .control(Method::POST, "settings", json!({ "status_gap_ms": 60_000 }))
        .await;
    world.send(text_message("never followed by a status")).await;
    world
        .fault(json!({ "fault": "rate_limit", "times": 0 }))
        .await;
    world.control(Method::POST, "reset", Value::Null).await;

    for list in ["requests", "faults", "webhooks"] {
        assert_eq!(
            world.control(Method::GET, list, Value::Null).await,
            json!([]),
            "{list}"
        );
    }
    let settings = world.control(Method::GET, "settings", Value::Null).await;
    assert_eq!(settings, json!({ "status_gap_ms": 5, "statuses": true }));
    let apps = world
        .get(&format!("{}/subscribed_apps", world.account.waba))
        .await
        .body;
    assert_eq!(apps["data"], json!([]));
    let health = world.control(Method::GET, "health", Value::Null).await;
    assert_eq!(health, json!({ "status": "ok" }));
}

#[tokio::test]
async fn a_port_that_is_taken_is_an_error() {
    let world = World::start().await;
    let options = Options {
        port: world.sandbox.address().port(),
        ..Options::default()
    };
    let error = Sandbox::start(options).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
}
