//! The platform's own account serves a tenant under a live grant, and never otherwise.

use std::time::Duration;

use domain::audit::AuditRecord;
use domain::grant::{Ended, EndedWhy, Grant};
use domain::{Clock, ProviderId, TenantId, Timestamp, UserId};
use http::Method;
use serde_json::{Value, json};
use store::audit::AuditTrail;
use store::grants::Grants;
use store::integrations::Integrations;
use testing::cloud::{Calls, Fault};
use testing::switchboard as names;

use crate::stage::{Stage, TENANT, WHATSAPP, arrived, text};

const OTHER: &str = "t_two";
const A_MINUTE: Duration = Duration::from_secs(60);

#[expect(
    clippy::disallowed_methods,
    reason = "a test is a trusted source of tenants"
)]
fn tenant(name: &str) -> TenantId {
    TenantId::from_trusted_source(name).expect("a tenant")
}

fn whatsapp() -> ProviderId {
    ProviderId::parse("whatsapp").expect("a type")
}

fn operator() -> UserId {
    UserId::parse("operator-1").expect("a user")
}

fn grants(stage: &Stage) -> Grants {
    let dynamodb = aws_sdk_dynamodb::Client::new(&stage.cloud.sdk_config());
    let trail = AuditTrail::new(dynamodb.clone(), names::AUDIT.into(), stage.clock.clone());
    Grants::new(
        Integrations::new(dynamodb, names::INTEGRATIONS.into()),
        trail,
    )
}

async fn grant(stage: &Stage, to: &str, until: Option<Timestamp>) {
    let now = stage.clock.now();
    let grant = Grant {
        granted_by: operator(),
        granted_at: now,
        until,
        ended: None,
    };
    let record = AuditRecord::new("operator-1", now, "grant.set");
    let granted = grants(stage)
        .grant(&tenant(to), &whatsapp(), &grant, &record)
        .await;
    granted.expect("granted");
}

async fn end(stage: &Stage) {
    let at = stage.clock.now();
    let ended = Ended {
        at,
        by: operator(),
        why: EndedWhy::Revoked,
    };
    let record = AuditRecord::new("operator-1", at, "grant.end");
    let ended = grants(stage)
        .end(&tenant(TENANT), &whatsapp(), ended, &record)
        .await;
    ended.expect("ended");
}

/// A container whose platform has account two.
async fn with_platform(stage: &Stage) -> message_dispatch::Context {
    let form = stage.form("two").await;
    let value = |name: &str| form[name].as_str().expect("text").to_owned();
    stage.container_with(&[
        ("WHATSAPP_ACCESS_TOKEN", &value("access_token")),
        ("WHATSAPP_PHONE_NUMBER_ID", &value("phone_number_id")),
        ("WHATSAPP_BUSINESS_ACCOUNT_ID", &value("waba_id")),
    ])
}

/// A stage and a container of it whose platform has account two.
async fn staged() -> (Stage, message_dispatch::Context) {
    let stage = Stage::new().await;
    let container = with_platform(&stage).await;
    (stage, container)
}

fn of(tenant: &str, id: &str) -> Value {
    let body = json!({
        "metadata": {"tenantId": tenant, "messageId": id},
        "wabaPayload": {"to": "919876543220", "type": "text", "text": {"body": "Hello!"}},
    });
    arrived(&body.to_string())
}

async fn send(stage: &Stage, container: &message_dispatch::Context, id: &str) {
    let again = stage.dispatch_in(container, &[of(TENANT, id)]).await;
    assert!(again.is_empty(), "{again:?}");
}

async fn accounts(stage: &Stage) -> Vec<String> {
    let sends = stage.sends().await.into_iter();
    sends.map(|(_, account)| account).collect()
}

/// All that any provider was asked so far.
async fn requests(stage: &Stage) -> usize {
    let log = stage
        .control(Method::GET, "/_sandbox/requests", Value::Null)
        .await;
    log.as_array().expect("a list").len()
}

async fn fails_for(stage: &Stage, id: &str, reason: &str) {
    let (status, shown) = stage.message(id).await;
    assert_eq!(status, "failed", "{id}: {shown}");
    assert_eq!(shown["error"]["kind"], "not_configured", "{shown}");
    let claim = &stage.claims(id)[0];
    assert_eq!(claim["credential_reason"], reason, "{id}");
    assert_eq!(claim["credential_source"], "none", "{id}");
}

