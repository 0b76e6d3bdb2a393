//! HTTP requests as API Gateway (HTTP API, payload 2.0) hands them over, and answers.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Deref;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::Given;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::sqs::contained;
use crate::{Problem, json, limits};

/// Most bytes of a body of the configuration API.
pub const MAX_BODY_BYTES: usize = 64 * 1024;

/// A request. It cannot be printed: there are secrets in bodies, headers and paths. Its body is wiped.
///
/// ```compile_fail,E0277
/// let request: edge::http::HttpRequest = serde_json::from_str("").unwrap();
/// format!("{request:?}");
/// ```
pub struct HttpRequest {
    event: Event,
    is_readable: bool,
}

impl<'de> Deserialize<'de> for HttpRequest {
    /// An event of another form is a request too, one that asks for nothing: whoever sent it is told so.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let event = Event::deserialize(deserializer);
        Ok(Self {
            is_readable: event.is_ok(),
            event: event.unwrap_or_default(),
        })
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
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

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext {
    http: HttpContext,
    #[serde(default)]
    request_id: String,
    #[serde(default)]
    authorizer: Option<Authorizer>,
}

#[derive(Default, Deserialize)]
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
        &self.event.request_context.http.method
    }

    /// The path, with percent escapes as they came.
    pub fn path(&self) -> &str {
        &self.event.raw_path
    }

    /// The parameters of the query, decoded, in their order.
    pub fn query(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        form_urlencoded::parse(self.event.raw_query_string.as_bytes())
    }

    /// A header's value by its lower-case name; the gateway lowers all names.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.event.headers.get(name).map(String::as_str)
    }

    /// The gateway's id of the request.
    pub fn id(&self) -> &str {
        &self.event.request_context.request_id
    }

    /// A claim that the gateway's authorizer verified.
    pub(crate) fn claim(&self, name: &str) -> Option<&Value> {
        self.event
            .request_context
            .authorizer
            .as_ref()?
            .jwt
            .as_ref()?
            .claims
            .get(name)
    }

    /// Whether there is a body at all.
    pub fn has_body(&self) -> bool {
        let body = self.event.body.as_ref().map(ExposeSecret::expose_secret);
        body.is_some_and(|body| !body.is_empty())
    }

    /// The exact bytes of the body.
    ///
    /// # Errors
    /// [`BadBase64`] if the gateway marked it as base 64 and it is not.
    pub fn body(&self) -> Result<Body<'_>, BadBase64> {
        let body = self.event.body.as_ref().map(ExposeSecret::expose_secret);
        let body = body.unwrap_or_default();
        if !self.event.is_base64_encoded {
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
        json_object(&self.json_body(MAX_BODY_BYTES)?)
    }

    /// The bytes of a body that declares itself JSON.
    ///
    /// # Errors
    /// As [`HttpRequest::json_object`]; if there are more than `most`, too.
    pub fn json_body(&self, most: usize) -> Result<Body<'_>, Problem> {
        if !is_json(self.header("content-type").unwrap_or_default()) {
            return Err(Problem::unsupported_media_type());
        }
        let body = self
            .body()
            .map_err(|_| Problem::bad_body("The body cannot be decoded."))?;
        if body.len() > most {
            return Err(Problem::too_large(most));
        }
        Ok(body)
    }
}

/// A body, or a part of one, as a JSON object.
///
/// # Errors
/// As [`HttpRequest::json_object`].
pub fn json_object(text: &[u8]) -> Result<Given, Problem> {
    if text.len() > MAX_BODY_BYTES {
        return Err(Problem::too_large(MAX_BODY_BYTES));
    }
    if let Some(excess) = limits::excess(text, limits::API) {
        return Err(Problem::bad_field(excess.place, excess.says));
    }
    json::read(text).map_err(|error| {
        if error.other_form {
            Problem::bad_body("The body must be a JSON object.")
        } else {
            Problem::not_json(error)
        }
    })
}

