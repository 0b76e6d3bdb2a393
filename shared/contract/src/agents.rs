//! Agents: who answers a tenant's conversations.

use domain::agent::{Agent, Destination};
use domain::integration::Status;
use domain::phone::E164;
use domain::{AgentId, IntegrationId, Timestamp, UserId};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize};
use std::borrow::Cow;

use crate::fields::{Label, Ranged};

/// A new agent.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAgent {
    /// What people call it.
    pub name: Label<100>,
    /// The rest.
    #[serde(default)]
    pub description: Option<Label<500>>,
    /// Switched on; it is if this is left out.
    #[serde(default)]
    pub enabled: Option<bool>,
    /// Through which WhatsApp number it speaks.
    #[serde(default)]
    pub whatsapp: Option<WhatsAppInput>,
    /// What it does by itself.
    #[serde(default)]
    pub behaviour: Option<BehaviourInput>,
    /// Where messages for it are to be delivered. It is kept; nothing is delivered yet, events are listed.
    #[serde(default)]
    pub destination: Option<DestinationInput>,
    /// It is to get what no other agent is bound to.
    #[serde(default)]
    pub is_default: Option<bool>,
}

/// A change of an agent: what is left out stays, `null` removes.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ChangeAgent {
    /// What people call it.
    pub name: Option<Label<100>>,
    /// What it is for.
    pub description: Patch<Label<500>>,
    /// Switched on.
    pub enabled: Option<bool>,
    /// Through which WhatsApp number it speaks.
    pub whatsapp: Patch<WhatsAppInput>,
    /// What it does by itself, as a whole.
    pub behaviour: Patch<BehaviourInput>,
    /// Where messages for it are to be delivered. It is kept; nothing is delivered yet, events are listed.
    pub destination: Patch<DestinationInput>,
    /// It is to get what no other agent is bound to.
    pub is_default: Option<bool>,
}

/// A field of a change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// It stays as it is.
    #[default]
    Keep,
    /// It is removed.
    Remove,
    /// It becomes this.
    Set(T),
}

impl<T> Patch<T> {
    /// The field after the change.
    pub fn apply<U>(self, before: Option<U>, set: impl FnOnce(T) -> U) -> Option<U> {
        match self {
            Self::Keep => before,
            Self::Remove => None,
            Self::Set(value) => Some(set(value)),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Remove, Self::Set))
    }
}

impl<T: JsonSchema> JsonSchema for Patch<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        format!("Patch{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Option::<T>::json_schema(generator)
    }
}

/// The WhatsApp number of an agent.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WhatsAppInput {
    /// Switched on; it is if this is left out.
    #[serde(default)]
    pub enabled: Option<bool>,
    /// The integration it sends through.
    pub integration_id: IntegrationId,
    /// The number, by its id at the provider; left out, the integration's own.
    #[serde(default)]
    pub phone_number_id: Option<Label<64>>,
}

/// What an agent does by itself.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BehaviourInput {
    /// To be sent at once in answer to every message. It is kept; nothing answers by itself yet.
    pub auto_reply: Option<Label<1000>>,
    /// To be sent in answer to the first message of a conversation. It is kept; nothing answers by itself yet.
    pub greeting: Option<Label<1000>>,
    /// The language it speaks, such as `en` or `pt-BR` (BCP 47).
    pub language: Option<Label<35>>,
}

/// `arn:{partition}:sqs:{region}:{account}:{name}`.
const QUEUE_ARN: &str =
    r"^arn:aws[0-9A-Za-z._-]{0,17}:sqs:[0-9A-Za-z._-]{1,32}:[0-9]{12}:[0-9A-Za-z._-]{1,80}$";

/// Where messages for an agent are delivered.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum DestinationInput {
    /// An address of the organisation's own, called with a signature of the Standard Webhooks specification.
    Https {
        /// `https://`, a host name, and the rest.
        #[schemars(extend("pattern" = r"^https://[!-~]+$", "maxLength" = 2048))]
        url: String,
    },
    /// A queue.
    Sqs {
        /// Its ARN.
        #[schemars(extend("pattern" = QUEUE_ARN))]
        queue_arn: String,
    },
    /// An inbox of a connected Chatwoot.
    Chatwoot {
        /// The Chatwoot.
        integration_id: IntegrationId,
        /// Its inbox.
        inbox_id: Ranged<1, 9_007_199_254_740_991>,
    },
}

/// An agent.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AgentView<'a> {
    /// Its id.
    pub id: &'a AgentId,
    /// What people call it.
    pub name: &'a str,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<&'a str>,
    /// Switched on.
    pub enabled: bool,
    /// Through which WhatsApp number it speaks, and how that stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub whatsapp: Option<WhatsAppView<'a>>,
    /// What it does by itself.
    pub behaviour: &'a domain::agent::Behaviour,
    /// Where messages for it are to be delivered; for admins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination: Option<&'a Destination>,
    /// It is to get what no other agent is bound to.
    pub is_default: bool,
    /// Rises with every change; the entity tag is made of it.
    pub revision: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: &'a UserId,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// By whom.
    pub updated_by: &'a UserId,
}

/// An agent's WhatsApp number and how it stands.
#[derive(Debug, Serialize, JsonSchema)]
pub struct WhatsAppView<'a> {
    /// Switched on.
    pub enabled: bool,
    /// The integration it sends through.
    pub integration_id: &'a IntegrationId,
    /// The number, by its id at the provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number_id: Option<&'a str>,
    /// The number itself, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<E164>,
    /// How the integration stands; absent if it was removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
}

impl<'a> AgentView<'a> {
    /// As somebody sees it who manages agents, or does not.
    pub fn new(agent: &'a Agent, whatsapp: Option<WhatsAppView<'a>>, manages: bool) -> Self {
        Self {
            id: &agent.id,
            name: &agent.name,
            description: agent.description.as_deref(),
            enabled: agent.enabled,
            whatsapp,
            behaviour: &agent.behaviour,
            destination: agent.destination.as_ref().filter(|_| manages),
            is_default: agent.is_default,
            revision: agent.revision,
            created_at: agent.created_at,
            created_by: &agent.created_by,
            updated_at: agent.updated_at,
            updated_by: &agent.updated_by,
        }
    }
}
