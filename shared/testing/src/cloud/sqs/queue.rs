//! A queue and its messages.

use std::collections::{BTreeMap, VecDeque};

use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::order::Order;

/// Seconds for which a received message stays invisible unless the receiver says otherwise.
pub(super) const VISIBILITY_S: u64 = 30;

#[derive(Debug, Default)]
pub(super) struct Queue {
    pub(super) messages: VecDeque<Message>,
    /// The dead-letter queue's name, and after how many receives.
    pub(super) redrive: Option<(String, u32)>,
    pub(super) order: Order,
}

#[derive(Debug)]
pub(super) struct Message {
    pub(super) id: String,
    pub(super) body: String,
    pub(super) attributes: BTreeMap<String, MessageAttribute>,
    pub(super) group: Option<String>,
    pub(super) sent_at: Timestamp,
    /// Not handed out before.
    pub(super) visible_at: Timestamp,
    pub(super) first_received_at: Option<Timestamp>,
    pub(super) receives: u32,
    /// Of the last receive; older ones are void.
    pub(super) handle: Option<String>,
}

/// A producer's own attribute of a message.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct MessageAttribute {
    pub(super) data_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) string_value: Option<String>,
    /// Base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) binary_value: Option<String>,
}
