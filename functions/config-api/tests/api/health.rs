//! How an integration fares, as everybody is told who may know of it.

use std::time::Duration;

use domain::event::{EventKind, InboundEvent, ProviderEvent};
use domain::{Clock, IntegrationId, MessageId, ProviderId, TenantId};
use http::Method;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use store::activity::Events;
use store::parked::{Parked, ParkedMessage};
use testing::cloud::{Calls, Fault};
use testing::scan::Scanner;
use testing::switchboard as names;

use crate::analytics::Counter;
use crate::stage::{
    ADMIN, AGENT, INTEGRATIONS, MANAGER, Person, SERVICE, STRANGER, Stage, WHATSAPP,
};

const HEALTH: &str = "/api/v1/settings/integrations/whatsapp/health";

async fn health(stage: &Stage, who: Person) -> Value {
    let reply = stage.get(who, HEALTH).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.body["data"].clone()
}

fn advice(health: &Value) -> Vec<&str> {
    let advice = health["advice"].as_array().expect("a list").iter();
    advice
        .map(|one| one.as_str().expect("a sentence"))
        .collect()
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test is a trusted source of tenants"
)]
fn tenant() -> TenantId {
    TenantId::from_trusted_source(ADMIN.tenant).expect("a tenant")
}

fn client(stage: &Stage) -> aws_sdk_dynamodb::Client {
    aws_sdk_dynamodb::Client::new(&stage.cloud.sdk_config())
}

/// Lets so many messages wait for an integration.
async fn park(stage: &Stage, integration: &str, count: usize) {
    let parked = Parked::new(client(stage), names::ACTIVITY.into());
    for _ in 0..count {
        let message = ParkedMessage {
            id: MessageId::make(),
            integration: IntegrationId::parse(integration).expect("an id"),
            accepted_at: stage.clock.now(),
            attempt: 1,
            body: "{}".into(),
        };
        parked
            .keep(&tenant(), &message, message.accepted_at)
            .await
            .expect("kept");
    }
}

/// Lets so many events arrive now.
async fn receive(stage: &Stage, integration: &str, count: usize) {
    let events = Events::new(client(stage), names::ACTIVITY.into());
    let payload = RawValue::from_string("{}".into()).expect("JSON");
    let now = stage.clock.now();
    for _ in 0..count {
        let event = InboundEvent {
            tenant: ADMIN.tenant.into(),
            integration: IntegrationId::parse(integration).expect("an id"),
            provider: ProviderId::parse("whatsapp").expect("a type"),
            received_at: now,
            event: ProviderEvent {
                id: MessageId::make().to_string(),
                account: None,
                occurred_at: now,
                kind: EventKind::Message,
                contacts: None,
                payload: &payload,
            },
        };
        events.keep(&tenant(), &event).await.expect("kept");
    }
}

