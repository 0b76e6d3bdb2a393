//! The function, an API to save integrations with, and the sandbox.

use std::sync::Arc;
use std::time::Duration;

use connection_test::Context;
use connection_test::config::Config;
use edge::auth::ClaimNames;
use http::Method;
use provider_sandbox::{Options, Sandbox};
use providers::Overrides;
use providers::address::OwnHosts;
use providers::http::{Egress, Outgoing, Reach};
use serde_json::{Value, json};
use testing::clock::ManualClock;
use testing::cloud::Cloud;
use testing::switchboard as names;
use url::Url;

/// Tenant, user and role.
pub(crate) type Person = (&'static str, &'static str, &'static str);

pub(crate) const ADMIN: Person = ("t_one", "u-admin", "admin");
pub(crate) const MANAGER: Person = ("t_one", "u-manager", "manager");
pub(crate) const AGENT: Person = ("t_one", "u-agent", "agent");
pub(crate) const STRANGER: Person = ("t_two", "u-stranger", "admin");

pub(crate) struct Stage {
    pub(crate) cloud: Cloud,
    pub(crate) clock: Arc<ManualClock>,
    context: Context,
    api: config_api::Context,
    sandbox: Sandbox,
    http: Egress,
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) text: String,
    pub(crate) body: Value,
}

impl Reply {
    #[track_caller]
    pub(crate) fn is_problem(&self, status: u16, code: &str) {
        assert_eq!(
            (self.status, &self.body["code"]),
            (status, &code.into()),
            "{}",
            self.text
        );
        assert_eq!(self.body["success"], false);
    }
}

impl Stage {
    pub(crate) async fn new() -> Self {
        let clock = Arc::new(ManualClock::default());
        let cloud = names::cloud(clock.clone());
        let sandbox = Sandbox::start(Options {
            status_gap: Duration::ZERO,
            ..Options::default()
        })
        .await
        .expect("a free port");
        let overrides = || -> Overrides {
            let base = json!({"whatsapp": {"base_url": sandbox.url()}});
            serde_json::from_value(base).expect("overrides")
        };
        let http = Egress::new(Reach::new(&overrides())).expect("a client");
        let config = Config {
            claims: ClaimNames::default(),
            quotas: contract::Quotas::WIDE,
            integrations_table: names::INTEGRATIONS.into(),
            key_rings_table: names::KEY_RINGS.into(),
            audit_table: names::AUDIT.into(),
            messages_queue: Cloud::queue_url(names::MESSAGES),
            overrides: overrides(),
            own_hosts: OwnHosts::default(),
        };
        let api = config_api::config::Config {
            claims: ClaimNames::default(),
            quotas: contract::Quotas::WIDE,
            integrations_table: names::INTEGRATIONS.into(),
            webhook_routes_table: names::WEBHOOK_ROUTES.into(),
            activity_table: names::ACTIVITY.into(),
            key_rings_table: names::KEY_RINGS.into(),
            audit_table: names::AUDIT.into(),
            credentials_key: Cloud::key_arn(names::CREDENTIALS_KEY),
            webhook_secrets_key: Cloud::key_arn(names::WEBHOOK_SECRETS_KEY),
            shared_rings: 2,
            messages_queue: Cloud::queue_url(names::MESSAGES),
            public_base_url: "https://switchboard.example".into(),
            overrides: overrides(),
            own_hosts: OwnHosts::default(),
        };
        let sdk = cloud.sdk_config();
        Self {
            context: Context::with(config, &sdk, http.clone(), clock.clone()),
            api: config_api::Context::with(api, &sdk, http.clone(), clock.clone()),
            cloud,
            clock,
            sandbox,
            http,
        }
    }

    /// With account one saved, and its id.
    pub(crate) async fn connected() -> (Self, String) {
        let stage = Self::new().await;
        let form = stage.form("one", json!({})).await;
        let saved = stage.api(ADMIN, "POST", "whatsapp", form).await;
        assert_eq!(saved.status, 201, "{}", saved.text);
        let id = saved.body["data"]["id"].as_str().expect("an id").to_owned();
        (stage, id)
    }

    /// Asks for a test; without a body of what is stored.
    pub(crate) async fn test(&self, who: Person, reference: &str, body: Value) -> Reply {
        let path = format!("/api/v1/settings/integrations/{reference}/test");
        self.raw(event(who, "POST", &path, &body)).await
    }

