//! What a provider told us: the contract of the inbound queue. Its JSON Schema is `events/schemas/inbound.json`.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::failure::Failure;
use crate::ids::{IntegrationId, MessageId, ProviderId};
use crate::time::Timestamp;

/// One event of one provider, verified to come from it, on its way to the router.
///
/// The tenant stays text here: whoever consumes the queue turns it into a `TenantId`.
#[derive(Debug, Serialize, Deserialize)]
pub struct InboundEvent<'a> {
    /// The route's tenant.
    pub tenant: String,
    /// The route's integration.
    pub integration: IntegrationId,
    /// The route's provider.
    pub provider: ProviderId,
    /// When we took it in.
    pub received_at: Timestamp,
    /// The event itself.
    #[serde(borrow)]
    pub event: ProviderEvent<'a>,
}

impl InboundEvent<'_> {
    /// When it happened. Providers tell whole seconds; within that second our own clock is the finer one.
    pub fn happened_at(&self) -> Timestamp {
        let told = self.event.occurred_at;
        if told.seconds() == self.received_at.seconds() {
            told.max(self.received_at)
        } else {
            told
        }
    }
}

/// One event as a provider module read it out of a webhook body.
#[derive(Debug, Serialize, Deserialize)]
pub struct ProviderEvent<'a> {
    /// The same for every delivery of the same event: the key of de-duplication.
    pub id: String,
    /// The id at the provider that the event belongs to; must be the route's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// When it happened, by the provider's clock.
    pub occurred_at: Timestamp,
    /// What it is.
    pub kind: EventKind,
    /// What the provider told about the people in it, as it came.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub contacts: Option<&'a RawValue>,
    /// The provider's own object, as it came.
    #[serde(borrow)]
    pub payload: &'a RawValue,
}

/// What an event is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// Somebody wrote to us.
    Message,
    /// News of a message that was sent.
    Status(StatusUpdate),
    /// Anything else that the provider tells of the account.
    Account,
    /// Names an account that is not the route's: kept for the owner to see, delivered nowhere.
    Quarantined,
}

/// News of a message that was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusUpdate {
    /// Our message, where the provider carried its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageId>,
    /// The provider's id of the message.
    pub provider_id: String,
    /// What became of it.
    pub status: DeliveryStatus,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

/// What became of a message, as far as the provider knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    /// Left the provider.
    Sent,
    /// Reached the device.
    Delivered,
    /// Was seen.
    Read,
    /// Could not be delivered.
    Failed,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn happened(told: i64, received: i64) -> i64 {
        let payload = RawValue::from_string("{}".to_owned()).unwrap();
        let event = InboundEvent {
            tenant: "t_1".into(),
            integration: IntegrationId::make(),
            provider: ProviderId::parse("whatsapp").unwrap(),
            received_at: Timestamp::from_millis(received),
            event: ProviderEvent {
                id: "e-1".into(),
                account: None,
                occurred_at: Timestamp::from_millis(told),
                kind: EventKind::Account,
                contacts: None,
                payload: &payload,
            },
        };
        event.happened_at().millis()
    }

    #[test]
    fn our_clock_refines_the_providers_second_and_never_replaces_it() {
        assert_eq!(happened(5_000, 5_321), 5_321);
        assert_eq!(happened(5_000, 6_001), 5_000);
        assert_eq!(happened(5_000, 4_999), 5_000);
        assert_eq!(happened(5_400, 5_321), 5_400);
    }
}
