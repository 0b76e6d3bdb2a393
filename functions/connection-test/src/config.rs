//! What the function needs from its environment.

use edge::auth::ClaimNames;
use edge::aws::AwsEnv;
use edge::{Env, StartError};
use providers::Overrides;

/// The function's configuration.
#[derive(Debug)]
pub struct Config {
    /// `AWS_…`.
    pub aws: AwsEnv,
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
    /// Reads it, and starts logging at `LOG_LEVEL`.
    ///
    /// # Errors
    /// Everything that is missing or wrong, at once.
    pub fn from_env() -> Result<Self, StartError> {
        let mut env = Env::new();
        edge::log::start(env.parsed("LOG_LEVEL", tracing::Level::INFO));
        let config = Self {
            aws: AwsEnv::read(&mut env),
            claims: ClaimNames::read(&mut env),
            integrations_table: env.required("INTEGRATIONS_TABLE"),
            key_rings_table: env.required("KEY_RINGS_TABLE"),
            audit_table: env.required("AUDIT_TABLE"),
            overrides: env.json("PROVIDER_OVERRIDES"),
        };
        Ok(env.finish(config)?)
    }
}
