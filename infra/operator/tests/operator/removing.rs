//! The end of a tenant.

use std::sync::Arc;
use std::time::Duration;

use domain::agent::{Agent, AgentWhatsApp, Behaviour};
use domain::audit::AuditRecord;
use domain::grant::Grant;
use domain::opening::OpenedBy;
use domain::seal::Purpose;
use domain::{AgentId, Integration, IntegrationId, MessageId};
use edge::lambda::Invocation;
use edge::sqs::SqsBatch;
use serde_json::{Value, json};
use store::agents::Agents;
use store::audit::AuditTrail;
use store::grants::Grants;
use store::sealed_records::{Place, SealedRecord, SealedRecords};
use testing::clock::ManualClock;
use testing::switchboard as names;
use vault::{OpenError, Opener};

use crate::breaking_off::at_every_call;
use crate::kept::{BY, Nobody, look};
use crate::seeding::{RECORDS_EACH, Seeded, Seeds, route_before};
use crate::stage::Stage;

const REMOVE: &str = "tenant remove t_one --confirm t_one --settle 0";
const TABLES: [&str; 3] = [names::INTEGRATIONS, names::WEBHOOK_ROUTES, names::ACTIVITY];

/// All that tables hold of a tenant, but for the mark that it has left.
fn left_of(stage: &Stage, tenant: &str) -> Vec<Value> {
    TABLES
        .into_iter()
        .flat_map(|table| stage.cloud.items(table))
        .filter(|item| item["pk"]["S"] == tenant || item["tenant"]["S"] == tenant)
        .filter(|item| item["sk"]["S"] != "ROSTER")
        .collect()
}

/// What is stored of a tenant, byte by byte.
fn dump(stage: &Stage, tenant: &str) -> Vec<Value> {
    let all = TABLES.into_iter().chain([names::AUDIT]);
    all.flat_map(|table| stage.cloud.items(table))
        .filter(|item| item["pk"]["S"] == tenant || item["tenant"]["S"] == tenant)
        .collect()
}

/// Two tenants with all that tenants have.
async fn seeded(clock: Arc<ManualClock>) -> (Stage, Vec<Seeded>) {
    let stage = Stage::with_provider(clock).await;
    let seeds = Seeds::known(&stage, 6).await;
    let api = stage.config_api();
    let dispatch = stage.message_dispatch();
    let mut seeded = Vec::new();
    for tenant in ["t_one", "t_two"] {
        let mine = seeds.tenant(tenant, 3).await;
        for message in 0..3 {
            let sent = send(&stage, &dispatch, tenant, &format!("{tenant}-{message}")).await;
            assert!(sent.is_empty(), "{sent:?}");
        }
        let path = format!(
            "/api/v1/settings/integrations/{}/permissions/u-2",
            mine[0].integration.id
        );
        let (status, answer) = stage.ask(&api, tenant, ("PUT", &path), Value::Null).await;
        assert!(status < 300, "{answer}");
        let path = format!(
            "/api/v1/settings/integrations/{}/sync",
            mine[1].integration.id
        );
        let (_, answer) = stage.ask(&api, tenant, ("POST", &path), Value::Null).await;
        assert_eq!(answer["data"]["added"], 1, "a phone number: {answer}");
        enrol(&stage, &seeds, &mine[0]).await;
        seeded.extend(mine);
    }
    (stage, seeded)
}

