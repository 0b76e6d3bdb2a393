//! The messages queue's contract: what producers put there. Its JSON Schema is `events/schemas/message.json`.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::ids::{AgentId, IntegrationId, MessageId, ProviderId, UserId};
use crate::integration::Integration;
use crate::ledger::OnUnknown;
use crate::route::Fallback;
use crate::time::Timestamp;

/// Largest body a producer may put on the queue, in bytes; leaves room below SQS's own limit for our attributes.
pub const MAX_BODY_BYTES: usize = 256 * 1024;

/// Names of the attributes that we put on queue messages; a producer sets none of them.
pub mod attribute {
    /// Our id of a message whose body names none.
    pub const MESSAGE: &str = "switchboard.messageId";
    /// The attempt to make; the one before it is known not to have sent anything.
    pub const ATTEMPT: &str = "switchboard.attempt";
    /// Not to be tried before this time, in milliseconds since the epoch.
    pub const NOT_BEFORE: &str = "switchboard.notBefore";
    /// Which of the message's routes is to be tried; 0, the first, if left out.
    pub const ROUTE: &str = "switchboard.route";
    /// Since when the credential it is to be sent with is under suspicion: the integration, its version, and milliseconds since the
    /// epoch, with `@` between them.
    pub const SUSPECT: &str = "switchboard.suspect";
    /// How often the provider was asked what became of it.
    pub const LOOK_UPS: &str = "switchboard.lookUps";
    /// Attempts so far that ended in the provider's own trouble.
    pub const TROUBLES: &str = "switchboard.troubles";
    /// When the message was taken in, in milliseconds since the epoch.
    pub const ACCEPTED_AT: &str = "switchboard.acceptedAt";
    /// When an operator put the message back from the dead-letter queue, in milliseconds since the epoch: from when its
    /// age is counted anew.
    pub const REDRIVEN_AT: &str = "switchboard.redrivenAt";
    /// Why a message is on the dead-letter queue.
    pub const REASON: &str = "switchboard.reason";
    /// What is on a queue, if it is none of its usual messages: [`AUDIT`] on the inbound queue, [`RELEASE`] on one of what
    /// is to be sent.
    pub const KIND: &str = "switchboard.kind";
    /// That what was parked for an integration may go out; see [`super::Release`].
    pub const RELEASE: &str = "release";
    /// A line for a tenant's audit trail.
    pub const AUDIT: &str = "audit";
}

/// One message to send: seed contract, with optional additions of ours.
///
/// The tenant stays text here: whoever consumes the queue turns it into a `TenantId`.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OutboundMessage<'a> {
    /// Who sends and how.
    pub metadata: Metadata,
    /// The provider's own message object without its constant envelope fields.
    #[serde(borrow)]
    pub waba_payload: &'a RawValue,
}

/// Who sends, through what, and until when.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    /// The tenant.
    pub tenant_id: String,
    /// Send from this number (an id at the provider).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number_id: Option<String>,
    /// The producer's idempotency key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<MessageId>,
    /// The user who sends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// The user the conversation is assigned to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assigned_to: Option<UserId>,
    /// The user who made the automation that sends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_by: Option<UserId>,
    /// The agent that sends: through what it is bound to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<AgentId>,
    /// Send through this integration and no other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub integration_id: Option<IntegrationId>,
    /// The provider type to send through; `whatsapp` if left out, for the seed contract is WhatsApp's.
    #[serde(default = "default_channel")]
    channel: ProviderId,
    /// Do not send after this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_after: Option<Timestamp>,
    /// Where to try next when what comes first is unusable, in order.
    #[serde(default, skip_serializing_if = "Fallback::is_empty")]
    pub fallback: Fallback,
    /// What to do when nobody knows whether it was sent.
    #[serde(default, skip_serializing_if = "is_default")]
    pub on_unknown: OnUnknown,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[expect(
    clippy::expect_used,
    reason = "a test reads a message without a channel"
)]
fn default_channel() -> ProviderId {
    ProviderId::parse("whatsapp").expect("a valid provider type")
}

impl Metadata {
    /// The provider type to send through.
    pub fn channel(&self) -> &ProviderId {
        &self.channel
    }

    /// Users whose own integrations come first, in order.
    pub fn users(&self) -> Vec<&UserId> {
        [&self.user_id, &self.assigned_to, &self.created_by]
            .into_iter()
            .flatten()
            .collect()
    }
}

/// That what was parked for an integration may go out. The tenant stays text here, as in [`OutboundMessage`].
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Release {
    /// The tenant.
    pub tenant_id: String,
    /// The integration.
    pub integration_id: IntegrationId,
    /// When the release began: names it in what is told of it.
    pub began_at: Timestamp,
    /// Messages that went out so far.
    #[serde(default)]
    pub released: u32,
    /// Of these, whose own deadline had passed.
    #[serde(default)]
    pub expired: u32,
}

impl Release {
    /// Of everything that waits for an integration, from now on.
    pub fn of(integration: &Integration, now: Timestamp) -> Self {
        Self {
            tenant_id: integration.tenant.to_string(),
            integration_id: integration.id.clone(),
            began_at: now,
            released: 0,
            expired: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seed_message_is_read_as_it_stands() {
        let text = r#"{"metadata": {"tenantId": "t_1", "phoneNumberId": "882"},
            "wabaPayload": {"to": "919876543220", "type": "text", "text": {"body": "Hello!"}}}"#;
        let message: OutboundMessage<'_> = serde_json::from_str(text).expect("valid");
        assert_eq!(message.metadata.agent_id, None);
        assert_eq!(message.metadata.tenant_id, "t_1");
        assert_eq!(message.metadata.phone_number_id.as_deref(), Some("882"));
        assert_eq!(message.metadata.channel().as_str(), "whatsapp");
        assert!(message.waba_payload.get().starts_with("{\"to\""));
    }

    #[test]
    fn an_agent_is_named_by_an_agents_id() {
        let read = |id: &str| {
            let text = format!(r#"{{"tenantId": "t_1", "agentId": "{id}"}}"#);
            serde_json::from_str::<Metadata>(&text).map(|metadata| metadata.agent_id)
        };
        let id = AgentId::make();
        assert_eq!(read(id.as_str()).expect("valid"), Some(id));
        assert!(read(IntegrationId::make().as_str()).is_err());
    }
}
