//! An agent: who answers a tenant's conversations, through which number it speaks, and where it is reached.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{AgentId, IntegrationId, TenantId, UserId};
use crate::time::Timestamp;

/// An agent of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Agent {
    /// Its id.
    pub id: AgentId,
    /// Whose it is.
    #[serde(skip)]
    pub tenant: TenantId,
    /// What people call it.
    pub name: String,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Switched on.
    pub enabled: bool,
    /// Through which WhatsApp number it speaks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub whatsapp: Option<AgentWhatsApp>,
    /// What it does by itself.
    pub behaviour: Behaviour,
    /// Where messages for it are delivered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination: Option<Destination>,
    /// It gets what no other agent is bound to. At most one agent of a tenant is the default.
    pub is_default: bool,
    /// Rises with every change; the optimistic lock.
    pub revision: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: UserId,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// By whom.
    pub updated_by: UserId,
}

/// The WhatsApp number of an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AgentWhatsApp {
    /// Switched on: off, the agent sends as if it were bound to nothing.
    pub enabled: bool,
    /// The integration it sends through, and through no other.
    #[serde(alias = "integrationId", alias = "integration_id")]
    pub integration: IntegrationId,
    /// The number, by its id at the provider; left out, the integration's own.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        alias = "phoneNumberId"
    )]
    pub phone_number_id: Option<String>,
}

/// What an agent does by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Behaviour {
    /// Sent at once in answer to every message.
    #[serde(skip_serializing_if = "Option::is_none", alias = "autoReply")]
    pub auto_reply: Option<String>,
    /// Sent in answer to the first message of a conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub greeting: Option<String>,
    /// The language it speaks, such as `en` or `pt-BR` (BCP 47).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

/// Where messages for an agent are delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Destination {
    /// An address of the tenant's, called with a signature of the Standard Webhooks specification.
    Https {
        /// `https://` and the rest.
        url: String,
    },
    /// A queue.
    Sqs {
        /// Its ARN.
        #[serde(alias = "queueArn")]
        queue_arn: String,
    },
    /// An inbox of a connected Chatwoot.
    Chatwoot {
        /// The Chatwoot.
        #[serde(alias = "integrationId")]
        integration_id: IntegrationId,
        /// Its inbox.
        #[serde(alias = "inboxId")]
        inbox_id: u64,
    },
}

/// What choosing a credential needs to know of an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// It sends through this integration and no other.
    pub integration: IntegrationId,
    /// From this number (an id at the provider); `None` for whichever the integration has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Agent and number are switched on: else it is as if there were no binding.
    pub enabled: bool,
}

impl Agent {
    /// What it is bound to.
    pub fn binding(&self) -> Option<Binding> {
        let whatsapp = self.whatsapp.as_ref()?;
        Some(Binding {
            integration: whatsapp.integration.clone(),
            account: whatsapp.phone_number_id.clone(),
            enabled: self.enabled && whatsapp.enabled,
        })
    }

    /// The integrations that it names: the one it sends through, and the one that its messages are delivered to.
    pub fn integrations(&self) -> BTreeSet<&IntegrationId> {
        let sends = self.whatsapp.as_ref().map(|number| &number.integration);
        let gets = match &self.destination {
            Some(Destination::Chatwoot { integration_id, .. }) => Some(integration_id),
            _ => None,
        };
        sends.into_iter().chain(gets).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_binding_is_on_if_agent_and_number_are() {
        let mut whatsapp = AgentWhatsApp {
            enabled: true,
            integration: IntegrationId::make(),
            phone_number_id: None,
        };
        let mut agent = agent();
        assert_eq!(agent.binding(), None);
        for (agent_on, number_on) in [(true, true), (true, false), (false, true)] {
            (agent.enabled, whatsapp.enabled) = (agent_on, number_on);
            agent.whatsapp = Some(whatsapp.clone());
            let binding = agent.binding().expect("bound");
            assert_eq!(binding.enabled, agent_on && number_on);
            assert_eq!(binding.integration, whatsapp.integration);
        }
    }

    #[test]
    fn destinations_are_told_apart_by_their_type() {
        let integration_id = IntegrationId::make();
        let id = integration_id.as_str();
        for (read, written) in [
            (
                json!({"type": "chatwoot", "integrationId": id, "inboxId": 7}),
                json!({"type": "chatwoot", "integration_id": id, "inbox_id": 7}),
            ),
            (
                json!({"type": "sqs", "queueArn": "arn:aws:sqs:eu-west-1:1:q"}),
                json!({"type": "sqs", "queue_arn": "arn:aws:sqs:eu-west-1:1:q"}),
            ),
            (
                json!({"type": "https", "url": "https://agents.example.com"}),
                json!({"type": "https", "url": "https://agents.example.com"}),
            ),
        ] {
            let destination: Destination = serde_json::from_value(read).expect("a destination");
            assert_eq!(serde_json::to_value(destination).expect("JSON"), written);
        }
        let unknown = json!({"type": "smtp", "url": "https://agents.example.com"});
        assert!(serde_json::from_value::<Destination>(unknown).is_err());
    }

    #[test]
    fn neither_an_agents_answer_nor_its_schema_tells_the_tenant() {
        let shown = serde_json::to_value(agent()).expect("JSON");
        let schema = serde_json::to_value(schemars::schema_for!(Agent)).expect("JSON");
        let names = |object: &Value| -> BTreeSet<String> {
            object
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, _)| name.clone())
                .collect()
        };
        let described = names(&schema["properties"]);
        assert!(names(&shown).is_subset(&described), "{described:?}");
        assert!(!described.contains("tenant"));
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "a test is a trusted source of tenants"
    )]
    fn agent() -> Agent {
        let user = UserId::parse("u-1").expect("a user");
        Agent {
            id: AgentId::make(),
            tenant: TenantId::from_trusted_source("t_1").expect("a tenant"),
            name: "Support".into(),
            description: None,
            enabled: true,
            whatsapp: None,
            behaviour: Behaviour::default(),
            destination: None,
            is_default: false,
            revision: 1,
            created_at: Timestamp::default(),
            created_by: user.clone(),
            updated_at: Timestamp::default(),
            updated_by: user,
        }
    }
}
