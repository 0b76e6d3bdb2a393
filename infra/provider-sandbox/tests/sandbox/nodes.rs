//! Reading: phone numbers, accounts, templates.

use http::Method;
use serde_json::{Value, json};

use crate::harness::{World, call};

#[tokio::test]
async fn a_phone_number_answers_what_it_is_asked() {
    let world = World::start().await;
    let phone = &world.account.phone;
    let body = world.get(phone).await.body;
    assert_eq!(
        (&body["id"], &body["platform_type"]),
        (&json!(phone), &json!("CLOUD_API"))
    );
    assert!(
        body.get("health_status").is_none(),
        "only when it is asked for"
    );

    let body = world
        .get(&format!("{phone}?fields=status,health_status"))
        .await
        .body;
    let mut names: Vec<&String> = body.as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(names, ["health_status", "id", "status"]);
    let entities = body["health_status"]["entities"].as_array().unwrap();
    let id_of = |kind: &str| {
        entities
            .iter()
            .find(|entity| entity["entity_type"] == kind)
            .unwrap()["id"]
            .clone()
    };
    assert_eq!(id_of("WABA"), json!(world.account.waba));
    assert_eq!(id_of("APP"), json!(world.account.app));
    assert_eq!(id_of("PHONE_NUMBER"), json!(phone));

    assert_eq!(
        world.get(&format!("{phone}?fields=nonsense")).await.error(),
        (400, 100, None)
    );
    assert_eq!(
        world.get(&format!("{phone}/nonsense")).await.error(),
        (400, 100, None)
    );
    let deleted = world.graph(Method::DELETE, phone, Value::Null).await;
    assert_eq!(deleted.error(), (400, 100, Some(33)));
}

#[tokio::test]
async fn the_whole_list_of_fields_of_a_connection_test_is_known() {
    let world = World::start().await;
    let fields = "id,display_phone_number,verified_name,quality_rating,status,code_verification_status,\
        name_status,platform_type,throughput,account_mode,is_on_biz_app,is_pin_enabled,\
        webhook_configuration,whatsapp_business_manager_messaging_limit,health_status";
    assert_eq!(
        world
            .get(&format!("{}?fields={fields}", world.account.phone))
            .await
            .status,
        200
    );
    let fields = "id,name,status,currency,country,timezone_id,message_template_namespace,\
        account_review_status,business_verification_status,ownership_type,owner_business_info,\
        on_behalf_of_business_info,health_status";
    assert_eq!(
        world
            .get(&format!("{}?fields={fields}", world.account.waba))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn a_blocked_account_is_valid_but_cannot_send() {
    let world = World::of("blocked").await;
    let path = format!("{}?fields=health_status", world.account.phone);
    let body = world.get(&path).await.body;
    assert_eq!(body["health_status"]["can_send_message"], "BLOCKED");
    let answer = world.send(crate::harness::text_message("hello")).await;
    assert_eq!(answer.error(), (400, 131_042, None));
}

#[tokio::test]
async fn lists_come_in_pages() {
    let world = World::start().await;
    let path = format!("{}/phone_numbers?fields=id&limit=1", world.account.waba);
    let first = world.get(&path).await.body;
    assert_eq!(first["data"], json!([{ "id": world.account.phone }]));
    let next = first["paging"]["next"].as_str().unwrap();
    let next = next.strip_prefix(&world.sandbox.url()).unwrap();
    let token = Some(world.account.token.as_str());
    let second = call(world.sandbox.address(), Method::GET, next, token, None)
        .await
        .unwrap()
        .body;
    assert_ne!(second["data"][0]["id"], first["data"][0]["id"]);
    assert!(second["paging"].get("next").is_none());
    let before = second["paging"]["cursors"]["before"].as_str().unwrap();
    let back = world.get(&format!("{path}&before={before}")).await.body;
    assert_eq!(back["data"], first["data"]);

    for (query, expected) in [
        ("limit=0", (400, 100, None)),
        ("limit=101", (400, 100, None)),
        ("sort=name", (400, 100, None)),
        ("after=nonsense", (400, 131_059, None)),
        ("filtering=[{\"field\":\"id\"}]", (400, 100, None)),
    ] {
        let query = query
            .replace('"', "%22")
            .replace(['[', '{'], "%5B")
            .replace([']', '}'], "%5D");
        let answer = world
            .get(&format!("{}/phone_numbers?{query}", world.account.waba))
            .await;
        assert_eq!(answer.error(), expected, "{query}");
    }
}

#[tokio::test]
async fn templates_can_be_filtered_and_counted() {
    let world = World::start().await;
    let path = format!("{}/message_templates", world.account.waba);
    let all = world.get(&path).await.body;
    assert!(all["data"].as_array().unwrap().len() > 5);
    let query = "?name=order_update&language=hi,en_US&fields=name,language&summary=total_count";
    let body = world.get(&format!("{path}{query}")).await.body;
    assert_eq!(body["data"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&body["data"][0]["language"], &body["summary"]),
        (&json!("hi"), &json!({ "total_count": 1 }))
    );
}

#[tokio::test]
async fn me_proves_only_that_a_token_is_alive() {
    let body = World::start().await.get("me").await.body;
    assert!(body["id"].is_string() && body["name"].is_string());
}
