//! Integrations that their provider has asked to slow down: paused for every message of this container.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::{Integration, Timestamp};

use crate::plan::{Key, key_of};

#[derive(Default)]
pub(crate) struct Pauses(Mutex<HashMap<Key, Timestamp>>);

impl Pauses {
    /// How long the integration still has to wait.
    pub(crate) fn left(&self, integration: &Integration, now: Timestamp) -> Option<Duration> {
        let mut pauses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = key_of(integration);
        let until = *pauses.get(&key)?;
        if until <= now {
            pauses.remove(&key);
            return None;
        }
        Some(now.until(until))
    }

    /// Pauses the integration; a longer pause stands.
    pub(crate) fn pause(&self, integration: &Integration, until: Timestamp) {
        let mut pauses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = pauses.entry(key_of(integration)).or_insert(until);
        *entry = (*entry).max(until);
    }
}
