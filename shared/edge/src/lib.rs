//! Between Lambda and the functions: environment, logs, AWS clients, HTTP and SQS events, identity, problems.

pub mod auth;
pub mod aws;
pub mod env;
pub mod http;
pub mod lambda;
pub mod log;
pub mod problem;
pub mod queue;
pub mod sqs;

pub use env::Env;
pub use problem::Problem;

/// Why a function could not start; shown once, before the first event.
pub type StartError = Box<dyn std::error::Error + Send + Sync>;
