//! What a provider is and can do. One description drives validation, masking, sealing, the catalogue, the API's document
//! and the forms.

use schemars::JsonSchema;
use serde::Serialize;

use crate::field::Field;

/// A provider's fields and abilities, as the catalogue shows them.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
pub struct Descriptor {
    /// Provider type, as it stands in paths: lower-case letters, digits, `_`.
    pub id: &'static str,
    /// What people call it.
    pub name: &'static str,
    /// One sentence on what it is for.
    pub description: &'static str,
    /// One character to recognise it by.
    pub icon: &'static str,
    /// What kind of service it is.
    pub category: Category,
    /// Whether it can be connected.
    pub availability: Availability,
    /// Whether its owner signs in at the provider instead of entering every secret.
    pub requires_oauth: bool,
    /// What to call while nothing overrides it: scheme and host. Empty where every tenant has an address of its own.
    pub base_url: &'static str,
    /// The provider's own page on getting credentials.
    pub documentation: &'static str,
    /// What it can do, and which of that Switchboard does already.
    pub capabilities: &'static [Ability],
    /// What it asks for, in the order of a form.
    pub fields: &'static [Field],
}

impl Descriptor {
    /// Whether Switchboard does that with this provider already.
    pub fn is_able(&self, capability: Capability) -> bool {
        let mut abilities = self.capabilities.iter();
        abilities.any(|ability| ability.ready && ability.name == capability)
    }
}

/// What kind of service a provider is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// Messages to people.
    Messaging,
    /// Calls, by people or by an AI.
    Voice,
    /// Customer relations: contacts, conversations, tickets.
    Crm,
    /// Electronic mail.
    Mail,
}

/// Whether a provider type can be connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Availability {
    /// It can be tested and saved.
    Ready,
    /// Its form is known; testing and saving are refused until its calls are built.
    Planned,
}

/// Something that a provider can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Ability {
    /// What.
    pub name: Capability,
    /// Whether Switchboard does it already.
    pub ready: bool,
}

/// That Switchboard does.
pub const fn ready(name: Capability) -> Ability {
    Ability { name, ready: true }
}

/// That Switchboard does not do yet.
pub const fn planned(name: Capability) -> Ability {
    Ability { name, ready: false }
}

/// What an integration can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Capability {
    /// Sends messages.
    Messages,
    /// Sends pre-approved templates.
    Templates,
    /// Sends media.
    Media,
    /// Tells what became of a message or call.
    Statuses,
    /// Answers by itself.
    AutoReply,
    /// Has its webhook registered for it.
    WebhookRegistration,
    /// Is set up by the provider's own dialogue.
    EmbeddedSignup,
    /// Tells when its token ends.
    TokenExpiry,
    /// Connects two people by phone.
    ClickToCall,
    /// Connects somebody to a flow of menus (IVR).
    CallFlows,
    /// Gives recordings of calls.
    Recordings,
    /// Counts and times calls.
    CallAnalytics,
    /// Lists the account's phone numbers.
    PhoneNumbers,
    /// Carries the entity and template ids that Indian text messages need (DLT).
    DltFields,
    /// Lets an AI call people.
    AiCalls,
    /// Lets an AI call many people.
    BatchCalls,
    /// Lists the conversations an AI has had.
    Conversations,
    /// Makes inboxes.
    Inboxes,
    /// Makes bots that answer for agents.
    AgentBots,
    /// Keeps contacts in step.
    Contacts,
    /// Writes activities to contacts.
    ActivityLog,
    /// Sends mail.
    SendMail,
    /// Receives mail.
    ReceiveMail,
    /// Carries attachments.
    Attachments,
}
