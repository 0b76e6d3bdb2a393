//! Outside services: one file or folder each, and one list.
//!
//! A provider is stateless; what varies per tenant comes in a [`Connection`]. Three things are
//! required of all: a descriptor, the accounts that a configuration lays claim to, and a check. What only some
//! can do are small traits, reached through accessors that default to `None`. Outside its own folder no code
//! knows a provider's name.

pub mod address;
mod chatwoot;
mod custom_crm;
pub mod descriptor;
mod elevenlabs;
mod exotel;
pub mod field;
pub mod form;
pub mod http;
mod hubspot;
pub mod overrides;
mod pace;
mod pipedrive;
mod planned;
pub mod platform;
mod reading;
mod retry_after;
mod salesforce;
mod whatsapp;
mod zoho_crm;
mod zoho_mail;

use async_trait::async_trait;
use domain::event::ProviderEvent;
use domain::ids::{MessageId, ProviderId};
use domain::phone::E164;
pub use domain::phone::NumberKind;
use domain::{Credentials, Failure, Timestamp};
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::descriptor::Descriptor;
use crate::http::Egress;
pub use crate::overrides::Overrides;
pub use crate::pace::Pace;

/// A tenant's values that are not secret, by field name.
pub type Settings = Map<String, Value>;

/// Every provider there is.
pub static ALL: Catalogue = &[
    &whatsapp::WhatsApp,
    &exotel::ExotelPhone,
    &exotel::ExotelWhatsApp,
    &exotel::ExotelSms,
    &elevenlabs::ElevenLabs,
    &chatwoot::Chatwoot,
    &salesforce::SALESFORCE,
    &hubspot::HUBSPOT,
    &zoho_crm::ZOHO_CRM,
    &pipedrive::PIPEDRIVE,
    &custom_crm::CustomCrm,
    &zoho_mail::ZOHO_MAIL,
];

/// Providers to choose among: [`ALL`], or those of a test.
pub type Catalogue = &'static [&'static dyn Provider];

/// The provider of that type.
pub fn find(id: &str) -> Option<&'static dyn Provider> {
    find_in(ALL, id)
}

/// The provider of that type in a catalogue.
pub fn find_in(catalogue: Catalogue, id: &str) -> Option<&'static dyn Provider> {
    catalogue
        .iter()
        .find(|provider| provider.descriptor().id == id)
        .copied()
}

/// The address that the tenant chose for its secrets to be sent to: the value of the one field whose form is an
/// [`field::Form::Address`]. `None` where the provider has one address for everybody.
pub fn chosen_address<'a>(
    provider: &dyn Provider,
    settings: &'a Map<String, Value>,
) -> Option<&'a str> {
    let mut fields = provider.descriptor().fields.iter();
    let field = fields.find(|field| field.form == field::Form::Address)?;
    settings.get(field.name)?.as_str()
}

/// One account of one tenant, ready to be called.
#[derive(Clone, Copy)]
pub struct Connection<'a> {
    /// Values that are not secret, by field name.
    pub settings: &'a Map<String, Value>,
    /// Secret values, by field name.
    pub credentials: &'a Credentials,
    /// Scheme, host and port to call, without a slash at the end.
    pub base_url: &'a str,
    /// Whether an operator chose that address, for all tenants: then there is no other.
    pub overridden: bool,
    /// The one way out.
    pub http: &'a Egress,
}

impl<'a> Connection<'a> {
    /// A setting that is text.
    pub fn setting(&self, name: &str) -> Option<&'a str> {
        self.settings.get(name)?.as_str()
    }

    /// A setting that is a flag; `false` if it is not set.
    pub fn flag(&self, name: &str) -> bool {
        self.settings.get(name).and_then(Value::as_bool) == Some(true)
    }

    /// The same account at another address of the provider's, such as that of a region; an address that an operator
    /// chose stands.
    #[must_use]
    pub fn at(mut self, base_url: &'a str) -> Self {
        if !self.overridden {
            self.base_url = base_url;
        }
        self
    }
}

/// What a provider told about working credentials.
#[derive(Debug, Clone, Default)]
pub struct Checked {
    /// What people recognise the account by, such as its phone number, and how it fares.
    pub facts: Map<String, Value>,
    /// Settings that were left out and that the provider knows.
    pub discovered: Map<String, Value>,
    /// When the token ends, where that is known.
    pub expires_at: Option<Timestamp>,
    /// What works but deserves attention, in sentences.
    pub warnings: Vec<String>,
}

/// Ids at the provider that a configuration names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Accounts {
    /// Those that may be configured once in all of Switchboard, such as a phone number.
    pub exclusive: Vec<String>,
    /// Those that several integrations may share, such as a business account.
    pub shared: Vec<String>,
}

/// An outside service.
#[async_trait]
pub trait Provider: Sync {
    /// Its fields and abilities.
    fn descriptor(&self) -> &'static Descriptor;

