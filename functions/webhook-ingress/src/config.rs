//! What the function needs from its environment.

use edge::aws::AwsEnv;
use edge::{Env, StartError};

/// The function's configuration.
#[derive(Debug)]
pub struct Config {
    /// `AWS_…`.
    pub aws: AwsEnv,
    /// `WEBHOOK_ROUTES_TABLE`.
    pub webhook_routes_table: String,
    /// `KEY_RINGS_TABLE`.
    pub key_rings_table: String,
    /// `INBOUND_QUEUE_URL`.
    pub inbound_queue: String,
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
            webhook_routes_table: env.required("WEBHOOK_ROUTES_TABLE"),
            key_rings_table: env.required("KEY_RINGS_TABLE"),
            inbound_queue: env.required("INBOUND_QUEUE_URL"),
        };
        Ok(env.finish(config)?)
    }
}