#[tokio::test]
async fn b6_with_provider_variables_set_and_no_grant_no_request_leaves() {
    let (stage, container) = staged().await;
    let number = stage.form("two").await["phone_number_id"].clone();
    let named = |id: &str, more: Value| {
        let mut metadata = json!({"tenantId": TENANT, "messageId": id});
        for (name, value) in more.as_object().into_iter().flatten() {
            metadata[name] = value.clone();
        }
        let payload = json!({"to": "919876543220", "type": "text", "text": {"body": "Hello!"}});
        arrived(&json!({"metadata": metadata, "wabaPayload": payload}).to_string())
    };
    let batch = |round: &str| {
        let id = |name: &str| format!("{name}-{round}");
        [
            named(&id("plain"), Value::Null),
            named(&id("number"), json!({"phoneNumberId": number})),
            named(&id("user"), json!({"userId": "u-1", "createdBy": "u-2"})),
            named(
                &id("agent"),
                json!({"agentId": domain::AgentId::make().as_str()}),
            ),
        ]
    };
    let before = requests(&stage).await;
    assert!(stage.dispatch_in(&container, &batch("a")).await.is_empty());
    for name in ["plain", "number", "user", "agent"] {
        fails_for(&stage, &format!("{name}-a"), "no_integration").await;
    }
    // Neither does another's grant help.
    grant(&stage, OTHER, None).await;
    assert!(stage.dispatch_in(&container, &batch("b")).await.is_empty());
    assert_eq!(requests(&stage).await, before);
    assert!(stage.records("platform_credentials.use").is_empty());

    // The control: under a grant all of them leave.
    grant(&stage, TENANT, None).await;
    assert!(stage.dispatch_in(&container, &batch("c")).await.is_empty());
    assert_eq!(accounts(&stage).await, ["two"; 4]);
}

#[tokio::test]
async fn s3_27_without_provider_variables_a_grant_helps_nobody_and_all_else_works() {
    let stage = Stage::new().await;
    grant(&stage, TENANT, None).await;
    send(&stage, &stage.dispatch, "m-1").await;
    fails_for(&stage, "m-1", "platform_not_set_up").await;
    let empty = stage.container_with(&[
        ("WHATSAPP_ACCESS_TOKEN", ""),
        ("WHATSAPP_PHONE_NUMBER_ID", ""),
        ("WHATSAPP_BUSINESS_ACCOUNT_ID", ""),
    ]);
    send(&stage, &empty, "m-2").await;
    fails_for(&stage, "m-2", "platform_not_set_up").await;
    assert_eq!(stage.connect("one").await.0, 201);
    send(&stage, &empty, "m-3").await;
    assert_eq!(accounts(&stage).await, ["one"]);
}

#[tokio::test]
async fn under_a_live_grant_it_sends_and_is_on_record() {
    let (stage, container) = staged().await;
    grant(&stage, TENANT, None).await;
    for id in ["m-1", "m-2", "m-3"] {
        send(&stage, &container, id).await;
    }
    assert_eq!(accounts(&stage).await, ["two"; 3]);
    let (status, shown) = stage.message("m-1").await;
    assert_eq!(status, "sent", "{shown}");
    assert_eq!(shown["credential_source"], "platform");
    let claim = &stage.claims("m-1")[0];
    assert_eq!(claim["credential_reason"], "granted");
    assert_eq!(claim["integration"], Value::Null);

    let uses = stage.records("platform_credentials.use");
    assert_eq!(uses.len(), 1, "{uses:?}");
    assert_eq!(uses[0]["actor"], "message-dispatch");
    assert_eq!(uses[0]["provider"], "whatsapp");
    assert_eq!(uses[0]["purpose"], "send");
    container.last_words().await;
    let uses = stage.records("platform_credentials.use");
    let counted = uses.iter().map(|one| one["count"].as_u64().unwrap_or(1));
    assert_eq!(counted.sum::<u64>(), 3, "{uses:?}");
}

