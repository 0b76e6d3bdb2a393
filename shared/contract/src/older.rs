//! Bodies of the older paths, in the form in which front ends and services know them: camelCase.

use std::borrow::Cow;

use domain::{Given, IntegrationId, TenantId, Timestamp};
use edge::Problem;
use providers::Provider;
use providers::descriptor::Category;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::fields::{Entered, Label, Mask};
use crate::forms::{self, as_fields_of};
use crate::text::Json;

/// ElevenLabs values to save or test.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename_all = "camelCase", transform = as_fields_of("elevenlabs"))]
#[serde(deny_unknown_fields)]
pub struct ElevenLabsConfig {
    /// The API key; its mask, or nothing, keeps the one that is stored.
    #[serde(default)]
    pub api_key: Option<Entered>,
    /// The conversational agent.
    #[serde(default)]
    pub agent_id: Option<String>,
    /// The number that calls are made from.
    #[serde(default)]
    pub phone_number_id: Option<String>,
}

impl ElevenLabsConfig {
    /// As fields of the provider's form.
    pub fn fields(self) -> Given {
        filled([
            ("api_key", self.api_key.map(Entered::into_value)),
            ("agent_id", self.agent_id.map(Value::String)),
            ("phone_number_id", self.phone_number_id.map(Value::String)),
        ])
    }
}

/// ElevenLabs values, masked.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ElevenLabsView {
    /// Saved, switched on and accepted by the provider.
    pub is_connected: bool,
    /// The mask of the API key.
    pub api_key: Option<Mask>,
    /// The conversational agent.
    pub agent_id: Option<Value>,
    /// The number that calls are made from.
    pub phone_number_id: Option<Value>,
}

/// WhatsApp values to save or test.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename_all = "camelCase", transform = as_fields_of("whatsapp"))]
#[serde(deny_unknown_fields)]
pub struct WhatsAppSettings {
    /// The access token; its mask, or nothing, keeps the one that is stored.
    #[serde(default)]
    pub access_token: Option<Entered>,
    /// The phone number's id.
    #[serde(default)]
    pub phone_number_id: Option<String>,
    /// The WhatsApp Business Account.
    #[serde(default)]
    pub business_account_id: Option<String>,
    /// The secret of the Meta app, without which nothing is received.
    #[serde(default)]
    pub app_secret: Option<Entered>,
    /// Switched on.
    #[serde(default)]
    pub enabled: Option<bool>,
}

impl WhatsAppSettings {
    /// As fields of the provider's form.
    pub fn fields(self) -> Given {
        filled([
            ("access_token", self.access_token.map(Entered::into_value)),
            ("phone_number_id", self.phone_number_id.map(Value::String)),
            ("waba_id", self.business_account_id.map(Value::String)),
            ("app_secret", self.app_secret.map(Entered::into_value)),
        ])
    }
}

/// WhatsApp values, masked.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WhatsAppSettingsView {
    /// Switched on.
    pub enabled: bool,
    /// Saved and accepted by the provider.
    pub is_connected: bool,
    /// The mask of the access token.
    pub access_token: Option<Mask>,
    /// The phone number's id.
    pub phone_number_id: Option<Value>,
    /// The WhatsApp Business Account.
    pub business_account_id: Option<Value>,
}

/// A template message to send.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[serde(deny_unknown_fields)]
pub struct SendTemplate {
    /// To whom: a phone number with its country code.
    pub to: Label<40>,
    /// The template's name.
    #[serde(alias = "template")]
    pub template_name: Label<512>,
    /// Its language; `en_US` if left out.
    #[serde(default, alias = "language")]
    pub language_code: Option<Label<16>>,
    /// The values of its parts, in the provider's form.
    #[serde(default)]
    #[schemars(with = "Option<Vec<Json>>")]
    pub components: Option<Vec<Value>>,
}

/// An integration to create.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[serde(deny_unknown_fields)]
pub struct CreateIntegration {
    /// What people call it.
    pub name: Label<100>,
    /// Always `CRM`.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// The provider and its values.
    pub configuration: Configuration,
}

/// Values to test.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[serde(deny_unknown_fields)]
pub struct TestIntegration {
    /// Always `CRM`.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// The provider and its values.
    pub configuration: Configuration,
}

/// The kind of integration that these paths know.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
pub enum Kind {
    /// Customer relations.
    #[serde(rename = "CRM", alias = "crm")]
    Crm,
}

