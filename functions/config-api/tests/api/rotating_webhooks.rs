//! A webhook gets a new URL: the one before is answered until the provider has taken the new one and for a day longer,
//! and no webhook is lost on the way.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::audit::AuditRecord;
use domain::integration::Reference;
use domain::{Caller, Clock, Failure, FailureKind, ProviderId, Role, TenantId, UserId};
use http::Method;
use http::header::HeaderName;
use providers::http::{Egress, Outgoing, Reach};
use ring::hmac;
use secrecy::SecretString;
use serde_json::{Value, json};
use store::audit::AuditTrail;
use store::integrations::Integrations;
use store::notifications::Notification;
use store::verdicts::Verdicts;
use testing::cloud::{Calls, Fault};
use testing::switchboard as names;
use url::Url;

use crate::forgetful::without_conditions;
use crate::stage::{ADMIN, AGENT, INTEGRATIONS, MANAGER, Reply, STRANGER, Stage, WHATSAPP};

const WEBHOOK: &str = "/api/v1/settings/integrations/whatsapp/webhook";
const ROTATE: &str = "/api/v1/settings/integrations/whatsapp/webhook/rotate";
const REPAIR: &str = "/api/v1/settings/integrations/whatsapp/webhook/repair";
const A_DAY: Duration = Duration::from_secs(24 * 3600);
const A_DAY_LATER: &str = "2026-01-02T00:00:00.000Z";
const A_MOMENT: Duration = Duration::from_millis(1);
/// What ingress remembers of a route it has forgotten after that.
const FORGOTTEN: Duration = Duration::from_secs(60);
/// The other number of account one.
const OTHER_NUMBER: &str = "30710000000000003";
/// The claim on the number and the present route; with a URL before it, one more.
const ROWS: usize = 2;

async fn ask(stage: &Stage, path: &str) -> Reply {
    let method = if path == WEBHOOK { "GET" } else { "POST" };
    stage.call(ADMIN, method, path, Value::Null).await
}

/// As [`ask`], if it is done.
async fn done(stage: &Stage, path: &str) -> Value {
    let reply = ask(stage, path).await;
    assert_eq!(reply.status, 200, "{path}: {}", reply.text);
    reply.body["data"].clone()
}

fn url(webhook: &Value) -> &str {
    webhook["url"].as_str().expect("a URL")
}

/// What becomes of a genuine event of the account's that is sent to that URL.
async fn deliver(stage: &Stage, to: &str) -> u16 {
    let form = stage.form("one").await;
    let text = |name: &str| form[name].as_str().expect("text").to_owned();
    let body = json!({"object": "whatsapp_business_account", "entry": [{"id": text("waba_id"), "changes": [
        {"field": "messages", "value": {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "1", "phone_number_id": text("phone_number_id")},
            "messages": [{"from": "16505551234", "id": "wamid.IN", "timestamp": "1767225600", "type": "text",
                "text": {"body": "x"}}],
        }},
    ]}]})
    .to_string();
    let key = hmac::Key::new(hmac::HMAC_SHA256, text("app_secret").as_bytes());
    let signature = hmac::sign(&key, body.as_bytes());
    let signature = SecretString::from(format!("sha256={}", hex::encode(signature)));
    let url = Url::parse(to).expect("a URL");
    let door = json!({"whatsapp": {"base_url": url.origin().ascii_serialization()}});
    let door = serde_json::from_value(door).expect("overrides");
    let http = Egress::new(Reach::new(&door)).expect("a client");
    let request = Outgoing::new(Method::POST, url)
        .json(body.into_bytes())
        .secret_header(HeaderName::from_static("x-hub-signature-256"), &signature);
    http.send(request).await.expect("an answer").status
}

async fn is_answered(stage: &Stage, url: &str) -> bool {
    match deliver(stage, url).await {
        200 => true,
        401 => false,
        other => panic!("{other}"),
    }
}

/// The URL that the provider calls, which takes what it sends.
async fn called_by_the_provider(stage: &Stage) -> String {
    let event = json!({"provider": "whatsapp", "text": "x"});
    let sent = stage.control(Method::POST, "/_sandbox/send", event).await;
    assert_eq!(sent["status"], 200, "{sent}");
    sent["url"].as_str().expect("a URL").to_owned()
}

