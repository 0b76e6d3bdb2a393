//! Putting messages on a queue: up to ten in a call, each with its tenant as the group, so that one tenant's burst
//! does not delay the others (SQS fair queues).

use std::ops::Range;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{MessageAttributeValue, SendMessageBatchRequestEntry};
use domain::TenantId;
use domain::message::{Release, attribute};
use futures_util::{StreamExt, stream};

use crate::aws::reason;

/// Longest delay that SQS takes.
pub const LONGEST_DELAY: Duration = Duration::from_secs(900);
/// Most bytes that one call takes, all bodies together; SQS allows 1 MiB.
const MOST_BYTES: usize = 900 * 1024;
const MOST_ENTRIES: usize = 10;
/// Most calls under way at once, for what takes many.
const CALLS_AT_ONCE: usize = 8;

/// A queue.
#[derive(Debug, Clone)]
pub struct Queue {
    client: Client,
    url: String,
}

/// One message to put on a queue.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    /// The body.
    pub body: &'a str,
    /// Whose it is; `None` if that could not be read from it.
    pub tenant: Option<&'a TenantId>,
    /// Not before that much time has passed.
    pub delay: Duration,
    /// Attributes of ours, as text.
    pub attributes: Vec<(&'static str, String)>,
}

impl<'a> Entry<'a> {
    /// A message to be handled at once.
    pub fn new(tenant: &'a TenantId, body: &'a str) -> Self {
        Self {
            body,
            tenant: Some(tenant),
            delay: Duration::ZERO,
            attributes: Vec::new(),
        }
    }

    fn request(&self, id: usize) -> Option<SendMessageBatchRequestEntry> {
        let delay = self.delay.min(LONGEST_DELAY).as_millis().div_ceil(1000);
        let mut entry = SendMessageBatchRequestEntry::builder()
            .id(id.to_string())
            .message_body(self.body)
            .set_message_group_id(self.tenant.map(ToString::to_string));
        if delay > 0 {
            entry = entry.delay_seconds(i32::try_from(delay).unwrap_or(900));
        }
        for (name, value) in &self.attributes {
            let value = MessageAttributeValue::builder()
                .data_type("String")
                .string_value(value)
                .build()
                .ok()?;
            entry = entry.message_attributes(*name, value);
        }
        entry.build().ok()
    }
}

impl Queue {
    /// The AWS account that it is in: the part of its URL before the name.
    pub fn account(&self) -> Option<&str> {
        self.url.rsplit('/').nth(1)
    }

    /// The queue with that URL.
    pub fn new(client: Client, url: String) -> Self {
        Self { client, url }
    }

    /// Tells whoever serves the queue to let go what was parked for an integration; whether the queue has it.
    pub async fn release(&self, tenant: &TenantId, release: &Release, delay: Duration) -> bool {
        let Ok(body) = serde_json::to_string(release) else {
            return false;
        };
        let kind = (attribute::KIND, attribute::RELEASE.to_owned());
        let entry = Entry {
            delay,
            attributes: vec![kind],
            ..Entry::new(tenant, &body)
        };
        self.send(&[entry]).await == [true]
    }

    /// Puts messages on the queue; per entry whether the queue has it.
    pub async fn send(&self, entries: &[Entry<'_>]) -> Vec<bool> {
        let mut taken = vec![false; entries.len()];
        let mut calls = stream::iter(calls(entries))
            .map(|call| self.call(entries, call))
            .buffer_unordered(CALLS_AT_ONCE);
        while let Some(indexes) = calls.next().await {
            for index in indexes {
                if let Some(slot) = taken.get_mut(index) {
                    *slot = true;
                }
            }
        }
        taken
    }

    /// Makes one call; the indexes of the entries that the queue has taken.
    async fn call(&self, entries: &[Entry<'_>], call: Range<usize>) -> Vec<usize> {
        let requests: Option<Vec<_>> = call.map(|index| entries[index].request(index)).collect();
        let answer = self
            .client
            .send_message_batch()
            .queue_url(&self.url)
            .set_entries(requests)
            .send()
            .await;
        match answer {
            Ok(answer) => {
                for failure in answer.failed() {
                    tracing::warn!(code = failure.code(), "the queue did not take a message");
                }
                let taken = answer.successful().iter();
                taken.filter_map(|one| one.id().parse().ok()).collect()
            }
            Err(error) => {
                tracing::warn!(reason = reason(&error), "the queue did not answer");
                Vec::new()
            }
        }
    }
}

/// The entries of each call, by their indexes.
fn calls(entries: &[Entry<'_>]) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let end = call_end(entries, start);
        let call = start..end;
        start = end;
        (!call.is_empty()).then_some(call)
    })
}

/// Where the call that begins at `start` has to end: by count or by size.
fn call_end(entries: &[Entry<'_>], start: usize) -> usize {
    let mut bytes = 0;
    let mut end = start;
    while end < entries.len() && end - start < MOST_ENTRIES {
        bytes += entries[end].body.len();
        if bytes > MOST_BYTES && end > start {
            break;
        }
        end += 1;
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(body: &str) -> Entry<'_> {
        Entry {
            body,
            tenant: None,
            delay: Duration::ZERO,
            attributes: Vec::new(),
        }
    }

    #[test]
    fn calls_are_cut_by_count_and_size() {
        let cut = |entries: &[Entry<'_>]| calls(entries).collect::<Vec<_>>();
        let small: Vec<_> = (0..23).map(|_| entry("x")).collect();
        assert_eq!(cut(&small), [0..10, 10..20, 20..23]);
        let body = "x".repeat(500 * 1024);
        let large = [entry(&body), entry(&body), entry(&body)];
        assert_eq!(cut(&large), [0..1, 1..2, 2..3]);
        assert!(cut(&[]).is_empty());
    }
}
