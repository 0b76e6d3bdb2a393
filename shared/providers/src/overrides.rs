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
        self.override_of(provider)
            .unwrap_or(provider.descriptor().base_url)
    }

    /// The operator's defaults for the provider's settings.
    pub fn settings(&self, provider: &dyn Provider) -> Option<&Map<String, Value>> {
        self.0
            .get(provider.descriptor().id)
            .map(|given| &given.settings)
    }

    /// A connection with these settings and credentials: to the operator's address if there is one, else to the one that
    /// the tenant chose, else to the provider's own.
    pub fn connect<'a>(
        &'a self,
        provider: &dyn Provider,
        settings: &'a Map<String, Value>,
        credentials: &'a Credentials,
        http: &'a Egress,
    ) -> Connection<'a> {
        let own = provider.descriptor().base_url;
        let overridden = self.override_of(provider);
        Connection {
            settings,
            credentials,
            base_url: overridden
                .unwrap_or_else(|| chosen_address(provider, settings).unwrap_or(own)),
            overridden: overridden.is_some(),
            http,
        }
    }

    /// Every address that the operator has a provider reached at.
    pub fn base_urls(&self) -> impl Iterator<Item = &str> {
        let all = self.0.values();
        all.filter_map(|given| given.base_url.as_deref())
    }

    fn override_of(&self, provider: &dyn Provider) -> Option<&str> {
        let given = self.0.get(provider.descriptor().id)?;
        given
            .base_url
            .as_deref()
            .map(|url| url.trim_end_matches('/'))
    }
}
