//! A tenant with connected accounts, a queue, a dispatcher, and the provider's own log to compare with.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sqs::types::{
    DeleteMessageBatchRequestEntry, MessageSystemAttributeName, SendMessageBatchRequestEntry,
};
use domain::{Clock, MessageId};
use edge::auth::ClaimNames;
use edge::lambda::Invocation;
use edge::sqs::SqsBatch;
use http::Method;
use provider_sandbox::{Options, Sandbox};
use providers::address::OwnHosts;
use providers::http::{Egress, Outgoing, Reach};
use providers::platform::PlatformAccounts;
use providers::{Catalogue, Overrides};
use serde_json::{Value, json};
use testing::clock::ManualClock;
use testing::cloud::{Calls, Cloud, Fault};
use testing::switchboard as names;
use url::Url;

pub(crate) const TENANT: &str = "t_one";
pub(crate) const WHATSAPP: &str = "/api/v1/settings/integrations/whatsapp";
/// What is in the address of every call that is made with an app secret.
pub(crate) const PROOF: &str = "appsecret_proof";

pub(crate) struct Stage {
    pub(crate) cloud: Cloud,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) dispatch: message_dispatch::Context,
    sandbox: Sandbox,
    api: config_api::Context,
    http: Egress,
    sqs: aws_sdk_sqs::Client,
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
        let overrides = overrides(&sandbox.url());
        let http = Egress::new(Reach::new(&overrides)).expect("a client");
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
            overrides,
            own_hosts: OwnHosts::default(),
        };
        let sdk = cloud.sdk_config();
        Self {
            api: config_api::Context::with(api, &sdk, http.clone(), clock.clone()),
            dispatch: message_dispatch::Context::with(
                config(&sandbox.url()),
                &sdk,
                http.clone(),
                clock.clone(),
            ),
            sqs: aws_sdk_sqs::Client::new(&sdk),
            cloud,
            clock,
            sandbox,
            http,
        }
    }

    /// A sandbox account's values, without the app secret: so there is no webhook to register.
    pub(crate) async fn form(&self, account: &str) -> Value {
        let path = format!("/_sandbox/credentials?account={account}");
        let mut form = self.control(Method::GET, &path, Value::Null).await["whatsapp"].clone();
        form["app_secret"] = Value::Null;
        form
    }

    /// With account one connected, without a webhook.
    pub(crate) async fn connected() -> Self {
        let stage = Self::new().await;
        assert_eq!(stage.connect("one").await.0, 201);
        stage
    }

    /// With accounts one and two, of which one comes first; and the id of two.
    pub(crate) async fn with_two_accounts() -> (Self, String) {
        let stage = Self::connected().await;
        let mut form = stage.form("two").await;
        form["provider"] = json!("whatsapp");
        form["priority"] = json!(1_000);
        let path = "/api/v1/settings/integrations";
        let (status, body) = stage.api("POST", path, form).await;
        assert_eq!(status, 201, "{body}");
        let id = body["data"]["id"].as_str().expect("an id").to_owned();
        (stage, id)
    }

    /// A dispatcher that remembers nothing, as after a cold start.
    pub(crate) fn forget(&mut self) {
        self.dispatch = self.container(&self.cloud.sdk_config());
    }

    /// One more container of the dispatcher, which reaches AWS in that way.
    pub(crate) fn container(&self, sdk: &aws_types::SdkConfig) -> message_dispatch::Context {
        let config = config(&self.sandbox.url());
        message_dispatch::Context::with(config, sdk, self.http.clone(), self.clock.clone())
    }

    /// One more container, which knows these providers and no others.
    pub(crate) fn container_of(&self, providers: Catalogue) -> message_dispatch::Context {
        let (config, sdk) = (config(&self.sandbox.url()), self.cloud.sdk_config());
        let (http, clock) = (self.http.clone(), self.clock.clone());
        message_dispatch::Context::with_providers(config, &sdk, http, clock, providers)
    }

    /// One more container, whose environment gives the platform accounts of its own by these variables.
    pub(crate) fn container_with(&self, variables: &[(&str, &str)]) -> message_dispatch::Context {
        let mut config = config(&self.sandbox.url());
        let lookup = |name: &str| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        config.platform = PlatformAccounts::read(&["whatsapp"], &config.overrides, lookup);
        let sdk = self.cloud.sdk_config();
        message_dispatch::Context::with(config, &sdk, self.http.clone(), self.clock.clone())
    }

    /// Configures the tenant's WhatsApp with a sandbox account's values; status and body of the answer.
    pub(crate) async fn connect(&self, account: &str) -> (u16, Value) {
        self.api("POST", WHATSAPP, self.form(account).await).await
    }

    /// Gives the tenant's WhatsApp new secrets: those it has and the app secret, with which every call to the provider
    /// carries [`PROOF`]. The integration as it is then.
    pub(crate) async fn rotate(&self) -> Value {
        let path = "/_sandbox/credentials?account=one";
        let form = self.control(Method::GET, path, Value::Null).await;
        let change = json!({"app_secret": form["whatsapp"]["app_secret"]});
        let (status, body) = self.api("PATCH", WHATSAPP, change).await;
        assert_eq!(status, 200, "{body}");
        body["data"].clone()
    }

    /// The tenant's WhatsApp as its admin sees it.
    pub(crate) async fn shown(&self) -> Value {
        let (status, body) = self.api("GET", WHATSAPP, Value::Null).await;
        assert_eq!(status, 200, "{body}");
        body["data"].clone()
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

    /// The version of the credentials that the integration has.
    pub(crate) fn version(&self) -> String {
        let item = self.item("INTEGRATION#").expect("an integration");
        let version = item["credential_version"]["N"].as_str();
        version.expect("a number").to_owned()
    }

    /// What the tenant was told, by its codes.
    pub(crate) fn told(&self) -> Vec<String> {
        let items = self.cloud.items(names::INTEGRATIONS);
        let codes = items.iter().filter_map(|item| item["code"]["S"].as_str());
        codes.map(str::to_owned).collect()
    }

    /// Claims on a message, as they are stored, the first first.
    pub(crate) fn claims(&self, message: &str) -> Vec<Value> {
        let prefix = format!("MESSAGE#{message}#CLAIM#");
        let items = self.cloud.items(names::ACTIVITY).into_iter();
        let mut claims: Vec<Value> = items
            .filter(|item| {
                let place = item["sk"]["S"].as_str();
                place.is_some_and(|place| place.starts_with(&prefix))
            })
            .map(|item| {
                let fact = item["fact"]["S"].as_str().expect("a claim");
                serde_json::from_str(fact).expect("JSON")
            })
            .collect();
        claims.sort_by_key(|claim: &Value| claim["attempt"].as_u64());
        claims
    }

    /// The lines of the audit trail about that action.
    pub(crate) fn records(&self, action: &str) -> Vec<Value> {
        let items = self.cloud.items(names::AUDIT);
        let records = items.iter().map(|item| {
            let record = item["record"]["S"].as_str().expect("a record");
            serde_json::from_str(record).expect("JSON")
        });
        records
            .filter(|record: &Value| record["action"] == action)
            .collect()
    }

    pub(crate) async fn api(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        self.api_of(TENANT, method, path, body).await
    }

    /// Asks as the admin of that tenant.
    pub(crate) async fn api_of(
        &self,
        tenant: &str,
        method: &str,
        path: &str,
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
        let reply = config_api::handle(&self.api, request).await;
        (
            reply.status(),
            serde_json::from_str(reply.body()).unwrap_or_default(),
        )
    }

    /// Flips a bit in the sealed credentials of every integration of the tenant.
    pub(crate) async fn tamper(&self) {
        use aws_sdk_dynamodb::primitives::Blob;
        use aws_sdk_dynamodb::types::AttributeValue;
        let client = aws_sdk_dynamodb::Client::new(&self.cloud.sdk_config());
        let query = client.query().table_name(names::INTEGRATIONS);
        let found = query
            .key_condition_expression("pk = :t AND begins_with(sk, :i)")
            .expression_attribute_values(":t", AttributeValue::S(TENANT.into()))
            .expression_attribute_values(":i", AttributeValue::S("INTEGRATION#".into()))
            .send()
            .await
            .expect("found");
        for item in found.items() {
            let mut item = item.clone();
            let sealed = item["credentials"].as_b().expect("sealed").clone();
            let mut sealed = sealed.into_inner();
            *sealed.last_mut().expect("a tag") ^= 1;
            item.insert("credentials".into(), AttributeValue::B(Blob::new(sealed)));
            let put = client.put_item().table_name(names::INTEGRATIONS);
            put.set_item(Some(item)).send().await.expect("changed");
        }
    }

    /// Puts an item as it was into the table of integrations.
    pub(crate) async fn put_back(&self, item: &Value) {
        let body = json!({"TableName": names::INTEGRATIONS, "Item": item});
        let target = "DynamoDB_20120810.PutItem";
        self.cloud.answer(target, body.to_string().as_bytes());
        let kept = self.cloud.items(names::INTEGRATIONS);
        assert!(kept.contains(item));
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

    /// Makes the provider refuse, or fail, calls whose address has that in it; all where it is empty.
    pub(crate) async fn provider_fails(&self, part: &str, fault: Value) {
        let mut rule = json!({"provider": "whatsapp", "fault": fault, "times": 0});
        if !part.is_empty() {
            rule["path"] = part.into();
        }
        self.control(Method::POST, "/_sandbox/faults", rule).await;
    }

    /// The provider works again.
    pub(crate) async fn provider_recovers(&self) {
        self.control(Method::DELETE, "/_sandbox/faults", Value::Null)
            .await;
    }

    /// Makes the provider fail sends from now on.
    pub(crate) async fn fault(&self, fault: Value, times: u32) {
        let rule =
            json!({"provider": "whatsapp", "path": "/messages", "fault": fault, "times": times});
        self.control(Method::POST, "/_sandbox/faults", rule).await;
    }

    /// Every send that reached the provider, whatever came of it: by our message id, the account that its token is of.
    pub(crate) async fn sends(&self) -> Vec<(String, String)> {
        let path = "/_sandbox/requests?path=/messages";
        let log = self.control(Method::GET, path, Value::Null).await;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let sends = log.as_array().expect("a list").iter();
        sends
            .map(|one| {
                (
                    text(&one["body"]["biz_opaque_callback_data"]),
                    text(&one["account"]),
                )
            })
            .collect()
    }

    /// The sends that reached the provider and took effect, by our message id.
    pub(crate) async fn delivered(&self) -> Vec<String> {
        let log = self
            .control(
                Method::GET,
                "/_sandbox/requests?path=/messages",
                Value::Null,
            )
            .await;
        let sends = log.as_array().expect("a list").iter();
        sends
            .filter(|one| one["status"] == 200 || one["fault"] == "accept_then_reset")
            .map(|one| {
                one["body"]["biz_opaque_callback_data"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned()
            })
            .collect()
    }

    /// Puts a message on the queue, as a producer does.
    pub(crate) async fn produce(&self, body: &str) {
        self.sqs
            .send_message()
            .queue_url(Cloud::queue_url(names::MESSAGES))
            .message_body(body)
            .send()
            .await
            .expect("taken");
    }

    /// Puts so many messages on the queue: `m-0`, `m-1` …
    pub(crate) async fn produce_many(&self, count: usize) {
        let numbers: Vec<usize> = (0..count).collect();
        for ten in numbers.chunks(10) {
            let entry = |number: &usize| {
                SendMessageBatchRequestEntry::builder()
                    .id(number.to_string())
                    .message_body(text(&format!("m-{number}")))
                    .build()
                    .expect("an entry")
            };
            let send = self
                .sqs
                .send_message_batch()
                .queue_url(Cloud::queue_url(names::MESSAGES))
                .set_entries(Some(ten.iter().map(entry).collect()));
            send.send().await.expect("taken");
        }
    }

    /// Receives one batch and hands it to the dispatcher, which acknowledges as Lambda would. The number received.
    pub(crate) async fn turn(&self) -> usize {
        self.turn_in(&self.dispatch).await
    }

    /// As [`Stage::turn`], in that container.
    pub(crate) async fn turn_in(&self, container: &message_dispatch::Context) -> usize {
        let messages = self.receive().await;
        let records: Vec<Value> = messages.iter().map(record).collect();
        let again = self.dispatch_in(container, &records).await;
        self.acknowledge(&messages, &again).await;
        messages.len()
    }

    /// As [`Stage::turn`], while AWS fails so. `None` if it did not come to that, else whether the process lived to
    /// answer: where a call is never answered it dies waiting.
    pub(crate) async fn turn_under(&self, calls: Calls, fault: Fault) -> Option<bool> {
        let messages = self.receive().await;
        let records: Vec<Value> = messages.iter().map(record).collect();
        self.cloud.faults().fail(calls, fault);
        let died = async {
            while !matches!(fault, Fault::Timeout | Fault::AppliedButSilent)
                || !self.cloud.faults().spent()
            {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let answer = tokio::select! {
            again = self.dispatch(&records) => Some(again),
            () = died => None,
        };
        let came_to_it = self.cloud.faults().spent();
        self.cloud.faults().clear();
        if let Some(again) = &answer {
            self.acknowledge(&messages, again).await;
        }
        came_to_it.then_some(answer.is_some())
    }

    async fn receive(&self) -> Vec<aws_sdk_sqs::types::Message> {
        let received = self
            .sqs
            .receive_message()
            .queue_url(Cloud::queue_url(names::MESSAGES))
            .max_number_of_messages(10)
            .visibility_timeout(180)
            .message_system_attribute_names(MessageSystemAttributeName::All)
            .message_attribute_names("All")
            .send()
            .await
            .expect("received");
        received.messages.unwrap_or_default()
    }

    /// Deletes all messages but those that come again.
    async fn acknowledge(&self, messages: &[aws_sdk_sqs::types::Message], again: &[String]) {
        let done = messages.iter().filter(|message| {
            let id = message.message_id().unwrap_or_default();
            again.iter().all(|other| other != id)
        });
        let entries: Vec<_> = done
            .map(|message| {
                DeleteMessageBatchRequestEntry::builder()
                    .id(message.message_id().unwrap_or_default())
                    .receipt_handle(message.receipt_handle().unwrap_or_default())
                    .build()
                    .expect("an entry")
            })
            .collect();
        if entries.is_empty() {
            return;
        }
        let delete = self
            .sqs
            .delete_message_batch()
            .queue_url(Cloud::queue_url(names::MESSAGES))
            .set_entries(Some(entries));
        delete.send().await.expect("deleted");
    }

    /// Turns, moving time on by `step` in between, until the queue is empty.
    pub(crate) async fn until_quiet(&self, step: Duration) {
        for _ in 0..500 {
            if self.turn().await == 0 {
                if self.cloud.messages(names::MESSAGES).is_empty() {
                    return;
                }
                self.clock.advance(step);
            }
        }
        panic!("the queue does not become empty");
    }

    /// Hands records to the dispatcher; the ids that come again.
    pub(crate) async fn dispatch(&self, records: &[Value]) -> Vec<String> {
        self.dispatch_in(&self.dispatch, records).await
    }

    /// As [`Stage::dispatch`], in that container.
    pub(crate) async fn dispatch_in(
        &self,
        container: &message_dispatch::Context,
        records: &[Value],
    ) -> Vec<String> {
        let batch: SqsBatch =
            serde_json::from_value(json!({ "Records": records })).expect("a batch");
        let deadline = self.clock.now().after(Duration::from_secs(30));
        let invocation = Invocation {
            deadline,
            request_id: "i-1".into(),
        };
        let reply = message_dispatch::handle(container, &batch, &invocation).await;
        let reply = serde_json::to_value(reply).expect("an answer");
        let failures = reply["batchItemFailures"]
            .as_array()
            .expect("a list")
            .iter();
        failures
            .map(|one| {
                one["itemIdentifier"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned()
            })
            .collect()
    }

    /// A message's state and the whole answer about it.
    pub(crate) async fn message(&self, id: &str) -> (String, Value) {
        let (status, body) = self
            .api("GET", &format!("/api/v1/messages/{id}"), Value::Null)
            .await;
        assert_eq!(status, 200, "{body}");
        let data = body["data"].clone();
        (data["status"].as_str().unwrap_or_default().to_owned(), data)
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

/// What a dispatcher needs, with the provider at that address.
fn overrides(provider: &str) -> Overrides {
    let overrides = json!({"whatsapp": {"base_url": provider}});
    serde_json::from_value(overrides).expect("overrides")
}

fn config(provider: &str) -> message_dispatch::config::Config {
    message_dispatch::config::Config {
        integrations_table: names::INTEGRATIONS.into(),
        activity_table: names::ACTIVITY.into(),
        key_rings_table: names::KEY_RINGS.into(),
        audit_table: names::AUDIT.into(),
        queue: Cloud::queue_url(names::MESSAGES),
        dead_letter_queue: Cloud::queue_url(names::MESSAGES_DLQ),
        overrides: overrides(provider),
        platform: PlatformAccounts::default(),
        own_hosts: OwnHosts::default(),
    }
}

fn record(message: &aws_sdk_sqs::types::Message) -> Value {
    let attributes: serde_json::Map<String, Value> = message
        .message_attributes()
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.clone(), json!({"stringValue": value.string_value()})))
        .collect();
    let told = |name| message.attributes().and_then(|all| all.get(&name));
    let sent = told(MessageSystemAttributeName::SentTimestamp);
    let receives = told(MessageSystemAttributeName::ApproximateReceiveCount);
    json!({
        "messageId": message.message_id(),
        "body": message.body(),
        "attributes": {"SentTimestamp": sent, "ApproximateReceiveCount": receives},
        "messageAttributes": attributes,
    })
}

/// The body of a text message under that id; each number in an id is another recipient's.
pub(crate) fn text(id: &str) -> String {
    json!({
        "metadata": {"tenantId": TENANT, "messageId": id},
        "wabaPayload": {"to": recipient(id), "type": "text", "text": {"body": "Hello!"}},
    })
    .to_string()
}

/// Whom a message of that id goes to.
pub(crate) fn recipient(id: &str) -> String {
    let number = id.rsplit('-').next().and_then(|number| number.parse().ok());
    format!("9198765{:05}", number.unwrap_or(43_220))
}

/// A record with that body.
pub(crate) fn arrived(body: &str) -> Value {
    json!({"messageId": MessageId::make().as_str(), "body": body})
}

impl Stage {
    /// As [`arrived`], of a message for which that version of the credentials was refused long enough ago.
    pub(crate) fn arrived_again(&self, body: &str, version: u64) -> Value {
        let since = self.clock.now().millis() - 31_000;
        let item = self.item("INTEGRATION#").expect("an integration");
        let id = item["sk"]["S"]
            .as_str()
            .and_then(|sk| sk.strip_prefix("INTEGRATION#"));
        let suspect = format!("{}@{version}@{since}", id.expect("its id"));
        let mut record = arrived(body);
        record["messageAttributes"] = json!({"switchboard.suspect": {"stringValue": suspect}});
        record
    }
}
