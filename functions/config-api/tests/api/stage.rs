//! The API with everything around it, and people who ask.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use contract::Quotas;
use domain::Clock;
use edge::auth::ClaimNames;
use edge::lambda::Invocation;
use edge::sqs::{BatchReply, SqsBatch};
use http::Method;
use provider_sandbox::{Options, Sandbox};
use providers::Overrides;
use providers::address::OwnHosts;
use providers::http::{Egress, Network, Outgoing, Reach};
use providers::platform::PlatformAccounts;
use serde_json::{Map, Value, json};
use testing::clock::ManualClock;
use testing::cloud::{Calls, Cloud, Fault};
use testing::switchboard as names;
use url::Url;

use crate::door::Door;

pub(crate) const INTEGRATIONS: &str = "/api/v1/settings/integrations";
pub(crate) const WHATSAPP: &str = "/api/v1/settings/integrations/whatsapp";

/// Somebody with a verified token.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Person {
    pub(crate) tenant: &'static str,
    pub(crate) user: &'static str,
    pub(crate) role: &'static str,
}

const fn of_one(user: &'static str, role: &'static str) -> Person {
    Person {
        tenant: "t_one",
        user,
        role,
    }
}

pub(crate) const ADMIN: Person = of_one("u-admin", "admin");
pub(crate) const MANAGER: Person = of_one("u-manager", "manager");
pub(crate) const AGENT: Person = of_one("u-agent", "agent");
pub(crate) const SERVICE: Person = of_one("u-service", "service");
pub(crate) const OPERATOR: Person = Person {
    tenant: "t_platform",
    user: "u-operator",
    role: "operator",
};
pub(crate) const STRANGER: Person = Person {
    tenant: "t_two",
    user: "u-stranger",
    role: "admin",
};

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u64,
    pub(crate) headers: Value,
    pub(crate) text: String,
    pub(crate) body: Value,
}

impl Reply {
    pub(crate) fn id(&self) -> &str {
        self.body["data"]["id"].as_str().expect("an id")
    }

    /// What a function answered.
    pub(crate) fn of(reply: &edge::http::HttpReply) -> Self {
        let text = reply.body().to_owned();
        let whole = serde_json::to_value(reply).expect("an answer");
        Self {
            status: u64::from(reply.status()),
            headers: whole["headers"].clone(),
            body: serde_json::from_str(&text).unwrap_or_default(),
            text,
        }
    }

    /// All but the request id, for comparing.
    pub(crate) fn but_for_its_id(&self) -> (u64, String, String) {
        let instance = self.body["instance"].as_str().unwrap_or("none");
        (
            self.status,
            self.headers.to_string(),
            self.text.replace(instance, "-"),
        )
    }

    #[track_caller]
    pub(crate) fn is_problem(&self, status: u64, code: &str) {
        assert_eq!(
            (self.status, &self.body["code"]),
            (status, &code.into()),
            "{}",
            self.text
        );
        assert_eq!(self.headers["content-type"], "application/problem+json");
        assert_eq!(self.body["success"], false);
        assert_eq!(self.body["status"], status);
        assert_eq!(self.body["type"], format!("urn:switchboard:problem:{code}"));
        assert!(self.body["title"].is_string() && self.body["detail"].is_string());
    }
}

