//! Who else may send through an integration: admins say so, for the tenant's own integrations.

use serde_json::{Value, json};
use testing::cloud::{Calls, Fault};
use testing::switchboard as names;

use crate::stage::{
    ADMIN, AGENT, INTEGRATIONS, MANAGER, Person, SERVICE, STRANGER, Stage, WHATSAPP,
};

const LIST: &str = "/api/v1/settings/integrations/whatsapp/permissions";

fn of(user: &str) -> String {
    format!("{LIST}/{user}")
}

/// The users listed, in their order.
async fn listed(stage: &Stage, who: Person, path: &str) -> Vec<String> {
    let reply = stage.get(who, path).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let lines = reply.body["data"].as_array().expect("a list");
    lines
        .iter()
        .map(|line| line["user_id"].as_str().expect("a user").to_owned())
        .collect()
}

#[tokio::test]
async fn what_an_admin_grants_is_listed_until_it_is_taken_back() {
    let (stage, one) = Stage::configured().await;
    assert!(listed(&stage, ADMIN, LIST).await.is_empty());
    for user in ["u-2", "u-1", "auth0:5f-7.a_b"] {
        let reply = stage.call(ADMIN, "PUT", &of(user), Value::Null).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        let line = json!({"user_id": user, "granted_by": ADMIN.user, "granted_at": "2026-01-01T00:00:00.000Z"});
        assert_eq!(reply.body["data"], line);
    }
    let by_id = format!("{INTEGRATIONS}/{}/permissions", one.id());
    for path in [LIST, &by_id] {
        assert_eq!(
            listed(&stage, ADMIN, path).await,
            ["auth0:5f-7.a_b", "u-1", "u-2"]
        );
    }
    let reply = stage.call(ADMIN, "DELETE", &of("u-1"), Value::Null).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(listed(&stage, ADMIN, LIST).await, ["auth0:5f-7.a_b", "u-2"]);
}

#[tokio::test]
async fn granted_twice_is_granted_and_taken_back_twice_is_not_found() {
    let (stage, _) = Stage::configured().await;
    for _ in 0..2 {
        let reply = stage.call(ADMIN, "PUT", &of("u-1"), Value::Null).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
    }
    assert_eq!(listed(&stage, ADMIN, LIST).await, ["u-1"]);
    for expected in [200, 404, 404] {
        let reply = stage.call(ADMIN, "DELETE", &of("u-1"), Value::Null).await;
        assert_eq!(reply.status, expected, "{}", reply.text);
    }
    let never = stage.call(ADMIN, "DELETE", &of("u-9"), Value::Null).await;
    never.is_problem(404, "not_found");
}

#[tokio::test]
async fn only_admins_decide_and_look() {
    let (stage, one) = Stage::configured().await;
    let by_id = format!("{INTEGRATIONS}/{}/permissions", one.id());
    for who in [MANAGER, AGENT, SERVICE] {
        for (method, path) in [
            ("GET", LIST),
            ("GET", &by_id),
            ("PUT", &of("u-1")),
            ("PUT", &of(who.user)),
            ("DELETE", &of("u-1")),
        ] {
            let reply = stage.call(who, method, path, Value::Null).await;
            reply.is_problem(403, "forbidden");
        }
    }
    for (method, path) in [
        ("GET", by_id.clone()),
        ("PUT", format!("{by_id}/u-1")),
        ("DELETE", format!("{by_id}/u-1")),
    ] {
        let reply = stage.call(STRANGER, method, &path, Value::Null).await;
        reply.is_problem(404, "not_found");
    }
    assert!(stage.item("PERMISSIONS#").is_none());
}

#[tokio::test]
async fn what_can_name_no_user_is_not_found() {
    let (stage, _) = Stage::configured().await;
    for user in ["a%20b", "a#b", "é", "{}", "a\u{0}b", &"x".repeat(129)] {
        for method in ["PUT", "DELETE"] {
            let reply = stage.call(ADMIN, method, &of(user), Value::Null).await;
            reply.is_problem(404, "not_found");
            assert!(!reply.text.contains(user), "{}", reply.text);
        }
    }
    for (method, path) in [("POST", LIST), ("GET", &of("u-1")), ("PUT", LIST)] {
        let reply = stage.call(ADMIN, method, path, Value::Null).await;
        reply.is_problem(405, "method_not_allowed");
    }
    assert!(stage.item("PERMISSIONS#").is_none());
}

