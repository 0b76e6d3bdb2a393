//! Errors of the HTTP API: `application/problem+json` (RFC 9457) with a stable code, a sentence on what happened and
//! one on what to do. Causes go to the log; no value of a request is ever repeated.

use domain::Failure;
use domain::failure::{FailureKind, StoreError};
use schemars::JsonSchema;
use serde::Serialize;

use crate::json::Unreadable;

/// An error as the caller sees it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Problem {
    /// `urn:switchboard:problem:{code}`.
    #[serde(rename = "type")]
    kind: String,
    /// The name of the HTTP status.
    title: &'static str,
    /// HTTP status.
    status: u16,
    /// Stable, for programs.
    code: &'static str,
    /// What happened, for people.
    detail: String,
    /// What to do about it, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    /// The provider's own code, where a provider refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_code: Option<String>,
    /// What is wrong with single fields, parameters or headers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    errors: Vec<FieldError>,
    /// What is wrong with each item, where a request holds several and none was taken.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    items: Vec<ItemProblem>,
    /// Always `false`.
    success: bool,
    /// The id of the request, to quote when asking for help.
    instance: String,
    #[serde(skip)]
    headers: Vec<(&'static str, String)>,
}

/// What is wrong with one field.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct FieldError {
    /// Its name, as it came. What does not look like a name is not repeated: it may be a value in the wrong place.
    pub field: String,
    /// A sentence that does not repeat the value.
    pub detail: String,
}

/// What is wrong with one item of a request that holds several.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ItemProblem {
    /// Its place in the list, from 0.
    pub index: usize,
    /// Its id, where it has one that lasts: it may be given again under that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What is wrong.
    pub error: Refusal,
}

/// A problem as it is told within the answer to a request.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Refusal {
    /// The HTTP status that a request of its own would have had; from 500 on, giving it again may help.
    status: u16,
    /// Stable, for programs.
    code: &'static str,
    /// What happened, for people.
    detail: String,
    /// What to do about it, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    /// What is wrong with single fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    errors: Vec<FieldError>,
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self {
            status: problem.status,
            code: problem.code,
            detail: problem.detail,
            hint: problem.hint,
            errors: problem.errors,
        }
    }
}

impl Refusal {
    /// Whether giving it again may help.
    pub const fn is_temporary(&self) -> bool {
        self.status >= 500
    }
}

