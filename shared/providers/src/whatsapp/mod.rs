//! WhatsApp through Meta's Cloud API on the Graph API.
//!
//! Sources: <https://developers.facebook.com/docs/whatsapp/cloud-api> (messages, phone numbers, webhooks),
//! <https://developers.facebook.com/docs/graph-api/guides/error-handling>.

mod check;
mod errors;
mod graph;
mod lists;
mod messages;
mod phone_numbers;
mod registration;
mod templates;
mod webhook;

use async_trait::async_trait;
use domain::Failure;
use serde_json::{Map, Value};

use crate::descriptor::{Availability, Capability, Category, Descriptor, planned, ready};
use crate::field::{Field, Form};
use crate::{Accounts, Checked, Connection, Messages, PhoneNumbers, Provider, Templates, Webhooks};

/// WhatsApp through Meta's Cloud API.
#[derive(Debug)]
pub(crate) struct WhatsApp;

/// The Graph version that is called when nothing else is set; served until July 2028.
const GRAPH_VERSION: &str = "v25.0";

static DESCRIPTOR: Descriptor = Descriptor {
    id: "whatsapp",
    name: "WhatsApp",
    description: "WhatsApp Business messages through your own Meta account.",
    icon: "💬",
    category: Category::Messaging,
    availability: Availability::Ready,
    requires_oauth: false,
    base_url: "https://graph.facebook.com",
    documentation: "https://developers.facebook.com/docs/whatsapp/business-management-api/get-started",
    capabilities: &[
        ready(Capability::Messages),
        ready(Capability::Templates),
        ready(Capability::Media),
        ready(Capability::Statuses),
        ready(Capability::WebhookRegistration),
        ready(Capability::TokenExpiry),
        ready(Capability::PhoneNumbers),
        planned(Capability::EmbeddedSignup),
    ],
    fields: &[
        Field::secret(
            "access_token",
            "System user access token",
            "Meta Business settings → Users → System users → Generate token, with the permissions \
             whatsapp_business_messaging and whatsapp_business_management.",
            Form::Token { min: 20, max: 4096 },
            "EAAGexample0123456789abcdef",
        )
        .platform("WHATSAPP_ACCESS_TOKEN"),
        Field::setting(
            "phone_number_id",
            "Phone number ID",
            "WhatsApp Manager → API setup, under the number. It is not the phone number itself.",
            Form::Digits,
            "106540352242922",
        )
        .platform("WHATSAPP_PHONE_NUMBER_ID"),
        Field::setting(
            "waba_id",
            "WhatsApp Business Account ID",
            "WhatsApp Manager → API setup. Found for you if left out.",
            Form::Digits,
            "102290129340398",
        )
        .optional()
        .also(&["business_account_id"])
        .platform("WHATSAPP_BUSINESS_ACCOUNT_ID"),
        Field::setting(
            "app_id",
            "Meta app ID",
            "App Dashboard → App settings → Basic. Found for you if left out.",
            Form::Digits,
            "670843887433847",
        )
        .optional(),
        Field::secret(
            "app_secret",
            "Meta app secret",
            "App Dashboard → App settings → Basic → App secret. Without it no incoming message or status \
             can be authenticated, so none is received.",
            Form::Hex { min: 16, max: 128 },
            "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
        )
        .optional(),
        Field::setting(
            "graph_version",
            "Graph API version",
            "Leave as it is unless Meta announces the end of this version.",
            Form::GraphVersion,
            GRAPH_VERSION,
        )
        .default(GRAPH_VERSION),
    ],
};

#[async_trait]
impl Provider for WhatsApp {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    fn accounts(&self, settings: &Map<String, Value>) -> Accounts {
        let of = |name| {
            settings
                .get(name)
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        Accounts {
            exclusive: of("phone_number_id").into_iter().collect(),
            shared: of("waba_id").into_iter().collect(),
        }
    }

    fn contradictions(&self, settings: &Map<String, Value>) -> Vec<(&'static str, &'static str)> {
        let same = settings
            .get("waba_id")
            .is_some_and(|waba| settings.get("phone_number_id") == Some(waba));
        if same {
            vec![(
                "waba_id",
                "is the phone number ID; the account has an ID of its own",
            )]
        } else {
            Vec::new()
        }
    }

    async fn check(&self, connection: Connection<'_>) -> Result<Checked, Failure> {
        check::check(connection).await
    }

    fn messages(&self) -> Option<&dyn Messages> {
        Some(self)
    }

    fn webhooks(&self) -> Option<&dyn Webhooks> {
        Some(self)
    }

    fn phone_numbers(&self) -> Option<&dyn PhoneNumbers> {
        Some(self)
    }

    fn templates(&self) -> Option<&dyn Templates> {
        Some(self)
    }
}
