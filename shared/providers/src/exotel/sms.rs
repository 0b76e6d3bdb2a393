//! Text messages through Exotel (S1-85). In India they carry the ids under which sender and text are registered (DLT,
//! T25).

use async_trait::async_trait;
use domain::Failure;

use super::check::{self, OwnNumber};
use super::{DOCUMENTATION, accounts, clusters, fields};
use crate::descriptor::{Availability, Capability, Category, Descriptor, planned};
use crate::field::{Field, Form};
use crate::{Accounts, Checked, Connection, Provider, Settings};

/// Text messages through Exotel.
#[derive(Debug)]
pub(crate) struct ExotelSms;

static DESCRIPTOR: Descriptor = Descriptor {
    id: "exotel_sms",
    name: "Exotel SMS",
    description: "Text messages through your own Exotel account.",
    icon: "📨",
    category: Category::Messaging,
    availability: Availability::Ready,
    requires_oauth: false,
    base_url: clusters::FIRST_ADDRESS,
    documentation: DOCUMENTATION,
    capabilities: &[
        planned(Capability::Messages),
        planned(Capability::DltFields),
        planned(Capability::Statuses),
    ],
    fields: &[
        fields::ACCOUNT_SID,
        fields::API_KEY,
        fields::API_TOKEN,
        Field::setting(
            SENDER,
            "Sender",
            "Exotel dashboard → ExoPhones for a number, Settings → SMS settings for an approved sender ID.",
            Form::Token { min: 3, max: 20 },
            "SHOPIN",
        )
        .also(&["sms_number", "sender_id"])
        .platform("EXOTEL_SMS_NUMBER"),
        Field::setting(
            "dlt_entity_id",
            "DLT entity ID",
            "Exotel dashboard → Settings → SMS settings, or your DLT operator's portal. Needed for messages to India.",
            Form::Number,
            "1101000000000012345",
        )
        .optional(),
        fields::REGION,
    ],
};

const SENDER: &str = "sender";

const OWN_NUMBER: OwnNumber = OwnNumber {
    field: SENDER,
    is_unable: |phone| phone.sms == Some(false),
    warning: "Exotel says that the sender cannot send text messages: have SMS enabled for the number.",
};

#[async_trait]
impl Provider for ExotelSms {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    fn accounts(&self, settings: &Settings) -> Accounts {
        accounts(settings, SENDER)
    }

    async fn check(&self, connection: Connection<'_>) -> Result<Checked, Failure> {
        let mut checked = check::check(connection, &[OWN_NUMBER]).await?;
        if check::number_in(connection, SENDER).is_none() {
            checked.warnings.push(
                "The account is verified. Whether the sender is approved for it shows with the first message: Exotel \
                 has no call that tells."
                    .into(),
            );
        }
        Ok(checked)
    }
}
