//! Accounts that must not be used for a while, because their provider has asked to slow down or refuses the platform's
//! own: paused for every message of this container.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::Timestamp;

use crate::account::AccountKey;

#[derive(Default)]
pub(crate) struct Pauses(Mutex<HashMap<AccountKey, Timestamp>>);

impl Pauses {
    /// How long the account still has to wait.
    pub(crate) fn left(&self, account: &AccountKey, now: Timestamp) -> Option<Duration> {
        let mut pauses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let until = *pauses.get(account)?;
        if until <= now {
            pauses.remove(account);
            return None;
        }
        Some(now.until(until))
    }

    /// Pauses the account; a longer pause stands.
    pub(crate) fn pause(&self, account: AccountKey, until: Timestamp) {
        let mut pauses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = pauses.entry(account).or_insert(until);
        *entry = (*entry).max(until);
    }
}
