//! What the function needs from its environment.

use edge::aws::AwsEnv;
use edge::{Env, StartError};
use providers::Overrides;

/// The function's configuration.
#[derive(Debug)]
pub struct Config {
    /// `AWS_…`.
    pub aws: AwsEnv,
    /// `INTEGRATIONS_TABLE`.
    pub integrations_table: String,
    /// `ACTIVITY_TABLE`.
    pub activity_table: String,
    /// `KEY_RINGS_TABLE`.
    pub key_rings_table: String,
    /// `MESSAGES_QUEUE_URL`: where messages are put back.
    pub messages_queue: String,
    /// `MESSAGES_DLQ_URL`: where messages go that nobody can read.
    pub dead_letter_queue: String,
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
            integrations_table: env.required("INTEGRATIONS_TABLE"),
            activity_table: env.required("ACTIVITY_TABLE"),
            key_rings_table: env.required("KEY_RINGS_TABLE"),
            messages_queue: env.required("MESSAGES_QUEUE_URL"),
            dead_letter_queue: env.required("MESSAGES_DLQ_URL"),
            overrides: env.json("PROVIDER_OVERRIDES"),
        };
        Ok(env.finish(config)?)
    }
}