pub(crate) struct Stage {
    pub(crate) cloud: Cloud,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) sandbox: Sandbox,
    pub(crate) door: RefCell<Door>,
    pub(crate) answers: RefCell<Vec<String>>,
    api: config_api::Context,
    public_base_url: String,
    http: Egress,
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
        let (listener, public_base_url) = Door::bind().await;
        let ingress = webhook_ingress::config::Config {
            webhook_routes_table: names::WEBHOOK_ROUTES.into(),
            key_rings_table: names::KEY_RINGS.into(),
            inbound_queue: Cloud::queue_url(names::INBOUND),
        };
        let sdk = cloud.sdk_config();
        let ingress = webhook_ingress::Context::with(ingress, &sdk, clock.clone());
        let config = config(&sandbox.url(), &public_base_url);
        let http = Egress::new(Reach::new(&config.overrides)).expect("a client");
        Self {
            api: config_api::Context::with(config, &sdk, http.clone(), clock.clone()),
            door: RefCell::new(Door::open(listener, Arc::new(ingress))),
            answers: RefCell::default(),
            cloud,
            clock,
            sandbox,
            public_base_url,
            http,
        }
    }

    /// As [`Stage::forget`], with that network below, and no provider but WhatsApp at an address of the operator's.
    pub(crate) fn over(&mut self, network: Arc<dyn Network>) -> connection_test::Context {
        let overrides: Overrides =
            serde_json::from_value(json!({"whatsapp": {"base_url": self.sandbox.url()}}))
                .expect("overrides");
        let http = Egress::over(network, Reach::new(&overrides)).expect("a client");
        let config = config_api::config::Config {
            overrides: overrides.clone(),
            own_hosts: OwnHosts::default(),
            ..config(&self.sandbox.url(), &self.public_base_url)
        };
        let sdk = self.cloud.sdk_config();
        self.api = config_api::Context::with(config, &sdk, http.clone(), self.clock.clone());
        self.connection_test_by(http, overrides)
    }

    /// A process of the API that remembers nothing, as after a cold start.
    pub(crate) fn forget(&mut self) {
        self.reach_aws_by(&self.cloud.sdk_config());
    }

    /// As [`Stage::forget`], in one that reaches AWS in that way.
    pub(crate) fn reach_aws_by(&mut self, sdk: &aws_types::SdkConfig) {
        let config = config(&self.sandbox.url(), &self.public_base_url);
        self.api = config_api::Context::with(config, sdk, self.http.clone(), self.clock.clone());
    }

    /// As [`Stage::forget`], in one that lets a tenant ask so often.
    pub(crate) fn pace(&mut self, quotas: Quotas) {
        let config = config_api::config::Config {
            quotas,
            ..config(&self.sandbox.url(), &self.public_base_url)
        };
        let sdk = self.cloud.sdk_config();
        self.api = config_api::Context::with(config, &sdk, self.http.clone(), self.clock.clone());
    }

    /// With tenant one's WhatsApp configured, and the answer to that.
    pub(crate) async fn configured() -> (Self, Reply) {
        let stage = Self::new().await;
        let form = stage.form("one").await;
        let reply = stage.call(ADMIN, "POST", WHATSAPP, form).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
        (stage, reply)
    }

    pub(crate) async fn call(
        &self,
        who: Person,
        method: &str,
        path: &str,
        body: impl Into<Value>,
    ) -> Reply {
        self.call_with(who, method, path, body, &[]).await
    }

    pub(crate) async fn get(&self, who: Person, path: &str) -> Reply {
        self.call(who, "GET", path, Value::Null).await
    }

    /// As [`Stage::get`], with a query.
    pub(crate) async fn query(&self, who: Person, path: &str, query: &str) -> Reply {
        let mut event = event(who, "GET", path, &Value::Null);
        event["rawQueryString"] = query.into();
        self.raw(event).await
    }

    pub(crate) async fn call_with(
        &self,
        who: Person,
        method: &str,
        path: &str,
        body: impl Into<Value>,
        headers: &[(&str, &str)],
    ) -> Reply {
        let mut event = event(who, method, path, &body.into());
        for (name, value) in headers {
            event["headers"][*name] = (*value).into();
        }
        self.raw(event).await
    }

    /// Asks with an event as it stands. Every answer is one that the document describes.
    pub(crate) async fn raw(&self, event: Value) -> Reply {
        let request = serde_json::from_value(event.clone()).expect("an event");
        let reply = config_api::handle(&self.api, request).await;
        let whole = serde_json::to_value(&reply).expect("an answer");
        let broken = crate::promises::broken(&event, &whole);
        assert!(broken.is_empty(), "{broken:#?}");
        self.answers.borrow_mut().push(whole.to_string());
        Reply::of(&reply)
    }

    /// What comes of `work` while a call to AWS is never answered: nothing if it comes to that, for the process dies waiting.
    pub(crate) async fn killed_at<T>(
        &self,
        calls: Calls,
        fault: Fault,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        assert!(matches!(fault, Fault::Timeout | Fault::AppliedButSilent));
        self.cloud.faults().fail(calls, fault);
        let died = async {
            while !self.cloud.faults().spent() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let done = tokio::select! {
            done = work => Some(done),
            () = died => None,
        };
        self.cloud.faults().clear();
        done
    }

    /// The function behind the API that sends what is on the messages queue.
    pub(crate) fn dispatcher(&self) -> message_dispatch::Context {
        let config = message_dispatch::config::Config {
            integrations_table: names::INTEGRATIONS.into(),
            activity_table: names::ACTIVITY.into(),
            key_rings_table: names::KEY_RINGS.into(),
            audit_table: names::AUDIT.into(),
            queue: Cloud::queue_url(names::MESSAGES),
            dead_letter_queue: Cloud::queue_url(names::MESSAGES_DLQ),
            overrides: overrides(&self.sandbox.url()),
            platform: PlatformAccounts::default(),
            own_hosts: OwnHosts::default(),
        };
        let (sdk, clock) = (self.cloud.sdk_config(), self.clock.clone());
        message_dispatch::Context::with(config, &sdk, self.http.clone(), clock)
    }

    /// Has it send a batch of what is on the queue; how many messages there were.
    pub(crate) async fn dispatch(&self, dispatcher: &message_dispatch::Context) -> usize {
        let batch = crate::queue::take(&self.cloud, names::MESSAGES).await;
        let batch: SqsBatch = serde_json::from_value(batch).expect("a batch");
        let invocation = Invocation {
            deadline: self.clock.now().after(Duration::from_secs(60)),
            request_id: "i-1".into(),
        };
        let reply = message_dispatch::handle(dispatcher, &batch, &invocation).await;
        assert_eq!(reply, BatchReply::default());
        batch.records.len()
    }

    /// Has everything sent that is on the queue. What reached the provider, by our message ids, with its text.
    pub(crate) async fn sent(&self) -> Vec<(String, String)> {
        let dispatcher = self.dispatcher();
        while !self.cloud.messages(names::MESSAGES).is_empty() {
            if self.dispatch(&dispatcher).await == 0 {
                self.clock.advance(Duration::from_secs(1));
            }
        }
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let requests = self
            .requests()
            .await
            .into_iter()
            .map(|one| one["body"].clone());
        let sends = requests.filter(|body| body["biz_opaque_callback_data"].is_string());
        sends
            .map(|body| {
                (
                    text(&body["biz_opaque_callback_data"]),
                    text(&body["text"]["body"]),
                )
            })
            .collect()
    }

    /// The function beside the API that tests connections.
    pub(crate) fn connection_test(&self) -> connection_test::Context {
        self.connection_test_by(self.http.clone(), overrides(&self.sandbox.url()))
    }

    fn connection_test_by(&self, http: Egress, overrides: Overrides) -> connection_test::Context {
        let config = connection_test::config::Config {
            claims: ClaimNames::default(),
            quotas: Quotas::WIDE,
            integrations_table: names::INTEGRATIONS.into(),
            key_rings_table: names::KEY_RINGS.into(),
            audit_table: names::AUDIT.into(),
            messages_queue: Cloud::queue_url(names::MESSAGES),
            overrides,
            own_hosts: OwnHosts::default(),
        };
        connection_test::Context::with(config, &self.cloud.sdk_config(), http, self.clock.clone())
    }

    /// Somebody of another tenant, in that role.
    pub(crate) const fn somebody(role: &'static str) -> Person {
        Person {
            tenant: "t_two",
            user: "u-other",
            role,
        }
    }

    /// Values that the sandbox accepts, as a form.
    pub(crate) async fn form(&self, account: &str) -> Value {
        let path = format!("/_sandbox/credentials?account={account}");
        self.control(Method::GET, &path, Value::Null).await["whatsapp"].clone()
    }

    /// As [`Stage::form`], with these values changed.
    pub(crate) async fn form_with(&self, account: &str, changes: Value) -> Value {
        let mut form = self.form(account).await;
        for (name, value) in changes.as_object().into_iter().flatten() {
            form[name] = value.clone();
        }
        form
    }

    /// Calls the sandbox's control API.
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

    /// Makes all calls to the provider fail from now on.
    pub(crate) async fn fault(&self, fault: Value) {
        let rule = json!({"provider": "whatsapp", "fault": fault, "times": 0});
        self.control(Method::POST, "/_sandbox/faults", rule).await;
    }

    /// The item of that kind, such as `INTEGRATION#`.
    pub(crate) fn item(&self, kind: &str) -> Option<Value> {
        let items = self.cloud.items(names::INTEGRATIONS);
        let is_one = |item: &Value| {
            let place = item["sk"]["S"].as_str();
            place.is_some_and(|place| place.starts_with(kind))
        };
        items.into_iter().find(is_one)
    }

    /// What arrived at the provider so far.
    pub(crate) async fn requests(&self) -> Vec<Value> {
        let all = self
            .control(Method::GET, "/_sandbox/requests", Value::Null)
            .await;
        all.as_array().cloned().unwrap_or_default()
    }

    /// Number of items per table, but for the audit trail.
    pub(crate) fn items(&self) -> [usize; 4] {
        [
            names::INTEGRATIONS,
            names::WEBHOOK_ROUTES,
            names::KEY_RINGS,
            names::ACTIVITY,
        ]
        .map(|table| self.cloud.items(table).len())
    }

    /// What was done and how it ended; in no order, for the clock stands still.
    pub(crate) fn trail(&self) -> Vec<(String, String)> {
        let text = |record: &Value, name: &str| record[name].as_str().unwrap_or("-").to_owned();
        self.records()
            .iter()
            .map(|record| (text(record, "action"), text(record, "outcome")))
            .collect()
    }

    /// The events on the inbound queue.
    pub(crate) fn events(&self) -> Vec<Value> {
        let bodies = self.cloud.messages(names::INBOUND);
        let bodies = bodies
            .iter()
            .map(|body| serde_json::from_str(body).expect("JSON"));
        bodies
            .filter(|body: &Value| body["record"].is_null())
            .collect()
    }

    /// The lines of the audit trail, oldest first per tenant.
    pub(crate) fn records(&self) -> Vec<Value> {
        let items = self.cloud.items(names::AUDIT);
        let records = items.iter().map(|item| {
            let record = item["record"]["S"].as_str().expect("a record");
            serde_json::from_str(record).expect("JSON")
        });
        records.collect()
    }
}