    /// The ids at the provider that these settings name.
    fn accounts(&self, settings: &Map<String, Value>) -> Accounts;

    /// Rules between fields that single fields cannot state: pairs of field name and sentence.
    fn contradictions(&self, _settings: &Map<String, Value>) -> Vec<(&'static str, &'static str)> {
        Vec::new()
    }

    /// Asks the provider whether the credentials work for what they are needed for.
    ///
    /// # Errors
    /// What the provider holds against them; [`domain::FailureKind::Unavailable`] or `Throttled` when it could not
    /// be asked, which says nothing about them.
    async fn check(&self, connection: Connection<'_>) -> Result<Checked, Failure>;

    /// Sends messages.
    fn messages(&self) -> Option<&dyn Messages> {
        None
    }

    /// Calls us.
    fn webhooks(&self) -> Option<&dyn Webhooks> {
        None
    }

    /// Lists the account's phone numbers.
    fn phone_numbers(&self) -> Option<&dyn PhoneNumbers> {
        None
    }

    /// Lists the account's message templates.
    fn templates(&self) -> Option<&dyn Templates> {
        None
    }
}

/// A phone number of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhoneNumber {
    /// The number.
    pub number: E164,
    /// The provider's id of it, where it has one.
    pub provider_id: Option<String>,
    /// What the account's owner calls it.
    pub display_name: String,
    /// What kind of number it is.
    pub kind: NumberKind,
    /// Calls can be made from it.
    pub can_call: bool,
    /// Text messages can be sent from it.
    pub can_sms: bool,
}

/// Lists an account's phone numbers.
#[async_trait]
pub trait PhoneNumbers: Sync {
    /// All of them, [`MOST_NUMBERS`] at most.
    ///
    /// # Errors
    /// As [`Provider::check`].
    async fn list(&self, connection: Connection<'_>) -> Result<Vec<PhoneNumber>, Failure>;
}

/// Most phone numbers that are taken over from one account.
pub const MOST_NUMBERS: usize = 500;

/// A message template, as the provider has approved it or not.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Template {
    /// The provider's id of it.
    pub id: String,
    /// Its name, by which it is sent.
    pub name: String,
    /// Its language, such as `en_US`.
    pub language: String,
    /// The provider's word for its state, in lower case, such as `approved`.
    pub status: String,
    /// The provider's word for its category, in lower case, such as `utility`.
    pub category: String,
    /// Its parts in the provider's own form.
    pub components: Value,
}

/// Some of an account's templates.
#[derive(Debug, Clone, Default)]
pub struct TemplatePage {
    /// In the provider's order.
    pub templates: Vec<Template>,
    /// Where the next page begins, in the provider's words; `None` at the end.
    pub next: Option<String>,
}

/// Lists an account's message templates.
#[async_trait]
pub trait Templates: Sync {
    /// Up to `limit` (1 to 100) of them from `after` on, which is the [`TemplatePage::next`] of the page before.
    ///
    /// # Errors
    /// As [`Provider::check`].
    async fn list(
        &self,
        connection: Connection<'_>,
        after: Option<&str>,
        limit: usize,
    ) -> Result<TemplatePage, Failure>;
}

/// The provider accepted a message; no more is known yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Its id of the message.
    pub provider_id: String,
}

/// What a provider tells of a message that may or may not have been sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trace {
    /// It cannot tell: evidence has to come by itself.
    CannotTell,
    /// It has the message.
    Found {
        /// Its id of the message.
        provider_id: String,
    },
    /// It never had the message, and never will have it of the request that was made.
    NeverArrived,
}

/// Sends messages.
#[async_trait]
pub trait Messages: Sync {
    /// Makes the one request. `payload` is the provider's own message object; our id travels with it.
    ///
    /// # Errors
    /// What to do about it is the failure's [`domain::FailureKind::reaction`].
    async fn send(
        &self,
        connection: Connection<'_>,
        id: &MessageId,
        payload: &RawValue,
    ) -> Result<Accepted, Failure>;

    /// How fast an account may send.
    fn pace(&self) -> Pace;

    /// The recipient a payload is for, as the provider names it: what a pace per recipient is kept by. `None` if it
    /// cannot be told.
    fn recipient(&self, _payload: &RawValue) -> Option<String> {
        None
    }

    /// Whether [`Messages::look_up`] can find anything.
    fn looks_up(&self) -> bool {
        false
    }

    /// Whether the provider knows a message that may or may not have been sent, found by our id.
    ///
    /// # Errors
    /// As [`Provider::check`].
    async fn look_up(
        &self,
        _connection: Connection<'_>,
        _id: &MessageId,
    ) -> Result<Trace, Failure> {
        Ok(Trace::CannotTell)
    }
}

