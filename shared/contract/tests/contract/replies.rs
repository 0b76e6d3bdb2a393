//! A reply that the document does not describe is found.

use serde_json::{Value, json};

use crate::promises::{broken, broken_problem};

fn reply(status: u16, media_type: &str, body: &str) -> Value {
    json!({"statusCode": status, "headers": {"content-type": media_type}, "body": body})
}

fn event(method: &str, path: &str) -> Value {
    json!({"rawPath": path, "requestContext": {"http": {"method": method}}})
}

#[test]
fn what_nobody_was_told_of_is_found() {
    const JSON: &str = "application/json";
    let health = event("GET", "/health");
    assert!(broken(&health, &reply(200, JSON, r#"{"status": "ok"}"#)).is_empty());
    for other in [
        reply(200, JSON, r#"{"status": 5}"#),
        reply(200, JSON, "ok"),
        reply(200, "text/plain", r#"{"status": "ok"}"#),
        reply(201, JSON, r#"{"status": "ok"}"#),
        reply(500, JSON, r#"{"status": "ok"}"#),
        json!({}),
    ] {
        assert!(!broken(&health, &other).is_empty(), "{other}");
    }
}

#[test]
fn what_is_on_no_route_is_a_problem() {
    let problem = edge::Problem::no_route();
    let problem = serde_json::to_value(edge::http::HttpReply::problem(&problem, "r-1"));
    let problem = problem.expect("a reply");
    let nowhere = event("GET", "/nowhere");
    assert!(broken(&nowhere, &problem).is_empty());
    assert!(broken_problem(&problem).is_empty());
    assert!(!broken(&nowhere, &reply(200, "application/json", "{}")).is_empty());
}

#[test]
fn a_promised_header_is_missed() {
    let created = reply(201, "application/json", "{}");
    let found = broken(&event("POST", "/api/v1/agents"), &created);
    assert!(
        found.iter().any(|what| what.contains("ETag is missing")),
        "{found:?}"
    );
}