/// Gives the tenant of an integration an agent that is bound to it, and a grant of the platform's account.
async fn enrol(stage: &Stage, seeds: &Seeds, Seeded { integration, .. }: &Seeded) {
    let trail = AuditTrail::new(stage.dynamodb(), names::AUDIT.into(), stage.clock.clone());
    let (by, at) = (integration.created_by.clone(), integration.created_at);
    let agent = Agent {
        id: AgentId::make(),
        tenant: integration.tenant.clone(),
        name: "Support".into(),
        description: None,
        enabled: true,
        whatsapp: Some(AgentWhatsApp {
            enabled: true,
            integration: integration.id.clone(),
            phone_number_id: None,
        }),
        behaviour: Behaviour::default(),
        destination: None,
        is_default: true,
        revision: 1,
        created_at: at,
        created_by: by.clone(),
        updated_at: at,
        updated_by: by.clone(),
    };
    let record = AuditRecord::new(by.as_str(), at, "agent.create");
    let agents = Agents::new(seeds.integrations.clone(), trail.clone());
    agents.create(&agent, &record).await.unwrap();
    let grant = Grant {
        granted_by: by.clone(),
        granted_at: at,
        until: None,
        ended: None,
    };
    let record = AuditRecord::new(by.as_str(), at, "grant.set");
    let Integration {
        tenant, provider, ..
    } = integration;
    let granted = Grants::new(seeds.integrations.clone(), trail)
        .grant(tenant, provider, &grant, &record)
        .await;
    granted.unwrap();
}

/// What the tenant's roster still holds.
fn lines_of(stage: &Stage, tenant: &str) -> Vec<String> {
    let items = stage.cloud.items(names::INTEGRATIONS).into_iter();
    let mut rosters = items.filter(|item| item["pk"]["S"] == tenant && item["sk"]["S"] == "ROSTER");
    let roster = rosters.next().unwrap();
    let mut lines: Vec<String> = roster.as_object().unwrap().keys().cloned().collect();
    lines.sort();
    lines
}

/// Hands a message to the dispatcher; the ids that come again.
async fn send(
    stage: &Stage,
    dispatch: &message_dispatch::Context,
    tenant: &str,
    id: &str,
) -> Vec<Value> {
    let body = json!({
        "metadata": {"tenantId": tenant, "messageId": id},
        "wabaPayload": {"to": "919876543220", "type": "text", "text": {"body": "Hello!"}},
    });
    let record = json!({"messageId": MessageId::make().as_str(), "body": body.to_string()});
    let batch: SqsBatch = serde_json::from_value(json!({"Records": [record]})).unwrap();
    let invocation = Invocation {
        deadline: stage.clock.now().after(Duration::from_secs(30)),
        request_id: "i-1".into(),
    };
    let reply = message_dispatch::handle(dispatch, &batch, &invocation).await;
    let reply = serde_json::to_value(reply).unwrap();
    reply["batchItemFailures"]
        .as_array()
        .cloned()
        .unwrap_or_default()
}

/// Status of a webhook's handshake.
async fn knock(ingress: &webhook_ingress::Context, token: &str) -> u16 {
    let event = json!({
        "rawPath": format!("/webhooks/whatsapp/{token}"),
        "rawQueryString": format!("hub.mode=subscribe&hub.verify_token=verify-{token}&hub.challenge=17"),
        "queryStringParameters": {
            "hub.mode": "subscribe", "hub.verify_token": format!("verify-{token}"), "hub.challenge": "17",
        },
        "headers": {},
        "requestContext": {"http": {"method": "GET"}, "requestId": "r-1"},
    });
    let request = serde_json::from_value(event).unwrap();
    webhook_ingress::handle(ingress, request).await.status()
}

