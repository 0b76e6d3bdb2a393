//! What the function needs from its environment.

use edge::Env;
use providers::Overrides;

/// The function's configuration.
#[derive(Debug)]
pub struct Config {
    /// `INTEGRATIONS_TABLE`.
    pub integrations_table: String,
    /// `ACTIVITY_TABLE`.
    pub activity_table: String,
    /// `KEY_RINGS_TABLE`.
    pub key_rings_table: String,
    /// `AUDIT_TABLE`.
    pub audit_table: String,
    /// `MESSAGES_QUEUE_URL`: where messages are put back.
    pub messages_queue: String,
    /// `MESSAGES_DLQ_URL`: where messages go that nobody can read.
    pub dead_letter_queue: String,
    /// `PROVIDER_OVERRIDES`.
    pub overrides: Overrides,
}

impl Config {
    /// Reads it.
    pub fn read(env: &mut Env) -> Self {
        Self {
            integrations_table: env.required("INTEGRATIONS_TABLE"),
            activity_table: env.required("ACTIVITY_TABLE"),
            key_rings_table: env.required("KEY_RINGS_TABLE"),
            audit_table: env.required("AUDIT_TABLE"),
            messages_queue: env.required("MESSAGES_QUEUE_URL"),
            dead_letter_queue: env.required("MESSAGES_DLQ_URL"),
            overrides: env.json("PROVIDER_OVERRIDES"),
        }
    }
}
