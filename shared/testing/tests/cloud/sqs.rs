//! SQS through its SDK.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{
    DeleteMessageBatchRequestEntry, Message, MessageAttributeValue, MessageSystemAttributeName,
    QueueAttributeName, SendMessageBatchRequestEntry,
};
use testing::clock::ManualClock;
use testing::cloud::{Calls, Cloud, Fault};

use crate::code;

struct Fixture {
    clock: Arc<ManualClock>,
    cloud: Cloud,
    client: Client,
    url: String,
}

fn fixture() -> Fixture {
    let clock = Arc::new(ManualClock::default());
    let cloud =
        Cloud::new(clock.clone()).with_queue_and_dead_letters("messages", "messages-dlq", 2);
    Fixture {
        clock,
        client: Client::new(&cloud.sdk_config()),
        cloud,
        url: Cloud::queue_url("messages"),
    }
}

impl Fixture {
    async fn receive(&self) -> Vec<Message> {
        let request = self
            .client
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(10);
        let request = request
            .message_system_attribute_names(MessageSystemAttributeName::All)
            .message_attribute_names("All");
        request.send().await.unwrap().messages.unwrap_or_default()
    }

    async fn bodies(&self) -> Vec<String> {
        self.receive()
            .await
            .into_iter()
            .filter_map(|message| message.body)
            .collect()
    }
}

#[tokio::test]
async fn a_message_arrives_with_all_that_was_sent() {
    let this = fixture();
    let attribute = MessageAttributeValue::builder()
        .data_type("String")
        .string_value("v")
        .build()
        .unwrap();
    let sent = this
        .client
        .send_message()
        .queue_url(&this.url)
        .message_body("hello")
        .message_group_id("tenant")
        .message_attributes("reason", attribute.clone())
        .send()
        .await
        .unwrap();
    let message = this.receive().await.remove(0);
    assert_eq!(message.message_id, sent.message_id);
    assert_eq!(
        message.md5_of_body.as_deref(),
        Some("5d41402abc4b2a76b9719d911017c592")
    );
    assert_eq!(message.md5_of_body, sent.md5_of_message_body);
    assert_eq!(
        message.md5_of_message_attributes,
        sent.md5_of_message_attributes
    );
    assert_eq!(
        sent.md5_of_message_attributes.as_deref(),
        Some("167aa5db35b2064f87f336ccf1f18fc9")
    );
    assert_eq!(message.message_attributes.unwrap()["reason"], attribute);
    let attributes = message.attributes.unwrap();
    assert_eq!(
        attributes[&MessageSystemAttributeName::ApproximateReceiveCount],
        "1"
    );
    assert_eq!(
        attributes[&MessageSystemAttributeName::MessageGroupId],
        "tenant"
    );
    assert_eq!(
        attributes[&MessageSystemAttributeName::SentTimestamp],
        "1767225600000"
    );
}

#[tokio::test]
async fn a_delayed_message_waits_for_its_time() {
    let this = fixture();
    let send = |body: &str, delay| {
        this.client
            .send_message()
            .queue_url(&this.url)
            .message_body(body)
            .delay_seconds(delay)
            .send()
    };
    send("later", 60).await.unwrap();
    send("now", 0).await.unwrap();
    assert_eq!(code(send("too late", 901).await), "InvalidParameterValue");
    assert_eq!(this.bodies().await, ["now"]);
    this.clock.advance(Duration::from_secs(59));
    assert_eq!(this.bodies().await, ["now"], "only what is visible again");
    this.clock.advance(Duration::from_secs(1));
    assert_eq!(this.bodies().await, ["later"]);
}

#[tokio::test]
async fn what_is_not_deleted_comes_back_and_ends_as_a_dead_letter() {
    let this = fixture();
    this.client
        .send_message()
        .queue_url(&this.url)
        .message_body("m")
        .send()
        .await
        .unwrap();
    assert_eq!(this.bodies().await, ["m"]);
    assert!(this.bodies().await.is_empty());
    this.clock.advance(Duration::from_secs(30));
    assert_eq!(this.bodies().await, ["m"]);
    this.clock.advance(Duration::from_secs(30));
    assert!(this.bodies().await.is_empty());
    assert_eq!(this.cloud.messages("messages-dlq"), ["m"]);
    assert!(this.cloud.messages("messages").is_empty());
}

