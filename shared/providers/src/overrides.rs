//! What an operator sets for all tenants: where providers are reached, and defaults of settings.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::http::Egress;
use crate::{Connection, Provider, chosen_address};
use domain::Credentials;

/// Per provider type; as JSON `{"whatsapp": {"base_url": "https://…", "settings": {"graph_version": "v26.0"}}}`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct Overrides(HashMap<String, Override>);

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Override {
    base_url: Option<String>,
    settings: Map<String, Value>,
}

impl Overrides {
    /// Where the provider is reached: scheme, host and port.
    pub fn base_url<'a>(&'a self, provider: &dyn Provider) -> &'a str {
        let descriptor = provider.descriptor();
        self.0
            .get(descriptor.id)
            .and_then(|given| given.base_url.as_deref())
            .map_or(descriptor.base_url, |url| url.trim_end_matches('/'))
    }

    /// The operator's defaults for the provider's settings.
    pub fn settings(&self, provider: &dyn Provider) -> Option<&Map<String, Value>> {
        self.0
            .get(provider.descriptor().id)
            .map(|given| &given.settings)
    }

    /// A connection with these settings and credentials, to the address that the settings name if they name one.
    pub fn connect<'a>(
        &'a self,
        provider: &dyn Provider,
        settings: &'a Map<String, Value>,
        credentials: &'a Credentials,
        http: &'a Egress,
    ) -> Connection<'a> {
        Connection {
            settings,
            credentials,
            base_url: chosen_address(provider, settings).unwrap_or_else(|| self.base_url(provider)),
            http,
        }
    }
}
