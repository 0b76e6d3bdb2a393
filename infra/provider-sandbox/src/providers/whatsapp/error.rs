//! Graph's error body, and the errors that several endpoints share.
//!
//! `{"error": {message, type, code, error_subcode?, error_data?, fbtrace_id}}`. The HTTP status alone
//! tells little: a throttled call is a 400.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use serde_json::{Value, json};

use crate::provider::{Failure, Reply, json_reply};
use crate::random;

/// Why Graph refuses a call.
#[derive(Debug, Clone)]
pub(super) struct GraphError {
    status: StatusCode,
    code: u32,
    subcode: Option<u32>,
    kind: &'static str,
    message: String,
    details: Option<String>,
}

/// Short for results of Graph calls.
pub(super) type Graph<T> = Result<T, GraphError>;

impl GraphError {
    /// An error of type `OAuthException`, which is what most are, with this message as it stands.
    pub(super) fn new(status: StatusCode, code: u32, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            subcode: None,
            kind: "OAuthException",
            message: message.into(),
            details: None,
        }
    }

    /// A refusal of the Cloud API: the message is `(#code) title`, the reason is in
    /// `error_data.details`.
    pub(super) fn titled(
        status: StatusCode,
        code: u32,
        title: &str,
        details: impl Into<String>,
    ) -> Self {
        let error = Self::new(status, code, format!("(#{code}) {title}"));
        Self {
            details: Some(details.into()),
            ..error
        }
    }

    fn subcode(self, subcode: u32) -> Self {
        Self {
            subcode: Some(subcode),
            ..self
        }
    }

    fn method_exception(self) -> Self {
        Self {
            kind: "GraphMethodException",
            ..self
        }
    }

    /// Code 100: something about a parameter.
    pub(super) fn parameter(message: impl AsRef<str>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            100,
            format!("(#100) {}", message.as_ref()),
        )
    }

    /// Code 100 for a top-level parameter that is not there.
    pub(super) fn required(name: &str) -> Self {
        Self::parameter(format!("The parameter {name} is required."))
    }

    /// Code 131008: something inside the message is not there.
    pub(super) fn missing(details: impl Into<String>) -> Self {
        Self::titled(
            StatusCode::BAD_REQUEST,
            131_008,
            "Required parameter is missing",
            details,
        )
    }

    /// Code 131009: something inside the message has a value that does not do.
    pub(super) fn invalid(details: impl Into<String>) -> Self {
        Self::titled(
            StatusCode::BAD_REQUEST,
            131_009,
            "Parameter value is not valid",
            details,
        )
    }

    /// Code 100, subcode 33: no such object, or not for this token; Graph does not say which.
    pub(super) fn no_object(method: &str, id: &str) -> Self {
        let message = format!(
            "Unsupported {method} request. Object with ID '{id}' does not exist, cannot be loaded \
             due to missing permissions, or does not support this operation"
        );
        Self::new(StatusCode::BAD_REQUEST, 100, message)
            .subcode(33)
            .method_exception()
    }

    /// An edge or field that the node does not have.
    pub(super) fn no_field(name: &str, node: &str) -> Self {
        Self::parameter(format!(
            "Tried accessing nonexisting field ({name}) on node type ({node})"
        ))
    }

    /// A path that leads nowhere, such as one of a version that never was.
    pub(super) fn unknown_path(path: &str) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            2500,
            format!("Unknown path components: {path}"),
        )
    }

    /// A call about the caller, without a token.
    pub(super) fn no_current_user() -> Self {
        let message =
            "An active access token must be used to query information about the current user.";
        Self::new(StatusCode::BAD_REQUEST, 2500, message)
    }

    /// A call about an object, without a token.
    pub(super) fn no_token() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            104,
            "An access token is required to request this resource.",
        )
    }

    pub(super) fn bad_token() -> Self {
        let message = "Invalid OAuth access token - Cannot parse access token";
        Self::new(StatusCode::UNAUTHORIZED, 190, message)
    }

    pub(super) fn expired_token() -> Self {
        let message = "Error validating access token: Session has expired.";
        Self::new(StatusCode::UNAUTHORIZED, 190, message).subcode(463)
    }

    /// An app token whose secret is not the app's.
    pub(super) fn wrong_app_secret() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            1,
            "Error validating client secret.",
        )
    }

    /// An app token of no app.
    pub(super) fn unknown_app() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            101,
            "Error validating application. Invalid application ID.",
        )
    }

    pub(super) fn proof_required() -> Self {
        let message = "API calls from the server require an appsecret_proof argument";
        Self::new(StatusCode::BAD_REQUEST, 100, message).method_exception()
    }

    pub(super) fn proof_wrong() -> Self {
        let message = "Invalid appsecret_proof provided in the API argument";
        Self::new(StatusCode::BAD_REQUEST, 100, message).method_exception()
    }

    /// Code 10: the token was not granted what the call needs.
    pub(super) fn no_permission() -> Self {
        let message = "(#10) Application does not have permission for this action";
        Self::new(StatusCode::FORBIDDEN, 10, message)
    }

    /// Code 200: the same, as the account's edges say it.
    pub(super) fn no_account_permission() -> Self {
        let message =
            "(#200) You do not have the necessary permissions for this WhatsApp Business Account";
        Self::new(StatusCode::FORBIDDEN, 200, message)
    }

    /// Code 2200: the callback did not answer the verification as it has to.
    pub(super) fn verification(reason: &str) -> Self {
        let message =
            format!("(#2200) Callback verification failed with the following errors: {reason}");
        Self::new(StatusCode::BAD_REQUEST, 2200, message)
    }

    /// With an explanation in `error_data.details`.
    pub(super) fn because(self, details: impl Into<String>) -> Self {
        Self {
            details: Some(details.into()),
            ..self
        }
    }

    /// Code and message, as `debug_token` reports them about the token that it looks at.
    pub(super) fn brief(&self) -> Value {
        let mut brief = json!({ "code": self.code, "message": self.message });
        if let (Some(subcode), Some(brief)) = (self.subcode, brief.as_object_mut()) {
            brief.insert("subcode".to_owned(), subcode.into());
        }
        brief
    }

    pub(super) fn reply(&self) -> Reply {
        let mut error = json!({
            "message": self.message,
            "type": self.kind,
            "code": self.code,
            "fbtrace_id": format!("A{}", URL_SAFE_NO_PAD.encode(random::bytes::<16>())),
        });
        if let Some(error) = error.as_object_mut() {
            if let Some(subcode) = self.subcode {
                error.insert("error_subcode".to_owned(), subcode.into());
            }
            if let Some(details) = &self.details {
                let data = json!({ "messaging_product": "whatsapp", "details": details });
                error.insert("error_data".to_owned(), data);
            }
        }
        json_reply(self.status, &json!({ "error": error }))
    }
}

impl From<Failure> for GraphError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::RateLimit => {
                let details = "The phone number has reached its message throughput.";
                Self::titled(StatusCode::BAD_REQUEST, 130_429, "Rate limit hit", details)
            }
            Failure::BadCredential => Self::bad_token(),
            Failure::MissingScope => Self::no_permission(),
        }
    }
}
