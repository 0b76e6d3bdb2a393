//! What all clones of a cloud and all clients of it share, and how a request is answered there.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::panicking;

use domain::time::Clock;
use serde_json::Value;

use super::faults::{Fault, Faults};
use super::watch::Watch;
use super::wire::{Answer, Refusal, Reply};
use super::{dynamodb, kms, sqs, unknown};

const DYNAMODB: &str = "DynamoDB_20120810";

pub(super) struct Shared {
    clock: Arc<dyn Clock>,
    pub(super) faults: Faults,
    state: Mutex<State>,
}

#[derive(Default)]
pub(super) struct State {
    requests: u64,
    pub(super) counts: BTreeMap<String, u64>,
    pub(super) refused: Vec<String>,
    pub(super) watch: Option<Watch>,
    pub(super) dynamodb: dynamodb::Tables,
    pub(super) kms: kms::Keys,
    pub(super) sqs: sqs::Queues,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cloud")
    }
}

impl Shared {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            faults: Faults::default(),
            state: Mutex::default(),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// # Panics
    /// If nobody watches this cloud.
    pub(super) fn watched<T>(&self, work: impl FnOnce(&mut Watch) -> T) -> T {
        match &mut self.state().watch {
            Some(watch) => work(watch),
            None => panic!("nobody watches this cloud"),
        }
    }

    /// Answers a call. A fault of the caller's own choice stands before the script's.
    pub(super) fn answer(&self, target: &str, parsed: Parsed, chosen: Option<Fault>) -> Answer {
        let operation = operation(target);
        let scripted = self.faults.next(operation, || {
            parsed.as_ref().map(resources).unwrap_or_default()
        });
        let fault = chosen.or(scripted);
        let state = &mut *self.state();
        state.requests += 1;
        *state.counts.entry(operation.to_owned()).or_default() += 1;
        if let Some(watch) = &mut state.watch
            && target.starts_with(DYNAMODB)
        {
            let named = match &parsed {
                Ok(body) => state.dynamodb.accesses(operation, body),
                Err(error) => Err(error.to_string()),
            };
            watch.see(operation, named);
        }
        match fault {
            Some(Fault::Timeout) => return Answer::Silence,
            Some(Fault::Reset) => return Answer::Reset,
            _ => {}
        }
        let number = state.requests;
        let done = match fault.and_then(Fault::refusal) {
            Some(refusal) => Err(refusal),
            None => match parsed {
                Ok(body) => self.dispatch(state, target, body, fault),
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
        let now = self.clock.now();
        let keep = match fault {
            Some(Fault::Partial(keep)) => keep,
            _ => usize::MAX,
        };
        match target.split_once('.') {
            Some((DYNAMODB, operation)) => state.dynamodb.call(operation, body, now, keep),
            Some(("TrentService", operation)) => state.kms.call(operation, body, now),
            Some(("AmazonSQS", operation)) => state.sqs.call(operation, body, now, keep),
            _ => Err(unknown(target)),
        }
    }

    /// Panics if the watch found something that nobody took, unless there is a panic already.
    pub(super) fn conclude(&self) {
        let found = match &mut self.state().watch {
            Some(watch) if !panicking() => std::mem::take(&mut watch.violations),
            _ => Vec::new(),
        };
        assert!(
            found.is_empty(),
            "requests that do not name their partition, or not their own:\n  {}",
            found.join("\n  ")
        );
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.conclude();
    }
}

/// The body of a request.
pub(super) type Parsed = Result<Value, serde_json::Error>;

/// Reads the body of a request.
pub(super) fn read(body: &[u8]) -> Parsed {
    serde_json::from_slice(body)
}

/// The operation that the header `x-amz-target` names.
pub(super) fn operation(target: &str) -> &str {
    target.rsplit('.').next().unwrap_or_default()
}

/// Names of the tables, queues and keys that a request is about.
pub(super) fn resources(body: &Value) -> Vec<String> {
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
