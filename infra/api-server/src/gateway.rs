//! The gateway, as far as a client notices it: it refuses what carries no token, and hands the rest to a function.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Body;
use bytes::Bytes;
use contract::{Access, Route, lookup};
use http::request::Parts;
use http::{HeaderMap, Response, header};
use serde_json::{Value, json};

use crate::event;
use crate::flaw::{FLAWED, Flaw};
use crate::people::{ADMIN, Person};
use crate::switchboard::Switchboard;

/// Most bytes of a body that a gateway takes.
pub(crate) const MAX_BODY_BYTES: usize = 10 * 1024 * 1024;

/// Stands before the functions.
pub(crate) struct Gateway {
    pub(crate) switchboard: Switchboard,
    pub(crate) flaw: Option<Flaw>,
    requests: AtomicU64,
}

impl Gateway {
    pub(crate) fn new(switchboard: Switchboard, flaw: Option<Flaw>) -> Self {
        Self {
            switchboard,
            flaw,
            requests: AtomicU64::new(0),
        }
    }

    pub(crate) async fn answer(&self, head: Parts, body: Bytes) -> Response<Body> {
        let reply = self.reply(&head, &body).await;
        // What cannot be sent is no answer.
        event::response(&reply).unwrap_or_default()
    }

    async fn reply(&self, head: &Parts, body: &Bytes) -> Value {
        let path = head.uri.path();
        let route = lookup::find(head.method.as_str(), path).ok();
        let route = route.map(|found| found.route);
        let flaw = self.flaw.filter(|_| is_flawed(route));
        let mut person = person(&head.headers);
        if flaw == Some(Flaw::Token) {
            person = person.or(Some(&ADMIN));
        }
        if person.is_none() && !is_public(path) {
            return refusal(401, "Unauthorized", &[("www-authenticate", "Bearer")]);
        }
        if body.len() > MAX_BODY_BYTES {
            return refusal(413, "Request Entity Too Large", &[]);
        }
        let id = format!("req-{}", self.requests.fetch_add(1, Ordering::Relaxed));
        let event = event::of(head, body, person.map(Person::claims), &id);
        let mut reply = self.switchboard.answer(event).await;
        if let Some(flaw) = flaw {
            flaw.apply(&mut reply);
        }
        reply
    }
}

fn is_flawed(route: Option<&Route>) -> bool {
    route.is_some_and(|route| route.operation == FLAWED)
}

/// Whether the gateway asks for no token there, whatever the method.
fn is_public(path: &str) -> bool {
    let shown = lookup::find("GET", path);
    path.starts_with("/webhooks/") || shown.is_ok_and(|found| found.route.access == Access::Public)
}

/// Whose token the request carries.
fn person(headers: &HeaderMap) -> Option<&'static Person> {
    let given = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    Person::find(given.strip_prefix("Bearer ")?)
}

/// What an HTTP API says itself.
fn refusal(status: u16, message: &str, headers: &[(&str, &str)]) -> Value {
    let mut reply = json!({
        "statusCode": status,
        "headers": {"content-type": "application/json"},
        "body": json!({ "message": message }).to_string(),
    });
    for (name, value) in headers {
        reply["headers"][*name] = (*value).into();
    }
    reply
}
