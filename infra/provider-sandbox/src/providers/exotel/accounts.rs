//! Made-up accounts: a SID, an API key with its token, and numbers (ExoPhones). The same for all types of integrations.

use serde_json::{Map, Value, json};

use super::error::RestException;
use crate::accounts::{self, Blueprint, made_up};

/// What is special about an account.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Ordinary,
    /// Lives in Mumbai; all others live in Singapore.
    Mumbai,
    /// Everything is refused, though the credentials are good.
    Suspended,
    /// The same, for want of money.
    NoBalance,
    /// Of the early days: its SID is its API key.
    Old,
    /// Has more numbers than fit in two pages.
    Many,
}

pub(super) type Account = accounts::Account<Kind>;
pub(super) type Accounts = accounts::Accounts<Kind>;

pub(super) const BLUEPRINT: Blueprint<Kind> = Blueprint {
    fixed: &[
        ("one", Kind::Ordinary),
        ("two", Kind::Mumbai),
        ("suspended", Kind::Suspended),
        ("no_balance", Kind::NoBalance),
        ("old", Kind::Old),
        ("many", Kind::Many),
    ],
    secret_fields: &["api_key", "api_token"],
    configuration: shared_configuration,
};

/// What all types of integrations are configured with.
fn shared_configuration(_: &str, number: u64, kind: Kind) -> Map<String, Value> {
    let sid = format!("sandbox{}", 1_000 + number);
    let key = match kind {
        Kind::Old => sid.clone(),
        _ => made_up("Exotel API key", number, 48),
    };
    let token = made_up("Exotel API token", number, 48);
    let fields = [("account_sid", sid), ("api_key", key), ("api_token", token)];
    let fields = fields.map(|(name, value)| (name.to_owned(), value.into()));
    fields.into_iter().collect()
}

impl Account {
    pub(super) fn sid(&self) -> &str {
        self.text("account_sid")
    }

    /// Where its region is reached.
    pub(super) fn host(&self) -> &'static str {
        match self.kind {
            Kind::Mumbai => "api.in.exotel.com",
            _ => "api.exotel.com",
        }
    }

    /// Why everything is refused, where it is.
    pub(super) fn refusal(&self) -> Option<RestException> {
        match self.kind {
            Kind::Suspended => Some(RestException::suspended()),
            Kind::NoBalance => Some(RestException::no_balance()),
            _ => None,
        }
    }

    pub(super) fn numbers(&self) -> impl ExactSizeIterator<Item = Number> {
        let count = if self.kind == Kind::Many { 120 } else { 4 };
        (0..count).map(|place| self.number_at(place))
    }

    fn number_at(&self, place: u32) -> Number {
        Number(1_140_000_000 + 1_000 * self.number + u64::from(place))
    }

    /// What an integration for calls is configured with besides.
    pub(super) fn for_calls(&self) -> Value {
        json!({
            "virtual_number": self.number_at(0).national(),
            "caller_id": self.number_at(1).international(),
        })
    }

    /// The same for WhatsApp, whose numbers are in no list: they belong to a WhatsApp Business account.
    pub(super) fn for_whatsapp(&self) -> Value {
        json!({
            "whatsapp_number": Number(8_040_000_000 + self.number).international(),
            "business_name": format!("Sandbox stores {}", self.name),
            "auto_reply": true,
            "auto_reply_text": "Thank you for writing. We answer within a day.",
        })
    }

    /// The same for text messages, with the id under which their sender is registered in India.
    pub(super) fn for_sms(&self) -> Value {
        json!({
            "sender": self.number_at(0).national(),
            "dlt_entity_id": (1_101_000_000_000_000_001 + self.number).to_string(),
        })
    }
}

/// An Indian number: ten digits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Number(u64);

impl Number {
    pub(super) fn international(self) -> String {
        format!("+91{}", self.0)
    }

    /// As people in India write it.
    pub(super) fn national(self) -> String {
        format!("0{}", self.0)
    }
}
