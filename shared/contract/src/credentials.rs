//! Credentials in the clear: the one answer that holds any.

use std::borrow::Cow;
use std::collections::BTreeMap;

use domain::{Credentials, IntegrationId, ProviderId, Timestamp};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use secrecy::{ExposeSecret, SecretString};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

/// An integration's credentials, revealed.
#[derive(Serialize, JsonSchema)]
pub struct Revealed<'a> {
    /// Of which integration.
    pub integration_id: &'a IntegrationId,
    /// Of which provider type.
    pub provider: &'a ProviderId,
    /// Secret values by field name.
    pub credentials: BTreeMap<&'a str, Exposed<'a>>,
    /// Values that are not secret.
    pub settings: &'a Map<String, Value>,
    /// When the token ends, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// The access token, as producers of the older contract fetch it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccessToken<'a> {
    /// The token.
    pub access_token: Exposed<'a>,
}

/// A secret value that is about to be told.
pub struct Exposed<'a>(&'a SecretString);

impl Serialize for Exposed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose_secret())
    }
}

impl JsonSchema for Exposed<'_> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        String::json_schema(generator)
    }
}

impl<'a> Exposed<'a> {
    /// One value.
    pub fn of(value: &'a SecretString) -> Self {
        Self(value)
    }

    /// All values but those that `hidden` names.
    pub fn all(
        credentials: &'a Credentials,
        hidden: impl Fn(&str) -> bool,
    ) -> BTreeMap<&'a str, Self> {
        let shown = credentials.iter().filter(|(name, _)| !hidden(name));
        shown.map(|(name, value)| (name, Self(value))).collect()
    }
}
