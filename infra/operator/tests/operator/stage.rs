//! A Switchboard in memory, and an operator at its side.

use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use domain::seal::Purpose;
use domain::{Clock, TenantId};
use edge::auth::ClaimNames;
use http::Method;
use operator::{Arguments, Config, Context, Failure, Voice};
use provider_sandbox::{Options, Sandbox};
use providers::Overrides;
use providers::address::OwnHosts;
use providers::http::{Egress, Outgoing, Reach};
use providers::platform::PlatformAccounts;
use serde_json::{Value, json};
use store::key_rings::KeyRingsTable;
use testing::clock::ManualClock;
use testing::cloud::Cloud;
use testing::switchboard as names;
use url::Url;
use vault::{RingAssignment, RingKeys, Sealer};

/// Rings that tenants share, of each purpose.
pub(crate) const RINGS: u32 = 2;

pub(crate) struct Stage {
    pub(crate) cloud: Cloud,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) http: Egress,
    pub(crate) overrides: Overrides,
    sandbox: Option<Sandbox>,
}

/// What a command answered.
pub(crate) struct Ran {
    pub(crate) done: Result<bool, Failure>,
    pub(crate) result: Value,
    pub(crate) progress: String,
}

impl Ran {
    /// The result of a command that did all it should.
    #[track_caller]
    pub(crate) fn complete(self) -> Value {
        match self.done {
            Ok(true) => self.result,
            Ok(false) => panic!("incomplete: {}", self.result),
            Err(error) => panic!("{error}\n{}", self.progress),
        }
    }

    /// Why a command was not carried out.
    #[track_caller]
    pub(crate) fn failure(self) -> String {
        self.done.expect_err("a failure").to_string()
    }
}

impl Stage {
    /// Time stands still, and there is no provider.
    pub(crate) fn new() -> Self {
        Self::at(Arc::new(ManualClock::default()))
    }

    /// As [`Stage::new`], with a clock that one has in hand.
    pub(crate) fn at(clock: Arc<ManualClock>) -> Self {
        Self::on(clock, None)
    }

    /// As [`Stage::new`], with a provider.
    pub(crate) async fn with_provider(clock: Arc<dyn Clock>) -> Self {
        let options = Options {
            status_gap: Duration::ZERO,
            ..Options::default()
        };
        let sandbox = Sandbox::start(options).await.expect("a free port");
        Self::on(clock, Some(sandbox))
    }

    fn on(clock: Arc<dyn Clock>, sandbox: Option<Sandbox>) -> Self {
        let nobody = "http://127.0.0.1:9".to_owned();
        let base_url = sandbox.as_ref().map_or(nobody, Sandbox::url);
        let overrides = json!({"whatsapp": {"base_url": base_url}});
        let overrides: Overrides = serde_json::from_value(overrides).expect("overrides");
        Self {
            cloud: names::cloud(clock.clone()),
            http: Egress::new(Reach::new(&overrides)).expect("a client"),
            overrides,
            clock,
            sandbox,
        }
    }

    /// Carries a command out, as a process of its own would.
    pub(crate) async fn operator(&self, line: &str) -> Ran {
        let _operator = self.cloud.as_operator();
        let words = format!("operator {line} --json --as tester");
        let arguments = Arguments::try_parse_from(words.split_whitespace()).expect("a command");
        let (mut out, mut progress) = (Vec::new(), Vec::new());
        let voice = Voice::new(&mut out, &mut progress, true);
        let done = operator::run(&arguments, &self.operators_context(), voice).await;
        Ran {
            done,
            result: serde_json::from_slice(&out).unwrap_or_default(),
            progress: String::from_utf8_lossy(&progress).into_owned(),
        }
    }

    fn operators_context(&self) -> Context {
        let config = Config {
            integrations_table: names::INTEGRATIONS.into(),
            webhook_routes_table: names::WEBHOOK_ROUTES.into(),
            activity_table: names::ACTIVITY.into(),
            key_rings_table: names::KEY_RINGS.into(),
            audit_table: names::AUDIT.into(),
            messages_queue: Cloud::queue_url(names::MESSAGES),
            messages_dead_letters: Cloud::queue_url(names::MESSAGES_DLQ),
            inbound_queue: Cloud::queue_url(names::INBOUND),
            inbound_dead_letters: Cloud::queue_url(names::INBOUND_DLQ),
            credentials_key: kms_key(Purpose::Credentials),
            webhook_secrets_key: kms_key(Purpose::WebhookSecrets),
            shared_rings: RINGS,
            overrides: self.overrides.clone(),
            user: None,
        };
        let sdk = self.cloud.sdk_config();
        Context::with(config, &sdk, self.http.clone(), self.clock.clone())
    }