    /// Asks with an event as it stands. Every answer is one that the document describes.
    pub(crate) async fn raw(&self, event: Value) -> Reply {
        let request = serde_json::from_value(event.clone()).expect("an event");
        let given = connection_test::handle(&self.context, request).await;
        let whole = serde_json::to_value(&given).expect("an answer");
        let broken = crate::promises::broken(&event, &whole);
        assert!(broken.is_empty(), "{broken:#?}");
        reply(&given)
    }

    /// Asks the configuration API.
    pub(crate) async fn api(
        &self,
        who: Person,
        method: &str,
        reference: &str,
        body: Value,
    ) -> Reply {
        let path = format!("/api/v1/settings/integrations/{reference}");
        let request = serde_json::from_value(event(who, method, &path, &body)).expect("an event");
        reply(&config_api::handle(&self.api, request).await)
    }

    /// The stored integration as its admin sees it.
    pub(crate) async fn shown(&self) -> Value {
        let shown = self.api(ADMIN, "GET", "whatsapp", Value::Null).await;
        assert_eq!(shown.status, 200, "{}", shown.text);
        shown.body["data"].clone()
    }

    /// An account's values without its app secret (so there is no webhook to register), with these changed.
    pub(crate) async fn form(&self, account: &str, changes: Value) -> Value {
        let path = format!("/_sandbox/credentials?account={account}");
        let mut form = self.control(Method::GET, &path, Value::Null).await["whatsapp"].clone();
        form["app_secret"] = Value::Null;
        for (name, value) in changes.as_object().into_iter().flatten() {
            form[name] = value.clone();
        }
        form
    }

    pub(crate) async fn fault(&self, fault: Value) {
        self.control(Method::DELETE, "/_sandbox/faults", Value::Null)
            .await;
        let rule = json!({"provider": "whatsapp", "fault": fault, "times": 0});
        self.control(Method::POST, "/_sandbox/faults", rule).await;
    }

    pub(crate) async fn control(&self, method: Method, path: &str, body: Value) -> Value {
        let url = Url::parse(&format!("{}{path}", self.sandbox.url())).expect("a URL");
        let mut request = Outgoing::new(method, url);
        if !body.is_null() {
            request = request.json(body.to_string().into_bytes());
        }
        let answer = self.http.send(request).await.expect("an answer");
        assert_eq!(answer.status, 200, "{path}: {:?}", answer.body);
        serde_json::from_slice(&answer.body).expect("JSON")
    }

    /// How often a test of ours was recorded with that outcome.
    pub(crate) fn recorded(&self, outcome: &str) -> usize {
        self.records()
            .iter()
            .filter(|record| record["action"] == "integration.test")
            .filter(|record| record["outcome"] == outcome)
            .count()
    }

    /// The lines of the audit trail.
    pub(crate) fn records(&self) -> Vec<Value> {
        let items = self.cloud.items(names::AUDIT);
        let records = items.iter().map(|item| {
            let record = item["record"]["S"].as_str().expect("a record");
            serde_json::from_str(record).expect("JSON")
        });
        records.collect()
    }

    /// Everything kept but the audit trail.
    pub(crate) fn kept(&self) -> Vec<Vec<Value>> {
        [
            names::INTEGRATIONS,
            names::WEBHOOK_ROUTES,
            names::KEY_RINGS,
            names::ACTIVITY,
        ]
        .map(|table| self.cloud.items(table))
        .into()
    }
}

/// Every test is a test of the audit trail too, and of where secrets are.
impl Drop for Stage {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            crate::chains::hold(&self.cloud);
            crate::clear::of(&self.cloud, self.sandbox.secrets());
        }
    }
}

fn reply(reply: &edge::http::HttpReply) -> Reply {
    Reply {
        status: reply.status(),
        text: reply.body().to_owned(),
        body: serde_json::from_str(reply.body()).unwrap_or_default(),
    }
}

pub(crate) fn event((tenant, user, role): Person, method: &str, path: &str, body: &Value) -> Value {
    let claims =
        json!({"sub": user, "custom:tenant_id": tenant, "cognito:groups": format!("[{role}]")});
    json!({
        "rawPath": path,
        "headers": {"content-type": "application/json"},
        "requestContext": {
            "http": {"method": method}, "requestId": "r-1", "authorizer": {"jwt": {"claims": claims}},
        },
        "body": if body.is_null() { Value::Null } else { body.to_string().into() },
    })
}
