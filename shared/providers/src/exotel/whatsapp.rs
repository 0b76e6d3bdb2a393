//! WhatsApp through Exotel (S1-36 to S1-40).

use async_trait::async_trait;
use domain::Failure;

use super::{DOCUMENTATION, accounts, check, clusters, fields};
use crate::descriptor::{Availability, Capability, Category, Descriptor, planned};
use crate::field::{Field, Form};
use crate::{Accounts, Checked, Connection, Provider, Settings};

/// WhatsApp through Exotel.
#[derive(Debug)]
pub(crate) struct ExotelWhatsApp;

static DESCRIPTOR: Descriptor = Descriptor {
    id: "exotel_whatsapp",
    name: "Exotel WhatsApp Business API",
    description: "WhatsApp Business messages through your own Exotel account.",
    icon: "📱",
    category: Category::Messaging,
    availability: Availability::Ready,
    requires_oauth: false,
    base_url: clusters::FIRST_ADDRESS,
    documentation: DOCUMENTATION,
    capabilities: &[
        planned(Capability::Messages),
        planned(Capability::Media),
        planned(Capability::Templates),
        planned(Capability::Statuses),
        planned(Capability::AutoReply),
    ],
    fields: &[
        fields::ACCOUNT_SID,
        fields::API_KEY,
        fields::API_TOKEN,
        Field::setting(
            "whatsapp_number",
            "WhatsApp number",
            "Exotel dashboard → WhatsApp: the number that was set up for WhatsApp Business.",
            Form::Phone,
            "+911140001002",
        )
        .platform("EXOTEL_WHATSAPP_NUMBER"),
        Field::setting(
            "business_name",
            "Business name",
            "Exotel dashboard → WhatsApp: the display name beside the number, as people see it.",
            Form::Text { max: 128 },
            "Example Stores",
        )
        .optional(),
        Field::setting(
            "auto_reply",
            "Reply automatically",
            "Whether people who write are answered at once with the text below.",
            Form::Flag,
            "true",
        )
        .default("false"),
        Field::setting(
            AUTO_REPLY_TEXT,
            "Automatic reply",
            "What people who write are answered at once; your own words.",
            Form::Text { max: 1024 },
            "Thank you for writing. We answer within a day.",
        )
        .optional(),
        fields::REGION,
    ],
};

const AUTO_REPLY_TEXT: &str = "auto_reply_text";

#[async_trait]
impl Provider for ExotelWhatsApp {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    fn accounts(&self, settings: &Settings) -> Accounts {
        accounts(settings, "whatsapp_number")
    }

    fn contradictions(&self, settings: &Settings) -> Vec<(&'static str, &'static str)> {
        let replies = settings.get("auto_reply").is_some_and(|flag| flag == true);
        if replies && !settings.contains_key(AUTO_REPLY_TEXT) {
            vec![(AUTO_REPLY_TEXT, "is required while auto_reply is on")]
        } else {
            Vec::new()
        }
    }

    /// WhatsApp numbers are not in the account's list, and no call but a send proves one.
    async fn check(&self, connection: Connection<'_>) -> Result<Checked, Failure> {
        let mut checked = check::check(connection, &[]).await?;
        checked.warnings.push(
            "The account is verified. Whether the whatsapp_number belongs to it shows with the first message: Exotel \
             has no call that tells."
                .into(),
        );
        Ok(checked)
    }
}
