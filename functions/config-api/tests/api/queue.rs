//! What is on a queue, as Lambda would hand it to a function.

use aws_sdk_sqs::types::{Message, MessageSystemAttributeName};
use serde_json::{Map, Value, json};
use testing::cloud::Cloud;

/// Takes up to ten messages off a queue: a batch.
pub(crate) async fn take(cloud: &Cloud, queue: &str) -> Value {
    let sqs = aws_sdk_sqs::Client::new(&cloud.sdk_config());
    let url = Cloud::queue_url(queue);
    let received = sqs
        .receive_message()
        .queue_url(&url)
        .max_number_of_messages(10)
        .message_system_attribute_names(MessageSystemAttributeName::All)
        .message_attribute_names("All")
        .send()
        .await
        .expect("received");
    for message in received.messages() {
        let handle = message.receipt_handle().unwrap_or_default();
        let done = sqs.delete_message().queue_url(&url).receipt_handle(handle);
        done.send().await.expect("deleted");
    }
    json!({"Records": received.messages().iter().map(record).collect::<Vec<_>>()})
}

fn record(message: &Message) -> Value {
    let attributes: Map<String, Value> = message
        .message_attributes()
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.clone(), json!({"stringValue": value.string_value()})))
        .collect();
    let sent = message
        .attributes()
        .and_then(|all| all.get(&MessageSystemAttributeName::SentTimestamp));
    json!({
        "messageId": message.message_id(),
        "body": message.body(),
        "attributes": {"SentTimestamp": sent},
        "messageAttributes": attributes,
    })
}