#[tokio::test]
async fn b10_of_a_removed_tenant_nothing_is_left_and_others_do_not_notice() {
    let clock = Arc::new(ManualClock::default());
    let (stage, seeded) = seeded(clock.clone()).await;
    stage
        .operator("tenant own-ring t_one --pause 0")
        .await
        .complete();
    let others = dump(&stage, "t_two");
    assert!(left_of(&stage, "t_one").len() > 15);
    let ingress = stage.webhook_ingress();
    let token = &seeded[0].token;
    assert_eq!(knock(&ingress, token).await, 200);

    let gone = stage.operator(REMOVE).await.complete();
    assert_eq!(
        (&gone["integrations"], &gone["left"]),
        (&json!(3), &json!(0)),
        "{gone}"
    );
    assert_eq!(
        (&gone["ring_versions"], &gone["webhooks_left_at_provider"]),
        (&json!(2), &json!(0))
    );
    assert_eq!(left_of(&stage, "t_one"), Vec::<Value>::new());
    assert_eq!(lines_of(&stage, "t_one"), ["pk", "removed_at", "sk"]);
    assert!(lines_of(&stage, "t_two").len() > 6);
    let rings = stage.cloud.items(names::KEY_RINGS);
    assert!(
        rings
            .iter()
            .all(|row| !row["ring"]["S"].as_str().unwrap().contains("tenant-"))
    );
    assert_eq!(dump(&stage, "t_two"), others);
    let kept = look(&stage).await;
    assert_eq!((kept.count(), kept.failed), (3 * RECORDS_EACH, Vec::new()));

    // Its webhook's URL is refused as soon as the ingress has forgotten it, and others' is not.
    clock.advance(Duration::from_secs(61));
    assert_ne!(knock(&ingress, token).await, 200);
    assert_eq!(knock(&ingress, &seeded[3].token).await, 200);
    // Its trail stays, and ends with the head that was told.
    let line = format!(
        "audit verify t_one --head {}",
        gone["head"].as_str().unwrap()
    );
    stage.operator(&line).await.complete();
}

#[tokio::test]
async fn b10_nothing_is_saved_or_sent_for_a_removed_tenant() {
    let clock = Arc::new(ManualClock::default());
    let (stage, _) = seeded(clock.clone()).await;
    let (api, dispatch) = (stage.config_api(), stage.message_dispatch());
    assert!(send(&stage, &dispatch, "t_one", "before").await.is_empty());
    stage.operator(REMOVE).await.complete();
    let form = stage
        .control(
            http::Method::GET,
            "/_sandbox/credentials?account=one",
            Value::Null,
        )
        .await;
    let path = "/api/v1/settings/integrations/whatsapp";
    let (status, answer) = stage
        .ask(&api, "t_one", ("POST", path), form["whatsapp"].clone())
        .await;
    assert_eq!(
        (status, &answer["code"]),
        (403, &json!("tenant_removed")),
        "{answer}"
    );
    assert_eq!(left_of(&stage, "t_one"), Vec::<Value>::new());
    // Also by a process that remembers the tenant, as soon as it has to look again.
    clock.advance(Duration::from_secs(61));
    assert!(send(&stage, &dispatch, "t_one", "after").await.is_empty());
    is_refused(&stage, &api, "after").await;
    assert!(send(&stage, &dispatch, "t_two", "other").await.is_empty());
    let (_, answer) = stage
        .ask(
            &api,
            "t_two",
            ("GET", "/api/v1/messages/other"),
            Value::Null,
        )
        .await;
    assert_eq!(answer["data"]["status"], "sent", "{answer}");
    let failure = stage.operator("tenant own-ring t_one").await.failure();
    assert!(failure.contains("was removed"), "{failure}");
}

async fn is_refused(stage: &Stage, api: &config_api::Context, message: &str) {
    let path = format!("/api/v1/messages/{message}");
    let (_, answer) = stage.ask(api, "t_one", ("GET", &path), Value::Null).await;
    assert_eq!(answer["data"]["status"], "failed", "{answer}");
    assert!(answer.to_string().contains("tenant_removed"), "{answer}");
}