/// From now on the provider refuses what it is told about the number, so many times; 0 is for good.
async fn the_provider_refuses(stage: &Stage, times: u64) {
    let number = stage.form("one").await["phone_number_id"].clone();
    let rule =
        json!({"provider": "whatsapp", "path": number, "fault": "missing_scope", "times": times});
    stage.control(Method::POST, "/_sandbox/faults", rule).await;
}

fn rows(stage: &Stage) -> usize {
    stage.cloud.items(names::WEBHOOK_ROUTES).len()
}

/// With a webhook that was rotated, and its URLs: before and now.
async fn rotated() -> (Stage, String, String) {
    let (stage, _) = Stage::configured().await;
    let before = done(&stage, WEBHOOK).await;
    let after = done(&stage, ROTATE).await;
    (stage, url(&before).to_owned(), url(&after).to_owned())
}

fn lines(stage: &Stage, action: &str) -> Vec<Value> {
    let lines = stage.records().into_iter();
    lines.filter(|line| line["action"] == action).collect()
}

#[tokio::test]
async fn the_webhook_is_shown_with_its_whole_url_and_that_is_on_record() {
    let (stage, one) = Stage::configured().await;
    let shown = done(&stage, WEBHOOK).await;
    assert_eq!(url(&shown), called_by_the_provider(&stage).await);
    assert_eq!(url(&shown).rsplit('/').next().map(str::len), Some(52));
    assert_eq!(shown["status"], "registered");
    assert!(shown.get("error").is_none() && shown.get("previous").is_none());
    let verify_token = shown["verify_token"].as_str().expect("a token");
    assert!(!url(&shown).contains(verify_token));
    let opened = lines(&stage, "credentials.open");
    let [opened] = opened.as_slice() else {
        panic!("{opened:?}");
    };
    assert_eq!(opened["purpose"], "register");
    assert_eq!(opened["actor"], ADMIN.user);
    assert_eq!(opened["integration"], one.id());
}

#[tokio::test]
async fn it_is_told_to_nobody_who_may_not_change_the_integration() {
    let (stage, one) = Stage::configured().await;
    let kept = stage.item("INTEGRATION#");
    for (method, what) in [("GET", ""), ("POST", "/rotate"), ("POST", "/repair")] {
        let path = format!("{INTEGRATIONS}/{}/webhook{what}", one.id());
        for who in [MANAGER, AGENT] {
            let reply = stage.call(who, method, &path, Value::Null).await;
            reply.is_problem(403, "forbidden");
        }
        let unknown = path.replace(one.id(), "int_00000000000000000000000000");
        let foreign = stage.call(STRANGER, method, &path, Value::Null).await;
        let unknown = stage.call(STRANGER, method, &unknown, Value::Null).await;
        foreign.is_problem(404, "not_found");
        assert_eq!(foreign.but_for_its_id(), unknown.but_for_its_id());
    }
    assert_eq!(stage.item("INTEGRATION#"), kept);
    assert!(lines(&stage, "credentials.open").is_empty());
}

#[tokio::test]
async fn the_url_before_is_answered_for_a_day_and_not_a_moment_longer() {
    let (stage, _) = Stage::configured().await;
    let before = done(&stage, WEBHOOK).await;
    assert!(is_answered(&stage, url(&before)).await);
    let after = done(&stage, ROTATE).await;
    assert_ne!(url(&after), url(&before));
    assert_eq!(after["status"], "registered");
    assert_eq!(after["verify_token"], before["verify_token"]);
    assert_eq!(after["previous"], json!({"until": A_DAY_LATER}));
    assert_eq!(done(&stage, WEBHOOK).await, after);
    assert_eq!(called_by_the_provider(&stage).await, url(&after));
    stage.clock.advance(A_DAY - A_MOMENT);
    for url in [url(&before), url(&after)] {
        assert!(is_answered(&stage, url).await);
    }
    stage.clock.advance(A_MOMENT);
    assert!(!is_answered(&stage, url(&before)).await);
    assert!(is_answered(&stage, url(&after)).await);
    assert!(done(&stage, WEBHOOK).await.get("previous").is_none());
    // Nothing of that waits for DynamoDB, which may remove the record from the next second on.
    assert_eq!(rows(&stage), ROWS + 1);
    let ended = stage.cloud.items(names::WEBHOOK_ROUTES);
    let ends: Vec<_> = ended
        .iter()
        .filter_map(|row| row["expires_at_s"]["N"].as_str())
        .collect();
    assert_eq!(ends, ["1767312001"]);
}

