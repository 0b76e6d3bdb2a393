//! What the function needs from its environment.

use edge::Env;

/// The function's configuration.
#[derive(Debug)]
pub struct Config {
    /// `WEBHOOK_ROUTES_TABLE`.
    pub webhook_routes_table: String,
    /// `KEY_RINGS_TABLE`.
    pub key_rings_table: String,
    /// `INBOUND_QUEUE_URL`.
    pub inbound_queue: String,
}

impl Config {
    /// Reads it.
    pub fn read(env: &mut Env) -> Self {
        Self {
            webhook_routes_table: env.required("WEBHOOK_ROUTES_TABLE"),
            key_rings_table: env.required("KEY_RINGS_TABLE"),
            inbound_queue: env.required("INBOUND_QUEUE_URL"),
        }
    }
}
