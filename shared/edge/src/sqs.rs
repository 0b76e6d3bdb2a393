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
    use std::cell::Cell;

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

    /// What is answered if there is time for so many records.
    async fn answer(bodies: &[&str], time_for: usize) -> String {
        let batch = batch(bodies);
        let handled = Cell::new(0);
        let reply = each(&batch, async |record| {
            if handled.replace(handled.get() + 1) >= time_for {
                return Done::No;
            }
            assert!(record.body != "panic");
            match record.body.as_str() {
                "ok" => Done::Yes,
                _ => Done::No,
            }
        })
        .await;
        serde_json::to_string(&reply).unwrap()
    }

    /// SQS takes any other form of this answer for "all done" or for "nothing done": it is compared to the byte.
    #[tokio::test]
    async fn a5_only_what_failed_comes_again() {
        let five = ["ok"; 5];
        for (bodies, time_for, golden) in [
            (&["ok", "ok"][..], 9, r#"{"batchItemFailures":[]}"#),
            (&[], 9, r#"{"batchItemFailures":[]}"#),
            (
                &["ok", "bad", "ok"],
                9,
                r#"{"batchItemFailures":[{"itemIdentifier":"m1"}]}"#,
            ),
            (
                &["bad", "bad"],
                9,
                r#"{"batchItemFailures":[{"itemIdentifier":"m0"},{"itemIdentifier":"m1"}]}"#,
            ),
            (
                &["ok", "ok", "panic", "ok"],
                9,
                r#"{"batchItemFailures":[{"itemIdentifier":"m2"}]}"#,
            ),
            (
                &five,
                3,
                r#"{"batchItemFailures":[{"itemIdentifier":"m3"},{"itemIdentifier":"m4"}]}"#,
            ),
        ] {
            assert_eq!(answer(bodies, time_for).await, golden, "{bodies:?}");
        }
    }
}