#[tokio::test]
async fn what_fares_well_needs_no_advice() {
    let (stage, _) = Stage::configured().await;
    let told = health(&stage, ADMIN).await;
    assert_eq!(told["status"], "connected");
    assert_eq!(told["verified_at"], "2026-01-01T00:00:00.000Z");
    assert_eq!(told["webhook"], json!({"status": "registered"}));
    assert_eq!(
        told["limits"],
        stage.get(ADMIN, WHATSAPP).await.body["data"]["facts"]
    );
    let mut activity = told["activity"].clone();
    let last_day = activity["last_day"].take();
    let quiet = json!({"parked": 0, "parked_is_least": false, "last_day": null});
    assert_eq!(activity, quiet);
    assert_eq!(
        (&last_day["received"], &last_day["sent"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(told["advice"], json!([]));
    for who in [MANAGER, AGENT, SERVICE] {
        assert_eq!(health(&stage, who).await, told);
    }
}

#[tokio::test]
async fn who_may_not_know_of_an_integration_is_not_told_how_it_fares() {
    let (stage, one) = Stage::configured().await;
    let own = stage.form_with("two", json!({"owner": "user"})).await;
    let own = stage.call(MANAGER, "POST", WHATSAPP, own).await;
    let of = |id: &str| format!("{INTEGRATIONS}/{id}/health");
    let unknown = of("int_00000000000000000000000000");
    for (who, id) in [(STRANGER, one.id()), (ADMIN, own.id()), (AGENT, own.id())] {
        let (foreign, unknown) = (
            stage.get(who, &of(id)).await,
            stage.get(who, &unknown).await,
        );
        foreign.is_problem(404, "not_found");
        assert_eq!(foreign.but_for_its_id(), unknown.but_for_its_id());
    }
    assert_eq!(stage.get(MANAGER, &of(own.id())).await.status, 200);
}

#[tokio::test]
async fn h8_no_part_of_a_secret_is_told() {
    let (stage, _) = Stage::configured().await;
    stage.get(ADMIN, &format!("{WHATSAPP}/templates")).await;
    stage.fault(json!("bad_credential")).await;
    let checks = stage.connection_test();
    let event = crate::stage::event(ADMIN, "POST", &format!("{WHATSAPP}/test"), &Value::Null);
    let request = serde_json::from_value(event).expect("an event");
    connection_test::handle(&checks, request).await;
    let secrets = Scanner::new(stage.sandbox.secrets());
    for who in [ADMIN, AGENT] {
        let told = health(&stage, who).await;
        assert_eq!(told["status"], "invalid");
        assert!(secrets.scan(told.to_string().as_bytes()).is_empty());
        assert!(!told.to_string().contains("/webhooks/"), "nor the URL");
    }
    let form = stage.form("one").await.to_string();
    assert!(!secrets.scan(form.as_bytes()).is_empty(), "it finds them");
}

#[tokio::test]
async fn what_waits_is_counted_up_to_a_bound() {
    let (stage, one) = Stage::configured().await;
    let activity = async || health(&stage, ADMIN).await["activity"].clone();
    park(&stage, one.id(), 100).await;
    let other = IntegrationId::make();
    park(&stage, other.as_str(), 1).await;
    let told = activity().await;
    assert_eq!(
        (&told["parked"], &told["parked_is_least"]),
        (&json!(100), &json!(false))
    );
    park(&stage, one.id(), 1).await;
    let told = activity().await;
    assert_eq!(
        (&told["parked"], &told["parked_is_least"]),
        (&json!(100), &json!(true))
    );
    let told = health(&stage, ADMIN).await;
    assert_eq!(
        advice(&told),
        [
            "Messages that wait for this integration: at least 100. They are sent when it can send again and is saved."
        ]
    );
}

#[tokio::test]
async fn what_arrived_is_told_without_reading_it() {
    let (stage, one) = Stage::configured().await;
    let activity = async || health(&stage, ADMIN).await["activity"].clone();
    assert!(activity().await["last_event_at"].is_null());
    receive(&stage, one.id(), 3).await;
    stage.clock.advance(Duration::from_secs(20 * 3600));
    let latest = stage.clock.now().to_string();
    receive(&stage, one.id(), 200).await;
    let counter = Counter::new(&stage, one.id(), "c1");
    counter.events(&vec![EventKind::Message; 203]).await;
    stage.clock.advance(Duration::from_secs(60));
    receive(&stage, IntegrationId::make().as_str(), 5).await;
    let calls = Calls::of("BatchGetItem").on(names::ACTIVITY).always();
    stage.cloud.faults().fail(calls, Fault::AccessDenied);
    let told = activity().await;
    assert_eq!(told["last_event_at"], latest.as_str());
    assert_eq!(told["last_day"]["received"], 203, "without a bound");
    // Whoever lists them has to read them.
    let events = stage.get(ADMIN, "/api/v1/events").await;
    events.is_problem(503, "temporarily_unavailable");
}

#[tokio::test]
async fn the_last_use_of_a_credential_is_told_with_its_purpose() {
    let (stage, _) = Stage::configured().await;
    assert!(health(&stage, ADMIN).await["activity"]["last_used"].is_null());
    stage.clock.advance(Duration::from_secs(60));
    stage.get(ADMIN, &format!("{WHATSAPP}/templates")).await;
    let mut other = stage.form("two").await;
    other["provider"] = "whatsapp".into();
    let other = stage.call(ADMIN, "POST", INTEGRATIONS, other).await;
    stage.clock.advance(Duration::from_secs(60));
    let path = format!("{INTEGRATIONS}/{}/templates", other.id());
    stage.get(ADMIN, &path).await;
    let used = json!({"at": "2026-01-01T00:01:00.000Z", "purpose": "read"});
    assert_eq!(health(&stage, ADMIN).await["activity"]["last_used"], used);
}

#[tokio::test]
async fn advice_is_given_most_urgent_first() {
    let (stage, one) = Stage::configured().await;
    park(&stage, one.id(), 2).await;
    stage.fault(json!("bad_credential")).await;
    let checks = stage.connection_test();
    let event = crate::stage::event(ADMIN, "POST", &format!("{WHATSAPP}/test"), &Value::Null);
    let request = serde_json::from_value(event).expect("an event");
    connection_test::handle(&checks, request).await;
    let off = json!({"enabled": false});
    stage.call(ADMIN, "PATCH", WHATSAPP, off).await;
    let told = health(&stage, AGENT).await;
    assert_eq!(told["status"], "disabled");
    assert_eq!(told["last_error"]["kind"], "credentials_rejected");
    let said = advice(&told);
    assert_eq!(said.len(), 3, "{said:?}");
    let hint = told["last_error"]["hint"].as_str().expect("a hint");
    assert!(said[0].contains(hint), "{said:?}");
    assert!(said[1].contains("wait for this integration: 2"), "{said:?}");
    assert!(said[2].contains("switched off"), "{said:?}");
    // All is well again after the repair, and what waits is about to go out.
    stage
        .control(Method::DELETE, "/_sandbox/faults", Value::Null)
        .await;
    let mut form = stage.form("one").await;
    form["enabled"] = true.into();
    stage.call(ADMIN, "POST", WHATSAPP, form).await;
    let told = health(&stage, AGENT).await;
    assert_eq!(advice(&told), said[1..2]);
}

#[tokio::test]
async fn a_webhook_that_is_not_registered_is_advised_on() {
    let stage = Stage::new().await;
    let form = stage.form_with("one", json!({"app_secret": null})).await;
    let reply = stage.call(ADMIN, "POST", WHATSAPP, form).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    let told = health(&stage, ADMIN).await;
    assert_eq!(told["webhook"]["status"], "not_configured");
    let hint = told["webhook"]["error"]["hint"].as_str().expect("a hint");
    assert_eq!(advice(&told).len(), 1);
    assert!(advice(&told)[0].contains(hint), "{told}");
}
