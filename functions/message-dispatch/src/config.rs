//! What the function needs from its environment.

pub use dispatch::Config;
use edge::Env;
use providers::address::OwnHosts;
use providers::platform::PlatformAccounts;

/// Provider types of which the platform may have an account of its own. All of them send messages.
const PLATFORM_TYPES: &[&str] = &["whatsapp"];

/// Reads it: `INTEGRATIONS_TABLE`, `ACTIVITY_TABLE`, `KEY_RINGS_TABLE`, `AUDIT_TABLE`, `MESSAGES_QUEUE_URL`,
/// `MESSAGES_DLQ_URL`; `PROVIDER_OVERRIDES`, `OWN_ADDRESSES` (where we are reached ourselves, as URLs with commas between
/// them); and the platform's own accounts, from the variables that the fields of its types name.
pub fn read(env: &mut Env) -> Config {
    let overrides = env.json("PROVIDER_OVERRIDES");
    Config {
        platform: PlatformAccounts::read(PLATFORM_TYPES, &overrides, |name| env.optional(name)),
        overrides,
        integrations_table: env.required("INTEGRATIONS_TABLE"),
        activity_table: env.required("ACTIVITY_TABLE"),
        key_rings_table: env.required("KEY_RINGS_TABLE"),
        audit_table: env.required("AUDIT_TABLE"),
        queue: env.required("MESSAGES_QUEUE_URL"),
        dead_letter_queue: env.required("MESSAGES_DLQ_URL"),
        own_hosts: env.parsed("OWN_ADDRESSES", OwnHosts::default()),
    }
}
