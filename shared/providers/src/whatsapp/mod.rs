//! WhatsApp through Meta's Cloud API on the Graph API.
//!
//! Sources: <https://developers.facebook.com/docs/whatsapp/cloud-api> (messages, phone numbers, webhooks),
//! <https://developers.facebook.com/docs/graph-api/guides/error-handling>.

mod check;
mod errors;
mod graph;
mod messages;
mod registration;
mod webhook;

use async_trait::async_trait;
use domain::Failure;
use serde_json::{Map, Value};

use crate::descriptor::{Capability, Descriptor, Field, Form};
use crate::{Accounts, Checked, Connection, Messages, Provider, Webhooks};

/// WhatsApp through Meta's Cloud API.
#[derive(Debug)]
pub(crate) struct WhatsApp;

/// The Graph version that is called when nothing else is set; served until July 2028.
const GRAPH_VERSION: &str = "v25.0";

static DESCRIPTOR: Descriptor = Descriptor {
    id: "whatsapp",
    name: "WhatsApp",
    description: "WhatsApp Business messages through your own Meta account.",
    base_url: "https://graph.facebook.com",
    documentation: "https://developers.facebook.com/docs/whatsapp/business-management-api/get-started",
    capabilities: &[
        Capability::Messages,
        Capability::Templates,
        Capability::Media,
        Capability::Statuses,
        Capability::WebhookRegistration,
    ],
    fields: &[
        Field {
            name: "access_token",
            label: "System user access token",
            help: "Meta Business settings → Users → System users → Generate token, with the permissions \
                   whatsapp_business_messaging and whatsapp_business_management.",
            secret: true,
            required: true,
            form: Form::Token { min: 20, max: 4096 },
            example: "EAAG…",
            default: None,
        },
        Field {
            name: "phone_number_id",
            label: "Phone number ID",
            help: "WhatsApp Manager → API setup, under the number. It is not the phone number itself.",
            secret: false,
            required: true,
            form: Form::Digits,
            example: "106540352242922",
            default: None,
        },
        Field {
            name: "waba_id",
            label: "WhatsApp Business Account ID",
            help: "WhatsApp Manager → API setup. Found for you if left out.",
            secret: false,
            required: false,
            form: Form::Digits,
            example: "102290129340398",
            default: None,
        },
        Field {
            name: "app_id",
            label: "Meta app ID",
            help: "App Dashboard → App settings → Basic. Found for you if left out.",
            secret: false,
            required: false,
            form: Form::Digits,
            example: "670843887433847",
            default: None,
        },
        Field {
            name: "app_secret",
            label: "Meta app secret",
            help: "App Dashboard → App settings → Basic → App secret. Without it no incoming message or status \
                   can be authenticated, so none is received.",
            secret: true,
            required: false,
            form: Form::Hex { min: 16, max: 128 },
            example: "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
            default: None,
        },
        Field {
            name: "graph_version",
            label: "Graph API version",
            help: "Leave as it is unless Meta announces the end of this version.",
            secret: false,
            required: false,
            form: Form::GraphVersion,
            example: GRAPH_VERSION,
            default: Some(GRAPH_VERSION),
        },
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
}
