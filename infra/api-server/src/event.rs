//! A request as an event of an HTTP API (payload 2.0), and a function's reply as a response.

use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Response, header};
use serde_json::{Map, Value, json};

/// The event of a request; `claims` are those of its verified token.
pub(crate) fn of(head: &Parts, body: &Bytes, claims: Option<Value>, id: &str) -> Value {
    let path = head.uri.path();
    let query = head.uri.query().unwrap_or_default();
    let headers = headers(&head.headers);
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "api",
            "domainName": headers.get("host"),
            "http": {
                "method": head.method.as_str(),
                "path": path,
                "protocol": format!("{:?}", head.version),
                "sourceIp": "127.0.0.1",
                "userAgent": headers.get("user-agent"),
            },
            "requestId": id,
            "routeKey": "$default",
            "stage": "$default",
        },
        "headers": headers,
        "isBase64Encoded": false,
    });
    let cookies = head.headers.get_all(header::COOKIE);
    let cookies: Vec<String> = cookies.iter().map(text).collect();
    if !cookies.is_empty() {
        event["cookies"] = cookies.into();
    }
    if !query.is_empty() {
        event["queryStringParameters"] = parameters(query).into();
    }
    if let Some(claims) = claims {
        event["requestContext"]["authorizer"] = json!({"jwt": {"claims": claims, "scopes": []}});
    }
    if !body.is_empty() {
        let text = std::str::from_utf8(body);
        event["isBase64Encoded"] = text.is_err().into();
        event["body"] = text
            .map_or_else(|_| STANDARD.encode(body), str::to_owned)
            .into();
    }
    event
}

/// Lower-case names; what came several times is joined by commas.
fn headers(given: &HeaderMap) -> Map<String, Value> {
    let join = |name: &HeaderName| {
        let values: Vec<String> = given.get_all(name).iter().map(text).collect();
        (name.to_string(), values.join(",").into())
    };
    let given = given.keys().filter(|name| **name != header::COOKIE);
    given.map(join).collect()
}

fn text(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

fn parameters(query: &str) -> Map<String, Value> {
    let mut parameters: Map<String, Value> = Map::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let joined = match parameters.get(&*name).and_then(Value::as_str) {
            Some(before) => format!("{before},{value}"),
            None => value.into_owned(),
        };
        parameters.insert(name.into_owned(), joined.into());
    }
    parameters
}

/// The response of a reply, as a function gives it to the gateway.
///
/// # Errors
/// If it is none that could be sent.
pub(crate) fn response(reply: &Value) -> Result<Response<Body>, http::Error> {
    let status = reply["statusCode"].as_u64().unwrap_or_default();
    let mut response = Response::builder().status(u16::try_from(status).unwrap_or_default());
    for (name, value) in reply["headers"].as_object().into_iter().flatten() {
        response = response.header(name, value.as_str().unwrap_or_default());
    }
    let body = reply["body"].as_str().unwrap_or_default();
    response.body(body.to_owned().into())
}
