//! What the function needs from its environment.

use edge::Env;

/// The function's configuration.
#[derive(Debug)]
pub struct Config {
    /// `ACTIVITY_TABLE`.
    pub activity_table: String,
    /// `AUDIT_TABLE`.
    pub audit_table: String,
}

impl Config {
    /// Reads it.
    pub fn read(env: &mut Env) -> Self {
        Self {
            activity_table: env.required("ACTIVITY_TABLE"),
            audit_table: env.required("AUDIT_TABLE"),
        }
    }
}