/// Whether a content type declares JSON, which is UTF-8 (RFC 8259, section 8.1).
fn is_json(declared: &str) -> bool {
    let mut parts = declared.split(';').map(str::trim);
    let media_type = parts.next().unwrap_or_default();
    let mut charset = parts.filter_map(|parameter| parameter.split_once('='));
    media_type.eq_ignore_ascii_case("application/json")
        && charset.all(|(name, value)| {
            !name.eq_ignore_ascii_case("charset")
                || value.trim_matches('"').eq_ignore_ascii_case("utf-8")
        })
}

/// The reply to a request. There is one to everything: a panic becomes a problem too.
pub async fn answered(
    request: &HttpRequest,
    answer: impl Future<Output = Result<HttpReply, Problem>>,
) -> HttpReply {
    let answer = async {
        if request.is_readable {
            answer.await
        } else {
            Err(Problem::unreadable())
        }
    };
    contained(answer, Err(Problem::unavailable()))
        .await
        .unwrap_or_else(|problem| {
            tracing::info!(code = problem.code(), status = problem.status(), "refused");
            HttpReply::problem(&problem, request.id())
        })
}

/// An answer in the gateway's form. It cannot be printed: some tell secrets.
///
/// ```compile_fail,E0277
/// format!("{:?}", edge::http::HttpReply::empty(204));
/// ```
#[derive(Serialize)]
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

    /// JSON as it is.
    pub fn json(status: u16, body: &impl Serialize) -> Self {
        match serde_json::to_string(body) {
            Ok(body) => Self::new(status, "application/json", body),
            Err(_) => Self::problem(&Problem::unavailable(), ""),
        }
    }

    /// `{"success": true, "data": …}`.
    pub fn data(status: u16, data: &impl Serialize) -> Self {
        #[derive(Serialize)]
        struct Success<'a, T> {
            success: bool,
            data: &'a T,
        }
        let success = true;
        Self::json(status, &Success { success, data })
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
        Self::json(200, &page)
    }

    /// `{"success": true, "message": …}`.
    pub fn message(status: u16, message: &str) -> Self {
        Self::json(
            status,
            &serde_json::json!({ "success": true, "message": message }),
        )
    }

    /// A problem; `request` is the id to quote when asking for help.
    pub fn problem(problem: &Problem, request: &str) -> Self {
        let problem = problem.clone().of_request(request);
        let body = serde_json::to_string(&problem).unwrap_or_default();
        let mut reply = Self::new(problem.status(), "application/problem+json", body);
        reply.headers.extend(problem.headers());
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
            ("application/json; charset=utf-16", "{}", 415),
            ("application/json", &deep, 400),
            ("application/json", r#"{"a":1,"a":2}"#, 400),
            ("application/json", r#"{"a":"\u0000"}"#, 400),
            ("application/json", &long, 413),
        ] {
            let status_of = request(content_type, body).json_object().err();
            let status_of = status_of.map(|problem| problem.status());
            assert_eq!(status_of, Some(status), "{content_type} {body:.20}");
        }
        assert!(
            request("application/json; charset=\"UTF-8\"", r#"{"a":"[[["}"#)
                .json_object()
                .is_ok()
        );
    }

    #[test]
    fn e6_a_body_is_wiped_in_all_its_forms() {
        fn wipes_itself<T: ZeroizeOnDrop>(_: &T) {}
        let mut request = request("application/json", "e30=");
        request.event.is_base64_encoded = true;
        wipes_itself(request.event.body.as_ref().unwrap());
        let Ok(Body::Decoded(bytes)) = request.body() else {
            panic!("it was base 64");
        };
        assert_eq!(*bytes, b"{}");
        wipes_itself(&bytes);
        wipes_itself(&request.json_object().unwrap());
    }

    #[tokio::test]
    async fn an_event_of_another_form_is_answered() {
        for event in [
            json!({}),
            json!(5),
            json!({"requestContext": {"http": {"method": "GET"}}, "headers": null}),
            json!({"requestContext": {"http": {"method": "GET"}}, "body": {"a": 1}}),
        ] {
            let request: HttpRequest = serde_json::from_value(event).unwrap();
            let reply = answered(&request, async { Ok(HttpReply::empty(200)) }).await;
            assert_eq!(reply.status(), 400, "{}", reply.body());
        }
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
