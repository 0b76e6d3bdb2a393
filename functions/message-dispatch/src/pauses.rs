//! Integrations that their provider has asked to slow down: paused for every message of this container.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::{IntegrationId, Timestamp};

#[derive(Default)]
pub(crate) struct Pauses(Mutex<HashMap<IntegrationId, Timestamp>>);

impl Pauses {
    /// How long the integration still has to wait.
    pub(crate) fn left(&self, integration: &IntegrationId, now: Timestamp) -> Option<Duration> {
        let mut pauses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let until = *pauses.get(integration)?;
        if until <= now {
            pauses.remove(integration);
            return None;
        }
        Some(now.until(until))
    }

    /// Pauses the integration; a longer pause stands.
    pub(crate) fn pause(&self, integration: &IntegrationId, until: Timestamp) {
        let mut pauses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = pauses.entry(integration.clone()).or_insert(until);
        *entry = (*entry).max(until);
    }
}
