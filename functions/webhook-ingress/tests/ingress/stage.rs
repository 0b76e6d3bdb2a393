//! Two tenants with a webhook each, and requests as the gateway hands them over.

use std::sync::Arc;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::integration::webhook_secret_place;
use domain::seal::Purpose;
use domain::{Clock, Credentials, IntegrationId, ProviderId, TenantId, Timestamp};
use ring::hmac;
use secrecy::SecretString;
use serde_json::{Value, json};
use store::key_rings::KeyRingsTable;
use testing::clock::ManualClock;
use testing::cloud::Cloud;
use testing::switchboard as names;
use vault::{AwsKms, CacheLimits, RingAssignment, RingKeys, Sealer};
use webhook_ingress::Context;
use webhook_ingress::config::Config;

/// A tenant's webhook, as its owner and its provider know it.
pub(crate) struct Account {
    pub(crate) tenant: &'static str,
    pub(crate) token: &'static str,
    pub(crate) phone: &'static str,
    pub(crate) waba: &'static str,
    pub(crate) app_secret: &'static str,
    pub(crate) verify_token: &'static str,
}

pub(crate) const ONE: Account = Account {
    tenant: "t_one",
    token: "one0123456789abcdefghjkmnpqrstvwxyz0123456789abcdefg",
    phone: "106540352242922",
    waba: "102290129340398",
    app_secret: "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    verify_token: "verify-one",
};

pub(crate) const TWO: Account = Account {
    tenant: "t_two",
    token: "two0123456789abcdefghjkmnpqrstvwxyz0123456789abcdefg",
    phone: "206540352242922",
    waba: "202290129340398",
    app_secret: "ffeeddccbbaa99887766554433221100",
    verify_token: "verify-two",
};

pub(crate) struct Stage {
    pub(crate) cloud: Cloud,
    pub(crate) clock: Arc<ManualClock>,
    context: Context,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        let clock = Arc::new(ManualClock::default());
        let cloud = names::cloud(clock.clone());
        let config = Config {
            webhook_routes_table: names::WEBHOOK_ROUTES.into(),
            key_rings_table: names::KEY_RINGS.into(),
            inbound_queue: Cloud::queue_url(names::INBOUND),
        };
        let context = Context::with(config, &cloud.sdk_config(), clock.clone());
        let stage = Self {
            cloud,
            clock,
            context,
        };
        for account in [&ONE, &TWO] {
            stage.add_route(account).await;
        }
        stage
    }

    /// Writes what the configuration API writes.
    #[expect(
        clippy::disallowed_methods,
        reason = "a test is a trusted source of tenants"
    )]
    async fn add_route(&self, account: &Account) {
        let sdk = self.cloud.sdk_config();
        let dynamodb = aws_sdk_dynamodb::Client::new(&sdk);
        let rows = Arc::new(KeyRingsTable::new(
            dynamodb.clone(),
            names::KEY_RINGS.into(),
        ));
        let kms = Arc::new(AwsKms(aws_sdk_kms::Client::new(&sdk)));
        let limits = CacheLimits::default();
        let purpose = Purpose::WebhookSecrets;
        let keys = Arc::new(RingKeys::new(
            purpose,
            rows,
            kms,
            self.clock.clone(),
            limits,
        ));
        let rings = RingAssignment {
            shared_rings: 2,
            kms_key: Cloud::key_arn(names::WEBHOOK_SECRETS_KEY),
        };
        let tenant = TenantId::from_trusted_source(account.tenant).expect("valid");
        let (integration, provider) = (
            IntegrationId::make(),
            ProviderId::parse("whatsapp").expect("valid"),
        );
        let place = webhook_secret_place(&tenant, &provider, &integration, 1);
        let secret: Credentials = [
            ("app_secret", account.app_secret),
            ("verify_token", account.verify_token),
        ]
        .into_iter()
        .map(|(name, value)| (name, SecretString::from(value)))
        .collect();
        let sealed = Sealer::new(keys, rings)
            .seal(&place, secret.to_plaintext().expose())
            .await
            .expect("sealed");
        let text = |value: &str| AttributeValue::S(value.to_owned());
        let accounts = json!([account.phone, account.waba]).to_string();
        dynamodb
            .put_item()
            .table_name(names::WEBHOOK_ROUTES)
            .item(store::keys::PK, text(&store::keys::route(account.token)))
            .item("tenant", text(account.tenant))
            .item("integration", text(integration.as_str()))
            .item("provider", text("whatsapp"))
            .item("accounts", text(&accounts))
            .item("secret", AttributeValue::B(Blob::new(sealed.as_bytes())))
            .item("secret_version", AttributeValue::N("1".into()))
            .send()
            .await
            .expect("written");
    }

    /// Gives the account's route an end.
    pub(crate) async fn end(&self, account: &Account, at: Timestamp) {
        let end = AttributeValue::N(at.millis().to_string());
        aws_sdk_dynamodb::Client::new(&self.cloud.sdk_config())
            .update_item()
            .table_name(names::WEBHOOK_ROUTES)
            .key(
                store::keys::PK,
                AttributeValue::S(store::keys::route(account.token)),
            )
            .update_expression("SET ends_at = :end")
            .expression_attribute_values(":end", end)
            .send()
            .await
            .expect("written");
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The whole answer in the gateway's form.
    pub(crate) async fn answer(&self, event: Value) -> Value {
        let request = serde_json::from_value(event).expect("an event");
        let reply = webhook_ingress::handle(&self.context, request).await;
        serde_json::to_value(reply).expect("an answer")
    }

    pub(crate) async fn status(&self, event: Value) -> u64 {
        self.answer(event).await["statusCode"]
            .as_u64()
            .expect("a status")
    }

    /// The events on the inbound queue.
    pub(crate) fn events(&self) -> Vec<Value> {
        let (events, _) = self.queued();
        events
    }

    /// The lines for the audit trail on the inbound queue.
    pub(crate) fn notices(&self) -> Vec<Value> {
        let (_, notices) = self.queued();
        notices
    }

    fn queued(&self) -> (Vec<Value>, Vec<Value>) {
        let bodies = self.cloud.messages(names::INBOUND);
        bodies
            .iter()
            .map(|body| serde_json::from_str(body).expect("JSON"))
            .partition(|body: &Value| body["record"].is_null())
    }
}

