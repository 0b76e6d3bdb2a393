//! Lambda's side of a queue: what it receives, as the events that it makes of it, and what it deletes.

use domain::Timestamp;
use edge::sqs::SqsBatch;
use serde_json::{Map, Value, json};
use testing::cloud::{Answer, Cloud};

use crate::message::Key;

/// For how long a received message is nobody else's, in seconds; the queues' own setting in `template.yaml`.
const VISIBILITY_S: u64 = 180;

/// A queue.
#[derive(Clone)]
pub(crate) struct Queue {
    cloud: Cloud,
    name: &'static str,
}

/// A message as Lambda has received it.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    /// Which of ours it is; `None` if nobody can tell.
    pub(crate) key: Option<Key>,
    id: String,
    handle: String,
    record: Value,
}

impl Queue {
    pub(crate) fn new(cloud: Cloud, name: &'static str) -> Self {
        Self { cloud, name }
    }

    /// Puts messages on it, as a producer does: groups and bodies.
    pub(crate) fn send(&self, messages: &[(String, String)]) {
        let entry = |(place, (group, body)): (usize, &(String, String))| json!({"Id": place.to_string(), "MessageBody": body, "MessageGroupId": group});
        let entries: Vec<Value> = messages.iter().enumerate().map(entry).collect();
        for ten in entries.chunks(10) {
            self.call("SendMessageBatch", json!({ "Entries": ten }));
        }
    }

    /// Takes up to ten messages.
    pub(crate) fn receive(&self) -> Vec<Received> {
        let all = json!(["All"]);
        let request = json!({
            "MaxNumberOfMessages": 10, "VisibilityTimeout": VISIBILITY_S,
            "MessageSystemAttributeNames": all, "MessageAttributeNames": all,
        });
        let mut answer = self.call("ReceiveMessage", request);
        let messages = answer["Messages"].take();
        let messages = messages.as_array().into_iter().flatten();
        messages.map(Received::new).collect()
    }

    /// Deletes messages.
    pub(crate) fn delete(&self, messages: &[&Received]) {
        if messages.is_empty() {
            return;
        }
        let entry =
            |message: &&Received| json!({"Id": message.id, "ReceiptHandle": message.handle});
        let entries: Vec<Value> = messages.iter().map(entry).collect();
        self.call("DeleteMessageBatch", json!({ "Entries": entries }));
    }

    /// Moves everything to another queue, as an operator does; how many messages those were.
    pub(crate) fn redrive(&self, to: &Self) -> usize {
        let mut moved = 0;
        loop {
            let messages = self.receive();
            if messages.is_empty() {
                return moved;
            }
            moved += messages.len();
            let entries: Vec<Value> = messages.iter().map(Received::again).collect();
            to.call("SendMessageBatch", json!({ "Entries": entries }));
            self.delete(&messages.iter().collect::<Vec<_>>());
        }
    }

    /// Whose messages are on it.
    pub(crate) fn keys(&self) -> impl Iterator<Item = Key> {
        let bodies = self.cloud.messages(self.name).into_iter();
        bodies.filter_map(|body| Key::of(&body))
    }

    /// How many messages it has, those in flight included.
    pub(crate) fn depth(&self) -> usize {
        self.cloud.depth(self.name)
    }

    /// From when on there is something to receive.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.cloud.next_visible(self.name)
    }

    fn call(&self, operation: &str, mut request: Value) -> Value {
        request["QueueUrl"] = Cloud::queue_url(self.name).into();
        let target = format!("AmazonSQS.{operation}");
        let answer = self.cloud.answer(&target, request.to_string().as_bytes());
        let Answer::Reply(reply) = answer else {
            unreachable!("nothing stands between Lambda and its queue");
        };
        let answer: Value = serde_json::from_slice(&reply.body).expect("JSON");
        let all = reply.status == 200 && answer["Failed"].as_array().is_none_or(Vec::is_empty);
        assert!(all, "{operation}: {answer}");
        answer
    }
}

impl Received {
    fn new(message: &Value) -> Self {
        let text = |name: &str| message[name].as_str().unwrap_or_default().to_owned();
        let own = message["MessageAttributes"].as_object();
        let own: Map<String, Value> = own
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.clone(), json!({"stringValue": value["StringValue"]})))
            .collect();
        Self {
            key: Key::of(&text("Body")),
            id: text("MessageId"),
            handle: text("ReceiptHandle"),
            record: json!({
                "messageId": message["MessageId"],
                "body": message["Body"],
                "attributes": message["Attributes"],
                "messageAttributes": own,
            }),
        }
    }

    /// The message for a queue, as it was.
    fn again(&self) -> Value {
        let attributes: Map<String, Value> = self.record["messageAttributes"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, value)| {
                let value = json!({"DataType": "String", "StringValue": value["stringValue"]});
                (name.clone(), value)
            })
            .collect();
        let mut entry = json!({"Id": self.id, "MessageBody": self.record["body"]});
        entry["MessageAttributes"] = attributes.into();
        if let Some(group) = self.record["attributes"]["MessageGroupId"].as_str() {
            entry["MessageGroupId"] = group.into();
        }
        entry
    }

    /// The event that Lambda makes of a batch.
    pub(crate) fn event(messages: &[Self]) -> SqsBatch {
        let records: Vec<&Value> = messages.iter().map(|message| &message.record).collect();
        serde_json::from_value(json!({ "Records": records })).expect("a batch")
    }

    /// Those that are done by a function's answer, which names those that are not.
    pub(crate) fn done<'m>(messages: &'m [Self], answer: &Value) -> Vec<&'m Self> {
        let failures = answer["batchItemFailures"].as_array().into_iter().flatten();
        let failed: Vec<&str> = failures
            .filter_map(|failure| failure["itemIdentifier"].as_str())
            .collect();
        let done = messages.iter();
        done.filter(|message| !failed.contains(&message.id.as_str()))
            .collect()
    }
}