/// A provider and its values.
#[derive(Deserialize)]
pub struct Configuration {
    /// The provider type, in capitals or not, such as `CHATWOOT`.
    pub provider: Label<32>,
    /// What to do by itself: flags of the provider's form.
    #[serde(default)]
    pub features: Given,
    /// The fields of the provider's form.
    #[serde(flatten)]
    pub fields: Given,
}

impl JsonSchema for Configuration {
    fn schema_name() -> Cow<'static, str> {
        "Configuration".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        forms::older(Category::Crm, generator)
    }
}

impl Configuration {
    /// The provider, if it is of that category, and what is filled into its form: the fields and the flags together.
    ///
    /// # Errors
    /// 422 with the name of the field.
    pub fn of_category(
        self,
        category: Category,
    ) -> Result<(&'static dyn Provider, Given), Problem> {
        let Self {
            provider,
            mut features,
            mut fields,
        } = self;
        let name = String::from(provider).to_lowercase();
        let provider = providers::find(&name)
            .filter(|provider| provider.descriptor().category == category)
            .ok_or_else(|| {
                let says = "must be a provider of this kind; see /api/v1/providers";
                Problem::invalid_field("configuration.provider", says)
            })?;
        if let Some(flag) = features.keys().find(|flag| fields.contains_key(*flag)) {
            return Err(Problem::invalid_field(flag, "is given twice"));
        }
        fields.append(&mut features);
        Ok((provider, fields))
    }
}

/// A change of an integration.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[serde(deny_unknown_fields, default)]
pub struct ChangeIntegration {
    /// What people call it.
    pub name: Option<Label<100>>,
    /// Switched on.
    pub is_active: Option<bool>,
}

/// An integration.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DashboardIntegration<'a> {
    /// Its id.
    pub id: &'a IntegrationId,
    /// What people call it.
    pub name: &'a str,
    /// Its kind.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// The provider type, in capitals.
    pub provider: String,
    /// Switched on.
    pub is_active: bool,
    /// Accepted by the provider.
    pub is_connected: bool,
    /// Its values; secrets masked.
    pub configuration: Map<String, Value>,
    /// When it was first saved.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What Meta's dialogue gave.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Signup {
    /// The authorization code.
    pub code: Label<2048>,
    /// What was given to the dialogue.
    pub state: Label<512>,
}

/// A tenant's WhatsApp values.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename_all = "camelCase", transform = as_fields_of("whatsapp"))]
#[serde(deny_unknown_fields)]
pub struct TenantWhatsApp {
    /// The WhatsApp Business Account.
    #[serde(default)]
    pub waba_id: Option<String>,
    /// The phone number's id.
    #[serde(default)]
    pub phone_number_id: Option<String>,
    /// The access token; its mask, or nothing, keeps the one that is stored.
    #[serde(default)]
    pub access_token: Option<Entered>,
    /// The secret of the Meta app, without which nothing is received.
    #[serde(default)]
    pub app_secret: Option<Entered>,
    /// Switched on.
    #[serde(default)]
    pub is_active: Option<bool>,
}

impl TenantWhatsApp {
    /// As fields of the provider's form.
    pub fn fields(self) -> Given {
        filled([
            ("access_token", self.access_token.map(Entered::into_value)),
            ("phone_number_id", self.phone_number_id.map(Value::String)),
            ("waba_id", self.waba_id.map(Value::String)),
            ("app_secret", self.app_secret.map(Entered::into_value)),
        ])
    }
}

/// A tenant's WhatsApp values, masked.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TenantWhatsAppView<'a> {
    /// The tenant.
    #[schemars(with = "String")]
    pub tenant_id: &'a TenantId,
    /// The WhatsApp Business Account.
    pub waba_id: Option<Value>,
    /// The phone number's id.
    pub phone_number_id: Option<Value>,
    /// The mask of the access token.
    pub access_token: Option<Mask>,
    /// The number, as the provider writes it.
    pub display_phone_number: Option<Value>,
    /// The provider's rating of it.
    pub quality_rating: Option<Value>,
    /// Switched on.
    pub is_active: bool,
    /// Accepted by the provider.
    pub configured: bool,
    /// When it was first saved.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// The fields that were given; what was left out is not among them.
fn filled<const N: usize>(given: [(&str, Option<Value>); N]) -> Given {
    let given = given.into_iter();
    let given = given.filter_map(|(name, value)| Some((name.to_owned(), value?)));
    given.collect::<Map<_, _>>().into()
}
