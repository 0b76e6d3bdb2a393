//! Two tenants that are alike in everything, ids included, in one warm container: neither gets anything of the other.

use std::time::Duration;

use domain::audit::AuditRecord;
use domain::seal::Purpose;
use domain::{Clock, Credentials, Integration, IntegrationId, TenantId};
use http::Method;
use serde_json::{Value, json};
use store::WriteError;
use store::audit::AuditTrail;
use store::changes::{IntegrationChanges, Previous};
use store::integrations::Integrations;
use store::key_rings::KeyRingsTable;
use testing::cloud::Cloud;
use testing::switchboard as names;
use vault::{RingAssignment, RingKeys, Sealer};

use crate::stage::{Stage, TENANT, WHATSAPP, arrived, recipient};

const OTHER: &str = "t_two";
const TENANTS: [(&str, &str); 2] = [(TENANT, "one"), (OTHER, "two")];

/// Tenant one with account one, and tenant two with account two under the very same integration id.
async fn twins() -> Stage {
    let stage = Stage::connected().await;
    let id = stage.shown().await["id"].clone();
    let id = IntegrationId::parse(id.as_str().expect("an id")).expect("an id");
    let form = stage.control(
        Method::GET,
        "/_sandbox/credentials?account=two",
        Value::Null,
    );
    let mut form = form.await["whatsapp"].clone();
    form["app_secret"] = Value::Null;
    let (status, body) = stage.api_of(OTHER, "POST", WHATSAPP, form.clone()).await;
    assert_eq!(status, 201, "{body}");
    move_to(&stage, &id, &form).await;
    let (_, body) = stage.api_of(OTHER, "GET", WHATSAPP, Value::Null).await;
    assert_eq!(body["data"]["id"], id.as_str());
    stage
}

/// Moves tenant two's integration to another id, as no API does.
async fn move_to(stage: &Stage, id: &IntegrationId, form: &Value) {
    let mut twin = stored(stage, OTHER).await;
    let (status, body) = stage.api_of(OTHER, "DELETE", WHATSAPP, Value::Null).await;
    assert_eq!(status, 200, "{body}");
    twin.id = id.clone();
    twin.webhook = None;

    let sdk = stage.cloud.sdk_config();
    let dynamodb = aws_sdk_dynamodb::Client::new(&sdk);
    let rows = KeyRingsTable::new(dynamodb, names::KEY_RINGS.into());
    let kms = aws_sdk_kms::Client::new(&sdk);
    let rings = RingAssignment {
        shared_rings: 2,
        kms_key: Cloud::key_arn(names::CREDENTIALS_KEY),
    };
    let sealer = Sealer::new(
        RingKeys::on_aws(Purpose::Credentials, rows, kms, stage.clock.clone()),
        rings,
    );
    let token = form["access_token"].as_str().expect("text").to_owned();
    let mut credentials = Credentials::default();
    credentials.set("access_token", domain::secret::take(token));
    let plaintext = credentials.to_plaintext();
    let sealed = sealer
        .seal(&custody::place(&twin), plaintext.expose())
        .await;
    twin.credentials = sealed.expect("sealed");
    let version = twin.credential_version.to_string();
    let attested = sealer
        .attest(&twin.tenant, &twin.version_matter(), &version)
        .await;
    twin.version_attested = attested.expect("attested");

    save(stage, None, &twin).await.expect("saved");
}

async fn save(
    stage: &Stage,
    before: Option<&Integration>,
    after: &Integration,
) -> Result<(), WriteError> {
    let dynamodb = aws_sdk_dynamodb::Client::new(&stage.cloud.sdk_config());
    let integrations = Integrations::new(dynamodb.clone(), names::INTEGRATIONS.into());
    let trail = AuditTrail::new(dynamodb, names::AUDIT.into(), stage.clock.clone());
    let changes = IntegrationChanges::new(integrations, names::WEBHOOK_ROUTES.into(), trail);
    let record = AuditRecord::new("u-1", stage.clock.now(), "integration.configure");
    let forget = Previous::Forget;
    changes.save(before, after, forget, None, &record).await
}

/// A tenant's one integration as it is stored.
#[expect(
    clippy::disallowed_methods,
    reason = "a test is a trusted source of tenants"
)]
async fn stored(stage: &Stage, tenant: &str) -> Integration {
    let dynamodb = aws_sdk_dynamodb::Client::new(&stage.cloud.sdk_config());
    let integrations = Integrations::new(dynamodb, names::INTEGRATIONS.into());
    let tenant = TenantId::from_trusted_source(tenant).expect("a tenant");
    let found = integrations.list(&tenant).await.expect("readable");
    found.into_iter().next().expect("an integration")
}

