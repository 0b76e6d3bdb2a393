//! The functions themselves, on AWS in memory and with the provider sandbox in the place of all providers.

use std::sync::Arc;
use std::time::Duration;

use contract::{Function, Quotas, lookup};
use domain::Clock;
use edge::StartError;
use edge::auth::ClaimNames;
use edge::http::{HttpReply, HttpRequest};
use edge::lambda::Invocation;
use edge::sqs::SqsBatch;
use http::Method;
use provider_sandbox::{Options, Sandbox};
use providers::address::OwnHosts;
use providers::http::{Egress, Outgoing, Reach};
use providers::platform::PlatformAccounts;
use providers::{Overrides, Provider};
use serde_json::{Map, Value, json};
use testing::clock::ManualClock;
use testing::cloud::Cloud;
use testing::switchboard as names;
use url::Url;

/// All functions with everything around them.
pub struct Switchboard {
    cloud: Cloud,
    clock: Arc<ManualClock>,
    sandbox: Sandbox,
    http: Egress,
    api: config_api::Context,
    test: connection_test::Context,
    ingress: webhook_ingress::Context,
    router: inbound_router::Context,
    dispatch: message_dispatch::Context,
}

impl Switchboard {
    /// An empty one, which is reached at that address.
    ///
    /// # Errors
    /// When there is no port for the sandbox.
    pub async fn start(public_base_url: &str) -> Result<Self, StartError> {
        let clock = Arc::new(ManualClock::default());
        let cloud = names::cloud(clock.clone());
        let at_once = Options {
            status_gap: Duration::ZERO,
            ..Options::default()
        };
        let sandbox = Sandbox::start(at_once).await?;
        let overrides = reached_at(&sandbox.url())?;
        let http = Egress::new(Reach::new(&overrides))?;
        let sdk = cloud.sdk_config();
        let time = || clock.clone();
        let client = || http.clone();
        Ok(Self {
            api: config_api::Context::with(
                api(&overrides, public_base_url),
                &sdk,
                client(),
                time(),
            ),
            test: connection_test::Context::with(test(&overrides), &sdk, client(), time()),
            ingress: webhook_ingress::Context::with(ingress(), &sdk, time()),
            router: inbound_router::Context::with(router(), &sdk, time()),
            dispatch: message_dispatch::Context::with(dispatch(&overrides), &sdk, client(), time()),
            cloud,
            clock,
            sandbox,
            http,
        })
    }

    /// The reply of the function that is responsible for an event of the gateway's, in the form in which it gives it.
    pub(crate) async fn answer(&self, event: Value) -> Value {
        let path = event["rawPath"].as_str().unwrap_or_default();
        if path.starts_with("/webhooks/") {
            return match serde_json::from_value(event) {
                Ok(request) => told(&webhook_ingress::handle(&self.ingress, request).await),
                Err(_) => failed(),
            };
        }
        let method = &event["requestContext"]["http"]["method"];
        let found = lookup::find(method.as_str().unwrap_or_default(), path);
        let function = found.map(|found| found.route.function);
        self.ask(function.unwrap_or(Function::ConfigApi), event)
            .await
    }

    /// The reply of a function, whether or not it is responsible.
    pub async fn ask(&self, function: Function, event: Value) -> Value {
        let Ok(request) = serde_json::from_value::<HttpRequest>(event) else {
            return failed();
        };
        told(&match function {
            Function::ConfigApi => config_api::handle(&self.api, request).await,
            Function::ConnectionTest => connection_test::handle(&self.test, request).await,
        })
    }

    /// Sends what is on the messages queue, once.
    pub(crate) async fn send_messages(&self) {
        let deadline = self.clock.now().after(Duration::from_secs(30));
        let invocation = Invocation {
            deadline,
            request_id: "send".to_owned(),
        };
        let batch = batch(&self.cloud.messages(names::MESSAGES));
        message_dispatch::handle(&self.dispatch, &batch, &invocation).await;
    }

