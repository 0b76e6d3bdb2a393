//! Messages, as the queue's contract has them.

use domain::ledger::{MessageStatus, Step};
use domain::{Failure, IntegrationId, MessageId, ProviderId, Timestamp, UserId};
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
}

/// That a message was taken in.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Accepted<'a> {
    /// Its id.
    pub id: &'a MessageId,
    /// Always `accepted`.
    pub status: MessageStatus,
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
