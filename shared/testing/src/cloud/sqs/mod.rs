//! SQS: standard queues with delays, visibility time-outs and dead-letter queues, on the injected clock.
//!
//! Messages are received in the order they were sent, which a standard queue does not promise; see [`Order`] for others.
//! A receive never waits: it answers at once with what there is.

mod digest;
mod order;
mod queue;
mod receive;
mod send;

use std::collections::BTreeMap;

use domain::time::Timestamp;
use serde_json::Value;

use super::wire::Refusal;
use super::{ACCOUNT, REGION, unknown};
pub use order::Order;
use queue::Queue;

/// All queues, by name.
#[derive(Debug, Default)]
pub(super) struct Queues {
    queues: BTreeMap<String, Queue>,
    counter: u64,
}

pub(super) fn url(name: &str) -> String {
    format!("https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}")
}

fn arn(name: &str) -> String {
    format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}")
}

impl Queues {
    pub(super) fn call(
        &mut self,
        operation: &str,
        body: Value,
        now: Timestamp,
        keep: usize,
    ) -> Result<Value, Refusal> {
        match operation {
            "SendMessage" => self.send(body, now),
            "SendMessageBatch" => self.send_batch(body, now, keep),
            "ReceiveMessage" => self.receive(body, now),
            "DeleteMessage" => self.delete(body),
            "DeleteMessageBatch" => self.delete_batch(body, keep),
            "ChangeMessageVisibility" => self.change_visibility(body, now),
            "ChangeMessageVisibilityBatch" => self.change_visibility_batch(body, now, keep),
            "GetQueueAttributes" => self.attributes(body, now),
            _ => Err(unknown(operation)),
        }
    }

    pub(super) fn create(&mut self, name: &str, redrive: Option<(String, u32)>) {
        self.queues.insert(
            name.to_owned(),
            Queue {
                redrive,
                ..Queue::default()
            },
        );
    }

    pub(super) fn bodies(&self, name: &str) -> Vec<String> {
        let messages = self
            .queues
            .get(name)
            .into_iter()
            .flat_map(|queue| &queue.messages);
        messages.map(|message| message.body.clone()).collect()
    }

    pub(super) fn depth(&self, name: &str) -> usize {
        self.queues
            .get(name)
            .map_or(0, |queue| queue.messages.len())
    }

    pub(super) fn next_visible(&self, name: &str) -> Option<Timestamp> {
        let messages = self.queues.get(name)?.messages.iter();
        messages.map(|message| message.visible_at).min()
    }

    pub(super) fn set_order(&mut self, name: &str, order: Order) {
        if let Some(queue) = self.queues.get_mut(name) {
            queue.order = order;
        }
    }

    fn queue(&mut self, url: &str) -> Result<&mut Queue, Refusal> {
        let name = url.rsplit('/').next().unwrap_or_default();
        self.queues
            .get_mut(name)
            .ok_or_else(|| Refusal::new("QueueDoesNotExist", "The specified queue does not exist."))
    }

    fn number(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }
}
