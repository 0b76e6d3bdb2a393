//! Calls through Exotel (S1-30 to S1-34).

use async_trait::async_trait;
use domain::Failure;

use super::check::{self, OwnNumber};
use super::{DOCUMENTATION, accounts, clusters, fields, numbers};
use crate::descriptor::{Availability, Capability, Category, Descriptor, planned, ready};
use crate::field::{Field, Form};
use crate::{Accounts, Checked, Connection, PhoneNumber, PhoneNumbers, Provider, Settings};

/// Calls through Exotel.
#[derive(Debug)]
pub(crate) struct ExotelPhone;

static DESCRIPTOR: Descriptor = Descriptor {
    id: "exotel_phone",
    name: "Exotel Phone",
    description: "Calls, call flows and recordings through your own Exotel account.",
    icon: "📞",
    category: Category::Voice,
    availability: Availability::Ready,
    requires_oauth: false,
    base_url: clusters::FIRST_ADDRESS,
    documentation: DOCUMENTATION,
    capabilities: &[
        ready(Capability::PhoneNumbers),
        planned(Capability::ClickToCall),
        planned(Capability::CallFlows),
        planned(Capability::Recordings),
        planned(Capability::Statuses),
        planned(Capability::CallAnalytics),
    ],
    fields: &[
        fields::ACCOUNT_SID,
        fields::API_KEY,
        fields::API_TOKEN,
        Field::setting(
            "virtual_number",
            "Virtual number",
            "Exotel dashboard → ExoPhones: the number that calls are made from.",
            Form::Phone,
            "01140001000",
        )
        .platform("EXOTEL_PHONE_NUMBER"),
        Field::setting(
            "caller_id",
            "Caller ID",
            "The number that people see when they are called, another one of Exotel dashboard → ExoPhones. The virtual \
             number if left out.",
            Form::Phone,
            "01140001001",
        )
        .optional(),
        fields::REGION,
        // v3 is a beta on hosts of its own (T6), so it is chosen, never assumed.
        Field::setting(
            "voice_api",
            "Voice API",
            "Leave as it is unless Exotel has enabled the beta of its v3 voice API for the account.",
            Form::Choice { of: &["v1", "v3"] },
            "v1",
        )
        .default("v1"),
    ],
};

const OWN_NUMBERS: [OwnNumber; 2] = [
    OwnNumber {
        field: "virtual_number",
        is_unable: |phone| phone.voice == Some(false),
        warning: "Exotel says that the virtual number cannot make calls: have voice enabled for it.",
    },
    OwnNumber {
        field: "caller_id",
        is_unable: |phone| phone.voice == Some(false),
        warning: "Exotel says that the caller ID cannot make calls: have voice enabled for it.",
    },
];

#[async_trait]
impl Provider for ExotelPhone {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    fn accounts(&self, settings: &Settings) -> Accounts {
        accounts(settings, "virtual_number")
    }

    async fn check(&self, connection: Connection<'_>) -> Result<Checked, Failure> {
        check::check(connection, &OWN_NUMBERS).await
    }

    fn phone_numbers(&self) -> Option<&dyn PhoneNumbers> {
        Some(self)
    }
}

#[async_trait]
impl PhoneNumbers for ExotelPhone {
    async fn list(&self, connection: Connection<'_>) -> Result<Vec<PhoneNumber>, Failure> {
        numbers::all(connection).await
    }
}
