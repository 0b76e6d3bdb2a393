//! Messages of agents go through what the agent is bound to, and through nothing else.

use domain::agent::{Agent, AgentWhatsApp, Behaviour};
use domain::audit::AuditRecord;
use domain::{AgentId, Clock, IntegrationId, TenantId, UserId};
use serde_json::{Value, json};
use std::time::Duration;
use store::agents::Agents;
use store::audit::AuditTrail;
use store::integrations::Integrations;
use testing::switchboard as names;

use crate::stage::{Stage, TENANT, WHATSAPP, arrived};

fn agents(stage: &Stage) -> Agents {
    let dynamodb = aws_sdk_dynamodb::Client::new(&stage.cloud.sdk_config());
    let trail = AuditTrail::new(dynamodb.clone(), names::AUDIT.into(), stage.clock.clone());
    Agents::new(
        Integrations::new(dynamodb, names::INTEGRATIONS.into()),
        trail,
    )
}

fn record(stage: &Stage) -> AuditRecord {
    AuditRecord::new("u-1", stage.clock.now(), "agent.change")
}

/// An agent that is bound to that integration, or to nothing.
#[expect(
    clippy::disallowed_methods,
    reason = "a test is a trusted source of tenants"
)]
fn agent(stage: &Stage, integration: Option<&str>) -> Agent {
    let admin = UserId::parse("u-1").expect("a user");
    let now = stage.clock.now();
    Agent {
        id: AgentId::make(),
        tenant: TenantId::from_trusted_source(TENANT).expect("a tenant"),
        name: "Support".into(),
        description: None,
        enabled: true,
        whatsapp: integration.map(|id| AgentWhatsApp {
            enabled: true,
            integration: IntegrationId::parse(id).expect("an id"),
            phone_number_id: None,
        }),
        behaviour: Behaviour::default(),
        destination: None,
        is_default: false,
        revision: 1,
        created_at: now,
        created_by: admin.clone(),
        updated_at: now,
        updated_by: admin,
    }
}

async fn bind(stage: &Stage, integration: &str) -> Agent {
    let agent = agent(stage, Some(integration));
    let created = agents(stage).create(&agent, &record(stage)).await;
    created.expect("created");
    agent
}

/// A message of an agent.
fn message(id: &str, agent: Option<&AgentId>, more: Value) -> Value {
    let mut metadata = json!({"tenantId": TENANT, "messageId": id});
    if let Some(agent) = agent {
        metadata["agentId"] = json!(agent.as_str());
    }
    for (name, value) in more.as_object().into_iter().flatten() {
        metadata[name] = value.clone();
    }
    let payload = json!({"to": "919876543220", "type": "text", "text": {"body": "Hello!"}});
    arrived(&json!({"metadata": metadata, "wabaPayload": payload}).to_string())
}

#[tokio::test]
async fn an_agent_sends_through_what_it_is_bound_to() {
    let (stage, two) = Stage::with_two_accounts().await;
    let agent = bind(&stage, &two).await;
    let batch = [
        message("bound", Some(&agent.id), Value::Null),
        message("free", None, Value::Null),
        message("unknown", Some(&AgentId::make()), Value::Null),
    ];
    assert!(stage.dispatch(&batch).await.is_empty());
    let mut sends = stage.sends().await;
    sends.sort();
    let sent = |id: &str, account: &str| (id.to_owned(), account.to_owned());
    assert_eq!(
        sends,
        [
            sent("bound", "two"),
            sent("free", "one"),
            sent("unknown", "one")
        ]
    );
    let claim = &stage.claims("bound")[0];
    assert_eq!(claim["credential_source"], "agent");
    assert_eq!(claim["credential_reason"], "bound");
    assert_eq!(claim["integration"], two);
    let (_, shown) = stage.message("bound").await;
    assert_eq!(shown["credential_source"], "agent");
    assert_eq!(stage.claims("free")[0]["credential_source"], "tenant");
}

#[tokio::test]
async fn one_that_was_bound_a_moment_ago_is_known_to_a_warm_container() {
    let (stage, two) = Stage::with_two_accounts().await;
    let batch = [message("m-1", None, Value::Null)];
    assert!(stage.dispatch(&batch).await.is_empty());
    let agent = bind(&stage, &two).await;
    let batch = [message("m-2", Some(&agent.id), Value::Null)];
    assert!(stage.dispatch(&batch).await.is_empty());
    assert_eq!(stage.sends().await[1], ("m-2".into(), "two".into()));
}

