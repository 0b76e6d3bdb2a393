//! What the function needs from its environment.

use edge::Env;
use edge::auth::ClaimNames;
use providers::Overrides;

/// The function's configuration.
#[derive(Debug)]
pub struct Config {
    /// `TENANT_CLAIM`, `GROUPS_CLAIM`.
    pub claims: ClaimNames,
    /// `INTEGRATIONS_TABLE`.
    pub integrations_table: String,
    /// `KEY_RINGS_TABLE`.
    pub key_rings_table: String,
    /// `AUDIT_TABLE`.
    pub audit_table: String,
    /// `PROVIDER_OVERRIDES`.
    pub overrides: Overrides,
}

impl Config {
    /// Reads it.
    pub fn read(env: &mut Env) -> Self {
        Self {
            claims: ClaimNames::read(env),
            integrations_table: env.required("INTEGRATIONS_TABLE"),
            key_rings_table: env.required("KEY_RINGS_TABLE"),
            audit_table: env.required("AUDIT_TABLE"),
            overrides: env.json("PROVIDER_OVERRIDES"),
        }
    }
}