#[tokio::test]
async fn a_rotation_is_on_record_and_is_a_new_version() {
    let (stage, _, after) = rotated().await;
    let [line] = lines(&stage, "webhook.rotate").try_into().expect("one");
    assert_eq!(
        (&line["actor"], &line["outcome"]),
        (&ADMIN.user.into(), &"ok".into())
    );
    assert_eq!(line["credential_version"], 2);
    assert_eq!(lines(&stage, "webhook.register").len(), 2);
    let item = stage.item("INTEGRATION#").expect("an integration");
    assert_eq!(item["credential_version"]["N"], "2");
    // The token is nowhere to be read.
    let token = after.rsplit('/').next().expect("a token");
    for table in [names::INTEGRATIONS, names::WEBHOOK_ROUTES, names::AUDIT] {
        let kept = format!("{:?}", stage.cloud.items(table));
        assert!(!kept.contains(token), "{table}");
    }
    // The tenant's own secrets are as they were.
    let form = stage.form("one").await;
    let reply = stage.call(ADMIN, "POST", WHATSAPP, form).await;
    assert!(
        reply.body["data"].get("returns_until").is_none(),
        "{}",
        reply.text
    );
}

/// An older record would lead back to the URL that was rotated out.
#[tokio::test]
async fn f4_the_record_before_does_not_pass_for_the_present_one() {
    let (stage, _) = Stage::configured().await;
    let before = stage.item("INTEGRATION#").expect("an integration");
    done(&stage, ROTATE).await;
    put(&stage, &before).await;
    for path in [WEBHOOK, ROTATE, REPAIR] {
        ask(&stage, path)
            .await
            .is_problem(409, "credentials_do_not_open");
    }
}

#[tokio::test]
async fn rotated_again_the_older_url_is_dropped() {
    let (stage, first, second) = rotated().await;
    assert!(is_answered(&stage, &first).await);
    let third = done(&stage, ROTATE).await;
    assert_eq!(third["previous"], json!({"until": A_DAY_LATER}));
    assert_eq!(rows(&stage), ROWS + 1);
    stage.clock.advance(FORGOTTEN);
    assert!(!is_answered(&stage, &first).await);
    for url in [second.as_str(), url(&third)] {
        assert!(is_answered(&stage, url).await);
    }
}

#[tokio::test]
async fn while_the_provider_refuses_the_new_url_both_are_answered() {
    let (stage, _) = Stage::configured().await;
    let before = done(&stage, WEBHOOK).await;
    the_provider_refuses(&stage, 0).await;
    let refused = done(&stage, ROTATE).await;
    assert_eq!(refused["status"], "failed");
    assert_eq!(refused["error"]["kind"], "permission_missing");
    assert!(
        refused["error"]["hint"]
            .as_str()
            .is_some_and(|hint| !hint.is_empty())
    );
    assert_eq!(refused["previous"], json!({}));
    assert_eq!(done(&stage, WEBHOOK).await, refused);
    let outcomes: Vec<_> = lines(&stage, "webhook.register")
        .into_iter()
        .map(|line| line["outcome"].clone())
        .collect();
    assert_eq!(outcomes, ["ok", "permission_missing"]);
    stage.clock.advance(3 * A_DAY);
    assert_eq!(called_by_the_provider(&stage).await, url(&before));
    for url in [url(&before), url(&refused)] {
        assert!(is_answered(&stage, url).await);
    }
    // A third URL would push out the one that the provider calls.
    let again = ask(&stage, ROTATE).await;
    again.is_problem(409, "webhook_not_registered");
    // Nor does a repair that fails end it.
    assert_eq!(done(&stage, REPAIR).await["status"], "failed");
    stage.clock.advance(A_DAY);
    assert_eq!(called_by_the_provider(&stage).await, url(&before));
}