#[tokio::test]
async fn a_warm_batch_of_agents_bound_or_not_costs_two_calls() {
    let (stage, two) = Stage::with_two_accounts().await;
    let bound = bind(&stage, &two).await;
    let unbound = agent(&stage, None);
    let created = agents(&stage).create(&unbound, &record(&stage)).await;
    created.expect("created");
    let batch = |round: usize| -> Vec<Value> {
        let of = |number: usize| if number < 5 { &bound.id } else { &unbound.id };
        (0..10)
            .map(|number| {
                message(
                    &format!("m-{round}-{number}"),
                    Some(of(number)),
                    Value::Null,
                )
            })
            .collect()
    };
    assert!(stage.dispatch(&batch(1)).await.is_empty());
    stage.cloud.reset_counts();
    assert!(stage.dispatch(&batch(2)).await.is_empty());
    let counts: Vec<_> = stage.cloud.counts().into_iter().collect();
    let expected = [("BatchExecuteStatement", 1), ("BatchWriteItem", 1)];
    assert_eq!(
        counts,
        expected.map(|(call, times)| (call.to_owned(), times))
    );
    let sends = stage.sends().await.into_iter();
    assert_eq!(sends.filter(|(_, account)| account == "two").count(), 10);
}

#[tokio::test]
async fn when_that_is_gone_nothing_else_is_used() {
    let (mut stage, two) = Stage::with_two_accounts().await;
    let agent = bind(&stage, &two).await;
    let path = format!("/api/v1/settings/integrations/{two}");
    let (status, body) = stage.api("DELETE", &path, Value::Null).await;
    assert_eq!(status, 200, "{body}");
    let batch = [message("gone", Some(&agent.id), Value::Null)];
    assert!(stage.dispatch(&batch).await.is_empty());
    let (status, shown) = stage.message("gone").await;
    assert_eq!(status, "failed", "{shown}");
    assert_eq!(shown["error"]["kind"], "not_configured");
    assert!(shown["error"]["detail"].to_string().contains("bound to"));
    assert_eq!(stage.claims("gone")[0]["credential_reason"], "binding_gone");
    assert!(stage.sends().await.is_empty());

    // The control: switched off, the agent is as if it were bound to nothing.
    let mut off = agent.clone();
    off.revision += 1;
    off.enabled = false;
    let updated = agents(&stage).update(&agent, &off, &record(&stage)).await;
    updated.expect("updated");
    stage.forget();
    let batch = [message("free", Some(&agent.id), Value::Null)];
    assert!(stage.dispatch(&batch).await.is_empty());
    assert_eq!(stage.sends().await, [("free".into(), "one".into())]);
}

#[tokio::test]
async fn an_integration_that_was_deleted_a_moment_ago_steps_aside_in_a_warm_container() {
    let (stage, two) = Stage::with_two_accounts().await;
    // The roster is remembered with both; of the two records only this one's.
    let batch = [message("m-1", None, json!({"integrationId": two}))];
    assert!(stage.dispatch(&batch).await.is_empty());
    let (status, body) = stage.api("DELETE", WHATSAPP, Value::Null).await;
    assert_eq!(status, 200, "{body}");
    let batch = [message("m-2", None, Value::Null)];
    assert!(stage.dispatch(&batch).await.is_empty());
    let through_two = |id: &str| (id.to_owned(), "two".to_owned());
    let sends = stage.sends().await;
    assert_eq!(sends, [through_two("m-1"), through_two("m-2")]);
}

#[tokio::test]
async fn a_channel_or_number_that_the_binding_has_not_is_not_served() {
    let (stage, two) = Stage::with_two_accounts().await;
    let agent = bind(&stage, &two).await;
    let one = stage.form("one").await["phone_number_id"].clone();
    let batch = [
        message("number", Some(&agent.id), json!({"phoneNumberId": one})),
        message("channel", Some(&agent.id), json!({"channel": "exotel_sms"})),
        message("free", None, json!({"phoneNumberId": one})),
    ];
    assert!(stage.dispatch(&batch).await.is_empty());
    assert_eq!(stage.sends().await, [("free".into(), "one".into())]);
    for id in ["number", "channel"] {
        let (status, shown) = stage.message(id).await;
        assert_eq!(status, "failed", "{shown}");
        let reason = &stage.claims(id)[0]["credential_reason"];
        assert_eq!(reason, "binding_does_not_fit");
    }
}

#[tokio::test]
async fn what_waits_for_the_bound_integration_goes_out_through_it() {
    let (stage, two) = Stage::with_two_accounts().await;
    let agent = bind(&stage, &two).await;
    let path = format!("/api/v1/settings/integrations/{two}");
    let (status, body) = stage.api("PATCH", &path, json!({"enabled": false})).await;
    assert_eq!(status, 200, "{body}");
    let body = message("m-1", Some(&agent.id), Value::Null)["body"].clone();
    stage.produce(body.as_str().expect("text")).await;
    stage.until_quiet(Duration::from_secs(5)).await;
    assert_eq!(stage.message("m-1").await.0, "parked");
    assert!(stage.sends().await.is_empty());
    let (status, body) = stage.api("PATCH", &path, json!({"enabled": true})).await;
    assert_eq!(status, 200, "{body}");
    stage.until_quiet(Duration::from_secs(5)).await;
    assert_eq!(stage.sends().await, [("m-1".into(), "two".into())]);
}
