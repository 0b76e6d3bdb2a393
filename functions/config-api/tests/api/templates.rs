//! An account's message templates, page by page.

use http::Method;
use serde_json::{Value, json};

use crate::stage::{
    ADMIN, AGENT, INTEGRATIONS, MANAGER, OPERATOR, Reply, SERVICE, STRANGER, Stage, WHATSAPP,
};

const TEMPLATES: &str = "/api/v1/settings/integrations/whatsapp/templates";
/// As many as every account of the sandbox has.
const COUNT: usize = 9;

fn names(reply: &Reply) -> Vec<String> {
    assert_eq!(reply.status, 200, "{}", reply.text);
    let lines = reply.body["data"].as_array().expect("a list").iter();
    let name = |line: &Value| format!("{}/{}", line["name"], line["language"]);
    lines.map(name).collect()
}

#[tokio::test]
async fn s0_38_templates_are_told_as_the_provider_has_them() {
    let (stage, one) = Stage::configured().await;
    let reply = stage.get(ADMIN, TEMPLATES).await;
    assert_eq!(names(&reply).len(), COUNT);
    assert!(reply.body["next_cursor"].is_null());
    let first = &reply.body["data"][0];
    let told = json!({
        "id": first["id"], "name": "hello_world", "language": "en_US", "status": "approved",
        "category": "utility", "components": [{"type": "BODY", "text": "Hello and welcome."}],
    });
    assert_eq!(*first, told);
    let by_id = format!("{INTEGRATIONS}/{}/templates", one.id());
    for path in [by_id.as_str(), "/api/settings/whatsapp/templates"] {
        assert_eq!(stage.get(ADMIN, path).await.body, reply.body, "{path}");
    }
}

#[tokio::test]
async fn s0_38_cursors_lead_through_all_templates_once_and_in_order() {
    let (stage, _) = Stage::configured().await;
    let whole = names(&stage.get(ADMIN, TEMPLATES).await);
    for limit in [1, 2, 4, COUNT, 100] {
        let (mut seen, mut pages) = (Vec::new(), 0);
        let mut query = format!("limit={limit}");
        loop {
            let reply = stage.query(ADMIN, TEMPLATES, &query).await;
            seen.extend(names(&reply));
            pages += 1;
            let Some(next) = reply.body["next_cursor"].as_str() else {
                break;
            };
            assert!(pages < 20, "it does not end");
            query = format!("limit={limit}&cursor={next}");
        }
        assert_eq!(seen, whole, "by {limit}");
        assert_eq!(pages, COUNT.div_ceil(limit), "by {limit}");
    }
}

#[tokio::test]
async fn a_cursor_serves_no_other_integration_and_no_cursor_of_the_providers_serves_at_all() {
    let (stage, one) = Stage::configured().await;
    let one = format!("{INTEGRATIONS}/{}/templates", one.id());
    let mut other = stage.form("two").await;
    other["provider"] = "whatsapp".into();
    let other = stage.call(ADMIN, "POST", INTEGRATIONS, other).await;
    let other = format!("{INTEGRATIONS}/{}/templates", other.id());
    let first = stage.query(ADMIN, &one, "limit=2").await;
    let cursor = first.body["next_cursor"].as_str().expect("more").to_owned();
    assert!(!cursor.contains("cGxhY2U"), "the provider's own is wrapped");
    let asked = stage.requests().await.len();
    for (path, cursor) in [(other.as_str(), &*cursor), (one.as_str(), "cGxhY2U6MQ")] {
        let reply = stage.query(ADMIN, path, &format!("cursor={cursor}")).await;
        reply.is_problem(400, "invalid_parameter");
    }
    assert_eq!(stage.requests().await.len(), asked, "nobody was asked");
    let reply = stage.query(ADMIN, &one, &format!("cursor={cursor}")).await;
    assert_eq!(names(&reply).len(), COUNT - 2);
}

#[tokio::test]
async fn who_may_send_through_an_integration_sees_its_templates() {
    let (stage, one) = Stage::configured().await;
    let by_id = format!("{INTEGRATIONS}/{}/templates", one.id());
    for who in [MANAGER, AGENT] {
        let reply = stage.get(who, &by_id).await;
        reply.is_problem(403, "forbidden");
        let grant = format!("{WHATSAPP}/permissions/{}", who.user);
        stage.call(ADMIN, "PUT", &grant, Value::Null).await;
        assert_eq!(names(&stage.get(who, &by_id).await).len(), COUNT);
        stage.call(ADMIN, "DELETE", &grant, Value::Null).await;
        stage.get(who, &by_id).await.is_problem(403, "forbidden");
    }
    for who in [ADMIN, SERVICE] {
        assert_eq!(names(&stage.get(who, &by_id).await).len(), COUNT);
    }
    let unknown = format!("{INTEGRATIONS}/int_00000000000000000000000000/templates");
    for who in [STRANGER, OPERATOR] {
        let (foreign, unknown) = (stage.get(who, &by_id).await, stage.get(who, &unknown).await);
        foreign.is_problem(404, "not_found");
        assert_eq!(foreign.but_for_its_id(), unknown.but_for_its_id());
    }
}

#[tokio::test]
async fn a_provider_without_templates_and_one_in_trouble_say_so() {
    let (stage, _) = Stage::configured().await;
    for (fault, status, code) in [
        (json!({"status": 503}), 503, "provider_unavailable"),
        (json!("rate_limit"), 503, "provider_rate_limit"),
        (json!("bad_credential"), 422, "credentials_rejected"),
    ] {
        stage.fault(fault).await;
        stage.get(ADMIN, TEMPLATES).await.is_problem(status, code);
        stage
            .control(Method::DELETE, "/_sandbox/faults", Value::Null)
            .await;
    }
    let shown = stage.get(ADMIN, WHATSAPP).await;
    assert_eq!(shown.body["data"]["status"], "connected", "it is only told");
    assert_eq!(names(&stage.get(ADMIN, TEMPLATES).await).len(), COUNT);

    let path = "/_sandbox/credentials?account=one";
    let all = stage.control(Method::GET, path, Value::Null).await;
    let place = format!("{INTEGRATIONS}/exotel_phone");
    let form = all["exotel_phone"].clone();
    let reply = stage.call(ADMIN, "POST", &place, form).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    let reply = stage.get(ADMIN, &format!("{place}/templates")).await;
    reply.is_problem(422, "capability_missing");
}