#[tokio::test]
async fn once_the_provider_takes_it_the_day_begins() {
    let (stage, _) = Stage::configured().await;
    let before = done(&stage, WEBHOOK).await;
    the_provider_refuses(&stage, 1).await;
    let refused = done(&stage, ROTATE).await;
    stage.clock.advance(A_DAY);
    let repaired = done(&stage, REPAIR).await;
    assert_eq!(url(&repaired), url(&refused));
    assert_eq!(repaired["status"], "registered");
    assert!(repaired.get("error").is_none());
    let until = "2026-01-03T00:00:00.000Z";
    assert_eq!(repaired["previous"], json!({ "until": until }));
    assert_eq!(called_by_the_provider(&stage).await, url(&repaired));
    stage.clock.advance(A_DAY - A_MOMENT);
    assert!(is_answered(&stage, url(&before)).await);
    // Another repair gives it no more time.
    let again = done(&stage, REPAIR).await;
    assert_eq!(again["previous"], json!({ "until": until }));
    stage.clock.advance(A_MOMENT);
    assert!(!is_answered(&stage, url(&before)).await);
    let rotated = done(&stage, ROTATE).await;
    assert_eq!(rotated["status"], "registered");
    assert_eq!(rows(&stage), ROWS + 1);
}

#[tokio::test]
async fn new_secrets_tell_the_provider_too_and_then_the_day_begins() {
    let (stage, _) = Stage::configured().await;
    let before = done(&stage, WEBHOOK).await;
    the_provider_refuses(&stage, 1).await;
    done(&stage, ROTATE).await;
    let reply = stage
        .call(ADMIN, "PATCH", WHATSAPP, json!({"graph_version": "v24.0"}))
        .await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let shown = done(&stage, WEBHOOK).await;
    assert_eq!(shown["status"], "registered");
    assert_eq!(shown["previous"], json!({"until": A_DAY_LATER}));
    stage.clock.advance(FORGOTTEN);
    assert!(is_answered(&stage, url(&before)).await);
    // What verifies its callers is that of the version that is there.
    let rows = stage.cloud.items(names::WEBHOOK_ROUTES);
    let versions: Vec<_> = rows
        .iter()
        .filter_map(|row| row["secret_version"]["N"].as_str())
        .collect();
    assert_eq!(versions, ["3", "3"]);
}

#[tokio::test]
async fn with_another_account_the_url_before_ends() {
    let (stage, before, after) = rotated().await;
    let change = json!({"phone_number_id": OTHER_NUMBER});
    let reply = stage.call(ADMIN, "PATCH", WHATSAPP, change).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(rows(&stage), ROWS);
    let shown = done(&stage, WEBHOOK).await;
    assert_eq!(url(&shown), after);
    assert!(shown.get("previous").is_none());
    stage.clock.advance(FORGOTTEN);
    assert!(!is_answered(&stage, &before).await);
}

#[tokio::test]
async fn without_what_verifies_its_callers_no_url_is_left() {
    let (stage, before, after) = rotated().await;
    let change = json!({"app_secret": null});
    assert_eq!(
        stage.call(ADMIN, "PATCH", WHATSAPP, change).await.status,
        200
    );
    assert_eq!(rows(&stage), 1);
    stage.clock.advance(FORGOTTEN);
    for url in [before, after] {
        assert!(!is_answered(&stage, &url).await);
    }
}

#[tokio::test]
async fn with_the_integration_both_urls_go() {
    let (stage, before, after) = rotated().await;
    assert_eq!(
        stage
            .call(ADMIN, "DELETE", WHATSAPP, Value::Null)
            .await
            .status,
        200
    );
    assert_eq!(rows(&stage), 0);
    stage.clock.advance(FORGOTTEN);
    for url in [before, after] {
        assert!(!is_answered(&stage, &url).await);
    }
    for path in [WEBHOOK, ROTATE, REPAIR] {
        ask(&stage, path).await.is_problem(404, "not_found");
    }
}