impl Problem {
    /// A problem with its sentence.
    pub fn new(status: u16, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:switchboard:problem:{code}"),
            title: title(status),
            status,
            code,
            detail: detail.into(),
            hint: None,
            provider_code: None,
            errors: Vec::new(),
            items: Vec::new(),
            success: false,
            instance: String::new(),
            headers: Vec::new(),
        }
    }

    /// With a header of the answer.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The headers that go with the answer.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, String)> {
        self.headers.iter().cloned()
    }

    /// With the id of the request that it answers.
    #[must_use]
    pub fn of_request(mut self, id: &str) -> Self {
        id.clone_into(&mut self.instance);
        self
    }

    /// With what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// With what is wrong with each item.
    #[must_use]
    pub fn items(mut self, items: Vec<ItemProblem>) -> Self {
        self.items = items;
        self
    }

    /// With the field that it is about.
    #[must_use]
    pub fn about(self, field: &str, detail: impl Into<String>) -> Self {
        let (field, detail) = (field.to_owned(), detail.into());
        self.errors(vec![FieldError { field, detail }])
    }

    /// HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// What happened, for people.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// Who asks is not known.
    pub fn unauthenticated() -> Self {
        Self::new(
            401,
            "unauthenticated",
            "The request carries no valid identity token.",
        )
        .hint("Sign in again and send the ID token as a bearer token.")
        .header("www-authenticate", "Bearer")
    }

    /// Who asks may not do this.
    pub fn forbidden(detail: &'static str) -> Self {
        Self::new(403, "forbidden", detail).hint("Ask an admin of your organisation.")
    }

    /// Nothing is there for this caller; another tenant's things are answered alike.
    pub fn not_found(what: &'static str) -> Self {
        Self::new(404, "not_found", format!("There is no such {what}."))
    }

    /// No such route.
    pub fn no_route() -> Self {
        Self::new(404, "no_such_route", "The API has no such path.")
            .hint("Compare the path with the API description.")
    }

    /// The path exists, the method does not.
    ///
    /// `allowed`: the methods that it takes, as `GET, POST`.
    pub fn method_not_allowed(allowed: &str) -> Self {
        let detail = format!("The path takes {allowed} only.");
        Self::new(405, "method_not_allowed", detail).header("allow", allowed)
    }

    /// The event is no request.
    pub fn unreadable() -> Self {
        Self::new(400, "invalid_request", "The request cannot be read.")
    }

    /// The body cannot be used at all.
    pub fn bad_body(detail: impl Into<String>) -> Self {
        Self::new(400, "invalid_body", detail)
    }

    /// A field breaks a rule that holds for all bodies; empty for the body as a whole.
    pub fn bad_field(field: impl Into<String>, detail: impl Into<String>) -> Self {
        let (field, detail) = (field.into(), detail.into());
        if field.is_empty() {
            return Self::bad_body(format!("The body {detail}."));
        }
        Self::bad_body("The body breaks a rule that holds for every body.").about(&field, detail)
    }

    /// The body is no JSON.
    pub fn not_json(at: Unreadable) -> Self {
        Self::bad_body(format!("The body is not valid JSON ({at})."))
    }

    /// A parameter of the query or a header is wrong; its value is not repeated.
    pub fn invalid_parameter(name: &str, detail: &str) -> Self {
        let known = if is_name(name) { name } else { "?" };
        let sentence = format!("The parameter {known} {detail}.");
        Self::new(400, "invalid_parameter", sentence).about(name, detail)
    }

    /// The body is too large; `limit` in bytes.
    pub fn too_large(limit: usize) -> Self {
        Self::new(
            413,
            "body_too_large",
            format!("The body is larger than {limit} bytes."),
        )
    }

    /// The body is not JSON by its own declaration.
    pub fn unsupported_media_type() -> Self {
        Self::new(
            415,
            "unsupported_media_type",
            "The body must be application/json.",
        )
    }

    /// Some fields are wrong.
    pub fn invalid_fields(errors: Vec<FieldError>) -> Self {
        Self::new(422, "invalid_fields", "Some fields are missing or wrong.").errors(errors)
    }

    /// One field is wrong.
    pub fn invalid_field(field: &str, detail: &str) -> Self {
        Self::invalid_fields(vec![FieldError {
            field: field.to_owned(),
            detail: detail.to_owned(),
        }])
    }

    fn errors(mut self, errors: Vec<FieldError>) -> Self {
        self.errors = errors;
        for error in self.errors.iter_mut().filter(|e| !is_name(&e.field)) {
            error.field = "?".into();
        }
        self
    }

    /// Whoever asks has asked too often; `seconds` until it is worth asking again.
    pub fn too_many_requests(seconds: u64) -> Self {
        let detail = "The organisation asks more often than it may.";
        Self::new(429, "too_many_requests", detail)
            .hint("Wait for as long as the header Retry-After says.")
            .header("retry-after", seconds.to_string())
    }

    /// Something of ours is not available.
    pub fn unavailable() -> Self {
        Self::new(
            503,
            "temporarily_unavailable",
            "Switchboard cannot do this at present.",
        )
        .hint("Try again in a few seconds.")
        .header("retry-after", "5")
    }

    /// What is stored was not sealed by us for its place.
    pub fn does_not_open() -> Self {
        let detail = "The stored credentials do not open any more.";
        Self::new(409, "credentials_do_not_open", detail)
            .hint("Enter them again; the operator has been alarmed.")
    }

    /// A provider's answer to something the caller asked for.
    pub fn from_provider(failure: &Failure) -> Self {
        let status = match failure.kind {
            FailureKind::Throttled
            | FailureKind::RecipientThrottled
            | FailureKind::Unavailable
            | FailureKind::OutcomeUnknown => 503,
            _ => 422,
        };
        let mut problem = Self::new(status, failure.kind.code(), failure.detail.clone())
            .hint(failure.hint.clone());
        if status == 503 {
            let wait = failure.retry_after.map_or(5, |wait| wait.as_secs().max(5));
            problem = problem.header("retry-after", wait.to_string());
        }
        problem.provider_code.clone_from(&failure.provider_code);
        problem
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(error = %Causes(&error), "the store failed");
        Self::unavailable()
    }
}

/// An error of the store with its causes, on one line. Not any error: what others say may quote requests.
pub struct Causes<'a>(pub &'a StoreError);

impl std::fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = std::error::Error::source(self.0);
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

/// Names of ours are short and have no digits; keys and tokens are long or have some.
fn is_name(text: &str) -> bool {
    let in_names = |byte: u8| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'-' | b'.');
    (1..=64).contains(&text.len())
        && text.split('.').all(|part| part.len() <= 40)
        && text.bytes().all(in_names)
}

fn title(status: u16) -> &'static str {
    match status {
        400 => "Bad request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not found",
        405 => "Method not allowed",
        409 => "Conflict",
        412 => "Precondition failed",
        413 => "Content too large",
        415 => "Unsupported media type",
        422 => "Unprocessable content",
        429 => "Too many requests",
        503 => "Service unavailable",
        _ => "Error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(field: &str) -> String {
        let detail = "is not a field".to_owned();
        let field = field.to_owned();
        let problem = Problem::invalid_fields(vec![FieldError { field, detail }]);
        serde_json::to_value(problem).unwrap()["errors"][0]["field"].to_string()
    }

    #[test]
    fn e2_a_value_in_the_place_of_a_name_is_not_repeated() {
        for value in [
            "CANARY0123456789abcdef",
            "ca4a12e5ca4a12e50123456789abcdef",
            &"CANARY".repeat(7),
            "CANARY CANARY",
        ] {
            assert_eq!(told(value), r#""?""#);
        }
        for name in [
            "colour",
            "access_token",
            "metadata.messageId",
            "Idempotency-Key",
        ] {
            assert_eq!(told(name), format!("{name:?}"));
        }
    }
}