#[tokio::test]
async fn b10_messages_under_way_end_failed_and_leave_nothing() {
    let clock = Arc::new(ManualClock::default());
    let (stage, _) = seeded(clock.clone()).await;
    let (api, dispatch) = (stage.config_api(), stage.message_dispatch());
    assert!(send(&stage, &dispatch, "t_one", "before").await.is_empty());
    let line = "tenant remove t_one --confirm t_one --settle 1";
    let under_way = async {
        let is_marked =
            |item: &Value| item["pk"]["S"] == "t_one" && item.get("removed_at").is_some();
        while !stage.cloud.items(names::INTEGRATIONS).iter().any(is_marked) {
            tokio::task::yield_now().await;
        }
        clock.advance(Duration::from_secs(61));
        assert!(
            send(&stage, &dispatch, "t_one", "under-way")
                .await
                .is_empty()
        );
        is_refused(&stage, &api, "under-way").await;
    };
    let (gone, ()) = tokio::join!(async { stage.operator(line).await.complete() }, under_way);
    assert_eq!(gone["left"], 0);
    assert_eq!(left_of(&stage, "t_one"), Vec::<Value>::new());
}

#[tokio::test]
async fn b10_a_tenant_with_more_integrations_than_a_list_shows_is_removed_too() {
    const COUNT: usize = 1_200;
    let stage = Stage::new();
    let seeds = Seeds::new(&stage);
    let one = seeds.tenant("t_one", 1).await.remove(0);
    seeds.tenant("t_two", 1).await;
    multiply(&stage, &one, COUNT).await;
    let gone = stage.operator(REMOVE).await.complete();
    assert_eq!(gone["integrations"], COUNT, "{gone}");
    assert_eq!(left_of(&stage, "t_one"), Vec::<Value>::new());
    assert_eq!(look(&stage).await.count(), RECORDS_EACH);
}

/// Makes many integrations of one, with routes of their own; their seals do not open, which nobody minds here.
async fn multiply(stage: &Stage, Seeded { integration, token }: &Seeded, count: usize) {
    let copies = copies(stage, "t_one");
    for number in 1..count {
        let id = IntegrationId::make();
        let other_token = number.to_string();
        let other = |item: &Value| {
            let text = item
                .to_string()
                .replace(integration.id.as_str(), id.as_str())
                .replace(
                    &store::keys::route(token),
                    &store::keys::route(&other_token),
                )
                .replace(&route_before(token), &route_before(&other_token));
            serde_json::from_str(&text).unwrap()
        };
        let copies: Vec<_> = copies
            .iter()
            .map(|(table, items)| {
                let sealed = items.iter().filter(|item| item.get("seal").is_some());
                (*table, sealed.map(other).collect())
            })
            .collect();
        put_back(stage, &copies).await;
    }
}

#[tokio::test]
async fn b10_removal_goes_on_where_it_was_broken_off() {
    let stage = async || {
        let stage = Stage::new();
        let seeds = Seeds::new(&stage);
        let mine = seeds.tenant("t_one", 2).await;
        enrol(&stage, &seeds, &mine[0]).await;
        seeds.tenant("t_two", 1).await;
        stage
            .operator("tenant own-ring t_one --pause 0")
            .await
            .complete();
        stage
    };
    let calls = at_every_call(REMOVE, stage, async |stage| {
        assert_eq!(left_of(stage, "t_one"), Vec::<Value>::new());
        assert_eq!(lines_of(stage, "t_one"), ["pk", "removed_at", "sk"]);
        let kept = look(stage).await;
        assert_eq!((kept.count(), kept.failed), (RECORDS_EACH, Vec::new()));
        let rings = stage.cloud.items(names::KEY_RINGS);
        assert!(
            rings
                .iter()
                .all(|row| !row["ring"]["S"].as_str().unwrap().contains("tenant-"))
        );
        stage.operator("audit verify t_one").await.complete();
    })
    .await;
    assert!(calls > 20, "{calls}");
}

