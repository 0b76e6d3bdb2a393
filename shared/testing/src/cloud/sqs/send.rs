//! Sending, one message or ten.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::time::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Queues;
use super::digest;
use super::queue::{Message, MessageAttribute};
use crate::cloud::wire::{Refusal, read};

const BATCH: usize = 10;
/// Of a message and of a whole batch, bodies and attributes together.
const BYTES: usize = 1024 * 1024;
const DELAY_S: u64 = 900;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct SendMessage {
    queue_url: String,
    message_body: String,
    delay_seconds: Option<u64>,
    #[serde(default)]
    message_attributes: BTreeMap<String, MessageAttribute>,
    message_group_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct SendMessageBatch {
    queue_url: String,
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Entry {
    id: String,
    message_body: String,
    delay_seconds: Option<u64>,
    #[serde(default)]
    message_attributes: BTreeMap<String, MessageAttribute>,
    message_group_id: Option<String>,
}

impl Queues {
    pub(super) fn send(&mut self, body: Value, now: Timestamp) -> Result<Value, Refusal> {
        let request: SendMessage = read(body)?;
        self.put(
            &request.queue_url,
            Entry {
                id: String::new(),
                message_body: request.message_body,
                delay_seconds: request.delay_seconds,
                message_attributes: request.message_attributes,
                message_group_id: request.message_group_id,
            },
            now,
        )
    }

    pub(super) fn send_batch(
        &mut self,
        body: Value,
        now: Timestamp,
        keep: usize,
    ) -> Result<Value, Refusal> {
        let request: SendMessageBatch = read(body)?;
        let ids: Vec<&str> = request
            .entries
            .iter()
            .map(|entry| entry.id.as_str())
            .collect();
        check_batch(&ids)?;
        if request.entries.iter().map(size).sum::<usize>() > BYTES {
            return Err(Refusal::new(
                "BatchRequestTooLong",
                "Batch requests cannot be longer than 1048576 bytes.",
            ));
        }
        self.queue(&request.queue_url)?;
        let (mut successful, mut failed) = (Vec::new(), Vec::new());
        for (number, entry) in request.entries.into_iter().enumerate() {
            let id = entry.id.clone();
            let sent = if number < keep {
                self.put(&request.queue_url, entry, now)
            } else {
                Err(Refusal::internal("InternalError"))
            };
            match sent {
                Ok(mut receipt) => {
                    receipt["Id"] = id.into();
                    successful.push(receipt);
                }
                Err(refusal) => failed.push(failure(&id, &refusal)),
            }
        }
        Ok(json!({"Successful": successful, "Failed": failed}))
    }

    fn put(&mut self, url: &str, entry: Entry, now: Timestamp) -> Result<Value, Refusal> {
        let delay = entry.delay_seconds.unwrap_or_default();
        if delay > DELAY_S {
            return Err(Refusal::new(
                "InvalidParameterValue",
                "DelaySeconds must be 0 to 900",
            ));
        }
        if entry.message_body.is_empty() || size(&entry) > BYTES {
            return Err(Refusal::new(
                "InvalidParameterValue",
                "a message has 1 to 1048576 bytes",
            ));
        }
        let id = format!("00000000-0000-4000-8000-{:012x}", self.number());
        let mut receipt =
            json!({"MessageId": id, "MD5OfMessageBody": digest::of_body(&entry.message_body)});
        if !entry.message_attributes.is_empty() {
            receipt["MD5OfMessageAttributes"] =
                digest::of_attributes(&entry.message_attributes).into();
        }
        self.queue(url)?.messages.push_back(Message {
            id,
            body: entry.message_body,
            attributes: entry.message_attributes,
            group: entry.message_group_id,
            sent_at: now,
            visible_at: now.after(Duration::from_secs(delay)),
            first_received_at: None,
            receives: 0,
            handle: None,
        });
        Ok(receipt)
    }
}

/// One entry of a batch that failed.
pub(super) fn failure(id: &str, refusal: &Refusal) -> Value {
    let senders = refusal.code() != "InternalError";
    json!({"Id": id, "SenderFault": senders, "Code": refusal.code(), "Message": refusal.message()})
}

/// A batch has one to ten entries with ids of their own.
pub(super) fn check_batch(ids: &[&str]) -> Result<(), Refusal> {
    let mut sorted = ids.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    match ids.len() {
        0 => Err(Refusal::new(
            "EmptyBatchRequest",
            "There should be at least one entry in the request.",
        )),
        count if count > BATCH => Err(Refusal::new(
            "TooManyEntriesInBatchRequest",
            "Maximum number of entries per request are 10.",
        )),
        count if count > sorted.len() => Err(Refusal::new(
            "BatchEntryIdsNotDistinct",
            "Ids of batch entries are not distinct.",
        )),
        _ => Ok(()),
    }
}

fn size(entry: &Entry) -> usize {
    let attributes = entry.message_attributes.iter().map(|(name, attribute)| {
        let values = [&attribute.string_value, &attribute.binary_value];
        name.len()
            + attribute.data_type.len()
            + values.into_iter().flatten().map(String::len).sum::<usize>()
    });
    entry.message_body.len() + attributes.sum::<usize>()
}
