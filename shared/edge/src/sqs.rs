//! Batches as SQS event sources hand them over, and the partial answer: what failed comes again, the rest is done.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;

use domain::Timestamp;
use futures_util::FutureExt;
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};

/// A batch.
#[derive(Debug, Deserialize)]
pub struct SqsBatch {
    /// At most as many as the event source's batch size.
    #[serde(rename = "Records", default)]
    pub records: Vec<SqsRecord>,
}

/// One message of a batch.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SqsRecord {
    /// SQS's id; a redrive gives a new one.
    pub message_id: String,
    /// What the producer wrote.
    #[serde(default)]
    pub body: String,
    /// What SQS adds.
    #[serde(default)]
    pub attributes: SystemAttributes,
    /// What the producer added.
    #[serde(default)]
    pub message_attributes: HashMap<String, MessageAttribute>,
}

/// What SQS tells of a message.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SystemAttributes {
    /// Milliseconds since the epoch, as text.
    #[serde(default)]
    sent_timestamp: String,
    /// A number, as text.
    #[serde(default)]
    approximate_receive_count: String,
}

/// One attribute of a message.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MessageAttribute {
    /// Text and number values.
    #[serde(default)]
    pub string_value: Option<String>,
}

impl SqsRecord {
    /// When the queue took the message in.
    pub fn sent_at(&self) -> Option<Timestamp> {
        self.attributes
            .sent_timestamp
            .parse()
            .ok()
            .map(Timestamp::from_millis)
    }

    /// How often the queue has given the message out, this time included.
    pub fn receives(&self) -> u32 {
        self.attributes
            .approximate_receive_count
            .parse()
            .unwrap_or(1)
    }

    /// An attribute of the producer's.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.message_attributes.get(name)?.string_value.as_deref()
    }
}

/// The answer to a batch. A handler that returns anything else would acknowledge records that failed.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchReply {
    batch_item_failures: Vec<ItemFailure>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct ItemFailure {
    item_identifier: String,
}

impl BatchReply {
    /// Everything is done but these, which come again.
    pub fn failed(ids: impl IntoIterator<Item = String>) -> Self {
        let batch_item_failures = ids
            .into_iter()
            .map(|item_identifier| ItemFailure { item_identifier })
            .collect();
        Self {
            batch_item_failures,
        }
    }
}

/// What became of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// It need not come again.
    Yes,
    /// It must come again.
    No,
}

/// Runs `future`; a panic in it is logged without its text and becomes `otherwise`. Box what is large: it is moved.
pub async fn contained<T>(future: impl Future<Output = T>, otherwise: T) -> T {
    AssertUnwindSafe(future)
        .catch_unwind()
        .await
        .unwrap_or_else(|_| {
            tracing::error!("a record made the function panic; it is kept and comes again");
            otherwise
        })
}

/// Handles the records of a batch side by side, each contained on its own.
pub async fn each<'a, F>(batch: &'a SqsBatch, handle: impl Fn(&'a SqsRecord) -> F) -> BatchReply
where
    F: Future<Output = Done>,
{
    let done = join_all(
        batch
            .records
            .iter()
            .map(|record| contained(handle(record), Done::No)),
    )
    .await;
    let failed = batch
        .records
        .iter()
        .zip(done)
        .filter(|(_, done)| *done == Done::No);
    BatchReply::failed(failed.map(|(record, _)| record.message_id.clone()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn batch(bodies: &[&str]) -> SqsBatch {
        let records: Vec<_> = bodies
            .iter()
            .enumerate()
            .map(|(n, body)| json!({"messageId": format!("m{n}"), "body": body}))
            .collect();
        serde_json::from_value(json!({ "Records": records })).unwrap()
    }

    async fn answer(bodies: &[&str]) -> String {
        let batch = batch(bodies);
        let reply = each(&batch, |record| async {
            assert!(record.body != "panic");
            if record.body == "ok" {
                Done::Yes
            } else {
                Done::No
            }
        })
        .await;
        serde_json::to_string(&reply).unwrap()
    }

    #[tokio::test]
    async fn only_what_failed_comes_again() {
        assert_eq!(answer(&["ok", "ok"]).await, r#"{"batchItemFailures":[]}"#);
        assert_eq!(answer(&[]).await, r#"{"batchItemFailures":[]}"#);
        assert_eq!(
            answer(&["ok", "bad", "panic", "ok"]).await,
            r#"{"batchItemFailures":[{"itemIdentifier":"m1"},{"itemIdentifier":"m2"}]}"#
        );
    }
}
