//! The AWS services we call, in memory: DynamoDB, KMS and SQS, spoken to in their own protocol by the real SDK.
//!
//! It is strict: what it does not know it refuses and notes in [`Cloud::refused`], and it makes the mistakes
//! visible that AWS would make visible (reserved words, unused placeholders, keys in updates, batch limits). It is
//! deterministic: the same calls in the same order give the same answers, time comes from the given clock, and
//! keys and ids are numbered. What it leaves out: local secondary indexes, scans, expiry of items, IAM, FIFO queues.
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
mod gate;
mod kms;
mod shared;
mod sqs;
mod watch;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, MutexGuard};

use domain::time::{Clock, SystemClock, Timestamp};
use serde_json::Value;

pub use dynamodb::{KeyAttribute, Projection, Units};
pub use faults::{Calls, Fault, Faults};
pub use gate::{Call, Gate};
pub use sqs::Order;
pub use watch::{OperatorScope, Partition, Rules, TenantScope};
pub use wire::{Answer, Reply};

use shared::{Shared, State};
use watch::Watch;
use wire::Refusal;

const REGION: &str = "us-east-1";
const ACCOUNT: &str = "000000000000";

/// The stand-in; clones share it.
///
/// Clients have a part of their own in what it shares, so the last clone is dropped where the test can see it, and
/// not in some task that outlives the test. If the cloud is watched and there are violations, that drop panics.
#[derive(Clone)]
pub struct Cloud(Arc<Handle>);

/// What the clones share, and clients do not.
struct Handle {
    shared: Arc<Shared>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.conclude();
    }
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
        let shared = Arc::new(Shared::new(clock));
        Self(Arc::new(Handle { shared }))
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

    /// With a global secondary index of a table that is there already.
    ///
    /// # Panics
    /// If there is no such table.
    #[must_use]
    pub fn with_index(
        self,
        table: &str,
        name: &str,
        hash: impl Into<KeyAttribute>,
        range: Option<KeyAttribute>,
        projection: Projection,
    ) -> Self {
        let keys = (hash.into(), range);
        let made = self
            .state()
            .dynamodb
            .create_index(table, name, keys, projection);
        assert!(made, "no table {table}");
        self
    }

    /// Watched from now on: what breaks the rules is found in [`Cloud::violations`], and whoever drops the last
    /// clone while there is something panics.
    #[must_use]
    pub fn with_watch(self, rules: Rules) -> Self {
        self.state().watch = Some(Watch::new(rules));
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
        &self.0.shared.faults
    }

    /// Disables or enables a key, also one that is pending deletion; nothing happens if there is none of that id.
    pub fn set_key_enabled(&self, id: &str, enabled: bool) {
        self.state().kms.set_enabled(id, enabled);
    }

    /// Makes a key pending deletion: it answers nothing but `KMSInvalidStateException`. Nothing happens if there is
    /// none of that id.
    pub fn schedule_key_deletion(&self, id: &str) {
        self.state().kms.schedule_deletion(id);
    }

    /// Until the guard is dropped, only these tenants may be named in tables whose partitions are tenants, by
    /// whatever task. Where several guards live, only tenants that all of them allow may be named. An operator's
    /// index of such a table names none, so there is no querying it either.
    ///
    /// # Panics
    /// If nobody watches this cloud.
    pub fn only_tenants<T: Into<String>>(
        &self,
        tenants: impl IntoIterator<Item = T>,
    ) -> TenantScope {
        let tenants: BTreeSet<String> = tenants.into_iter().map(T::into).collect();
        TenantScope::open(self.0.shared.clone(), tenants)
    }

    /// Until the guard is dropped, operators' indexes may be queried.
    ///
    /// # Panics
    /// If nobody watches this cloud.
    pub fn as_operator(&self) -> OperatorScope {
        OperatorScope::open(self.0.shared.clone())
    }

    /// Requests that broke the rules of the watch, as `operation: reason`; none if nobody watches.
    pub fn violations(&self) -> Vec<String> {
        let state = self.state();
        let watch = state.watch.as_ref();
        watch
            .map(|watch| watch.violations.clone())
            .unwrap_or_default()
    }

    /// As [`Cloud::violations`], which are then forgotten.
    pub fn take_violations(&self) -> Vec<String> {
        let mut state = self.state();
        let watch = state.watch.as_mut();
        watch
            .map(|watch| std::mem::take(&mut watch.violations))
            .unwrap_or_default()
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

    /// How many messages a queue has, delayed and invisible ones included.
    pub fn depth(&self, queue: &str) -> usize {
        self.state().sqs.depth(queue)
    }

    /// From when on a queue has something to receive; `None` while it is empty.
    pub fn next_visible(&self, queue: &str) -> Option<Timestamp> {
        self.state().sqs.next_visible(queue)
    }

    /// Sets which of its visible messages a queue hands out: [`Order::Sent`] unless more is said. Nothing happens if
    /// there is no such queue.
    pub fn set_order(&self, queue: &str, order: Order) {
        self.state().sqs.set_order(queue, order);
    }

    /// Answers one request: `target` is the header `x-amz-target`, such as `DynamoDB_20120810.GetItem`.
    pub fn answer(&self, target: &str, body: &[u8]) -> Answer {
        self.0.shared.answer(target, shared::read(body), None)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.shared.state()
    }
}

fn unknown(what: &str) -> Refusal {
    Refusal::new(
        "UnknownOperationException",
        format!("the stand-in does not know {what:?}"),
    )
}
