//! What may stand between a client and the cloud: it sees each call before it is carried out and once more before
//! its answer is handed back, and may hold it in either place.

use std::fmt;

use async_trait::async_trait;

use super::faults::Fault;
use super::wire::Answer;

/// A call on its way; each attempt of the SDK is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The operation, such as `PutItem`.
    pub operation: String,
    /// Names of the tables, queues and keys it is about.
    pub resources: Vec<String>,
}

/// Stands between a client and the cloud; see [`super::Cloud::sdk_config_behind`].
#[async_trait]
pub trait Gate: fmt::Debug + Send + Sync {
    /// Before a call is carried out; how it fails, if it is to. What is held here for ever never happens.
    async fn enter(&self, call: &Call) -> Option<Fault>;

    /// Before the answer of a call is handed back, as it may be changed here. What is held here for ever took effect, and
    /// nobody is told.
    async fn leave(&self, call: &Call, answer: &mut Answer);
}
