//! Everything the sandbox knows while it runs.

use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use serde::Serialize;
use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use crate::delivery::Deliveries;
use crate::fault::Faults;
use crate::journal::Journal;
use crate::provider::Provider;
use crate::providers;
use crate::settings::Settings;

/// Shared by all requests.
pub(crate) struct State {
    pub(crate) providers: Vec<Box<dyn Provider>>,
    pub(crate) requests: Journal<Arrival>,
    pub(crate) faults: Faults,
    pub(crate) deliveries: Arc<Deliveries>,
    pub(crate) settings: Arc<Settings>,
}

/// One request that arrived for a provider, as `GET /_sandbox/requests` shows it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Arrival {
    /// RFC 3339, UTC, milliseconds.
    pub(crate) time: String,
    /// Provider id; null when no provider serves the path.
    pub(crate) provider: Option<&'static str>,
    /// Name of the account that the token or the path belongs to, where known.
    pub(crate) account: Option<String>,
    pub(crate) method: String,
    /// Path and query as they were asked for.
    pub(crate) path: String,
    /// Names in lower case; several values of one name joined by `, `.
    pub(crate) headers: Map<String, Value>,
    /// Parsed where it is JSON, else text; null when empty.
    pub(crate) body: Value,
    /// Status that was answered; null while, or because, there was no answer.
    pub(crate) status: Option<u16>,
    /// The fault that it met.
    pub(crate) fault: Option<Value>,
}

impl State {
    pub(crate) fn new(status_gap: Duration) -> Self {
        let settings = Arc::new(Settings::new(status_gap));
        let deliveries = Arc::new(Deliveries::default());
        Self {
            providers: providers::all(&settings, &deliveries),
            requests: Journal::default(),
            faults: Faults::default(),
            deliveries,
            settings,
        }
    }

    pub(crate) fn provider(&self, id: &str) -> Option<&dyn Provider> {
        self.providers
            .iter()
            .map(AsRef::as_ref)
            .find(|provider| provider.id() == id)
    }

    /// Who serves an address, and the address as that provider knows it.
    ///
    /// A first segment that is a provider's id settles it (`/whatsapp/v25.0/me`), for paths that
    /// two providers share; otherwise the first provider that knows the path takes it.
    pub(crate) fn route(&self, uri: &Uri) -> Option<(&dyn Provider, Uri)> {
        let target = uri.path_and_query()?.as_str();
        for provider in &self.providers {
            let inner = target
                .strip_prefix('/')
                .and_then(|rest| rest.strip_prefix(provider.id()));
            if let Some(inner) = inner.filter(|rest| rest.starts_with('/')) {
                return Some((provider.as_ref(), inner.parse().ok()?));
            }
        }
        let provider = self
            .providers
            .iter()
            .find(|provider| provider.serves(uri.path()))?;
        Some((provider.as_ref(), uri.clone()))
    }

    /// Back to the beginning, except that accounts made on demand stay.
    pub(crate) fn reset(&self) {
        self.settings.reset();
        self.faults.clear();
        for provider in &self.providers {
            provider.reset();
        }
        self.deliveries.clear();
        self.requests.clear();
    }
}

/// Now, as the control API writes it: RFC 3339, UTC, milliseconds.
pub(crate) fn timestamp() -> String {
    const FORMAT: &[BorrowedFormatItem<'_>] =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    OffsetDateTime::now_utc().format(FORMAT).unwrap_or_default()
}