/// With secrets that may be gone back to for a day.
async fn with_kept_secrets() -> Stage {
    let stage = Stage::new().await;
    let form = stage.form_with("one", json!({"app_secret": null})).await;
    assert_eq!(stage.call(ADMIN, "POST", WHATSAPP, form).await.status, 201);
    let form = stage.form("one").await;
    let reply = stage.call(ADMIN, "PATCH", WHATSAPP, form).await;
    assert_eq!(
        reply.body["data"]["returns_until"], A_DAY_LATER,
        "{}",
        reply.text
    );
    stage
}

/// What custody does when it has found that the secrets before still work and the present ones do not.
async fn go_back(stage: &Stage) {
    let client = Client::new(&stage.cloud.sdk_config());
    let integrations = Integrations::new(client.clone(), names::INTEGRATIONS.into());
    let reference = Reference::Default(ProviderId::parse("whatsapp").expect("a type"));
    let found = integrations.find_reference(&caller(), &reference).await;
    let failed = found.expect("read").expect("an integration");
    let kept = integrations.find_previous(&failed).await;
    let kept = kept.expect("read").expect("kept");
    let (why, at) = (
        Failure::new(
            FailureKind::CredentialsRejected,
            "Refused.",
            "Enter others.",
        ),
        stage.clock.now(),
    );
    let told = Notification::credentials_returned(&failed, &why, at);
    let record = AuditRecord::new("u-1", at, "credentials.return");
    let trail = AuditTrail::new(client, names::AUDIT.into(), stage.clock.clone());
    let verdicts = Verdicts::new(integrations, trail);
    let gone = verdicts.go_back(&failed, &kept, at, &told, &record).await;
    assert!(gone.expect("written"));
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test is a trusted source of tenants"
)]
fn caller() -> Caller {
    Caller {
        tenant: TenantId::from_trusted_source(ADMIN.tenant).expect("a tenant"),
        user: UserId::parse(ADMIN.user).expect("a user"),
        role: Role::Admin,
    }
}

#[tokio::test]
async fn a_return_to_secrets_that_were_kept_leads_to_the_present_url() {
    let stage = with_kept_secrets().await;
    let rotated = done(&stage, ROTATE).await;
    let shown = stage.get(ADMIN, WHATSAPP).await;
    assert_eq!(shown.body["data"]["returns_until"], A_DAY_LATER);
    go_back(&stage).await;
    let shown = done(&stage, WEBHOOK).await;
    assert_eq!(url(&shown), url(&rotated));
    assert!(is_answered(&stage, url(&shown)).await);
}

/// The control: kept as they were, they would lead back.
#[tokio::test]
async fn control_a_return_to_secrets_as_they_were_leads_to_the_url_before() {
    let stage = with_kept_secrets().await;
    let before = done(&stage, WEBHOOK).await;
    let kept = stage.item("PREVIOUS#").expect("kept");
    done(&stage, ROTATE).await;
    assert_ne!(
        stage.item("PREVIOUS#").expect("kept")["credentials"],
        kept["credentials"]
    );
    put(&stage, &kept).await;
    go_back(&stage).await;
    assert_eq!(url(&done(&stage, WEBHOOK).await), url(&before));
}

/// Puts an item as it was in the place of the present one.
async fn put(stage: &Stage, item: &Value) {
    let item = item.as_object().expect("an item").iter();
    let item = item.map(|(name, value)| (name.clone(), attribute(value)));
    Client::new(&stage.cloud.sdk_config())
        .put_item()
        .table_name(names::INTEGRATIONS)
        .set_item(Some(item.collect()))
        .send()
        .await
        .expect("written");
}

