//! What the function needs from its environment.

use edge::aws::AwsEnv;
use edge::{Env, StartError};

/// The function's configuration.
#[derive(Debug)]
pub struct Config {
    /// `AWS_…`.
    pub aws: AwsEnv,
    /// `ACTIVITY_TABLE`.
    pub activity_table: String,
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
            activity_table: env.required("ACTIVITY_TABLE"),
        };
        Ok(env.finish(config)?)
    }
}
