//! The AWS services we call, in memory: DynamoDB, KMS and SQS, spoken to in their own protocol by the real SDK.
//!
//! It is strict: what it does not know it refuses and notes in [`Cloud::refused`], and it makes the mistakes
//! visible that AWS would make visible (reserved words, unused placeholders, keys in updates, batch limits). It is
//! deterministic: the same calls in the same order give the same answers, time comes from the given clock, and
//! keys and ids are numbered. What it leaves out: secondary indexes, scans, expiry of items, IAM, FIFO queues.
//!
//! ```
//! use testing::cloud::Cloud;
//!
//! let cloud = Cloud::default()
//!     .with_table("Activity", "pk", Some("sk".into()))
//!     .with_queue_and_dead_letters("messages", "messages-dlq", 5)
//!     .with_key("credentials");
//! let config = cloud.sdk_config(); // for aws_sdk_dynamodb::Client::new and the others
//! # drop(config);
//! ```

mod connector;
mod dynamodb;
mod faults;
mod kms;
mod sqs;
mod wire;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::time::{Clock, SystemClock};
use serde_json::Value;

pub use dynamodb::{KeyAttribute, Units};
pub use faults::{Calls, Fault, Faults};
pub use wire::{Answer, Reply};

use wire::Refusal;

const REGION: &str = "us-east-1";
const ACCOUNT: &str = "000000000000";

/// The stand-in; clones share it.
#[derive(Clone)]
pub struct Cloud(Arc<Shared>);

struct Shared {
    clock: Arc<dyn Clock>,
    faults: Faults,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    requests: u64,
    counts: BTreeMap<String, u64>,
    refused: Vec<String>,
    dynamodb: dynamodb::Tables,
    kms: kms::Keys,
    sqs: sqs::Queues,
}

impl Default for Cloud {
    /// On the system's clock.
    fn default() -> Self {
        Self::new(Arc::new(SystemClock))
    }
}

impl fmt::Debug for Cloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cloud")
    }
}

