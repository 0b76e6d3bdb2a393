//! Exotel's error body, as v1 and v2_beta have it: `{"RestException": {Status, Message, Code?}}`.

use http::StatusCode;
use serde_json::{Value, json};

use crate::provider::{Failure, Reply, json_reply};

/// Why Exotel refuses a call.
#[derive(Debug, Clone)]
pub(super) struct RestException {
    status: StatusCode,
    code: Option<u32>,
    message: String,
}

/// Short for results of Exotel calls.
pub(super) type Exotel<T> = Result<T, RestException>;

impl RestException {
    fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            code: None,
            message: message.into(),
        }
    }

    /// Key or token is wrong, or the account lives in the other region: Exotel does not say which.
    pub(super) fn no_access() -> Self {
        Self {
            code: Some(34_001),
            ..Self::new(StatusCode::UNAUTHORIZED, "Authentication failed")
        }
    }

    pub(super) fn no_balance() -> Self {
        Self::new(
            StatusCode::PAYMENT_REQUIRED,
            "The account does not have enough balance",
        )
    }

    pub(super) fn suspended() -> Self {
        Self::new(StatusCode::FORBIDDEN, "The account is suspended")
    }

    /// No such account, or nothing at this path.
    pub(super) fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "The requested resource was not found",
        )
    }

    /// A parameter is wrong.
    pub(super) fn parameter(name: &str) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            format!("Invalid parameter: {name}"),
        )
    }

    pub(super) fn reply(&self) -> Reply {
        let mut exception = json!({ "Status": self.status.as_u16(), "Message": self.message });
        if let (Some(code), Value::Object(exception)) = (self.code, &mut exception) {
            exception.insert("Code".to_owned(), code.into());
        }
        json_reply(self.status, &json!({ "RestException": exception }))
    }
}

impl From<Failure> for RestException {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::RateLimit => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "Too many requests in a minute",
            ),
            Failure::BadCredential => Self::no_access(),
            Failure::MissingScope => Self::new(
                StatusCode::FORBIDDEN,
                "The API key may not be used for this",
            ),
        }
    }
}
