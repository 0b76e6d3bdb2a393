//! What the function needs from its environment.

use edge::Env;
use providers::Overrides;
use providers::address::OwnHosts;
use providers::platform::PlatformAccounts;

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
    /// `OWN_ADDRESSES`: where we are reached ourselves, as URLs with commas between them.
    pub own_hosts: OwnHosts,
    /// The platform's own accounts, from the variables that the fields of [`PLATFORM_TYPES`] name.
    pub platform: PlatformAccounts,
}

/// Provider types of which the platform may have an account of its own. All of them send messages.
const PLATFORM_TYPES: &[&str] = &["whatsapp"];

impl Config {
    /// Reads it.
    pub fn read(env: &mut Env) -> Self {
        let overrides = env.json("PROVIDER_OVERRIDES");
        Self {
            platform: PlatformAccounts::read(PLATFORM_TYPES, &overrides, |name| env.optional(name)),
            overrides,
            integrations_table: env.required("INTEGRATIONS_TABLE"),
            activity_table: env.required("ACTIVITY_TABLE"),
            key_rings_table: env.required("KEY_RINGS_TABLE"),
            audit_table: env.required("AUDIT_TABLE"),
            messages_queue: env.required("MESSAGES_QUEUE_URL"),
            dead_letter_queue: env.required("MESSAGES_DLQ_URL"),
            own_hosts: env.parsed("OWN_ADDRESSES", OwnHosts::default()),
        }
    }
}