#[tokio::test]
async fn a_warm_batch_of_ten_under_a_grant_costs_three_calls() {
    let (stage, container) = staged().await;
    grant(&stage, TENANT, None).await;
    let batch = |round: usize| -> Vec<Value> {
        let ids = (0..10).map(|number| format!("m-{round}-{number}"));
        ids.map(|id| of(TENANT, &id)).collect()
    };
    assert!(stage.dispatch_in(&container, &batch(1)).await.is_empty());
    stage.cloud.reset_counts();
    assert!(stage.dispatch_in(&container, &batch(2)).await.is_empty());
    let counts: Vec<_> = stage.cloud.counts().into_iter().collect();
    // A grant is not believed from memory.
    let expected = ["BatchExecuteStatement", "BatchGetItem", "BatchWriteItem"];
    assert_eq!(counts, expected.map(|call| (call.to_owned(), 1)));
    assert_eq!(accounts(&stage).await, ["two"; 20]);
}

#[tokio::test]
async fn once_the_grant_is_over_nothing_is_sent() {
    let (stage, container) = staged().await;
    grant(&stage, TENANT, Some(stage.clock.now().after(A_MINUTE / 2))).await;
    send(&stage, &container, "m-1").await;
    // A grant that runs out does so at once, in a container that remembers it too.
    stage.clock.advance(A_MINUTE / 2);
    send(&stage, &container, "m-2").await;
    fails_for(&stage, "m-2", "grant_ended").await;
    grant(&stage, TENANT, None).await;
    send(&stage, &container, "m-3").await;
    // So does one that is ended.
    end(&stage).await;
    send(&stage, &container, "m-4").await;
    fails_for(&stage, "m-4", "grant_ended").await;
    assert_eq!(stage.delivered().await, ["m-1", "m-3"]);
}

#[tokio::test]
async fn a_tenants_own_account_comes_before_it() {
    let (mut stage, container) = staged().await;
    grant(&stage, TENANT, None).await;
    send(&stage, &container, "m-1").await;
    assert_eq!(stage.connect("one").await.0, 201);
    send(&stage, &container, "m-2").await;
    assert_eq!(accounts(&stage).await, ["two", "one"]);
    // Refused, it is to be repaired, and is not silently replaced.
    stage.provider_fails("", json!("bad_credential")).await;
    stage.dispatch = container;
    stage.produce(&text("m-3")).await;
    stage.until_quiet(Duration::from_secs(5)).await;
    stage.provider_recovers().await;
    stage.clock.advance(A_MINUTE);
    send(&stage, &stage.dispatch, "m-4").await;
    assert_eq!(stage.message("m-3").await.0, "parked");
    assert_eq!(stage.message("m-4").await.0, "parked");
    assert_eq!(stage.delivered().await, ["m-1", "m-2"]);
}

#[tokio::test]
async fn refused_it_is_trouble_of_ours_and_nobody_is_blamed() {
    let (mut stage, container) = staged().await;
    grant(&stage, TENANT, None).await;
    stage.dispatch = container;
    stage.provider_fails("", json!("bad_credential")).await;
    for number in 0..5 {
        stage.produce(&text(&format!("m-{number}"))).await;
    }
    // For five hours.
    for _ in 0..60 {
        stage.turn().await;
        stage.clock.advance(Duration::from_secs(5 * 60));
    }
    assert_eq!(stage.cloud.messages(names::MESSAGES).len(), 5);
    assert!(stage.cloud.messages(names::MESSAGES_DLQ).is_empty());
    assert!(stage.told().is_empty() && stage.item("INTEGRATION#").is_none());
    let parked = stage.cloud.items(names::ACTIVITY).into_iter();
    let is_parked = |item: &Value| item["sk"]["S"].to_string().contains("PARKED#");
    assert_eq!(parked.filter(is_parked).count(), 0);
    let (status, shown) = stage.message("m-0").await;
    assert_eq!(status, "accepted");
    assert_eq!(shown["error"]["kind"], "platform_refused", "{shown}");
    let asked = stage.sends().await.len();
    assert!((5..=300).contains(&asked), "{asked}");

    stage.provider_recovers().await;
    stage.until_quiet(Duration::from_secs(60)).await;
    assert_eq!(stage.delivered().await.len(), 5);

    // The control: what a tenant's own credential leads to is noticed by the same looks.
    let stage = Stage::connected().await;
    stage.provider_fails("", json!("bad_credential")).await;
    stage.produce(&text("m-0")).await;
    stage.until_quiet(Duration::from_secs(5)).await;
    assert_eq!(stage.message("m-0").await.0, "parked");
    assert_eq!(stage.told(), ["integration_invalid"]);
    assert_eq!(stage.shown().await["status"], "invalid");
    let parked = stage.cloud.items(names::ACTIVITY).into_iter();
    assert_eq!(parked.filter(is_parked).count(), 1);
}

