//! HTTP requests as API Gateway (HTTP API, payload 2.0) hands them over, and answers.

use std::collections::HashMap;
use std::ops::Deref;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::Given;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::sqs::contained;
use crate::{Problem, json};

/// Most bytes of a body of the configuration API.
pub const MAX_BODY_BYTES: usize = 64 * 1024;
/// Deepest nesting of a JSON body.
pub const MAX_DEPTH: usize = 16;

/// A request. It cannot be printed: there are secrets in bodies, headers and paths. Its body is wiped.
///
/// ```compile_fail,E0277
/// let request: edge::http::HttpRequest = serde_json::from_str("").unwrap();
/// format!("{request:?}");
/// ```
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpRequest {
    #[serde(default)]
    raw_path: String,
    #[serde(default)]
    raw_query_string: String,
    #[serde(default)]
    headers: HashMap<String, String>,
    request_context: RequestContext,
    #[serde(default)]
    body: Option<SecretString>,
    #[serde(default)]
    is_base64_encoded: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext {
    http: HttpContext,
    #[serde(default)]
    request_id: String,
    #[serde(default)]
    authorizer: Option<Authorizer>,
}

#[derive(Deserialize)]
struct HttpContext {
    #[serde(default)]
    method: String,
}

#[derive(Deserialize)]
struct Authorizer {
    #[serde(default)]
    jwt: Option<Jwt>,
}

#[derive(Deserialize)]
struct Jwt {
    #[serde(default)]
    claims: HashMap<String, Value>,
}

/// The body is marked as base 64 and is not.
#[derive(Debug, thiserror::Error)]
#[error("the gateway's body is not base 64")]
pub struct BadBase64;

/// The exact bytes of a body.
pub enum Body<'a> {
    /// As they stand in the request.
    Text(&'a str),
    /// Out of base 64; wiped when dropped.
    Decoded(Zeroizing<Vec<u8>>),
}

impl Deref for Body<'_> {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Decoded(bytes) => bytes,
        }
    }
}

impl HttpRequest {
    /// `GET`, `POST` …
    pub fn method(&self) -> &str {
        &self.request_context.http.method
    }

    /// The path, with percent escapes as they came.
    pub fn path(&self) -> &str {
        &self.raw_path
    }

    /// The query string as it came.
    pub fn query(&self) -> &str {
        &self.raw_query_string
    }

    /// A header's value by its lower-case name; the gateway lowers all names.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The gateway's id of the request.
    pub fn id(&self) -> &str {
        &self.request_context.request_id
    }

    /// A claim that the gateway's authorizer verified.
    pub(crate) fn claim(&self, name: &str) -> Option<&Value> {
        self.request_context
            .authorizer
            .as_ref()?
            .jwt
            .as_ref()?
            .claims
            .get(name)
    }

    /// The exact bytes of the body.
    ///
    /// # Errors
    /// [`BadBase64`] if the gateway marked it as base 64 and it is not.
    pub fn body(&self) -> Result<Body<'_>, BadBase64> {
        let body = self.body.as_ref().map(ExposeSecret::expose_secret);
        let body = body.unwrap_or_default();
        if !self.is_base64_encoded {
            return Ok(Body::Text(body));
        }
        let bytes = STANDARD.decode(body).map_err(|_| BadBase64)?;
        Ok(Body::Decoded(Zeroizing::new(bytes)))
    }

    /// The body as a JSON object.
    ///
    /// # Errors
    /// A [`Problem`] that says what is wrong with it and repeats none of it.
    pub fn json_object(&self) -> Result<Given, Problem> {
        let declared = self.header("content-type").unwrap_or_default();
        let media_type = declared.split(';').next().unwrap_or_default().trim();
        if !media_type.eq_ignore_ascii_case("application/json") {
            return Err(Problem::unsupported_media_type());
        }
        let body = self
            .body()
            .map_err(|_| Problem::bad_body("The body cannot be decoded."))?;
        if body.len() > MAX_BODY_BYTES {
            return Err(Problem::too_large(MAX_BODY_BYTES));
        }
        if depth(&body) > MAX_DEPTH {
            return Err(Problem::bad_body(format!(
                "The body is nested more than {MAX_DEPTH} levels deep."
            )));
        }
        json::read(&body).map_err(|error| {
            Problem::bad_body(if error.other_form {
                "The body must be a JSON object.".to_owned()
            } else {
                format!("The body is not valid JSON ({error}).")
            })
        })
    }
}

/// How deep brackets nest outside of strings.
fn depth(json: &[u8]) -> usize {
    let (mut now, mut most) = (0usize, 0usize);
    let (mut in_text, mut escaped) = (false, false);
    for byte in json {
        if in_text {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_text = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_text = true,
            b'{' | b'[' => {
                now += 1;
                most = most.max(now);
            }
            b'}' | b']' => now = now.saturating_sub(1),
            _ => {}
        }
    }
    most
}

/// The reply to a request. There is one to everything: a panic becomes a problem too.
pub async fn answered(
    request: &HttpRequest,
    answer: impl Future<Output = Result<HttpReply, Problem>>,
) -> HttpReply {
    contained(answer, Err(Problem::unavailable()))
        .await
        .unwrap_or_else(|problem| {
            tracing::info!(code = problem.code(), status = problem.status(), "refused");
            HttpReply::problem(&problem, request.id())
        })
}

