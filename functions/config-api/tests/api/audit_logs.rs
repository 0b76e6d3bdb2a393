//! The audit log as admins read it.

use serde_json::{Value, json};

use crate::stage::{ADMIN, AGENT, MANAGER, OPERATOR, Person, SERVICE, STRANGER, Stage, WHATSAPP};

const LOGS: &str = "/api/v1/settings/audit-logs";

async fn lines(stage: &Stage, who: Person, query: &str) -> Vec<Value> {
    let reply = stage.query(who, LOGS, query).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.body["data"].as_array().expect("a list").clone()
}

fn all(lines: &[Value], field: &str) -> Vec<Value> {
    lines.iter().map(|line| line[field].clone()).collect()
}

#[tokio::test]
async fn the_newest_comes_first_with_its_place_in_the_chain() {
    let (stage, one) = Stage::configured().await;
    stage
        .call(ADMIN, "PATCH", WHATSAPP, json!({"name": "Front desk"}))
        .await;
    let lines = lines(&stage, ADMIN, "").await;
    assert_eq!(
        all(&lines, "action"),
        [
            "integration.change",
            "phone_numbers.sync",
            "webhook.register",
            "integration.configure"
        ]
    );
    assert_eq!(all(&lines, "number"), [4, 3, 2, 1]);
    let newest = &lines[0];
    assert_eq!(newest["actor"], ADMIN.user);
    assert_eq!(newest["at"], "2026-01-01T00:00:00.000Z");
    assert_eq!(newest["integration"], one.id());
    assert_eq!(newest["outcome"], "ok");
    let hash = newest["hash"].as_str().expect("a hash");
    assert!(hash.len() == 64 && hash.bytes().all(|digit| digit.is_ascii_hexdigit()));
}

#[tokio::test]
async fn by_provider_type_it_is_the_lines_of_that_type() {
    let (stage, _) = Stage::configured().await;
    let every = lines(&stage, ADMIN, "").await;
    assert_eq!(lines(&stage, ADMIN, "provider=whatsapp").await, every);
    for other in ["telegram", "whatsap", "whatsapp2", "w"] {
        let reply = stage.query(ADMIN, LOGS, &format!("provider={other}")).await;
        reply.is_problem(400, "invalid_parameter");
    }
    for limit in 1..=every.len() {
        let page = lines(&stage, ADMIN, &format!("provider=whatsapp&limit={limit}")).await;
        assert_eq!(page, every[..limit]);
    }
}

#[tokio::test]
async fn nobody_but_admins_reads_it_and_nobody_writes_it() {
    let (stage, _) = Stage::configured().await;
    for who in [AGENT, MANAGER, SERVICE] {
        stage.get(who, LOGS).await.is_problem(403, "forbidden");
    }
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        let reply = stage.call(ADMIN, method, LOGS, json!({})).await;
        reply.is_problem(405, "method_not_allowed");
    }
    let header = [("x-switchboard-tenant", "t_one")];
    let reply = stage.call_with(OPERATOR, "GET", LOGS, Value::Null, &header);
    assert_eq!(
        reply.await.body["data"],
        Value::from(lines(&stage, ADMIN, "").await)
    );
}

#[tokio::test]
async fn another_tenant_sees_its_own_alone() {
    let (stage, one) = Stage::configured().await;
    assert!(lines(&stage, STRANGER, "").await.is_empty());
    assert!(
        lines(&stage, STRANGER, "provider=whatsapp")
            .await
            .is_empty()
    );
    // Who tries to take what is connected already leaves a line of its own, which names nobody else.
    let form = stage.form("one").await;
    let reply = stage.call(STRANGER, "POST", WHATSAPP, form).await;
    assert_eq!(reply.status, 409);
    let theirs = lines(&stage, STRANGER, "").await;
    assert_eq!(all(&theirs, "outcome"), ["account_connected_already"]);
    assert_eq!(all(&theirs, "number"), [1]);
    let text = Value::from(theirs).to_string();
    for foreign in [one.id(), ADMIN.tenant, ADMIN.user] {
        assert!(!text.contains(foreign), "{text}");
    }
    assert_eq!(lines(&stage, ADMIN, "").await.len(), 3);
}

#[tokio::test]
async fn no_value_of_a_secret_stands_in_it() {
    let (stage, _) = Stage::configured().await;
    let form = stage.form("one").await;
    stage.call(ADMIN, "POST", WHATSAPP, form.clone()).await;
    let text = stage.get(ADMIN, LOGS).await.text;
    for field in ["access_token", "app_secret"] {
        let value = form[field].as_str().expect("text");
        assert!(!text.contains(&value[value.len() - 4..]), "{field}");
    }
}