pub(crate) fn path_of(account: &Account) -> String {
    format!("/webhooks/whatsapp/{}", account.token)
}

/// A POST on the account's URL, rightly signed.
pub(crate) fn post(account: &Account, body: &str) -> Value {
    json!({
        "rawPath": path_of(account),
        "headers": {"x-hub-signature-256": sign(account, body.as_bytes()), "content-type": "application/json"},
        "requestContext": {"http": {"method": "POST"}, "requestId": "r-1"},
        "body": body,
    })
}

/// As [`post`], with the body in base 64, as the gateway hands over what it does not take for text.
pub(crate) fn post_bytes(account: &Account, body: &[u8]) -> Value {
    let mut event = post(account, "");
    event["headers"]["x-hub-signature-256"] = sign(account, body).into();
    event["body"] = STANDARD.encode(body).into();
    event["isBase64Encoded"] = true.into();
    event
}

pub(crate) fn sign(account: &Account, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, account.app_secret.as_bytes());
    format!("sha256={}", hex::encode(hmac::sign(&key, body)))
}

/// A webhook body about that number: so many messages and one status.
pub(crate) fn body(account: &Account, messages: usize) -> String {
    let message = |number: usize| {
        json!({"from": "16505551234", "id": format!("wamid.IN{number}"), "timestamp": "1767225000",
            "type": "text", "text": {"body": "नमस्ते 👋"}})
    };
    let messages: Vec<Value> = (0..messages).map(message).collect();
    json!({
        "object": "whatsapp_business_account",
        "entry": [{"id": account.waba, "changes": [{"field": "messages", "value": {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "15550783881", "phone_number_id": account.phone},
            "contacts": [{"profile": {"name": "Asha"}, "wa_id": "16505551234"}],
            "messages": messages,
            "statuses": [{"id": "wamid.OUT", "status": "delivered", "timestamp": "1767225001",
                "recipient_id": "16505551234", "biz_opaque_callback_data": "m-1"}],
        }}]}],
    })
    .to_string()
}