#[tokio::test]
async fn a_personal_integration_is_its_owners_alone() {
    let stage = Stage::new().await;
    let form = stage.form_with("two", json!({"owner": "user"})).await;
    let own = stage.call(ADMIN, "POST", WHATSAPP, form).await;
    let path = format!("{INTEGRATIONS}/{}/permissions", own.id());
    for (method, path) in [
        ("GET", path.clone()),
        ("PUT", format!("{path}/u-1")),
        ("DELETE", format!("{path}/u-1")),
    ] {
        let reply = stage.call(ADMIN, method, &path, Value::Null).await;
        reply.is_problem(409, "personal_integration");
    }
    let form = stage.form_with("one", json!({"owner": "user"})).await;
    let theirs = stage.call(AGENT, "POST", WHATSAPP, form).await;
    let path = format!("{INTEGRATIONS}/{}/permissions/u-1", theirs.id());
    let reply = stage.call(ADMIN, "PUT", &path, Value::Null).await;
    reply.is_problem(404, "not_found");
}

#[tokio::test]
async fn with_the_integration_all_that_belongs_to_it_goes_or_nothing() {
    for fault in [None, Some(Fault::AccessDenied), Some(Fault::Reset)] {
        let stage = Stage::new().await;
        let form = stage.form_with("one", json!({"app_secret": null})).await;
        stage.call(ADMIN, "POST", WHATSAPP, form).await;
        let form = stage.form("one").await;
        stage.call(ADMIN, "PATCH", WHATSAPP, form).await;
        stage.call(ADMIN, "PUT", &of("u-1"), Value::Null).await;
        let parts = ["INTEGRATION#", "PREVIOUS#", "PERMISSIONS#"];
        assert!(parts.iter().all(|part| stage.item(part).is_some()));
        let before = [names::INTEGRATIONS, names::WEBHOOK_ROUTES].map(|t| stage.cloud.items(t));
        assert_eq!(before[1].len(), 2, "its route and its claim");

        if let Some(fault) = fault {
            let calls = Calls::of("TransactWriteItems").always();
            stage.cloud.faults().fail(calls, fault);
            let reply = stage.call(ADMIN, "DELETE", WHATSAPP, Value::Null).await;
            reply.is_problem(503, "temporarily_unavailable");
            let after = [names::INTEGRATIONS, names::WEBHOOK_ROUTES].map(|t| stage.cloud.items(t));
            assert_eq!(after, before, "{fault:?}");
            stage.cloud.faults().clear();
        }
        stage.cloud.reset_counts();
        let reply = stage.call(ADMIN, "DELETE", WHATSAPP, Value::Null).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        assert_eq!(stage.cloud.count("TransactWriteItems"), 1);
        assert_eq!(stage.cloud.count("DeleteItem"), 0);
        assert!(parts.iter().all(|part| stage.item(part).is_none()));
        assert!(stage.cloud.items(names::WEBHOOK_ROUTES).is_empty());
    }
}

#[tokio::test]
async fn no_permission_outlives_an_integration_that_is_removed_at_the_same_time() {
    for _ in 0..10 {
        let (stage, _) = Stage::configured().await;
        let path = of("u-1");
        let (granted, removed) = tokio::join!(
            stage.call(ADMIN, "PUT", &path, Value::Null),
            stage.call(ADMIN, "DELETE", WHATSAPP, Value::Null)
        );
        assert_eq!(removed.status, 200, "{}", removed.text);
        assert!(
            matches!(granted.status, 200 | 404 | 409),
            "{}",
            granted.text
        );
        assert!(stage.item("PERMISSIONS#").is_none());
    }
}
