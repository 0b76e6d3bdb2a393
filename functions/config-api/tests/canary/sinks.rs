//! Where secrets might turn up and must not, and what was seen there.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use edge::http::HttpReply;
use edge::sqs::BatchReply;
use serde_json::Value;
use testing::cloud::Cloud;
use testing::switchboard as names;

use crate::told::Told;

/// A place where no secret may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sink {
    /// Events and spans of `tracing`, at every level, ours and the libraries'.
    Traced,
    /// Records of `log`, which some libraries use.
    Logged,
    /// Bodies of the API's answers, but for those that are meant to hold secrets.
    Answer,
    /// Their status and headers.
    AnswerHead,
    /// Bodies of the API's problems.
    Problem,
    /// What the webhook URLs answer.
    WebhookAnswer,
    /// What the functions behind queues answer.
    BatchAnswer,
    /// Requests to DynamoDB, reads too.
    DatabaseRequest,
    /// Requests to KMS; CloudTrail shows their encryption context.
    KmsRequest,
    /// Bodies of queue messages.
    MessageBody,
    /// Everything else of a queue message.
    MessageAttributes,
    /// Addresses and headers of requests to AWS.
    AwsHead,
    /// The table of integrations, but for notifications.
    Integrations,
    /// Notifications.
    Notifications,
    /// The table of webhook routes and claims.
    WebhookRoutes,
    /// The table of ring keys.
    KeyRings,
    /// The table of messages and events.
    Activity,
    /// The audit trail.
    Audit,
    /// What configurations, records and answers look like to whoever prints them.
    Printed,
    /// Errors with their causes, in every way in which they can be printed.
    Errors,
}

impl Sink {
    pub(crate) const ALL: [Self; 20] = [
        Self::Traced,
        Self::Logged,
        Self::Answer,
        Self::AnswerHead,
        Self::Problem,
        Self::WebhookAnswer,
        Self::BatchAnswer,
        Self::DatabaseRequest,
        Self::KmsRequest,
        Self::MessageBody,
        Self::MessageAttributes,
        Self::AwsHead,
        Self::Integrations,
        Self::Notifications,
        Self::WebhookRoutes,
        Self::KeyRings,
        Self::Activity,
        Self::Audit,
        Self::Printed,
        Self::Errors,
    ];
}

/// What was seen in the sinks, and what was told that was meant to be; clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    sinks: Arc<Mutex<BTreeMap<Sink, Vec<u8>>>>,
    told: Arc<Mutex<Vec<Told>>>,
    /// What of the tables was taken down already.
    items: Arc<Mutex<HashSet<String>>>,
}

impl Seen {
    /// Takes down what is seen in a sink.
    pub(crate) fn note(&self, sink: Sink, bytes: &[u8]) {
        let mut seen = self.sinks.lock().expect("no panic while noting");
        let held = seen.entry(sink).or_default();
        held.extend_from_slice(bytes);
        held.push(b'\n');
    }

    /// An answer of the API.
    pub(crate) fn answer(&self, reply: &HttpReply) {
        let is_problem = self.answer_head(reply)["content-type"] == "application/problem+json";
        let sink = if is_problem {
            Sink::Problem
        } else {
            Sink::Answer
        };
        self.note(sink, reply.body().as_bytes());
    }

    /// An answer of the API whose body is meant to hold secrets.
    pub(crate) fn tell(&self, told: Told, reply: &HttpReply) {
        self.answer_head(reply);
        self.told.lock().expect("no panic while noting").push(told);
    }

    /// All that was told so.
    pub(crate) fn told(&self) -> Vec<Told> {
        self.told.lock().expect("no panic while noting").clone()
    }

    /// All of an answer but its body; its headers.
    fn answer_head(&self, reply: &HttpReply) -> Value {
        let mut whole = serde_json::to_value(reply).expect("an answer");
        whole["body"].take();
        self.note(Sink::AnswerHead, whole.to_string().as_bytes());
        whole["headers"].take()
    }

    /// An answer to a provider.
    pub(crate) fn webhook_answer(&self, reply: &HttpReply) {
        let whole = serde_json::to_vec(reply).expect("an answer");
        self.note(Sink::WebhookAnswer, &whole);
    }

    /// An answer to a batch.
    pub(crate) fn batch_answer(&self, reply: &BatchReply) {
        let whole = serde_json::to_vec(reply).expect("an answer");
        self.note(Sink::BatchAnswer, &whole);
    }

    /// A request to AWS.
    pub(crate) fn request(&self, target: &str, head: &str, body: &[u8]) {
        self.note(Sink::AwsHead, head.as_bytes());
        let read = || serde_json::from_slice(body).unwrap_or_default();
        match target.split_once('.') {
            Some(("TrentService", _)) => self.note(Sink::KmsRequest, &unpacked(&read())),
            Some(("AmazonSQS", _)) => self.queued(read()),
            _ => self.note(Sink::DatabaseRequest, &unpacked(&read())),
        }
    }

    fn queued(&self, mut request: Value) {
        if let Some(body) = request.get_mut("MessageBody").map(Value::take) {
            self.note(Sink::MessageBody, body.to_string().as_bytes());
        }
        let entries = request.get_mut("Entries").and_then(Value::as_array_mut);
        for entry in entries.into_iter().flatten() {
            self.note(
                Sink::MessageBody,
                entry["MessageBody"].take().to_string().as_bytes(),
            );
        }
        self.note(Sink::MessageAttributes, &unpacked(&request));
    }

    /// What a cloud holds now, so far as it was not seen before.
    pub(crate) fn kept(&self, cloud: &Cloud) {
        for (table, sink) in [
            (names::INTEGRATIONS, Sink::Integrations),
            (names::WEBHOOK_ROUTES, Sink::WebhookRoutes),
            (names::KEY_RINGS, Sink::KeyRings),
            (names::ACTIVITY, Sink::Activity),
            (names::AUDIT, Sink::Audit),
        ] {
            for item in cloud.items(table) {
                let key = item["sk"]["S"].as_str().unwrap_or_default();
                let notice = sink == Sink::Integrations && key.starts_with("NOTIFICATION#");
                let sink = if notice { Sink::Notifications } else { sink };
                let mut items = self.items.lock().expect("no panic while noting");
                if items.insert(item.to_string()) {
                    self.note(sink, &unpacked(&item));
                }
            }
        }
        for queue in [
            names::MESSAGES,
            names::MESSAGES_DLQ,
            names::INBOUND,
            names::INBOUND_DLQ,
        ] {
            let bodies = cloud.messages(queue);
            self.note(Sink::MessageBody, bodies.join("\n").as_bytes());
        }
    }

    /// What was heard besides.
    pub(crate) fn hear(&self, heard: impl IntoIterator<Item = (Sink, String)>) {
        for (sink, text) in heard {
            self.note(sink, text.as_bytes());
        }
    }

    /// Everything that was seen.
    pub(crate) fn all(&self) -> BTreeMap<Sink, Vec<u8>> {
        self.sinks.lock().expect("no panic while noting").clone()
    }
}

/// JSON as text, and after it what its texts hold in base 64: binaries are written so.
fn unpacked(value: &Value) -> Vec<u8> {
    let mut bytes = value.to_string().into_bytes();
    unpack(value, &mut bytes);
    bytes
}

fn unpack(value: &Value, into: &mut Vec<u8>) {
    match value {
        Value::String(text) => {
            into.extend(STANDARD.decode(text).unwrap_or_default());
            into.push(b'\n');
        }
        Value::Array(values) => values.iter().for_each(|value| unpack(value, into)),
        Value::Object(fields) => fields.values().for_each(|value| unpack(value, into)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
