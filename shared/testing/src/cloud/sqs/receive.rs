//! Receiving, deleting, and how long a message stays invisible.

use std::time::Duration;

use domain::time::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::queue::{Message, Queue, VISIBILITY_S};
use super::send::{check_batch, failure};
use super::{Queues, arn, digest};
use crate::cloud::wire::{Refusal, read};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ReceiveMessage {
    queue_url: String,
    max_number_of_messages: Option<usize>,
    visibility_timeout: Option<u64>,
    #[serde(default)]
    attribute_names: Vec<String>,
    #[serde(default)]
    message_system_attribute_names: Vec<String>,
    #[serde(default)]
    message_attribute_names: Vec<String>,
    #[serde(rename = "WaitTimeSeconds")]
    _wait_time_seconds: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct OneMessage {
    queue_url: String,
    receipt_handle: String,
    visibility_timeout: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct SomeMessages {
    queue_url: String,
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Entry {
    id: String,
    receipt_handle: String,
    visibility_timeout: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GetQueueAttributes {
    queue_url: String,
    #[serde(default)]
    attribute_names: Vec<String>,
}

impl Queues {
    pub(super) fn receive(&mut self, body: Value, now: Timestamp) -> Result<Value, Refusal> {
        let request: ReceiveMessage = read(body)?;
        let most = request.max_number_of_messages.unwrap_or(1);
        if !(1..=10).contains(&most) {
            return Err(Refusal::new(
                "InvalidParameterValue",
                "MaxNumberOfMessages must be 1 to 10",
            ));
        }
        let system = [
            request.attribute_names,
            request.message_system_attribute_names,
        ]
        .concat();
        let invisible = Duration::from_secs(request.visibility_timeout.unwrap_or(VISIBILITY_S));
        let first_number = self.counter + 1;
        let queue = self.queue(&request.queue_url)?;
        let dead = queue.bury(now);
        let mut received = Vec::new();
        let chosen = queue.order.choose(&queue.messages, now, most);
        for (place, number) in chosen.into_iter().zip(first_number..) {
            let message = &mut queue.messages[place];
            message.receives += 1;
            message.first_received_at.get_or_insert(now);
            message.visible_at = now.after(invisible);
            message.handle = Some(format!("handle-{number}"));
            received.push(describe(message, &system, &request.message_attribute_names));
        }
        let redrive = queue.redrive.clone();
        self.counter += received.len() as u64;
        if let Some((name, _)) = redrive
            && let Some(letters) = self.queues.get_mut(&name)
        {
            letters.messages.extend(dead);
        }
        Ok(if received.is_empty() {
            json!({})
        } else {
            json!({"Messages": received})
        })
    }

    pub(super) fn delete(&mut self, body: Value) -> Result<Value, Refusal> {
        let request: OneMessage = read(body)?;
        self.queue(&request.queue_url)?
            .delete(&request.receipt_handle)?;
        Ok(json!({}))
    }

    pub(super) fn delete_batch(&mut self, body: Value, keep: usize) -> Result<Value, Refusal> {
        self.each(body, keep, |queue, entry| {
            queue.delete(&entry.receipt_handle)
        })
    }

    pub(super) fn change_visibility(
        &mut self,
        body: Value,
        now: Timestamp,
    ) -> Result<Value, Refusal> {
        let request: OneMessage = read(body)?;
        let queue = self.queue(&request.queue_url)?;
        queue.change_visibility(&request.receipt_handle, request.visibility_timeout, now)?;
        Ok(json!({}))
    }

    pub(super) fn change_visibility_batch(
        &mut self,
        body: Value,
        now: Timestamp,
        keep: usize,
    ) -> Result<Value, Refusal> {
        self.each(body, keep, |queue, entry| {
            queue.change_visibility(&entry.receipt_handle, entry.visibility_timeout, now)
        })
    }

    pub(super) fn attributes(&mut self, body: Value, now: Timestamp) -> Result<Value, Refusal> {
        let request: GetQueueAttributes = read(body)?;
        let name = request
            .queue_url
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .to_owned();
        let queue = self.queue(&request.queue_url)?;
        let count = |keep: &dyn Fn(&Message) -> bool| {
            queue
                .messages
                .iter()
                .filter(|message| keep(message))
                .count()
                .to_string()
        };
        let mut attributes = vec![
            (
                "ApproximateNumberOfMessages",
                count(&|message| message.visible_at <= now),
            ),
            (
                "ApproximateNumberOfMessagesDelayed",
                count(&|message| message.visible_at > now && message.handle.is_none()),
            ),
            (
                "ApproximateNumberOfMessagesNotVisible",
                count(&|message| message.visible_at > now && message.handle.is_some()),
            ),
            ("QueueArn", arn(&name)),
            ("VisibilityTimeout", VISIBILITY_S.to_string()),
        ];
        if let Some((letters, most)) = &queue.redrive {
            let policy = json!({"deadLetterTargetArn": arn(letters), "maxReceiveCount": most});
            attributes.push(("RedrivePolicy", policy.to_string()));
        }
        let attributes: serde_json::Map<String, Value> = attributes
            .into_iter()
            .filter(|(name, _)| wanted(&request.attribute_names, name))
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect();
        Ok(json!({"Attributes": attributes}))
    }

    fn each(
        &mut self,
        body: Value,
        keep: usize,
        act: impl Fn(&mut Queue, &Entry) -> Result<(), Refusal>,
    ) -> Result<Value, Refusal> {
        let request: SomeMessages = read(body)?;
        let ids: Vec<&str> = request
            .entries
            .iter()
            .map(|entry| entry.id.as_str())
            .collect();
        check_batch(&ids)?;
        let queue = self.queue(&request.queue_url)?;
        let (mut successful, mut failed) = (Vec::new(), Vec::new());
        for (number, entry) in request.entries.iter().enumerate() {
            let done = if number < keep {
                act(queue, entry)
            } else {
                Err(Refusal::internal("InternalError"))
            };
            match done {
                Ok(()) => successful.push(json!({"Id": entry.id})),
                Err(refusal) => failed.push(failure(&entry.id, &refusal)),
            }
        }
        Ok(json!({"Successful": successful, "Failed": failed}))
    }
}

impl Queue {
    /// Takes out what has been received often enough.
    fn bury(&mut self, now: Timestamp) -> Vec<Message> {
        let Some((_, most)) = self.redrive else {
            return Vec::new();
        };
        let dead = |message: &Message| message.visible_at <= now && message.receives >= most;
        if !self.messages.iter().any(dead) {
            return Vec::new();
        }
        let (gone, left): (Vec<_>, Vec<_>) = self.messages.drain(..).partition(dead);
        self.messages.extend(left);
        gone.into_iter()
            .map(|message| Message {
                receives: 0,
                handle: None,
                ..message
            })
            .collect()
    }

    /// Forgets a message; one that is gone already is no error.
    fn delete(&mut self, handle: &str) -> Result<(), Refusal> {
        if !handle.starts_with("handle-") {
            return Err(Refusal::new(
                "ReceiptHandleIsInvalid",
                "The input receipt handle is invalid.",
            ));
        }
        let is_it = |message: &Message| message.handle.as_deref() == Some(handle);
        if let Some(place) = self.messages.iter().position(is_it) {
            self.messages.remove(place);
        }
        Ok(())
    }

    fn change_visibility(
        &mut self,
        handle: &str,
        seconds: Option<u64>,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let seconds = seconds
            .filter(|seconds| *seconds <= 43_200)
            .ok_or_else(|| {
                Refusal::new(
                    "InvalidParameterValue",
                    "VisibilityTimeout must be 0 to 43200",
                )
            })?;
        let message = self
            .messages
            .iter_mut()
            .find(|message| message.handle.as_deref() == Some(handle) && message.visible_at > now)
            .ok_or_else(|| {
                Refusal::new(
                    "MessageNotInflight",
                    "The message referred to is not in flight.",
                )
            })?;
        message.visible_at = now.after(Duration::from_secs(seconds));
        Ok(())
    }
}

fn describe(message: &Message, system: &[String], named: &[String]) -> Value {
    let first = message.first_received_at.unwrap_or_default();
    let attributes: serde_json::Map<String, Value> = [
        (
            "ApproximateReceiveCount",
            Some(message.receives.to_string()),
        ),
        (
            "ApproximateFirstReceiveTimestamp",
            Some(first.millis().to_string()),
        ),
        ("SentTimestamp", Some(message.sent_at.millis().to_string())),
        ("MessageGroupId", message.group.clone()),
    ]
    .into_iter()
    .filter(|(name, _)| wanted(system, name))
    .filter_map(|(name, value)| Some((name.to_owned(), value?.into())))
    .collect();
    let own: std::collections::BTreeMap<_, _> = message
        .attributes
        .iter()
        .filter(|(name, _)| wanted(named, name))
        .map(|(name, attribute)| (name.clone(), attribute.clone()))
        .collect();
    let mut described = json!({
        "MessageId": message.id,
        "ReceiptHandle": message.handle,
        "Body": message.body,
        "MD5OfBody": digest::of_body(&message.body),
        "Attributes": attributes,
    });
    if !own.is_empty() {
        described["MD5OfMessageAttributes"] = digest::of_attributes(&own).into();
        described["MessageAttributes"] = json!(own);
    }
    described
}

fn wanted(names: &[String], name: &str) -> bool {
    names.iter().any(|wanted| wanted == "All" || wanted == name)
}