#[tokio::test]
async fn slowed_down_it_is_paused_for_all_whom_it_serves_and_for_nobody_else() {
    let (stage, container) = staged().await;
    for name in [TENANT, OTHER] {
        grant(&stage, name, None).await;
    }
    let form = stage.form("one").await;
    let (status, body) = stage.api_of("t_three", "POST", WHATSAPP, form).await;
    assert_eq!(status, 201, "{body}");
    let rule = json!({"provider": "whatsapp", "account": "two", "fault": "rate_limit", "times": 1});
    stage.control(Method::POST, "/_sandbox/faults", rule).await;
    send(&stage, &container, "m-1").await;
    let batch = [of(OTHER, "m-2"), of("t_three", "m-3")];
    assert!(stage.dispatch_in(&container, &batch).await.is_empty());
    assert_eq!(accounts(&stage).await, ["two", "one"]);
    assert!(stage.claims("m-2").is_empty(), "it waits untouched");
    stage.clock.advance(Duration::from_secs(15 * 60));
    let batch = [of(OTHER, "m-4")];
    assert!(stage.dispatch_in(&container, &batch).await.is_empty());
    assert_eq!(accounts(&stage).await, ["two", "one", "two"]);
}

#[tokio::test]
async fn it_is_not_used_while_that_cannot_be_recorded() {
    for fault in [Fault::Throttle, Fault::AccessDenied, Fault::Reset] {
        let (stage, container) = staged().await;
        grant(&stage, TENANT, None).await;
        let calls = Calls::any().on(names::AUDIT).always();
        stage.cloud.faults().fail(calls, fault);
        stage.produce(&text("m-1")).await;
        for _ in 0..10 {
            stage.turn_in(&container).await;
            stage.clock.advance(A_MINUTE);
        }
        assert!(stage.sends().await.is_empty(), "{fault:?}");
        assert_eq!(stage.cloud.messages(names::MESSAGES).len(), 1);
        // The control.
        stage.cloud.faults().clear();
        stage.clock.advance(A_MINUTE);
        stage.turn_in(&container).await;
        assert_eq!(accounts(&stage).await, ["two"], "{fault:?}");
        assert_eq!(stage.records("platform_credentials.use").len(), 1);
    }
}

#[tokio::test]
async fn each_tenants_use_is_in_its_own_trail() {
    let (stage, container) = staged().await;
    for name in [TENANT, OTHER] {
        grant(&stage, name, None).await;
    }
    let batch = [of(TENANT, "m-1"), of(OTHER, "m-1"), of(OTHER, "m-2")];
    assert!(stage.dispatch_in(&container, &batch).await.is_empty());
    assert_eq!(accounts(&stage).await, ["two"; 3]);
    let items = stage.cloud.items(names::AUDIT).into_iter();
    let mut trails: Vec<String> = items
        .filter(|item| {
            item["record"]["S"]
                .to_string()
                .contains("platform_credentials.use")
        })
        .map(|item| item["pk"]["S"].as_str().unwrap_or_default().to_owned())
        .collect();
    trails.sort();
    assert_eq!(trails, [TENANT, OTHER]);
}

#[tokio::test]
async fn what_only_calls_sends_no_messages_and_says_so() {
    let (stage, container) = staged().await;
    let body = json!({
        "metadata": {"tenantId": TENANT, "messageId": "m-1", "channel": "elevenlabs"},
        "wabaPayload": {"to": "919876543220"},
    });
    let batch = [arrived(&body.to_string())];
    assert!(stage.dispatch_in(&container, &batch).await.is_empty());
    let (status, shown) = stage.message("m-1").await;
    assert_eq!(status, "failed", "{shown}");
    assert_eq!(shown["error"]["kind"], "invalid_request", "{shown}");
    assert_eq!(requests(&stage).await, 0);
}
