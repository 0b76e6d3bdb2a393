//! The integration's own webhook: registered on save, used, removed on delete.

use http::Method;
use serde_json::{Value, json};

use crate::stage::{ADMIN, Stage, WHATSAPP};

async fn write_in(stage: &Stage, wanted: Value) -> Value {
    let mut event = json!({"provider": "whatsapp"});
    for (name, value) in wanted.as_object().into_iter().flatten() {
        event[name] = value.clone();
    }
    stage.control(Method::POST, "/_sandbox/send", event).await
}

#[tokio::test]
async fn what_the_provider_sends_arrives_on_the_inbound_queue() {
    let (stage, one) = Stage::configured().await;
    let sent = write_in(&stage, json!({"text": "नमस्ते"})).await;
    assert_eq!(sent["status"], 200, "{sent}");
    let events = stage.events();
    assert_eq!(events.len(), 1);
    let event = &events[0];
    assert_eq!(event["tenant"], "t_one");
    assert_eq!(event["integration"], one.id());
    assert_eq!(event["event"]["kind"], "message");
    assert_eq!(event["event"]["id"], sent["message_id"]);
    let forged = write_in(&stage, json!({"text": "x", "tamper": true})).await;
    assert_eq!(forged["status"], 401, "{forged}");
    assert_eq!(stage.events().len(), 1);
}

#[tokio::test]
async fn each_integration_has_a_url_of_its_own() {
    let (stage, _) = Stage::configured().await;
    let form = stage.form("two").await;
    let reply = stage
        .call(crate::stage::STRANGER, "POST", WHATSAPP, form)
        .await;
    assert_eq!(reply.status, 201);
    let one = write_in(&stage, json!({"text": "x"})).await;
    let two = write_in(&stage, json!({"text": "x", "account": "two"})).await;
    let token = |sent: &Value| {
        let url = sent["url"].as_str().expect("a URL");
        url.rsplit('/').next().expect("a token").to_owned()
    };
    assert_ne!(token(&one), token(&two));
    assert_eq!(token(&one).len(), 52);
    let events = stage.events();
    let tenants: Vec<_> = events.iter().map(|event| event["tenant"].clone()).collect();
    assert_eq!(tenants, ["t_one", "t_two"]);
}

#[tokio::test]
async fn a_failing_registration_does_not_refuse_the_save() {
    let stage = Stage::new().await;
    stage.door.borrow_mut().close();
    tokio::task::yield_now().await;
    let form = stage.form("one").await;
    let reply = stage.call(ADMIN, "POST", WHATSAPP, form.clone()).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    let data = &reply.body["data"];
    assert_eq!(data["status"], "connected");
    assert_eq!(data["webhook"]["status"], "failed");
    assert_eq!(data["webhook"]["error"]["provider_code"], "2200");
    let hint = data["webhook"]["error"]["hint"].as_str().expect("a hint");
    assert!(hint.contains("public URL"), "{hint}");
    assert_eq!(stage.get(ADMIN, WHATSAPP).await.body, reply.body);
}

#[tokio::test]
async fn without_the_app_secret_there_is_no_webhook_and_the_answer_says_so() {
    let stage = Stage::new().await;
    let form = stage.form_with("one", json!({"app_secret": null})).await;
    let reply = stage.call(ADMIN, "POST", WHATSAPP, form).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    let data = &reply.body["data"];
    assert_eq!(data["webhook"]["status"], "not_configured");
    let hint = data["webhook"]["error"]["hint"].as_str().expect("a hint");
    assert!(hint.contains("app secret"), "{hint}");
    assert!(
        data["warnings"][0]
            .as_str()
            .is_some_and(|text| text.contains("app secret"))
    );
    // Only the claim on the number is in the table of routes.
    assert_eq!(stage.items()[1], 1);
    // Given later, it is registered.
    let secret = stage.form("one").await["app_secret"].clone();
    let change = json!({ "app_secret": secret });
    let reply = stage.call(ADMIN, "PATCH", WHATSAPP, change).await;
    assert_eq!(
        reply.body["data"]["webhook"]["status"], "registered",
        "{}",
        reply.text
    );
    assert_eq!(stage.items()[1], 2);
}

#[tokio::test]
async fn taking_the_app_secret_away_closes_the_url() {
    let (stage, _) = Stage::configured().await;
    let change = json!({"app_secret": null});
    let reply = stage.call(ADMIN, "PATCH", WHATSAPP, change).await;
    assert_eq!(
        reply.body["data"]["webhook"]["status"], "not_configured",
        "{}",
        reply.text
    );
    assert_eq!(stage.items()[1], 1);
    stage.clock.advance(std::time::Duration::from_secs(61));
    let sent = write_in(&stage, json!({"text": "x"})).await;
    assert_eq!(sent["status"], 401, "{sent}");
}

#[tokio::test]
async fn saving_again_keeps_the_url() {
    let (stage, _) = Stage::configured().await;
    let before = write_in(&stage, json!({"text": "x"})).await["url"].clone();
    let form = stage.form("one").await;
    assert_eq!(stage.call(ADMIN, "POST", WHATSAPP, form).await.status, 200);
    let after = write_in(&stage, json!({"text": "x"})).await;
    assert_eq!(after["url"], before);
    assert_eq!(after["status"], 200, "{after}");
    assert_eq!(stage.items()[1], 2);
}

#[tokio::test]
async fn after_removal_nothing_is_delivered() {
    let (stage, _) = Stage::configured().await;
    stage.call(ADMIN, "DELETE", WHATSAPP, Value::Null).await;
    let url = format!("{}/_sandbox/send", stage.sandbox.url());
    let request =
        providers::http::Outgoing::new(Method::POST, url::Url::parse(&url).expect("a URL")).json(
            json!({"provider": "whatsapp", "text": "x"})
                .to_string()
                .into_bytes(),
        );
    let overrides = json!({"whatsapp": {"base_url": stage.sandbox.url()}});
    let overrides = serde_json::from_value(overrides).expect("overrides");
    let http =
        providers::http::Egress::new(providers::http::Reach::new(&overrides)).expect("a client");
    let answer = http.send(request).await.expect("an answer");
    // The sandbox knows of no webhook any more.
    assert_eq!(answer.status, 409, "{:?}", answer.body);
}
