//! A custom CRM: one path, and several ways to show who asks.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::{Map, Value, json};

use crate::harness::World;
use crate::keyed::{Keyed, ask};

/// What a request has to show, as the form says it.
fn header(form: &Map<String, Value>) -> (&'static str, String) {
    let member = |name: &str| form["credentials"][name].as_str().unwrap().to_owned();
    match form["auth_type"].as_str().unwrap() {
        "bearer" => ("authorization", format!("Bearer {}", member("token"))),
        "basic" => {
            let pair = format!("{}:{}", member("username"), member("password"));
            ("authorization", format!("Basic {}", STANDARD.encode(pair)))
        }
        _ if form.contains_key("api_key_header") => ("x-acme-token", member("api_key")),
        _ => ("x-api-key", member("api_key")),
    }
}

async fn keyed(account: &str) -> Keyed {
    Keyed::of("custom_crm", account, header).await
}

#[tokio::test]
async fn each_account_is_let_in_by_its_own_proof() {
    for account in ["one", "two", "basic", "own_header"] {
        let world = keyed(account).await;
        let answer = world.get(&world.path("", "test_path")).await;
        assert_eq!(
            (answer.status, &answer.body["name"]),
            (200, &json!(account))
        );
        let host = format!("https://crm.{}.example.com", account.replace('_', "-"));
        assert_eq!(world.form["base_url"], host);
    }
}

#[tokio::test]
async fn nobody_else_is_let_in() {
    let world = keyed("one").await;
    let path = world.path("", "test_path");
    let key = world.form["credentials"]["api_key"].as_str().unwrap();
    let bearer = format!("Bearer {key}");
    for header in [
        None,
        Some(("x-api-key", "wrong")),
        Some(("x-acme-token", key)),
        Some(("authorization", bearer.as_str())),
    ] {
        let answer = ask(&world.sandbox, Method::GET, &path, header).await;
        assert_eq!(answer.status, 401);
        assert!(answer.headers.contains_key("www-authenticate"));
    }
    assert_eq!(world.get("/crm/v1/nothing").await.status, 404);
    assert_eq!(world.ask(Method::POST, &path).await.status, 405);
    let world = keyed("forbidden").await;
    assert_eq!(world.get(&path).await.status, 403);
}

#[tokio::test]
async fn the_path_of_a_type_leads_to_it_whatever_follows() {
    let world = keyed("one").await;
    for (path, status) in [
        ("/custom_crm/crm/v1/me", 200),
        ("/custom_crm/", 404),
        ("/", 404),
    ] {
        assert_eq!(world.get(path).await.status, status, "{path}");
    }
}

#[tokio::test]
async fn secrets_in_an_object_are_secrets() {
    let world = World::start().await;
    let secrets = json!({"credentials": {"token": "CANARY-of-two"}});
    let wanted = json!({"provider": "custom_crm", "of": "two", "secrets": secrets});
    let made = world.control(Method::POST, "accounts", wanted).await;
    assert_eq!(made["accounts"][0]["account"], "two-2");
    let known = world.sandbox.secrets();
    assert!(known.iter().any(|(_, secret)| secret == "CANARY-of-two"));
    let header = Some(("authorization", "Bearer CANARY-of-two"));
    let answer = ask(&world.sandbox, Method::GET, "/crm/v1/me", header).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn accounts_of_all_types_are_made_on_demand_and_differ() {
    let world = World::start().await;
    for provider in ["elevenlabs", "chatwoot", "custom_crm"] {
        let wanted = json!({"provider": provider, "count": 20});
        let made = world.control(Method::POST, "accounts", wanted).await;
        let accounts = made["accounts"].as_array().unwrap();
        assert_eq!(accounts[19]["account"], "extra-20");
        let forms: std::collections::BTreeSet<_> = accounts
            .iter()
            .map(|one| one["configuration"].to_string())
            .collect();
        assert_eq!(forms.len(), 20);
    }
    let secrets = world.sandbox.secrets();
    let texts: std::collections::BTreeSet<_> = secrets.iter().map(|(_, text)| text).collect();
    assert_eq!(texts.len(), secrets.len());
}
