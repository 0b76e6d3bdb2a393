//! What a test may change about webhooks while the sandbox runs: `GET|POST /_sandbox/settings`.

use std::sync::Mutex;
use std::time::Duration;

use crate::sync::lock;

/// Shared by the control API, which sets it, and the providers, which read it for every message.
#[derive(Debug)]
pub(crate) struct Settings {
    initial: Values,
    current: Mutex<Values>,
}

/// The settings at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Values {
    /// Pause before each status webhook of one message.
    pub(crate) status_gap: Duration,
    /// Whether accepted messages are followed by status webhooks at all.
    pub(crate) statuses: bool,
}

impl Settings {
    pub(crate) fn new(status_gap: Duration) -> Self {
        let initial = Values {
            status_gap,
            statuses: true,
        };
        Self {
            initial,
            current: Mutex::new(initial),
        }
    }

    pub(crate) fn get(&self) -> Values {
        *lock(&self.current)
    }

    pub(crate) fn set(&self, values: Values) {
        *lock(&self.current) = values;
    }

    pub(crate) fn reset(&self) {
        self.set(self.initial);
    }
}