/// A message of a tenant; both have the same ids, and only the text tells whose it is.
fn message(tenant: &str, number: usize) -> Value {
    let body = json!({
        "metadata": {"tenantId": tenant, "messageId": format!("m-{number}")},
        "wabaPayload": {"to": recipient(&format!("m-{number}")), "type": "text", "text": {"body": format!("of {tenant}")}},
    });
    arrived(&body.to_string())
}

/// Every send so far: account that the token belongs to, its number in the address, and the text.
async fn sends(stage: &Stage) -> Vec<(String, String, String)> {
    let path = "/_sandbox/requests?path=/messages";
    let log = stage.control(Method::GET, path, Value::Null).await;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let sends = log.as_array().expect("a list").iter();
    sends
        .map(|one| {
            let path = text(&one["path"]);
            let number = path.split('/').nth(2).unwrap_or_default().to_owned();
            (
                text(&one["account"]),
                number,
                text(&one["body"]["text"]["body"]),
            )
        })
        .collect()
}

#[tokio::test]
async fn b8_in_batches_of_both_each_message_goes_out_by_its_own_tenants_account() {
    let stage = twins().await;
    let mut number_of = Vec::new();
    for (tenant, _) in TENANTS {
        let (_, body) = stage.api_of(tenant, "GET", WHATSAPP, Value::Null).await;
        number_of.push(body["data"]["settings"]["phone_number_id"].clone());
    }
    for round in 0..20 {
        let mut batch: Vec<Value> = (0..10)
            .map(|n| message(TENANTS[(n + round) % 2].0, round * 5 + n / 2))
            .collect();
        let [turn] = domain::random::bytes::<1>();
        batch.rotate_left(usize::from(turn) % 10);
        assert!(stage.dispatch(&batch).await.is_empty());
        if round % 7 == 6 {
            stage.clock.advance(Duration::from_secs(61));
        }
    }
    let sends = sends(&stage).await;
    assert_eq!(sends.len(), 200);
    for (account, number, text) in sends {
        let place = TENANTS
            .iter()
            .position(|(tenant, _)| text == format!("of {tenant}"));
        let place = place.expect("a tenant's");
        assert_eq!(
            account, TENANTS[place].1,
            "{text} with the token of {account}"
        );
        assert_eq!(number_of[place], number.as_str());
    }
}

#[tokio::test]
async fn b8_what_befalls_one_tenants_account_does_not_touch_the_others() {
    let stage = twins().await;
    let faults = [json!("rate_limit"), json!("bad_credential")];
    for (round, fault) in faults.into_iter().enumerate() {
        let rule = json!({"provider": "whatsapp", "account": "one", "fault": fault, "times": 0});
        stage.control(Method::POST, "/_sandbox/faults", rule).await;
        for number in 0..3 {
            let number = round * 3 + number;
            let batch = [message(TENANT, number), message(OTHER, number)];
            assert!(stage.dispatch(&batch).await.is_empty());
        }
        if round == 1 {
            stage.until_quiet(Duration::from_secs(5)).await;
        }
        stage.provider_recovers().await;
        stage.clock.advance(Duration::from_secs(61));
    }
    for number in 0..6 {
        let path = format!("/api/v1/messages/m-{number}");
        let (_, body) = stage.api_of(OTHER, "GET", &path, Value::Null).await;
        assert_eq!(body["data"]["status"], "sent", "{body}");
    }
    assert_eq!(stage.delivered().await.len(), 6);
    let (_, body) = stage.api_of(OTHER, "GET", WHATSAPP, Value::Null).await;
    assert_eq!(body["data"]["status"], "connected");
    assert_eq!(stage.shown().await["status"], "invalid");
    let told = stage.cloud.items(names::INTEGRATIONS);
    let told = told.iter().filter(|item| item["code"]["S"].is_string());
    assert!(told.map(|item| &item["pk"]["S"]).all(|pk| pk == TENANT));
}

#[tokio::test]
async fn b8_an_equal_id_gives_no_right_to_the_others_account() {
    let stage = twins().await;
    let before = stored(&stage, OTHER).await;
    let mut after = before.clone();
    after.revision += 1;
    after.accounts = stored(&stage, TENANT).await.accounts;
    let refused = save(&stage, Some(&before), &after).await;
    assert!(
        matches!(refused, Err(WriteError::AccountTaken)),
        "{refused:?}"
    );
    after.accounts = before.accounts.clone();
    save(&stage, Some(&before), &after).await.expect("its own");
}