    /// Keeps the events that are on the inbound queue.
    pub(crate) async fn keep_events(&self) {
        let mut inbound = self.cloud.messages(names::INBOUND);
        inbound.retain(|body| body.contains("\"event\""));
        inbound_router::handle(&self.router, &batch(&inbound)).await;
    }

    /// Asks the sandbox's control API.
    ///
    /// # Errors
    /// What it answers if that is not 200.
    pub(crate) async fn control(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Value, StartError> {
        let url = Url::parse(&format!("{}/_sandbox/{path}", self.sandbox.url()))?;
        let mut request = Outgoing::new(method, url);
        if let Some(body) = body {
            request = request.json(body.to_string().into_bytes());
        }
        let answer = self.http.send(request).await;
        let answer = answer.map_err(|_| format!("the sandbox does not answer {path}"))?;
        if answer.status != 200 {
            return Err(format!("the sandbox answers {path} with {}", answer.status).into());
        }
        Ok(serde_json::from_slice(&answer.body)?)
    }

    /// What the functions did to AWS that they must not do.
    pub fn violations(&self) -> Vec<String> {
        let mut found = self.cloud.take_violations();
        found.extend(self.cloud.refused());
        found
    }
}

/// As a function tells it.
fn told(reply: &HttpReply) -> Value {
    serde_json::to_value(reply).unwrap_or_default()
}

/// What a gateway makes of a function that fails.
fn failed() -> Value {
    json!({"statusCode": 500, "headers": {}, "body": ""})
}

fn batch(bodies: &[String]) -> SqsBatch {
    let record = |body: &String| json!({"messageId": "m", "body": body, "attributes": {}});
    let records: Vec<Value> = bodies.iter().map(record).collect();
    serde_json::from_value(json!({ "Records": records })).unwrap_or(SqsBatch {
        records: Vec::new(),
    })
}

/// All providers at that address.
fn reached_at(sandbox: &str) -> Result<Overrides, StartError> {
    let there = |provider: &&dyn Provider| {
        let id = provider.descriptor().id.to_owned();
        (id, json!({ "base_url": sandbox }))
    };
    let all: Map<String, Value> = providers::ALL.iter().map(there).collect();
    Ok(serde_json::from_value(all.into())?)
}

fn api(overrides: &Overrides, public_base_url: &str) -> config_api::config::Config {
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
        overrides: overrides.clone(),
        own_hosts: OwnHosts::default(),
    }
}

fn test(overrides: &Overrides) -> connection_test::config::Config {
    connection_test::config::Config {
        claims: ClaimNames::default(),
        quotas: Quotas::WIDE,
        integrations_table: names::INTEGRATIONS.into(),
        key_rings_table: names::KEY_RINGS.into(),
        audit_table: names::AUDIT.into(),
        messages_queue: Cloud::queue_url(names::MESSAGES),
        overrides: overrides.clone(),
        own_hosts: OwnHosts::default(),
    }
}

fn ingress() -> webhook_ingress::config::Config {
    webhook_ingress::config::Config {
        webhook_routes_table: names::WEBHOOK_ROUTES.into(),
        key_rings_table: names::KEY_RINGS.into(),
        inbound_queue: Cloud::queue_url(names::INBOUND),
    }
}

fn router() -> inbound_router::config::Config {
    inbound_router::config::Config {
        activity_table: names::ACTIVITY.into(),
        audit_table: names::AUDIT.into(),
    }
}

fn dispatch(overrides: &Overrides) -> message_dispatch::config::Config {
    message_dispatch::config::Config {
        integrations_table: names::INTEGRATIONS.into(),
        activity_table: names::ACTIVITY.into(),
        key_rings_table: names::KEY_RINGS.into(),
        audit_table: names::AUDIT.into(),
        queue: Cloud::queue_url(names::MESSAGES),
        dead_letter_queue: Cloud::queue_url(names::MESSAGES_DLQ),
        overrides: overrides.clone(),
        platform: PlatformAccounts::default(),
        own_hosts: OwnHosts::default(),
    }
}