/// All providers at one address, each under its type but for WhatsApp.
fn overrides(sandbox: &str) -> Overrides {
    let at = |provider: &&dyn providers::Provider| {
        let id = provider.descriptor().id;
        let path = if id == "whatsapp" {
            String::new()
        } else {
            format!("/{id}")
        };
        (
            id.to_owned(),
            json!({"base_url": format!("{sandbox}{path}")}),
        )
    };
    let all: Map<String, Value> = providers::ALL.iter().map(at).collect();
    serde_json::from_value(all.into()).expect("overrides")
}

/// What the API needs, with the provider and our own door at those addresses.
fn config(provider: &str, public_base_url: &str) -> config_api::config::Config {
    config_api::config::Config {
        claims: ClaimNames::default(),
        quotas: Quotas::WIDE,
        integrations_table: names::INTEGRATIONS.into(),
        webhook_routes_table: names::WEBHOOK_ROUTES.into(),
        activity_table: names::ACTIVITY.into(),
        key_rings_table: names::KEY_RINGS.into(),
        audit_table: names::AUDIT.into(),
        credentials_key: Cloud::key_arn(names::CREDENTIALS_KEY),
        webhook_secrets_key: Cloud::key_arn(names::WEBHOOK_SECRETS_KEY),
        shared_rings: 2,
        messages_queue: Cloud::queue_url(names::MESSAGES),
        public_base_url: public_base_url.to_owned(),
        overrides: overrides(provider),
        own_hosts: OwnHosts::default(),
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

/// A request as the gateway hands it over.
pub(crate) fn event(who: Person, method: &str, path: &str, body: &Value) -> Value {
    let groups = format!("[{}]", who.role);
    let claims = json!({"sub": who.user, "custom:tenant_id": who.tenant, "cognito:groups": groups});
    let body = match body {
        Value::Null => Value::Null,
        Value::String(text) => text.clone().into(),
        other => other.to_string().into(),
    };
    json!({
        "rawPath": path,
        "headers": {"content-type": "application/json"},
        "requestContext": {
            "http": {"method": method}, "requestId": "req-4711", "authorizer": {"jwt": {"claims": claims}},
        },
        "body": body,
    })
}
