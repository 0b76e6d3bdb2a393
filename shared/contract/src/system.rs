//! What the API says of itself.

use schemars::JsonSchema;
use serde::Serialize;

/// That the API answers.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Health {
    /// Always `ok`.
    pub status: &'static str,
}
