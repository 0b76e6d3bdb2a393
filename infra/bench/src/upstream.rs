//! The provider upstream: takes every message, answers as Meta's Cloud API does, and remembers what came twice.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use hyper::Request;
use serde::Deserialize;
use serde_json::json;

use crate::http::{Reply, reply};
use crate::template::Template;

/// A provider.
#[derive(Default)]
pub(crate) struct Upstream {
    delay: Duration,
    /// What the `authorization` header of a request has to begin with; `${1}`, `${2}` … are segments of its path.
    authorization: Option<Template>,
    seen: RefCell<HashSet<u64>>,
    count: Cell<u64>,
    repeated: Cell<u64>,
    unauthorized: Cell<u64>,
}

/// What a provider saw.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen {
    /// Requests.
    pub(crate) calls: u64,
    /// Requests whose path and body had come before: messages sent twice.
    pub(crate) repeated: u64,
    /// Requests with another credential than the one expected.
    pub(crate) unauthorized: u64,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    to: Option<&'a str>,
}

impl Upstream {
    /// A provider that takes `delay` for each request.
    pub(crate) fn new(delay: Duration, authorization: Option<&str>) -> Self {
        Self {
            delay,
            authorization: authorization.map(Template::new),
            ..Self::default()
        }
    }

    /// What it saw since the last reset.
    pub(crate) fn seen(&self) -> Seen {
        Seen {
            calls: self.count.get(),
            repeated: self.repeated.get(),
            unauthorized: self.unauthorized.get(),
        }
    }

    /// Starts counting anew; what came before still counts as seen.
    pub(crate) fn reset(&self) {
        self.count.set(0);
        self.repeated.set(0);
        self.unauthorized.set(0);
    }

    /// Answers one request.
    pub(crate) async fn handle(self: Rc<Self>, request: Request<Bytes>) -> Option<Reply> {
        self.count.set(self.count.get() + 1);
        let number = self.count.get();
        let path = request.uri().path();
        if !self.is_authorized(&request) {
            self.unauthorized.set(self.unauthorized.get() + 1);
        }
        let mut hasher = DefaultHasher::new();
        (path, request.body()).hash(&mut hasher);
        if !self.seen.borrow_mut().insert(hasher.finish()) {
            self.repeated.set(self.repeated.get() + 1);
        }
        if !self.delay.is_zero() {
            tokio::time::sleep(self.delay).await;
        }
        let to = serde_json::from_slice::<Message<'_>>(request.body())
            .ok()
            .and_then(|message| message.to);
        let answer = json!({
            "messaging_product": "whatsapp",
            "contacts": [{"input": to, "wa_id": to}],
            "messages": [{"id": format!("wamid.HBgLMTU1NTAwMDAwMDAVAgARGBI{number:016}")}],
        });
        Some(reply(
            200,
            "application/json; charset=UTF-8",
            answer.to_string(),
        ))
    }

    fn is_authorized(&self, request: &Request<Bytes>) -> bool {
        let Some(expected) = &self.authorization else {
            return true;
        };
        let segments = request.uri().path().split('/').skip(1).enumerate();
        let values: BTreeMap<String, &str> = segments
            .map(|(number, segment)| ((number + 1).to_string(), segment))
            .collect();
        let expected = expected.fill(|name| values.get(name).map(|value| (*value).to_owned()));
        let given = request
            .headers()
            .get("authorization")
            .and_then(|value| value.to_str().ok());
        given.is_some_and(|given| given.starts_with(&expected))
    }
}