/// An answer in the gateway's form.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpReply {
    status_code: u16,
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "as_map")]
    headers: Vec<(&'static str, String)>,
    body: String,
    is_base64_encoded: bool,
}

fn as_map<S: serde::Serializer>(
    headers: &[(&'static str, String)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(headers.iter().map(|(name, value)| (name, value)))
}

impl HttpReply {
    /// An answer with a body of that media type; no page may guess another.
    pub fn new(status: u16, media_type: &'static str, body: String) -> Self {
        Self {
            status_code: status,
            headers: vec![
                ("content-type", media_type.to_owned()),
                ("x-content-type-options", "nosniff".to_owned()),
                ("cache-control", "no-store".to_owned()),
            ],
            body,
            is_base64_encoded: false,
        }
    }

    /// An answer without a body.
    pub fn empty(status: u16) -> Self {
        Self {
            status_code: status,
            headers: Vec::new(),
            body: String::new(),
            is_base64_encoded: false,
        }
    }

    /// `{"success": true, "data": …}`.
    pub fn data(status: u16, data: &impl Serialize) -> Self {
        #[derive(Serialize)]
        struct Success<'a, T> {
            success: bool,
            data: &'a T,
        }
        match serde_json::to_string(&Success {
            success: true,
            data,
        }) {
            Ok(body) => Self::new(status, "application/json", body),
            Err(_) => Self::problem(&Problem::unavailable(), ""),
        }
    }

    /// `{"success": true, "data": […], "next_cursor": …}`; without the last at the end of the list.
    pub fn page(lines: &[impl Serialize], next_cursor: Option<&str>) -> Self {
        #[derive(Serialize)]
        struct Page<'a, T> {
            success: bool,
            data: &'a [T],
            #[serde(skip_serializing_if = "Option::is_none")]
            next_cursor: Option<&'a str>,
        }
        let page = Page {
            success: true,
            data: lines,
            next_cursor,
        };
        match serde_json::to_string(&page) {
            Ok(body) => Self::new(200, "application/json", body),
            Err(_) => Self::problem(&Problem::unavailable(), ""),
        }
    }

    /// `{"success": true, "message": …}`.
    pub fn message(status: u16, message: &str) -> Self {
        let body = serde_json::json!({ "success": true, "message": message });
        Self::new(status, "application/json", body.to_string())
    }

    /// A problem; `request` is the id to quote when asking for help.
    pub fn problem(problem: &Problem, request: &str) -> Self {
        let mut body = serde_json::to_value(problem).unwrap_or_default();
        body["instance"] = request.into();
        let mut reply = Self::new(
            problem.status(),
            "application/problem+json",
            body.to_string(),
        );
        if problem.status() == 503 {
            reply.headers.push(("retry-after", "5".to_owned()));
        }
        reply
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// HTTP status.
    pub fn status(&self) -> u16 {
        self.status_code
    }

    /// The body.
    pub fn body(&self) -> &str {
        &self.body
    }
}

#[cfg(test)]
mod tests {
    use secrecy::zeroize::ZeroizeOnDrop;
    use serde_json::json;

    use super::*;

    fn request(content_type: &str, body: &str) -> HttpRequest {
        serde_json::from_value(json!({
            "rawPath": "/x", "headers": {"content-type": content_type},
            "requestContext": {"http": {"method": "POST"}, "requestId": "r-1"}, "body": body,
        }))
        .unwrap()
    }

    #[test]
    fn bodies_are_refused_with_a_reason() {
        let deep = format!("{}{}", "[".repeat(17), "]".repeat(17));
        let long = format!("{{\"a\":\"{}\"}}", "x".repeat(MAX_BODY_BYTES));
        for (content_type, body, status) in [
            ("text/plain", "{}", 415),
            ("", "{}", 415),
            ("application/json", "[]", 400),
            ("application/json", "{", 400),
            ("application/json", "", 400),
            ("application/json", &deep, 400),
            ("application/json", &long, 413),
        ] {
            let status_of = request(content_type, body).json_object().err();
            let status_of = status_of.map(|problem| problem.status());
            assert_eq!(status_of, Some(status), "{content_type} {body:.20}");
        }
        assert!(
            request("application/json; charset=utf-8", r#"{"a":"[[["}"#)
                .json_object()
                .is_ok()
        );
    }

    #[test]
    fn e6_a_body_is_wiped_in_all_its_forms() {
        fn wipes_itself<T: ZeroizeOnDrop>(_: &T) {}
        let mut request = request("application/json", "e30=");
        request.is_base64_encoded = true;
        wipes_itself(request.body.as_ref().unwrap());
        let Ok(Body::Decoded(bytes)) = request.body() else {
            panic!("it was base 64");
        };
        assert_eq!(*bytes, b"{}");
        wipes_itself(&bytes);
        wipes_itself(&request.json_object().unwrap());
    }

    #[test]
    fn a_problem_tells_what_to_do() {
        let reply = HttpReply::problem(&Problem::unavailable(), "r-1");
        let body: Value = serde_json::from_str(reply.body()).unwrap();
        assert_eq!(body["code"], "temporarily_unavailable");
        assert_eq!(body["success"], false);
        assert_eq!(body["instance"], "r-1");
        assert!(body["hint"].is_string());
    }
}
