//! ElevenLabs Agents: an AI that calls people.
//!
//! Sources: <https://elevenlabs.io/docs/api-reference/agents/get>,
//! <https://elevenlabs.io/docs/api-reference/phone-numbers/get>,
//! <https://elevenlabs.io/docs/eleven-api/resources/errors>, and for the hosts `environment.py` of
//! <https://github.com/elevenlabs/elevenlabs-python>.

mod check;
mod errors;

use async_trait::async_trait;
use domain::Failure;
use serde_json::{Map, Value};

use crate::descriptor::{Availability, Capability, Category, Descriptor, planned};
use crate::field::{Field, Form};
use crate::{Accounts, Checked, Connection, Provider};

/// ElevenLabs Agents.
#[derive(Debug)]
pub(crate) struct ElevenLabs;

/// What ElevenLabs is called in sentences.
const SERVICE: &str = "ElevenLabs";

const GLOBAL_HOST: &str = "https://api.elevenlabs.io";

/// The host that serves a region's workspaces. Keys and ids of one region mean nothing in another.
fn host(region: &str) -> &'static str {
    match region {
        "us" => "https://api.us.elevenlabs.io",
        "eu" => "https://api.eu.residency.elevenlabs.io",
        "in" => "https://api.in.residency.elevenlabs.io",
        "sg" => "https://api.sg.residency.elevenlabs.io",
        _ => GLOBAL_HOST,
    }
}

static DESCRIPTOR: Descriptor = Descriptor {
    id: "elevenlabs",
    name: "ElevenLabs",
    description: "Calls by an AI agent of your own ElevenLabs workspace.",
    icon: "🤖",
    category: Category::Voice,
    availability: Availability::Ready,
    requires_oauth: false,
    base_url: GLOBAL_HOST,
    documentation: "https://elevenlabs.io/docs/api-reference/authentication",
    capabilities: &[
        planned(Capability::AiCalls),
        planned(Capability::BatchCalls),
        planned(Capability::Statuses),
        planned(Capability::Conversations),
        planned(Capability::PhoneNumbers),
        planned(Capability::WebhookRegistration),
    ],
    fields: &[
        Field::secret(
            "api_key",
            "API key",
            "ElevenLabs → Developers → API Keys → Create key, with read and write access to ElevenAgents. Read access \
             to User also shows your plan.",
            Form::Token { min: 16, max: 256 },
            "sk_example0123456789abcdef0123456789",
        )
        .platform("ELEVENLABS_API_KEY"),
        Field::setting(
            "agent_id",
            "Agent ID",
            "ElevenLabs → Agents → your agent: it stands under the name and in the page's address.",
            Form::Token { min: 8, max: 64 },
            "agent_0000000000000000000000a001",
        )
        .platform("ELEVENLABS_AGENT_ID"),
        Field::setting(
            "phone_number_id",
            "Phone number ID",
            "ElevenLabs → Agents → Phone Numbers → the number that calls. It is ElevenLabs' own ID, not that of the \
             telephone company. Found for you if left out and the agent has one number.",
            Form::Token { min: 8, max: 64 },
            "phnum_0000000000000000000000p001",
        )
        .optional()
        .platform("ELEVENLABS_PHONE_NUMBER_ID"),
        Field::setting(
            "region",
            "Data residency",
            "Leave as it is, unless your workspace was made for a region: its dashboard then has the region in its \
             address.",
            Form::Choice {
                of: &["global", "us", "eu", "in", "sg"],
            },
            "global",
        )
        .default("global"),
    ],
};

#[async_trait]
impl Provider for ElevenLabs {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    /// Ids are unique in their workspace only, and one agent may call for several integrations: none is exclusive.
    fn accounts(&self, settings: &Map<String, Value>) -> Accounts {
        let named = ["agent_id", "phone_number_id"].into_iter();
        let ids = named.filter_map(|name| settings.get(name)?.as_str());
        Accounts {
            exclusive: Vec::new(),
            shared: ids.map(str::to_owned).collect(),
        }
    }

    async fn check(&self, connection: Connection<'_>) -> Result<Checked, Failure> {
        let region = connection.setting("region").unwrap_or_default();
        check::check(connection.at(host(region))).await
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_region_has_a_host_of_its_own() {
        let region = DESCRIPTOR.fields.iter().find(|f| f.name == "region");
        let Some(Form::Choice { of }) = region.map(|field| field.form) else {
            panic!("the region is a choice");
        };
        let hosts: BTreeSet<_> = of.iter().map(|region| host(region)).collect();
        assert_eq!(hosts.len(), of.len());
        for host in hosts {
            assert!(host.ends_with(".elevenlabs.io") && Form::Address.fits(host));
        }
    }
}
