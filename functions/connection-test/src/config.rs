//! What the function needs from its environment.

use contract::Quotas;
use edge::Env;
use edge::auth::ClaimNames;
use providers::Overrides;
use providers::address::OwnHosts;

/// The function's configuration.
#[derive(Debug)]
pub struct Config {
    /// `TENANT_CLAIM`, `GROUPS_CLAIM`.
    pub claims: ClaimNames,
    /// `REQUESTS_PER_MINUTE`, `PROVIDER_REQUESTS_PER_MINUTE`: of one tenant in one container.
    pub quotas: Quotas,
    /// `INTEGRATIONS_TABLE`.
    pub integrations_table: String,
    /// `KEY_RINGS_TABLE`.
    pub key_rings_table: String,
    /// `AUDIT_TABLE`.
    pub audit_table: String,
    /// `MESSAGES_QUEUE_URL`: who serves it is told of repairs.
    pub messages_queue: String,
    /// `PROVIDER_OVERRIDES`.
    pub overrides: Overrides,
    /// `OWN_ADDRESSES`: where we are reached ourselves, as URLs with commas between them.
    pub own_hosts: OwnHosts,
}

impl Config {
    /// Reads it.
    pub fn read(env: &mut Env) -> Self {
        Self {
            claims: ClaimNames::read(env),
            quotas: Quotas::read(env),
            integrations_table: env.required("INTEGRATIONS_TABLE"),
            key_rings_table: env.required("KEY_RINGS_TABLE"),
            audit_table: env.required("AUDIT_TABLE"),
            messages_queue: env.required("MESSAGES_QUEUE_URL"),
            overrides: env.json("PROVIDER_OVERRIDES"),
            own_hosts: env.parsed("OWN_ADDRESSES", OwnHosts::default()),
        }
    }
}
