//! Chatwoot: what the server tells everybody, and whose token it is.

use http::Method;
use serde_json::{Value, json};

use crate::keyed::{Keyed, ask};

async fn keyed(account: &str) -> Keyed {
    Keyed::of("chatwoot", account, |form| {
        (
            "api_access_token",
            form["api_key"].as_str().unwrap().to_owned(),
        )
    })
    .await
}

#[tokio::test]
async fn the_server_tells_everybody_its_version() {
    let world = keyed("one").await;
    let answer = ask(&world.sandbox, Method::GET, "/api", None).await;
    assert_eq!(
        (answer.status, &answer.body["version"]),
        (200, &json!("4.13.0"))
    );
    assert!(answer.body["timestamp"].is_string());
}

#[tokio::test]
async fn a_profile_tells_the_accounts_and_the_token_itself() {
    for (account, role, status) in [
        ("one", "administrator", json!("active")),
        ("two", "administrator", json!("active")),
        ("agent", "agent", json!("active")),
        ("suspended", "administrator", json!("suspended")),
        ("older", "administrator", Value::Null),
    ] {
        let world = keyed(account).await;
        let profile = world.get("/api/v1/profile").await.body;
        assert_eq!(profile["access_token"], world.form["api_key"]);
        let [common, own] = &profile["accounts"].as_array().unwrap()[..] else {
            panic!("two accounts: {profile}");
        };
        assert_eq!(common["role"], "agent");
        assert_eq!((&own["role"], &own["status"]), (&json!(role), &status));
        let id = own["id"]
            .as_str()
            .map_or_else(|| own["id"].to_string(), str::to_owned);
        assert_eq!(world.form["account_id"], id);
        assert_eq!(own["id"].is_string(), account == "older");
        let host = format!("https://chat.{account}.example.com");
        assert_eq!(world.form["base_url"], host);
    }
}

#[tokio::test]
async fn refusals_are_the_servers_own() {
    let world = keyed("bot").await;
    let error = |answer: &crate::harness::Answer| {
        assert_eq!(answer.status, 401);
        answer.body["error"].as_str().unwrap_or_default().to_owned()
    };
    let answer = world.get("/api/v1/profile").await;
    assert_eq!(
        error(&answer),
        "Access to this endpoint is not authorized for bots"
    );
    let ask = async |header| ask(&world.sandbox, Method::GET, "/api/v1/profile", header).await;
    let answer = ask(Some(("api_access_token", "wrong"))).await;
    assert_eq!(error(&answer), "Invalid Access Token");
    for header in [None, Some(("authorization", "Bearer wrong"))] {
        let answer = ask(header).await;
        assert_eq!(error(&answer), "");
        assert!(answer.body["errors"][0].is_string());
    }
    // A route that is not there is a page.
    for (method, path) in [(Method::GET, "/api/v1/nonsense"), (Method::POST, "/api")] {
        let answer = world.ask(method, path).await;
        assert_eq!(
            (answer.status, answer.headers["content-type"].as_bytes()),
            (404, &b"text/html"[..])
        );
    }
}

#[tokio::test]
async fn a_throttle_says_nothing_about_when() {
    let world = keyed("one").await;
    let rule = json!({"provider": "chatwoot", "fault": "rate_limit"}).to_string();
    let request = http::Request::post("/_sandbox/faults").body(rule.into());
    let set = crate::harness::exchange(world.sandbox.address(), request.unwrap()).await;
    assert_eq!(set.unwrap().status, 200);
    let answer = world.get("/api/v1/profile").await;
    assert_eq!(
        (answer.status, &answer.body),
        (429, &json!("Retry later\n"))
    );
    assert!(!answer.headers.contains_key("retry-after"));
}
