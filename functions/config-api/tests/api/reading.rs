//! Who sees what; and that what is not one's own is as if it were not.

use domain::IntegrationId;
use serde_json::{Value, json};

use crate::stage::{ADMIN, AGENT, INTEGRATIONS, MANAGER, SERVICE, STRANGER, Stage, WHATSAPP};

#[tokio::test]
async fn the_list_holds_the_tenants_own_and_nothing_else() {
    let (stage, one) = Stage::configured().await;
    let form = stage.form("two").await;
    let two = stage.call(STRANGER, "POST", WHATSAPP, form).await;
    for (who, id) in [(ADMIN, one.id()), (STRANGER, two.id())] {
        let list = stage.get(who, INTEGRATIONS).await;
        let ids: Vec<_> = list.body["data"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|one| one["id"].as_str())
            .collect();
        assert_eq!(ids, [Some(id)]);
    }
    assert_eq!(stage.get(STRANGER, WHATSAPP).await.id(), two.id());
}

#[tokio::test]
async fn an_empty_list_is_a_list() {
    let stage = Stage::new().await;
    let list = stage.get(ADMIN, INTEGRATIONS).await;
    assert_eq!(list.body, json!({"success": true, "data": []}));
}

#[tokio::test]
async fn managers_and_agents_see_the_state_and_no_values() {
    let (stage, one) = Stage::configured().await;
    for who in [MANAGER, AGENT, SERVICE] {
        for path in [WHATSAPP.to_owned(), format!("{INTEGRATIONS}/{}", one.id())] {
            let reply = stage.get(who, &path).await;
            assert_eq!(reply.status, 200, "{who:?}");
            let data = &reply.body["data"];
            assert_eq!(data["status"], "connected");
            assert_eq!(data["facts"]["quality_rating"], "GREEN");
            assert!(data.get("settings").is_none() && data.get("credentials").is_none());
        }
        let list = stage.get(who, INTEGRATIONS).await;
        assert!(list.body["data"][0].get("credentials").is_none());
    }
}

#[tokio::test]
async fn unknown_foreign_and_malformed_ids_are_answered_alike() {
    let (stage, one) = Stage::configured().await;
    let references = [
        one.id().to_owned(),
        IntegrationId::make().to_string(),
        "int_".into(),
        "int_x".into(),
        one.id().to_uppercase(),
        format!("{}x", one.id()),
        "whatsapp".into(),
        "telegram".into(),
        "WhatsApp".into(),
        "..".into(),
        "%2e%2e".into(),
        "a b".into(),
        "ROSTER".into(),
        "INTEGRATION#".into(),
        "x".repeat(10_000),
        "é".into(),
    ];
    let asks: [(&str, Value); 3] = [
        ("GET", Value::Null),
        ("PATCH", json!({"name": "Mine now"})),
        ("DELETE", Value::Null),
    ];
    for (method, body) in asks {
        let mut answers = Vec::new();
        for reference in &references {
            let path = format!("{INTEGRATIONS}/{reference}");
            let mut event = crate::stage::event(STRANGER, method, &path, &body);
            let id = format!("req-{}", answers.len());
            event["requestContext"]["requestId"] = id.clone().into();
            let reply = stage.raw(event).await;
            reply.is_problem(404, "not_found");
            assert_eq!(reply.body["instance"], id);
            answers.push(reply.but_for_its_id());
        }
        for (answer, reference) in answers.iter().zip(&references) {
            assert_eq!(answer, &answers[0], "{method} {reference:.50}");
        }
    }
    assert_eq!(stage.get(ADMIN, WHATSAPP).await.body, one.body);
}
