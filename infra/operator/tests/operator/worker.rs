//! The messages queue at work: a producer before it, and a dispatcher behind it that is called as Lambda would.

use std::time::Duration;

use aws_sdk_sqs::types::{
    DeleteMessageBatchRequestEntry, Message, MessageSystemAttributeName,
    SendMessageBatchRequestEntry,
};
use domain::Clock as _;
use edge::lambda::Invocation;
use edge::sqs::SqsBatch;
use serde_json::{Map, Value, json};
use testing::clock::ManualClock;
use testing::cloud::Cloud;
use testing::switchboard as names;

use crate::stage::Stage;

/// How long a message that was received stays invisible, and the receives after which SQS sets it aside: those of
/// `template.yaml`.
const VISIBILITY: Duration = Duration::from_secs(180);
const MOST_RECEIVES: usize = 5;

pub(crate) struct Worker<'a> {
    stage: &'a Stage,
    clock: &'a ManualClock,
    dispatch: message_dispatch::Context,
    pub(crate) sqs: aws_sdk_sqs::Client,
}

impl<'a> Worker<'a> {
    /// At that stage, which is on that clock.
    pub(crate) fn new(stage: &'a Stage, clock: &'a ManualClock) -> Self {
        Self {
            stage,
            clock,
            dispatch: stage.message_dispatch(),
            sqs: aws_sdk_sqs::Client::new(&stage.cloud.sdk_config()),
        }
    }

    /// Puts messages on a queue, without a group, as producers may.
    pub(crate) async fn produce(&self, queue: &str, bodies: impl IntoIterator<Item = String>) {
        let bodies: Vec<String> = bodies.into_iter().collect();
        for ten in bodies.chunks(10) {
            let entries = ten.iter().enumerate().map(|(id, body)| {
                SendMessageBatchRequestEntry::builder()
                    .id(id.to_string())
                    .message_body(body)
                    .build()
                    .unwrap()
            });
            let send = self.sqs.send_message_batch();
            let send = send.queue_url(Cloud::queue_url(queue));
            send.set_entries(Some(entries.collect()))
                .send()
                .await
                .unwrap();
        }
    }

    /// At most ten messages of a queue.
    pub(crate) async fn receive(&self, queue: &str) -> Vec<Message> {
        let receive = self.sqs.receive_message();
        let received = receive
            .queue_url(Cloud::queue_url(queue))
            .max_number_of_messages(10)
            .visibility_timeout(VISIBILITY.as_secs().try_into().unwrap())
            .message_system_attribute_names(MessageSystemAttributeName::All)
            .message_attribute_names("All")
            .send()
            .await
            .unwrap();
        received.messages.unwrap_or_default()
    }

    /// Deletes messages of a queue.
    pub(crate) async fn delete(&self, queue: &str, messages: &[&Message]) -> Result<(), ()> {
        let entries = messages.iter().enumerate().map(|(id, message)| {
            DeleteMessageBatchRequestEntry::builder()
                .id(id.to_string())
                .receipt_handle(message.receipt_handle().unwrap())
                .build()
                .unwrap()
        });
        let entries: Vec<_> = entries.collect();
        if entries.is_empty() {
            return Ok(());
        }
        let delete = self.sqs.delete_message_batch();
        let delete = delete.queue_url(Cloud::queue_url(queue));
        let deleted = delete.set_entries(Some(entries)).send().await;
        deleted.map(drop).map_err(drop)
    }

    /// Hands one batch to the dispatcher and acknowledges what is done; how many there were.
    pub(crate) async fn turn(&self) -> usize {
        let messages = self.receive(names::MESSAGES).await;
        let again = self.dispatch(&messages).await;
        let done: Vec<&Message> = messages
            .iter()
            .filter(|message| again.iter().all(|id| id != message.message_id().unwrap()))
            .collect();
        self.delete(names::MESSAGES, &done).await.unwrap();
        messages.len()
    }

    /// Works until the queue is empty, moving time on where messages wait.
    pub(crate) async fn until_quiet(&self) {
        for _ in 0..2_000 {
            if self.turn().await > 0 {
                continue;
            }
            if self.stage.cloud.messages(names::MESSAGES).is_empty() {
                return;
            }
            self.clock.advance(Duration::from_secs(60));
        }
        panic!("the queue does not become empty");
    }

    /// Receives all messages again and again, until SQS sets them aside. The first time they are worked on, if so
    /// wanted, and that is never acknowledged.
    pub(crate) async fn forsake(&self, worked_on: bool) {
        for receive in 0..MOST_RECEIVES {
            loop {
                let messages = self.receive(names::MESSAGES).await;
                if messages.is_empty() {
                    break;
                }
                if worked_on && receive == 0 {
                    assert_eq!(self.dispatch(&messages).await, Vec::<String>::new());
                    // No faster than an account's rate.
                    self.clock.advance(Duration::from_secs(1));
                }
            }
            self.clock.advance(VISIBILITY + Duration::from_secs(1));
        }
        assert!(self.receive(names::MESSAGES).await.is_empty());
        assert!(self.stage.cloud.messages(names::MESSAGES).is_empty());
    }

    /// Ids of those that come again.
    async fn dispatch(&self, messages: &[Message]) -> Vec<String> {
        let records: Vec<Value> = messages.iter().map(record).collect();
        let batch: SqsBatch = serde_json::from_value(json!({ "Records": records })).unwrap();
        let invocation = Invocation {
            deadline: self.clock.now().after(Duration::from_secs(30)),
            request_id: "i-1".into(),
        };
        let reply = message_dispatch::handle(&self.dispatch, &batch, &invocation).await;
        let reply = serde_json::to_value(reply).unwrap();
        let failures = reply["batchItemFailures"].as_array().unwrap().iter();
        failures
            .map(|one| one["itemIdentifier"].as_str().unwrap().to_owned())
            .collect()
    }
}

/// A message as Lambda hands it over.
fn record(message: &Message) -> Value {
    let attributes: Map<String, Value> = message
        .message_attributes()
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.clone(), json!({"stringValue": value.string_value()})))
        .collect();
    let told = |name| message.attributes().and_then(|all| all.get(&name));
    json!({
        "messageId": message.message_id(),
        "body": message.body(),
        "attributes": {
            "SentTimestamp": told(MessageSystemAttributeName::SentTimestamp),
            "ApproximateReceiveCount": told(MessageSystemAttributeName::ApproximateReceiveCount),
        },
        "messageAttributes": attributes,
    })
}