/// Puts a copy of everything that was sealed for a tenant back by hand.
async fn put_back(stage: &Stage, copies: &[(&'static str, Vec<Value>)]) {
    for (table, items) in copies {
        for item in items {
            let body = json!({"TableName": table, "Item": item});
            let answer = stage
                .cloud
                .answer("DynamoDB_20120810.PutItem", body.to_string().as_bytes());
            assert!(matches!(answer, testing::cloud::Answer::Reply(reply) if reply.status == 200));
        }
    }
}

fn copies(stage: &Stage, tenant: &str) -> Vec<(&'static str, Vec<Value>)> {
    [names::INTEGRATIONS, names::WEBHOOK_ROUTES]
        .map(|table| {
            let items = stage.cloud.items(table).into_iter();
            let mine = |item: &Value| item["pk"]["S"] == tenant || item["tenant"]["S"] == tenant;
            (table, items.filter(mine).collect())
        })
        .into()
}

/// Opens an integration's credentials and its webhook's secret, one by one.
async fn open(
    stage: &Stage,
    [credentials, webhooks]: &[Opener; 2],
    of: &Seeded,
) -> [Result<(), OpenError>; 2] {
    let records = SealedRecords::new(
        stage.dynamodb(),
        names::INTEGRATIONS.into(),
        names::WEBHOOK_ROUTES.into(),
    );
    let key = store::keys::integration(&of.integration.id);
    let place = Place::Integrations(of.integration.tenant.to_string(), key);
    let Some(SealedRecord::Integration(integration)) = records.find(&place).await.unwrap() else {
        panic!("no integration");
    };
    let place = Place::WebhookRoutes(store::keys::route(&of.token));
    let Some(SealedRecord::Route(route)) = records.find(&place).await.unwrap() else {
        panic!("no route");
    };
    let by: OpenedBy<'_> = BY;
    let first = credentials
        .open(&custody::place(&integration), &integration.credentials, by)
        .await;
    let second = webhooks
        .open(&route.secret_place(), &route.secret, by)
        .await;
    [first.map(drop), second.map(drop)]
}

fn openers(stage: &Stage) -> [Opener; 2] {
    [Purpose::Credentials, Purpose::WebhookSecrets]
        .map(|purpose| Opener::new(stage.keys(purpose), Arc::new(Nobody)))
}

#[tokio::test]
async fn f9_what_was_under_a_ring_of_its_own_never_opens_again() {
    let clock = Arc::new(ManualClock::default());
    let stage = Stage::at(clock.clone());
    let seeds = Seeds::new(&stage);
    let mine = seeds.tenant("t_one", 1).await.remove(0);
    let theirs = seeds.tenant("t_two", 1).await.remove(0);
    stage
        .operator("tenant own-ring t_one --pause 0")
        .await
        .complete();
    let copies = copies(&stage, "t_one");
    let warm = openers(&stage);
    assert!(open(&stage, &warm, &mine).await.iter().all(Result::is_ok));
    stage.operator(REMOVE).await.complete();
    put_back(&stage, &copies).await;
    let does_not_open = |results: [Result<(), OpenError>; 2]| {
        let mut results = results.iter();
        results.all(|result| matches!(result, Err(OpenError::DoesNotOpen)))
    };
    assert!(does_not_open(open(&stage, &openers(&stage), &mine).await));
    // A process that holds the keys forgets them within a quarter of an hour.
    clock.advance(Duration::from_secs(15 * 60));
    assert!(does_not_open(open(&stage, &warm, &mine).await));
    assert!(
        open(&stage, &openers(&stage), &theirs)
            .await
            .iter()
            .all(Result::is_ok)
    );
}

#[tokio::test]
async fn f9_what_was_under_a_shared_ring_would_open_if_somebody_restored_it() {
    let stage = Stage::new();
    let seeds = Seeds::new(&stage);
    let mine = seeds.tenant("t_one", 1).await.remove(0);
    let copies = copies(&stage, "t_one");
    stage.operator(REMOVE).await.complete();
    put_back(&stage, &copies).await;
    assert!(
        open(&stage, &openers(&stage), &mine)
            .await
            .iter()
            .all(Result::is_ok)
    );
    // The next removal sweeps it up again.
    stage.operator(REMOVE).await.complete();
    assert_eq!(left_of(&stage, "t_one"), Vec::<Value>::new());
}
