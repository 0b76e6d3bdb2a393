//! All five functions with everything around them, and everything that comes out of them seen.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use contract::Function;
use domain::Clock;
use edge::auth::TENANT_HEADER;
use edge::http::HttpRequest;
use edge::lambda::Invocation;
use edge::sqs::{BatchReply, SqsBatch, contained};
use http::Method;
use provider_sandbox::{Options, Sandbox};
use providers::http::{Egress, Outgoing, Reach};
use serde_json::{Map, Value, json};
use testing::clock::ManualClock;
use testing::cloud::{Answer, Cloud};
use testing::switchboard as names;
use tokio::net::TcpListener;
use url::Url;

use crate::configs::Configs;
use crate::door::{Door, Ingress};
use crate::secrets::Secrets;
use crate::sinks::Seen;
use crate::tap::tapped;
use crate::told::Told;
use crate::trap::Trap;

/// Tenant, user and role.
pub(crate) type Person = (&'static str, &'static str, &'static str);

pub(crate) const ADMIN: Person = ("t_one", "u-admin", "admin");
pub(crate) const AGENT: Person = ("t_one", "u-agent", "agent");
pub(crate) const STRANGER: Person = ("t_two", "u-stranger", "admin");
pub(crate) const SERVICE: Person = ("t_one", "m-producer", "service");
pub(crate) const OPERATOR: Person = ("t_one", "u-staff", "operator");

/// Longer than any function remembers anything.
const FORGOTTEN: Duration = Duration::from_secs(301);

pub(crate) struct Stage {
    pub(crate) cloud: Cloud,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) trap: Arc<Trap>,
    pub(crate) seen: Seen,
    pub(crate) http: Egress,
    pub(crate) configs: Configs,
    pub(crate) ingress: Arc<Ingress>,
    /// What must not be found.
    pub(crate) secrets: Secrets,
    api: config_api::Context,
    test: connection_test::Context,
    dispatch: message_dispatch::Context,
    router: inbound_router::Context,
    sandbox: Sandbox,
    _door: Door,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        let clock = Arc::new(ManualClock::default());
        let trap = Arc::new(Trap::new(clock.clone()));
        let cloud = names::cloud(clock.clone());
        let seen = Seen::default();
        let secrets = Secrets::default();
        let sdk = tapped(&cloud, &seen, &secrets);
        let at_once = Options {
            status_gap: Duration::ZERO,
            ..Options::default()
        };
        let sandbox = Sandbox::start(at_once).await.expect("a free port");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let door = listener.local_addr().expect("an address");
        let configs = Configs {
            provider: sandbox.url(),
            door: format!("http://{door}"),
        };
        let http = Egress::new(Reach::new(&configs.overrides())).expect("a client");
        let context = webhook_ingress::Context::with(configs.webhook_ingress(), &sdk, trap.clone());
        let ingress = Arc::new(Ingress {
            context,
            seen: seen.clone(),
        });
        let with = || (http.clone(), trap.clone());
        let (a, b, c) = (with(), with(), with());
        Self {
            api: config_api::Context::with(configs.config_api(), &sdk, a.0, a.1),
            test: connection_test::Context::with(configs.connection_test(), &sdk, b.0, b.1),
            dispatch: message_dispatch::Context::with(configs.message_dispatch(), &sdk, c.0, c.1),
            router: inbound_router::Context::with(configs.inbound_router(), &sdk, trap.clone()),
            _door: Door::open(listener, ingress.clone()),
            secrets,
            cloud,
            clock,
            trap,
            seen,
            http,
            configs,
            ingress,
            sandbox,
        }
    }

    /// Asks the API: the function that answers there.
    pub(crate) async fn call(
        &self,
        who: Person,
        method: &str,
        path: &str,
        body: impl Into<Value>,
    ) -> (u16, Value) {
        self.raw(event(who, method, path, &body.into())).await
    }

    /// As [`Stage::call`], with an event as it stands.
    pub(crate) async fn raw(&self, event: Value) -> (u16, Value) {
        let request: HttpRequest = serde_json::from_value(event).expect("an event");
        let (method, path) = (request.method().to_owned(), request.path().to_owned());
        let found = contract::lookup::find(&method, &path);
        let is_test = found.is_ok_and(|found| found.route.function == Function::ConnectionTest);
        let reply = if is_test {
            connection_test::handle(&self.test, request).await
        } else {
            config_api::handle(&self.api, request).await
        };
        match Told::by(&method, &path, &reply) {
            Some(told) => self.seen.tell(told, &reply),
            None => self.seen.answer(&reply),
        }
        let body = serde_json::from_str(reply.body()).unwrap_or_default();
        (reply.status(), body)
    }

    /// Everything a function remembers is out of date.
    pub(crate) fn later(&self) {
        self.clock.advance(FORGOTTEN);
    }

    /// Hands one batch of the messages queue to the dispatcher; the number of messages.
    pub(crate) async fn dispatch(&self) -> usize {
        let deadline = self.clock.now().after(Duration::from_secs(30));
        let invocation = Invocation {
            deadline,
            request_id: "i-1".into(),
        };
        let batch = self.receive(names::MESSAGES);
        let reply = Box::pin(message_dispatch::handle(
            &self.dispatch,
            &batch,
            &invocation,
        ));
        // As the loop of a function does.
        let reply = contained(async { Some(reply.await) }, None).await;
        if let Some(reply) = reply {
            self.acknowledge(names::MESSAGES, &batch, &reply);
        }
        batch.records.len()
    }

    /// Hands one batch of the inbound queue to the router; the number of messages.
    pub(crate) async fn route(&self) -> usize {
        let batch = self.receive(names::INBOUND);
        let reply = inbound_router::handle(&self.router, &batch).await;
        self.acknowledge(names::INBOUND, &batch, &reply);
        batch.records.len()
    }

    /// As the event source does.
    fn receive(&self, queue: &str) -> SqsBatch {
        let wanted = json!({"QueueUrl": Cloud::queue_url(queue), "MaxNumberOfMessages": 10,
            "AttributeNames": ["All"], "MessageAttributeNames": ["All"], "VisibilityTimeout": 180});
        let received = self.ask("AmazonSQS.ReceiveMessage", &wanted);
        let messages = received["Messages"].as_array().cloned().unwrap_or_default();
        let records = messages.iter().map(|message| {
            let attributes = message["MessageAttributes"].as_object();
            let attributes: Map<String, Value> = attributes
                .into_iter()
                .flatten()
                .map(|(name, value)| (name.clone(), json!({"stringValue": value["StringValue"]})))
                .collect();
            // The handle for an id: what the batch does not fail is deleted by it.
            json!({"messageId": message["ReceiptHandle"], "body": message["Body"],
                "attributes": message["Attributes"], "messageAttributes": attributes})
        });
        let records = Value::from_iter(records);
        serde_json::from_value(json!({ "Records": records })).expect("a batch")
    }

    fn acknowledge(&self, queue: &str, batch: &SqsBatch, reply: &BatchReply) {
        self.seen.batch_answer(reply);
        let reply = serde_json::to_value(reply).expect("an answer");
        let failed = reply["batchItemFailures"].as_array().expect("a list");
        for record in &batch.records {
            let handle = record.message_id.as_str();
            if !failed.iter().any(|one| one["itemIdentifier"] == handle) {
                let wanted = json!({"QueueUrl": Cloud::queue_url(queue), "ReceiptHandle": handle});
                self.ask("AmazonSQS.DeleteMessage", &wanted);
            }
        }
    }

    /// Asks the cloud as somebody who is none of us.
    pub(crate) fn ask(&self, target: &str, body: &Value) -> Value {
        match self.cloud.answer(target, body.to_string().as_bytes()) {
            Answer::Reply(reply) if reply.status == 200 => {
                serde_json::from_slice(&reply.body).expect("JSON")
            }
            answer => panic!("{target}: {answer:?}"),
        }
    }

    /// All values of a field in the audit trail.
    pub(crate) fn recorded(&self, field: &str) -> BTreeSet<String> {
        let items = self.cloud.items(names::AUDIT);
        let values = items.iter().map(|item| {
            let record = item["record"]["S"].as_str().expect("a record");
            let record: Value = serde_json::from_str(record).expect("JSON");
            record[field].as_str().unwrap_or_default().to_owned()
        });
        values.collect()
    }

    /// Calls the sandbox's control API.
    pub(crate) async fn control(&self, method: Method, path: &str, body: Value) -> Value {
        let url = format!("{}/_sandbox/{path}", self.sandbox.url());
        let mut request = Outgoing::new(method, Url::parse(&url).expect("a URL"));
        if !body.is_null() {
            request = request.json(body.to_string().into_bytes());
        }
        let answer = self.http.send(request).await.expect("an answer");
        assert_eq!(answer.status, 200, "{path}: {:?}", answer.body);
        serde_json::from_slice(&answer.body).expect("JSON")
    }
}

/// A request as the gateway hands it over; the path may have a query.
pub(crate) fn event((tenant, user, role): Person, method: &str, path: &str, body: &Value) -> Value {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let claims =
        json!({"sub": user, "custom:tenant_id": tenant, "cognito:groups": format!("[{role}]")});
    let body = match body {
        Value::Null => Value::Null,
        Value::String(text) => text.clone().into(),
        other => other.to_string().into(),
    };
    json!({
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"content-type": "application/json", TENANT_HEADER: tenant},
        "requestContext": {
            "http": {"method": method}, "requestId": "r-1", "authorizer": {"jwt": {"claims": claims}},
        },
        "body": body,
    })
}
