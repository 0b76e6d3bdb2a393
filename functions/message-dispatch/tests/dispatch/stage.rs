//! A tenant with connected accounts, a queue, a dispatcher, and the provider's own log to compare with.

use std::sync::Arc;
use std::time::Duration;

use domain::{Clock, MessageId};
use edge::auth::ClaimNames;
use edge::lambda::Invocation;
use edge::sqs::SqsBatch;
use http::Method;
use provider_sandbox::{Options, Sandbox};
use providers::http::{Egress, Outgoing};
use serde_json::{Value, json};
use testing::clock::ManualClock;
use testing::cloud::Cloud;
use testing::switchboard as names;
use url::Url;

pub(crate) const TENANT: &str = "t_one";

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
        let http = Egress::new(None).expect("a client");
        let overrides = || {
            let base = json!({"whatsapp": {"base_url": sandbox.url()}});
            serde_json::from_value(base).expect("overrides")
        };
        let api = config_api::config::Config {
            claims: ClaimNames::default(),
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
        };
        let dispatch = message_dispatch::config::Config {
            integrations_table: names::INTEGRATIONS.into(),
            activity_table: names::ACTIVITY.into(),
            key_rings_table: names::KEY_RINGS.into(),
            messages_queue: Cloud::queue_url(names::MESSAGES),
            dead_letter_queue: Cloud::queue_url(names::MESSAGES_DLQ),
            overrides: overrides(),
        };
        let sdk = cloud.sdk_config();
        Self {
            api: config_api::Context::with(api, &sdk, http.clone(), clock.clone()),
            dispatch: message_dispatch::Context::with(dispatch, &sdk, http.clone(), clock.clone()),
            sqs: aws_sdk_sqs::Client::new(&sdk),
            cloud,
            clock,
            sandbox,
            http,
        }
    }

    /// With account one connected, without a webhook.
    pub(crate) async fn connected() -> Self {
        let stage = Self::new().await;
        assert_eq!(stage.connect("one").await.0, 201);
        stage
    }

    /// A dispatcher that remembers nothing, as after a cold start.
    pub(crate) fn forget(&mut self) {
        let config = message_dispatch::config::Config {
            integrations_table: names::INTEGRATIONS.into(),
            activity_table: names::ACTIVITY.into(),
            key_rings_table: names::KEY_RINGS.into(),
            messages_queue: Cloud::queue_url(names::MESSAGES),
            dead_letter_queue: Cloud::queue_url(names::MESSAGES_DLQ),
            overrides: serde_json::from_value(
                json!({"whatsapp": {"base_url": self.sandbox.url()}}),
            )
            .expect("overrides"),
        };
        let sdk = self.cloud.sdk_config();
        self.dispatch =
            message_dispatch::Context::with(config, &sdk, self.http.clone(), self.clock.clone());
    }

    /// Configures the tenant's WhatsApp with a sandbox account's values; status and body of the answer.
    pub(crate) async fn connect(&self, account: &str) -> (u16, Value) {
        let path = format!("/_sandbox/credentials?account={account}");
        let mut form = self.control(Method::GET, &path, Value::Null).await["whatsapp"].clone();
        // Without the app secret there is no webhook to register.
        form["app_secret"] = Value::Null;
        self.api("POST", "/api/v1/settings/integrations/whatsapp", form)
            .await
    }

    pub(crate) async fn api(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let claims = json!({"sub": "u-1", "custom:tenant_id": TENANT, "cognito:groups": "[admin]"});
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

    /// Makes the provider fail sends from now on.
    pub(crate) async fn fault(&self, fault: Value, times: u32) {
        let rule =
            json!({"provider": "whatsapp", "path": "/messages", "fault": fault, "times": times});
        self.control(Method::POST, "/_sandbox/faults", rule).await;
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

    /// Receives one batch and hands it to the dispatcher, which acknowledges as Lambda would. The number received.
    pub(crate) async fn turn(&self) -> usize {
        let url = Cloud::queue_url(names::MESSAGES);
        let received = self
            .sqs
            .receive_message()
            .queue_url(&url)
            .max_number_of_messages(10)
            .visibility_timeout(180)
            .message_system_attribute_names(aws_sdk_sqs::types::MessageSystemAttributeName::All)
            .message_attribute_names("All")
            .send()
            .await
            .expect("received");
        let messages = received.messages();
        let records: Vec<Value> = messages.iter().map(record).collect();
        let reply = self.dispatch(&records).await;
        for message in messages {
            if !reply.contains(&message.message_id().unwrap_or_default().to_owned()) {
                let handle = message.receipt_handle().unwrap_or_default();
                let delete = self
                    .sqs
                    .delete_message()
                    .queue_url(&url)
                    .receipt_handle(handle);
                delete.send().await.expect("deleted");
            }
        }
        messages.len()
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
        let batch: SqsBatch =
            serde_json::from_value(json!({ "Records": records })).expect("a batch");
        let deadline = self.clock.now().after(Duration::from_secs(30));
        let invocation = Invocation {
            deadline,
            request_id: "i-1".into(),
        };
        let reply = message_dispatch::handle(&self.dispatch, &batch, &invocation).await;
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

fn record(message: &aws_sdk_sqs::types::Message) -> Value {
    let attributes: serde_json::Map<String, Value> = message
        .message_attributes()
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.clone(), json!({"stringValue": value.string_value()})))
        .collect();
    let sent = message
        .attributes()
        .and_then(|all| all.get(&aws_sdk_sqs::types::MessageSystemAttributeName::SentTimestamp));
    json!({
        "messageId": message.message_id(),
        "body": message.body(),
        "attributes": {"SentTimestamp": sent},
        "messageAttributes": attributes,
    })
}

/// The body of a text message under that id.
pub(crate) fn text(id: &str) -> String {
    json!({
        "metadata": {"tenantId": TENANT, "messageId": id},
        "wabaPayload": {"to": "919876543220", "type": "text", "text": {"body": "Hello!"}},
    })
    .to_string()
}

/// A record with that body.
pub(crate) fn arrived(body: &str) -> Value {
    json!({"messageId": MessageId::make().as_str(), "body": body})
}
