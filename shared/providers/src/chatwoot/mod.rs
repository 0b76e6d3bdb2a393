//! Chatwoot: conversations, contacts and agents on a server of the tenant's own, or in Chatwoot's cloud.
//!
//! Sources: <https://developers.chatwoot.com/api-reference/introduction>, and the server's code at
//! <https://github.com/chatwoot/chatwoot> (4.13.0) for what it answers.

mod check;

use async_trait::async_trait;
use domain::Failure;
use serde_json::{Map, Value};

use crate::descriptor::{Availability, Capability, Category, Descriptor, planned};
use crate::field::{Field, Form};
use crate::{Accounts, Checked, Connection, Provider};

/// Chatwoot.
#[derive(Debug)]
pub(crate) struct Chatwoot;

static DESCRIPTOR: Descriptor = Descriptor {
    id: "chatwoot",
    name: "Chatwoot",
    description: "Conversations and contacts in your own Chatwoot, in the cloud or on your server.",
    icon: "🎧",
    category: Category::Crm,
    availability: Availability::Ready,
    requires_oauth: false,
    base_url: "",
    documentation: "https://www.chatwoot.com/hc/user-guide/articles/1757445004-how-to-find-your-personal-access-token-in-chatwoot",
    capabilities: &[
        planned(Capability::Inboxes),
        planned(Capability::AgentBots),
        planned(Capability::Contacts),
        planned(Capability::Messages),
        planned(Capability::WebhookRegistration),
    ],
    fields: &[
        Field::setting(
            "base_url",
            "Base URL",
            "The start of the address at which you use Chatwoot: https://app.chatwoot.com in the cloud, else your own \
             server's.",
            Form::Address,
            "https://chat.example.com",
        )
        .platform("CHATWOOT_BASE_URL"),
        Field::setting(
            "account_id",
            "Account ID",
            "Chatwoot → Settings → Account Settings; it is also the number behind /accounts/ in the address of every \
             page.",
            Form::Number,
            "7",
        )
        .platform("CHATWOOT_ACCOUNT_ID"),
        Field::secret(
            "api_key",
            "API access token",
            "Chatwoot → your picture → Profile Settings → Access Token. Take that of a user of its own who is an \
             administrator of the account.",
            Form::Token { min: 16, max: 256 },
            "0f1E2d3C4b5A69788796a5B4",
        )
        .also(&["api_token", "access_token", "api_access_token"])
        .platform("CHATWOOT_API_KEY"),
        Field::setting(
            "auto_create_inboxes",
            "Create inboxes",
            "Whether inboxes are made in the account for your numbers. Takes an administrator's token.",
            Form::Flag,
            "true",
        )
        .default("true"),
        Field::setting(
            "auto_create_bots",
            "Create agent bots",
            "Whether an agent bot is made that answers in those inboxes. Takes an administrator's token and Chatwoot \
             1.17 or later.",
            Form::Flag,
            "true",
        )
        .default("true"),
        Field::setting(
            "sync_contacts",
            "Synchronise contacts",
            "Whether contacts are kept the same here and in Chatwoot. Takes an administrator's token.",
            Form::Flag,
            "true",
        )
        .default("true"),
    ],
};

#[async_trait]
impl Provider for Chatwoot {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    /// The number of an account means something on its own server only, and several users may connect one account, each
    /// with a token of their own: it is not exclusive.
    fn accounts(&self, settings: &Map<String, Value>) -> Accounts {
        let account = settings.get("account_id").and_then(Value::as_str);
        Accounts {
            exclusive: Vec::new(),
            shared: account.map(str::to_owned).into_iter().collect(),
        }
    }

    async fn check(&self, connection: Connection<'_>) -> Result<Checked, Failure> {
        check::check(connection).await
    }
}
