//! The phone numbers of a tenant's accounts, and whose they are among its team.

use domain::phone::{E164, NumberKind};
use domain::{IntegrationId, Timestamp, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A phone number.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PhoneNumberView<'a> {
    /// Its id.
    pub id: &'a str,
    /// The integration whose account has it.
    pub integration_id: &'a IntegrationId,
    /// The provider's own id of it, where it has one, such as WhatsApp's phone number id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider_id: Option<&'a str>,
    /// The number.
    pub phone_number: &'a E164,
    /// What the account's owner calls it.
    pub display_name: &'a str,
    /// What kind of number it is.
    pub number_type: NumberKind,
    /// The member of the team who calls from it.
    pub assigned_to_user_id: Option<&'a UserId>,
    /// The account's main number.
    pub is_primary: bool,
    /// Calls can be made from it.
    pub can_call: bool,
    /// Text messages can be sent from it.
    pub can_sms: bool,
    /// The account still has it.
    pub is_active: bool,
    /// When it was last seen at the provider.
    pub synced_at: Timestamp,
    /// Rises with every change; the entity tag is made of it.
    pub revision: u64,
}

/// To whom a number is assigned.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Assign {
    /// A member of the team, or `null` for nobody.
    #[serde(deserialize_with = "present")]
    #[schemars(required)]
    pub user_id: Option<UserId>,
}

/// A field that must be there, though it may be `null`.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<UserId>, D::Error> {
    Option::deserialize(deserializer)
}
