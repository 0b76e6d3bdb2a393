//! A mistake in the answers of one operation, to show that it is found.

use clap::ValueEnum;
use contract::Operation;
use serde_json::{Value, json};

/// What is wrong with every successful answer to `GET /api/v1/settings/integrations/{ref}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Flaw {
    /// It is a 500.
    Status,
    /// It is a 418, of which nobody was told.
    Surprise,
    /// The body breaks its schema.
    Body,
    /// The body is of another type.
    Type,
    /// A header that was promised is missing.
    Header,
    /// It is given without a token.
    Token,
}

/// The operation that has it.
pub(crate) const FLAWED: Operation = Operation::ShowIntegration;

impl Flaw {
    /// The reply with the mistake.
    pub(crate) fn apply(self, reply: &mut Value) {
        if reply["statusCode"] != 200 {
            return;
        }
        match self {
            Self::Status => reply["statusCode"] = 500.into(),
            Self::Surprise => reply["statusCode"] = 418.into(),
            Self::Body => reply["body"] = json!({"success": true, "data": {}}).to_string().into(),
            Self::Type => reply["headers"]["content-type"] = "text/plain".into(),
            Self::Header => {
                if let Some(headers) = reply["headers"].as_object_mut() {
                    headers.remove("etag");
                }
            }
            Self::Token => {}
        }
    }
}