    /// The API, as it is after a cold start.
    pub(crate) fn config_api(&self) -> config_api::Context {
        let config = config_api::config::Config {
            claims: ClaimNames::default(),
            quotas: contract::Quotas::WIDE,
            integrations_table: names::INTEGRATIONS.into(),
            webhook_routes_table: names::WEBHOOK_ROUTES.into(),
            activity_table: names::ACTIVITY.into(),
            key_rings_table: names::KEY_RINGS.into(),
            audit_table: names::AUDIT.into(),
            credentials_key: kms_key(Purpose::Credentials),
            webhook_secrets_key: kms_key(Purpose::WebhookSecrets),
            shared_rings: RINGS,
            messages_queue: Cloud::queue_url(names::MESSAGES),
            public_base_url: "https://switchboard.example".into(),
            overrides: self.overrides.clone(),
            own_hosts: OwnHosts::default(),
        };
        let sdk = self.cloud.sdk_config();
        config_api::Context::with(config, &sdk, self.http.clone(), self.clock.clone())
    }

    /// The dispatcher, as it is after a cold start.
    pub(crate) fn message_dispatch(&self) -> message_dispatch::Context {
        let config = message_dispatch::config::Config {
            integrations_table: names::INTEGRATIONS.into(),
            activity_table: names::ACTIVITY.into(),
            key_rings_table: names::KEY_RINGS.into(),
            audit_table: names::AUDIT.into(),
            queue: Cloud::queue_url(names::MESSAGES),
            dead_letter_queue: Cloud::queue_url(names::MESSAGES_DLQ),
            overrides: self.overrides.clone(),
            own_hosts: OwnHosts::default(),
            platform: PlatformAccounts::default(),
        };
        let sdk = self.cloud.sdk_config();
        message_dispatch::Context::with(config, &sdk, self.http.clone(), self.clock.clone())
    }

    /// The ingress, as it is after a cold start.
    pub(crate) fn webhook_ingress(&self) -> webhook_ingress::Context {
        let config = webhook_ingress::config::Config {
            webhook_routes_table: names::WEBHOOK_ROUTES.into(),
            key_rings_table: names::KEY_RINGS.into(),
            inbound_queue: Cloud::queue_url(names::INBOUND),
        };
        let sdk = self.cloud.sdk_config();
        webhook_ingress::Context::with(config, &sdk, self.clock.clone())
    }

    pub(crate) fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::new(&self.cloud.sdk_config())
    }

    /// Ring keys that nobody has unwrapped yet.
    pub(crate) fn keys(&self, purpose: Purpose) -> Arc<RingKeys> {
        let rows = KeyRingsTable::new(self.dynamodb(), names::KEY_RINGS.into());
        let kms = aws_sdk_kms::Client::new(&self.cloud.sdk_config());
        RingKeys::on_aws(purpose, rows, kms, self.clock.clone())
    }

    pub(crate) fn sealer(&self, purpose: Purpose) -> Sealer {
        let rings = RingAssignment {
            shared_rings: RINGS,
            kms_key: kms_key(purpose),
        };
        Sealer::new(self.keys(purpose), rings)
    }

    /// Asks the API as an admin of the tenant; status and body of the answer.
    pub(crate) async fn ask(
        &self,
        api: &config_api::Context,
        tenant: &str,
        (method, path): (&str, &str),
        body: Value,
    ) -> (u16, Value) {
        let claims = json!({"sub": "u-1", "custom:tenant_id": tenant, "cognito:groups": "[admin]"});
        let event = json!({
            "rawPath": path,
            "headers": {"content-type": "application/json"},
            "requestContext": {
                "http": {"method": method}, "requestId": "r-1", "authorizer": {"jwt": {"claims": claims}},
            },
            "body": if body.is_null() { Value::Null } else { body.to_string().into() },
        });
        let request = serde_json::from_value(event).expect("an event");
        let reply = config_api::handle(api, request).await;
        let body = serde_json::from_str(reply.body()).unwrap_or_default();
        (reply.status(), body)
    }

    /// Calls the provider's control API.
    pub(crate) async fn control(&self, method: Method, path: &str, body: Value) -> Value {
        let sandbox = self.sandbox.as_ref().expect("a provider");
        let url = Url::parse(&format!("{}{path}", sandbox.url())).expect("a URL");
        let mut request = Outgoing::new(method, url);
        if !body.is_null() {
            request = request.json(body.to_string().into_bytes());
        }
        let answer = self.http.send(request).await.expect("an answer");
        assert_eq!(answer.status, 200, "{path}: {:?}", answer.body);
        serde_json::from_slice(&answer.body).expect("JSON")
    }
}

/// The stack's KMS key of a purpose.
pub(crate) fn kms_key(purpose: Purpose) -> String {
    Cloud::key_arn(match purpose {
        Purpose::Credentials => names::CREDENTIALS_KEY,
        Purpose::WebhookSecrets => names::WEBHOOK_SECRETS_KEY,
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test is a trusted source of tenants"
)]
pub(crate) fn tenant(name: &str) -> TenantId {
    TenantId::from_trusted_source(name).expect("a tenant")
}