fn attribute(value: &Value) -> AttributeValue {
    use base64::Engine;

    let (kind, value) = value
        .as_object()
        .and_then(|one| one.iter().next())
        .expect("a value");
    let text = || value.as_str().expect("text").to_owned();
    match kind.as_str() {
        "S" => AttributeValue::S(text()),
        "N" => AttributeValue::N(text()),
        "B" => {
            let bytes = base64::engine::general_purpose::STANDARD.decode(text());
            AttributeValue::B(bytes.expect("base 64").into())
        }
        "BOOL" => AttributeValue::Bool(value.as_bool().expect("a flag")),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn what_was_kept_and_does_not_open_is_forgotten() {
    let stage = with_kept_secrets().await;
    let mut kept = stage.item("PREVIOUS#").expect("kept");
    kept["version_attested"]["S"] = "not the vault's word".into();
    put(&stage, &kept).await;
    done(&stage, ROTATE).await;
    assert!(stage.item("PREVIOUS#").is_none());
    let shown = stage.get(ADMIN, WHATSAPP).await;
    assert!(shown.body["data"].get("returns_until").is_none());
}

/// Nothing but the write that is conditional on the integration's revision decides who wins.
fn is_the_record(write: &Value) -> bool {
    let place = write["Item"]["sk"]["S"].as_str();
    place.is_some_and(|place| place.starts_with("INTEGRATION#"))
}

#[tokio::test]
async fn of_two_rotations_at_once_one_wins() {
    let (stage, _) = Stage::configured().await;
    let (a, b) = tokio::join!(ask(&stage, ROTATE), ask(&stage, ROTATE));
    let [won, lost] = if a.status == 200 { [a, b] } else { [b, a] };
    assert_eq!(won.status, 200, "{}", won.text);
    lost.is_problem(409, "changed_meanwhile");
    assert_eq!(rows(&stage), ROWS + 1);
    assert_eq!(called_by_the_provider(&stage).await, url(&won.body["data"]));
    let mut outcomes: Vec<_> = lines(&stage, "webhook.rotate")
        .iter()
        .map(|line| line["outcome"].as_str().expect("text").to_owned())
        .collect();
    outcomes.sort_unstable();
    assert_eq!(outcomes, ["changed_meanwhile", "ok"]);
}

#[tokio::test]
async fn control_without_the_lock_both_rotate_and_a_route_is_left_to_nobody() {
    let (mut stage, _) = Stage::configured().await;
    stage.reach_aws_by(&without_conditions(&stage.cloud, is_the_record));
    tokio::join!(ask(&stage, ROTATE), ask(&stage, ROTATE));
    assert_eq!(lines(&stage, "webhook.rotate").len(), 2);
    assert_eq!(rows(&stage), ROWS + 2);
}

/// The URLs that the provider was told, in order.
async fn told(stage: &Stage) -> Vec<String> {
    let number = stage.form("one").await["phone_number_id"].clone();
    let number = number.as_str().expect("text");
    let told = stage.requests().await.into_iter().filter_map(|request| {
        let here = request["path"].as_str()?.contains(number);
        let body = request["body"].to_string();
        let place = body.find("/webhooks/whatsapp/").filter(|_| here)?;
        Some(body[place..].chars().take(19 + 52).collect())
    });
    told.collect()
}

#[tokio::test]
async fn a_provider_that_hears_of_an_older_url_late_is_told_the_present_one_again() {
    let (stage, _) = Stage::configured().await;
    let place = "subscribed_apps";
    let slow = json!({"provider": "whatsapp", "path": place, "fault": {"delay_ms": 1_000}});
    stage.control(Method::POST, "/_sandbox/faults", slow).await;
    let begun = async || {
        let requests = stage.requests().await.into_iter();
        let of = requests.filter(|one| one["path"].as_str().is_some_and(|p| p.contains(place)));
        of.count()
    };
    let before = begun().await;
    let (repaired, rotated) = tokio::join!(ask(&stage, REPAIR), async {
        while begun().await == before {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        done(&stage, ROTATE).await
    });
    repaired.is_problem(409, "changed_meanwhile");
    assert_eq!(called_by_the_provider(&stage).await, url(&rotated));
    assert_eq!(done(&stage, WEBHOOK).await["status"], "registered");
    // The control: it did hear of the older one last, before it was told again.
    let told = told(&stage).await;
    let [old, new, late, again] = told.as_slice() else {
        panic!("{} times", told.len());
    };
    assert!(url(&rotated).ends_with(new.as_str()));
    assert_eq!((late, again), (old, new));
}

#[tokio::test]
async fn a_repair_puts_a_missing_route_back_and_is_on_record() {
    let (stage, _) = Stage::configured().await;
    let before = done(&stage, WEBHOOK).await;
    let rows_before = stage.cloud.items(names::WEBHOOK_ROUTES);
    let route = rows_before.iter().find(|row| row.get("secret").is_some());
    let key = route.expect("a route")["pk"]["S"].as_str().expect("text");
    Client::new(&stage.cloud.sdk_config())
        .delete_item()
        .table_name(names::WEBHOOK_ROUTES)
        .key("pk", AttributeValue::S(key.to_owned()))
        .send()
        .await
        .expect("removed");
    // The control: without it nobody is let in.
    stage.clock.advance(FORGOTTEN);
    assert!(!is_answered(&stage, url(&before)).await);
    let repaired = done(&stage, REPAIR).await;
    assert_eq!(repaired, before);
    stage.clock.advance(FORGOTTEN);
    assert!(is_answered(&stage, url(&before)).await);
    for action in ["webhook.restore", "webhook.repair"] {
        let [line] = lines(&stage, action).try_into().expect("one");
        assert_eq!(
            (&line["actor"], &line["outcome"]),
            (&ADMIN.user.into(), &"ok".into())
        );
    }
}

#[tokio::test]
async fn a_repair_that_fails_says_why_and_what_to_do() {
    let (stage, _) = Stage::configured().await;
    the_provider_refuses(&stage, 1).await;
    let failed = done(&stage, REPAIR).await;
    assert_eq!(failed["status"], "failed");
    assert!(failed["error"]["hint"].is_string());
    assert_eq!(
        lines(&stage, "webhook.repair")[0]["outcome"],
        "permission_missing"
    );
    assert_eq!(done(&stage, REPAIR).await["status"], "registered");
}

#[tokio::test]
async fn without_what_it_takes_there_is_no_url_to_show_or_rotate() {
    let stage = Stage::new().await;
    let form = stage.form_with("one", json!({"app_secret": null})).await;
    assert_eq!(stage.call(ADMIN, "POST", WHATSAPP, form).await.status, 201);
    let shown = done(&stage, WEBHOOK).await;
    assert_eq!(shown["status"], "not_configured");
    assert!(shown.get("url").is_none() && shown.get("verify_token").is_none());
    let hint = shown["error"]["hint"].as_str().expect("a hint");
    for path in [ROTATE, REPAIR] {
        let reply = ask(&stage, path).await;
        reply.is_problem(409, "webhook_not_configured");
        assert_eq!(reply.body["hint"], hint);
    }
    assert_eq!(rows(&stage), 1);
}

#[tokio::test]
async fn a_provider_that_does_not_call_us_has_none() {
    let silent = providers::ALL.iter().find(|one| one.webhooks().is_none());
    let Some(silent) = silent else {
        return;
    };
    let (stage, one) = Stage::configured().await;
    let mut item = stage.item("INTEGRATION#").expect("an integration");
    item["provider"]["S"] = silent.descriptor().id.into();
    put(&stage, &item).await;
    for (method, what) in [("GET", ""), ("POST", "/rotate"), ("POST", "/repair")] {
        let path = format!("{INTEGRATIONS}/{}/webhook{what}", one.id());
        let reply = stage.call(ADMIN, method, &path, Value::Null).await;
        reply.is_problem(422, "capability_missing");
    }
}

/// Whatever was broken off, the provider's webhooks are taken in, and after a repair everything is as it should be.
async fn nothing_is_lost(stage: &Stage, before: &str) {
    let called = called_by_the_provider(stage).await;
    let shown = done(stage, WEBHOOK).await;
    assert!([before, url(&shown)].contains(&called.as_str()));
    assert!(is_answered(stage, url(&shown)).await);
    let repaired = done(stage, REPAIR).await;
    assert_eq!(url(&repaired), url(&shown));
    assert_eq!(repaired["status"], "registered");
    assert_eq!(called_by_the_provider(stage).await, url(&repaired));
    let is_rotated = url(&repaired) != before;
    assert_eq!(repaired.get("previous").is_some(), is_rotated);
    assert_eq!(rows(stage), ROWS + usize::from(is_rotated));
    assert!(is_answered(stage, before).await);
    stage.clock.advance(A_DAY);
    assert_eq!(is_answered(stage, before).await, !is_rotated);
    assert!(is_answered(stage, url(&repaired)).await);
    assert_eq!(done(stage, ROTATE).await["status"], "registered");
}

/// With a webhook, and its URL.
async fn begun() -> (Stage, String) {
    let (stage, _) = Stage::configured().await;
    let before = url(&done(&stage, WEBHOOK).await).to_owned();
    stage.cloud.reset_counts();
    (stage, before)
}

/// As [`begun`], with a new URL that the provider has not taken.
async fn half_done() -> (Stage, String) {
    let (stage, before) = begun().await;
    the_provider_refuses(&stage, 1).await;
    assert_eq!(done(&stage, ROTATE).await["status"], "failed");
    stage.cloud.reset_counts();
    (stage, before)
}

/// Breaks what is asked for off at each of its calls to AWS in turn, and loses the answer to each of its writes. How
/// often it was broken off before anything was done, half done, and when the provider had been told.
async fn broken_off(path: &str, begun: impl AsyncFn() -> (Stage, String)) -> [usize; 3] {
    let (stage, before) = begun().await;
    done(&stage, path).await;
    let counts = stage.cloud.counts();
    nothing_is_lost(&stage, &before).await;
    let calls: u64 = counts.values().sum();
    let mut ends = [0; 3];
    for n in 0..usize::try_from(calls).expect("few") {
        let (stage, before) = begun().await;
        let faults = stage.cloud.faults();
        faults.fail(Calls::any().after(n).always(), Fault::Reset);
        let reply = ask(&stage, path).await;
        faults.clear();
        let shown = done(&stage, WEBHOOK).await;
        let called = called_by_the_provider(&stage).await;
        ends[usize::from(url(&shown) != before) + usize::from(called != before)] += 1;
        // The provider may have refused it, for it could not verify the URL.
        assert!([200, 503].contains(&reply.status), "{n}: {}", reply.text);
        nothing_is_lost(&stage, &before).await;
    }
    for write in ["PutItem", "TransactWriteItems"] {
        for n in 0..counts.get(write).copied().unwrap_or_default() {
            let (stage, before) = begun().await;
            let nth = Calls::of(write).after(usize::try_from(n).expect("few"));
            stage.cloud.faults().fail(nth, Fault::AppliedButLost);
            let reply = ask(&stage, path).await;
            assert!(stage.cloud.faults().spent(), "{write} {n}");
            assert_eq!(reply.status, 200, "{write} {n}: {}", reply.text);
            nothing_is_lost(&stage, &before).await;
        }
    }
    ends
}

#[tokio::test]
async fn broken_off_at_any_call_a_rotation_loses_no_webhook_and_a_repair_completes_it() {
    let ends = broken_off(ROTATE, begun).await;
    // The control: there was something to complete.
    assert!(ends.iter().all(|count| *count > 0), "{ends:?}");
}

#[tokio::test]
async fn broken_off_at_any_call_a_repair_loses_no_webhook_and_another_completes_it() {
    let [untouched, half_done, told] = broken_off(REPAIR, half_done).await;
    assert_eq!(untouched, 0);
    assert!(half_done > 0 && told > 0, "{half_done} {told}");
}

#[tokio::test]
async fn a_new_url_that_the_provider_took_without_a_word_is_answered_and_so_is_the_one_before() {
    let (stage, before) = begun().await;
    let number = stage.form("one").await["phone_number_id"].clone();
    let rule = json!({"provider": "whatsapp", "path": number, "fault": "accept_then_reset"});
    stage.control(Method::POST, "/_sandbox/faults", rule).await;
    let unheard = done(&stage, ROTATE).await;
    assert_eq!(unheard["status"], "failed");
    assert_eq!(unheard["previous"], json!({}));
    assert_eq!(called_by_the_provider(&stage).await, url(&unheard));
    nothing_is_lost(&stage, &before).await;
}
