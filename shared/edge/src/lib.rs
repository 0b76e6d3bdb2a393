//! Between Lambda and the functions: environment, logs, AWS clients, HTTP and SQS events, identity, problems.

pub mod auth;
pub mod aws;
mod crash;
pub mod env;
pub mod http;
pub mod input;
pub mod json;
pub mod lambda;
pub mod limits;
pub mod log;
pub mod problem;
pub mod queue;
mod shutdown;
pub mod sqs;
pub mod tls;

pub use env::Env;
pub use problem::Problem;

use crate::aws::AwsEnv;

/// Starts logging at `LOG_LEVEL` and reads the environment: a function's own part with `read`, and where AWS is.
///
/// # Errors
/// Everything that is missing or wrong, at once.
pub fn start<C>(read: impl FnOnce(&mut Env) -> C) -> Result<(C, AwsEnv), StartError> {
    let mut env = Env::new();
    log::start(env.parsed("LOG_LEVEL", tracing::Level::INFO));
    crash::keep_quiet();
    let aws = AwsEnv::read(&mut env);
    let config = read(&mut env);
    Ok(env.finish((config, aws))?)
}

/// Why a function could not start; shown once, before the first event.
pub type StartError = Box<dyn std::error::Error + Send + Sync>;
