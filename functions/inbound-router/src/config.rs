//! What the function needs from its environment.

use edge::Env;

/// The function's configuration.
#[derive(Debug)]
pub struct Config {
    /// `ACTIVITY_TABLE`.
    pub activity_table: String,
}

impl Config {
    /// Reads it.
    pub fn read(env: &mut Env) -> Self {
        Self {
            activity_table: env.required("ACTIVITY_TABLE"),
        }
    }
}
