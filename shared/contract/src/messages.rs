//! Messages, as the queue's contract has them.

use domain::ledger::{MessageStatus, OnUnknown, Step};
use domain::route::Fallback;
use domain::{Failure, IntegrationId, MessageId, ProviderId, Timestamp, UserId};
use edge::json::Items;
use edge::problem::ItemProblem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::text::{Object, Plain};

/// A message to send.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SendMessage {
    /// Who sends, through what, and until when.
    #[serde(default)]
    pub metadata: Metadata,
    /// The provider's own message object, without its constant envelope fields; for WhatsApp `to`, `type` and the body.
    #[serde(alias = "wabaPayload")]
    #[schemars(rename = "wabaPayload", with = "Object")]
    pub waba_payload: Map<String, Value>,
}

/// Most messages of one batch.
pub const MOST_MESSAGES: usize = 1_000;
/// Most bytes of a batch: 1,000 messages of four kilobytes each. Lambda takes six megabytes, as JSON within JSON.
pub const MOST_BATCH_BYTES: usize = 4 * 1024 * 1024;
/// So many messages of a batch are what one request is: they take about as many calls of ours.
pub const MESSAGES_PER_REQUEST: usize = 10;

/// Messages to send.
#[derive(Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct SendMessages {
    /// Each as it would be sent alone, and taken in or refused alone.
    #[schemars(length(min = 1, max = MOST_MESSAGES))]
    pub messages: Vec<SendMessage>,
}

/// [`SendMessages`] as it is read: the messages as they stand, so that what is wrong with one is said of it alone.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GivenMessages<'a> {
    /// The messages.
    #[serde(borrow)]
    pub messages: Items<'a, MOST_MESSAGES>,
}

/// Who sends, through what, and until when.
#[derive(Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all(serialize = "camelCase"))]
pub struct Metadata {
    /// The caller's own tenant; it may be left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<domain::TenantId>")]
    pub tenant_id: Option<Value>,
    /// The producer's idempotency key; else `Idempotency-Key`, else one is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<MessageId>,
    /// Send from this number (an id at the provider).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Plain>")]
    pub phone_number_id: Option<String>,
    /// The user who sends; managers and agents send for themselves only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// The user the conversation is assigned to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assigned_to: Option<UserId>,
    /// The user who made the automation that sends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_by: Option<UserId>,
    /// The agent that sends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<domain::AgentId>,
    /// Send through this integration and no other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub integration_id: Option<IntegrationId>,
    /// The provider type to send through; `whatsapp` if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<ProviderId>,
    /// Do not send after this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_after: Option<Timestamp>,
    /// Where to try next, in order, when what comes first cannot be used. Managers and agents name only what they may send
    /// through.
    #[serde(skip_serializing_if = "Fallback::is_empty")]
    pub fallback: Fallback,
    /// What to do when nobody knows whether it was sent.
    #[serde(skip_serializing_if = "is_usual")]
    pub on_unknown: OnUnknown,
}

fn is_usual(on_unknown: &OnUnknown) -> bool {
    *on_unknown == OnUnknown::default()
}

/// That a message was taken in.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Accepted<'a> {
    /// Its id.
    pub id: &'a MessageId,
    /// Always `accepted`.
    pub status: MessageStatus,
}

/// What became of the messages of a batch.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AcceptedBatch {
    /// How many were taken in.
    pub accepted: usize,
    /// How many were not.
    pub refused: usize,
    /// What became of each, in the order in which they were given.
    pub messages: Vec<BatchItem>,
}

/// What became of one message of a batch.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum BatchItem {
    /// It is taken in.
    Accepted {
        /// Its place in the list, from 0.
        index: usize,
        /// Its id.
        id: MessageId,
        /// Always `accepted`.
        status: MessageStatus,
    },
    /// It is not.
    Refused(ItemProblem),
}

/// Where a message stands, and how it came there.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MessageView<'a> {
    /// Its id.
    pub id: &'a MessageId,
    /// Where it stands.
    pub status: MessageStatus,
    /// The provider type that it went through.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<&'a str>,
    /// The provider's id of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider_id: Option<&'a str>,
    /// The integration that sent it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub integration_id: Option<&'a IntegrationId>,
    /// Why that credential: `requested`, `agent`, `user`, `tenant`, `platform`, or `none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential_source: Option<&'a str>,
    /// Why that one, such as `named` or `first_in_line`; or why there is none, such as `no_integration`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential_reason: Option<&'a str>,
    /// Why it failed or waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<&'a Failure>,
    /// How often its sending began.
    pub attempts: usize,
    /// What happened to it, oldest first.
    pub timeline: Vec<Step>,
}