#[tokio::test]
async fn visibility_can_be_changed_while_in_flight() {
    let this = fixture();
    this.client
        .send_message()
        .queue_url(&this.url)
        .message_body("m")
        .send()
        .await
        .unwrap();
    let handle = this.receive().await.remove(0).receipt_handle.unwrap();
    let change = |seconds| {
        this.client
            .change_message_visibility()
            .queue_url(&this.url)
            .receipt_handle(&handle)
            .visibility_timeout(seconds)
            .send()
    };
    change(120).await.unwrap();
    this.clock.advance(Duration::from_secs(119));
    assert!(this.bodies().await.is_empty());
    change(0).await.unwrap();
    assert_eq!(this.bodies().await, ["m"]);
    assert_eq!(
        code(change(5).await),
        "AWS.SimpleQueueService.MessageNotInflight"
    );
}

#[tokio::test]
async fn batches_report_each_entry() {
    let this = fixture();
    let entry = |id: &str, delay| {
        SendMessageBatchRequestEntry::builder()
            .id(id)
            .message_body(id)
            .delay_seconds(delay)
            .build()
            .unwrap()
    };
    let send = |entries| {
        this.client
            .send_message_batch()
            .queue_url(&this.url)
            .set_entries(Some(entries))
            .send()
    };
    let answer = send(vec![entry("a", 0), entry("b", 1000), entry("c", 0)])
        .await
        .unwrap();
    let ids: Vec<&str> = answer.successful().iter().map(|entry| entry.id()).collect();
    assert_eq!(ids, ["a", "c"]);
    assert!(answer.failed()[0].sender_fault());
    this.cloud.faults().fail(
        Calls::of("SendMessageBatch").on("messages"),
        Fault::Partial(1),
    );
    let answer = send(vec![entry("d", 0), entry("e", 0)]).await.unwrap();
    assert!(!answer.failed()[0].sender_fault());
    let eleven = (0..11).map(|n| entry(&n.to_string(), 0)).collect();
    assert_eq!(
        code(send(eleven).await),
        "AWS.SimpleQueueService.TooManyEntriesInBatchRequest"
    );
    assert_eq!(
        code(send(vec![entry("a", 0), entry("a", 0)]).await),
        "AWS.SimpleQueueService.BatchEntryIdsNotDistinct"
    );

    let entries = this
        .receive()
        .await
        .into_iter()
        .map(|message| {
            DeleteMessageBatchRequestEntry::builder()
                .id(message.message_id.unwrap())
                .receipt_handle(message.receipt_handle.unwrap())
                .build()
                .unwrap()
        })
        .collect();
    let delete = this
        .client
        .delete_message_batch()
        .queue_url(&this.url)
        .set_entries(Some(entries));
    assert_eq!(delete.send().await.unwrap().successful().len(), 3);
    assert!(this.cloud.messages("messages").is_empty());
}

#[tokio::test]
async fn attributes_tell_how_many_wait() {
    let this = fixture();
    for (body, delay) in [("a", 0), ("b", 0), ("c", 60)] {
        let send = this
            .client
            .send_message()
            .queue_url(&this.url)
            .message_body(body);
        send.delay_seconds(delay).send().await.unwrap();
    }
    this.client
        .receive_message()
        .queue_url(&this.url)
        .send()
        .await
        .unwrap();
    let answer = this
        .client
        .get_queue_attributes()
        .queue_url(&this.url)
        .attribute_names(QueueAttributeName::All)
        .send()
        .await
        .unwrap();
    let attributes = answer.attributes().unwrap();
    for name in [
        QueueAttributeName::ApproximateNumberOfMessages,
        QueueAttributeName::ApproximateNumberOfMessagesDelayed,
        QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
    ] {
        assert_eq!(attributes[&name], "1", "{name:?}");
    }
}

#[tokio::test]
async fn an_unknown_queue_is_said_to_be_unknown() {
    let this = fixture();
    let sent = this
        .client
        .send_message()
        .queue_url(Cloud::queue_url("other"))
        .message_body("m")
        .send()
        .await;
    assert!(
        sent.unwrap_err()
            .into_service_error()
            .is_queue_does_not_exist()
    );
}