impl Cloud {
    /// An empty cloud on that clock, which decides on delays and visibility in SQS and on how long a transaction's
    /// token is remembered.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Shared {
            clock,
            faults: Faults::default(),
            state: Mutex::default(),
        }))
    }

    /// With a table of that name and key. `"pk".into()` is a text key, [`KeyAttribute::number`] a number.
    #[must_use]
    pub fn with_table(
        self,
        name: &str,
        hash: impl Into<KeyAttribute>,
        range: Option<KeyAttribute>,
    ) -> Self {
        self.state().dynamodb.create(name, hash.into(), range);
        self
    }

    /// With a KMS key of that id; [`Cloud::key_arn`] is its ARN.
    #[must_use]
    pub fn with_key(self, id: &str) -> Self {
        self.state().kms.create(id);
        self
    }

    /// With a standard queue of that name; [`Cloud::queue_url`] is its URL.
    #[must_use]
    pub fn with_queue(self, name: &str) -> Self {
        self.state().sqs.create(name, None);
        self
    }

    /// With a standard queue whose messages move to another after `max_receives` receives. Both are created.
    #[must_use]
    pub fn with_queue_and_dead_letters(
        self,
        name: &str,
        dead_letters: &str,
        max_receives: u32,
    ) -> Self {
        self.state().sqs.create(dead_letters, None);
        self.state()
            .sqs
            .create(name, Some((dead_letters.to_owned(), max_receives)));
        self
    }

    /// The ARN of the key of that id.
    pub fn key_arn(id: &str) -> String {
        kms::arn(id)
    }

    /// The URL of the queue of that name. Only its last segment counts, so any other host does as well.
    pub fn queue_url(name: &str) -> String {
        sqs::url(name)
    }

    /// The script of failures.
    pub fn faults(&self) -> &Faults {
        &self.0.faults
    }

    /// Disables or enables a key; nothing happens if there is none of that id.
    pub fn set_key_enabled(&self, id: &str, enabled: bool) {
        self.state().kms.set_enabled(id, enabled);
    }

    /// Calls so far by operation, such as `PutItem`, faulty ones included.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        self.state().counts.clone()
    }

    /// Calls so far of one operation.
    pub fn count(&self, operation: &str) -> u64 {
        self.state()
            .counts
            .get(operation)
            .copied()
            .unwrap_or_default()
    }

    /// Read and write units that DynamoDB would have billed so far.
    pub fn units(&self) -> Units {
        self.state().dynamodb.units()
    }

    /// Starts counting calls and units anew.
    pub fn reset_counts(&self) {
        let mut state = self.state();
        state.counts.clear();
        state.dynamodb.reset_units();
    }

    /// What was asked for and is not known here, as `operation: reason`; a test should find it empty.
    pub fn refused(&self) -> Vec<String> {
        self.state().refused.clone()
    }

    /// A table's items in the order of their keys, in DynamoDB's JSON; empty if there is no such table.
    pub fn items(&self, table: &str) -> Vec<Value> {
        self.state().dynamodb.dump(table)
    }

    /// Bodies of the messages in a queue, delayed and invisible ones included, in the order they were sent.
    pub fn messages(&self, queue: &str) -> Vec<String> {
        self.state().sqs.bodies(queue)
    }

    /// Answers one request: `target` is the header `x-amz-target`, such as `DynamoDB_20120810.GetItem`.
    pub fn answer(&self, target: &str, body: &[u8]) -> Answer {
        let operation = target.rsplit('.').next().unwrap_or_default();
        let parsed: Result<Value, _> = serde_json::from_slice(body);
        let fault = self.0.faults.next(operation, || {
            parsed.as_ref().map(resources).unwrap_or_default()
        });
        let mut state = self.state();
        state.requests += 1;
        *state.counts.entry(operation.to_owned()).or_default() += 1;
        match fault {
            Some(Fault::Timeout) => return Answer::Silence,
            Some(Fault::Reset) => return Answer::Reset,
            _ => {}
        }
        let number = state.requests;
        let done = match fault.and_then(Fault::refusal) {
            Some(refusal) => Err(refusal),
            None => match parsed {
                Ok(body) => self.dispatch(&mut state, target, body, fault),
                Err(error) => Err(Refusal::new("SerializationException", error.to_string())),
            },
        };
        if let Err(refusal) = &done
            && matches!(
                refusal.code(),
                "UnknownOperationException" | "SerializationException"
            )
        {
            state
                .refused
                .push(format!("{operation}: {}", refusal.message()));
        }
        match fault {
            Some(Fault::AppliedButLost) => Answer::Reset,
            Some(Fault::AppliedButSilent) => Answer::Silence,
            _ => Answer::Reply(match done {
                Ok(body) => Reply::json(200, &body, number),
                Err(refusal) => refusal.reply(number),
            }),
        }
    }

    fn dispatch(
        &self,
        state: &mut State,
        target: &str,
        body: Value,
        fault: Option<Fault>,
    ) -> Result<Value, Refusal> {
        let now = self.0.clock.now();
        let keep = match fault {
            Some(Fault::Partial(keep)) => keep,
            _ => usize::MAX,
        };
        match target.split_once('.') {
            Some(("DynamoDB_20120810", operation)) => {
                state.dynamodb.call(operation, body, now, keep)
            }
            Some(("TrentService", operation)) => state.kms.call(operation, body, now),
            Some(("AmazonSQS", operation)) => state.sqs.call(operation, body, now, keep),
            _ => Err(unknown(target)),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unknown(what: &str) -> Refusal {
    Refusal::new(
        "UnknownOperationException",
        format!("the stand-in does not know {what:?}"),
    )
}

/// Names of the tables, queues and keys that a request is about.
fn resources(body: &Value) -> Vec<String> {
    let mut names = Vec::new();
    for (member, value) in body.as_object().into_iter().flatten() {
        match (member.as_str(), value) {
            (
                "TableName" | "KeyId" | "SourceKeyId" | "DestinationKeyId" | "QueueUrl",
                Value::String(name),
            ) => {
                names.extend(name.rsplit('/').next().map(str::to_owned));
            }
            ("RequestItems", Value::Object(tables)) => names.extend(tables.keys().cloned()),
            ("TransactItems", Value::Array(items)) => names.extend(
                items
                    .iter()
                    .filter_map(Value::as_object)
                    .flat_map(|item| item.values())
                    .filter_map(|write| write["TableName"].as_str())
                    .map(str::to_owned),
            ),
            ("Statements", Value::Array(statements)) => names.extend(
                statements
                    .iter()
                    .filter_map(|statement| statement["Statement"].as_str())
                    .filter_map(|text| text.split('"').nth(1))
                    .map(str::to_owned),
            ),
            _ => {}
        }
    }
    names
}
