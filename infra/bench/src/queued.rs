//! What one function has put on a queue, in the form in which Lambda hands it to the next.

use bytes::Bytes;
use domain::message::attribute;
use serde_json::{Map, Value, json};
use testing::cloud::{Answer, Cloud};

use crate::Failure;

/// Batches of what stood on a queue.
#[derive(Debug, Default)]
pub(crate) struct Queued {
    /// Events for a function, of at most ten records each.
    pub(crate) batches: Vec<Bytes>,
    /// Records in them that are no lines for the audit trail.
    pub(crate) events: u64,
}

impl Queued {
    /// Takes everything off that queue of the stand-in.
    ///
    /// # Errors
    /// If there is no such queue.
    pub(crate) fn take(cloud: &Cloud, queue: &str) -> Result<Self, Failure> {
        let request = json!({
            "QueueUrl": Cloud::queue_url(queue),
            "MaxNumberOfMessages": 10,
            "VisibilityTimeout": 43_200,
            "MessageSystemAttributeNames": ["All"],
            "MessageAttributeNames": ["All"],
        });
        let request = request.to_string();
        let mut queued = Self::default();
        loop {
            let answer = cloud.answer("AmazonSQS.ReceiveMessage", request.as_bytes());
            let Answer::Reply(reply) = answer else {
                return Err(format!("queue {queue} does not answer").into());
            };
            if reply.status != 200 {
                return Err(format!("queue {queue}: status {}", reply.status).into());
            }
            let received: Value = serde_json::from_slice(reply.body.as_ref())?;
            let Some(messages) = received["Messages"].as_array() else {
                return Ok(queued);
            };
            let records: Vec<Value> = messages.iter().map(record).collect();
            let is_event = |record: &&Value| record["messageAttributes"][attribute::KIND].is_null();
            queued.events += records.iter().filter(is_event).count() as u64;
            let event = json!({"Records": records});
            queued.batches.push(Bytes::from(event.to_string()));
        }
    }
}

fn record(message: &Value) -> Value {
    let own = message["MessageAttributes"].as_object();
    let own: Map<String, Value> = own
        .into_iter()
        .flatten()
        .map(|(name, value)| {
            let value = json!({"stringValue": value["StringValue"], "dataType": value["DataType"]});
            (name.clone(), value)
        })
        .collect();
    json!({
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message["Attributes"],
        "messageAttributes": own,
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:inbound",
        "awsRegion": "us-east-1",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn send(cloud: &Cloud, message: Value) {
        let mut request = message;
        request["QueueUrl"] = Cloud::queue_url("inbound").into();
        cloud.answer("AmazonSQS.SendMessage", request.to_string().as_bytes());
    }

    #[test]
    fn what_was_sent_is_handed_on_as_lambda_does() {
        let cloud = Cloud::default().with_queue("inbound");
        for number in 0..11 {
            send(
                &cloud,
                json!({"MessageBody": format!("event {number}"), "MessageGroupId": "t"}),
            );
        }
        let kind =
            json!({attribute::KIND: {"DataType": "String", "StringValue": attribute::AUDIT}});
        send(
            &cloud,
            json!({"MessageBody": "line", "MessageAttributes": kind}),
        );
        let queued = Queued::take(&cloud, "inbound").unwrap();
        assert_eq!((queued.batches.len(), queued.events), (2, 11));
        let last: Value = serde_json::from_slice(&queued.batches[1]).unwrap();
        let records = last["Records"].as_array().unwrap();
        assert_eq!(records[0]["body"], "event 10");
        assert_eq!(records[0]["attributes"]["MessageGroupId"], "t");
        let kind = &records[1]["messageAttributes"][attribute::KIND];
        assert_eq!(kind["stringValue"], attribute::AUDIT);
        let batch: edge::sqs::SqsBatch = serde_json::from_slice(&queued.batches[1]).unwrap();
        assert_eq!(
            batch.records[1].attribute(attribute::KIND),
            Some(attribute::AUDIT)
        );
        assert!(Queued::take(&cloud, "inbound").unwrap().batches.is_empty());
        assert!(Queued::take(&cloud, "other").is_err());
    }
}