/// A webhook request as the gateway handed it over.
#[derive(Clone, Copy)]
pub struct WebhookRequest<'a> {
    /// A header's value by its lower-case name.
    pub header: &'a dyn Fn(&str) -> Option<&'a str>,
    /// The exact bytes of the body.
    pub body: &'a [u8],
    /// When it arrived.
    pub received_at: Timestamp,
}

/// Tells a provider's genuine requests; holds key material only.
pub trait Verifier: Send + Sync {
    /// Whether the request was signed with the route's secret. Takes the same time for every wrong one.
    fn is_genuine(&self, request: WebhookRequest<'_>) -> bool;

    /// The answer to the provider's question whether the URL is ours; `None` if it is not to be answered.
    fn answer_handshake(&self, query: &[(String, String)]) -> Option<String>;
}

/// A body that is not what the provider sends.
#[derive(Debug, thiserror::Error)]
#[error("the webhook body is not in the provider's form")]
pub struct MalformedBody;

/// Calls us.
#[async_trait]
pub trait Webhooks: Sync {
    /// The values that verify the provider's requests, out of all secret values; `None` if the tenant did not give
    /// what it takes, and then there is no webhook.
    fn secret(&self, credentials: &Credentials, verify_token: &SecretString)
    -> Option<Credentials>;

    /// What to tell a tenant whose configuration has no [`Webhooks::secret`].
    fn missing_secret_hint(&self) -> &'static str;

    /// A verifier over what [`Webhooks::secret`] gave; without a secret one that refuses all, after equal work.
    fn verifier(&self, secret: Option<&Credentials>) -> Box<dyn Verifier>;

    /// The single events in a genuine body.
    ///
    /// # Errors
    /// [`MalformedBody`] for a body that the provider would not send.
    fn events<'a>(
        &self,
        body: &'a [u8],
        received_at: Timestamp,
    ) -> Result<Vec<ProviderEvent<'a>>, MalformedBody>;

    /// Tells the provider to call `url`.
    ///
    /// # Errors
    /// Why it does not; the credentials may be fine all the same.
    async fn register(
        &self,
        connection: Connection<'_>,
        url: &str,
        verify_token: &SecretString,
    ) -> Result<(), Failure>;

    /// Tells the provider to call us no more.
    ///
    /// # Errors
    /// Why it may go on.
    async fn deregister(&self, connection: Connection<'_>) -> Result<(), Failure>;
}

/// Asks a provider whether credentials work, as [`Provider::check`]; what it tells of the account is cut to what can be
/// kept and shown, for some providers are servers of the tenant's own.
///
/// # Errors
/// As [`Provider::check`].
pub async fn check(
    provider: &dyn Provider,
    connection: Connection<'_>,
) -> Result<Checked, Failure> {
    let mut checked = provider.check(connection).await?;
    checked.facts = checked
        .facts
        .into_iter()
        .filter_map(bounded)
        .take(50)
        .collect();
    Ok(checked)
}

/// A fact as it is kept: texts are one line of at most 256 characters, anything else is small or left out.
fn bounded((name, value): (String, Value)) -> Option<(String, Value)> {
    const LONGEST: usize = 256;
    let value = match value {
        Value::String(text) => text.chars().take(LONGEST).collect::<String>().into(),
        other if other.to_string().len() > 4 * LONGEST => return None,
        other => other,
    };
    Some((name, value))
}

/// The type of a provider as an id.
///
/// # Panics
/// Never: a test parses the ids of all descriptors.
#[expect(
    clippy::expect_used,
    reason = "a test parses the ids of all descriptors"
)]
pub fn id_of(provider: &dyn Provider) -> ProviderId {
    ProviderId::parse(provider.descriptor().id).expect("descriptor ids are valid")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_of_the_tenants_own_tells_is_cut() {
        let text = |count: usize| Value::from("é".repeat(count));
        let kept = |value: Value| bounded(("name".into(), value)).map(|(_, value)| value);
        assert_eq!(kept(text(256)), Some(text(256)));
        assert_eq!(kept(text(500_000)), Some(text(256)));
        assert_eq!(kept(Value::from(vec![1; 2_000])), None);
        assert_eq!(kept(Value::from(5)), Some(Value::from(5)));
    }

    #[test]
    fn descriptors_are_sound() {
        for provider in ALL {
            let descriptor = provider.descriptor();
            assert_eq!(id_of(*provider).as_str(), descriptor.id);
            assert!(find(descriptor.id).is_some());
            let addresses = descriptor.fields.iter();
            let addresses = addresses.filter(|f| f.form == field::Form::Address);
            assert!(addresses.count() <= 1, "{}", descriptor.id);
            for field in descriptor.fields {
                assert!(
                    !field.label.is_empty() && !field.help.is_empty(),
                    "{}",
                    field.name
                );
                assert!(
                    !field.name.starts_with("webhook_"),
                    "reserved: {}",
                    field.name
                );
            }
        }
    }
}
