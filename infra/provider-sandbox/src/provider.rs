//! What every provider is asked. All that is general (log, faults, deliveries, control API) knows
//! only this.

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use serde_json::{Map, Value};
use url::Url;

use crate::control::Refusal;
use crate::delivery::Payload;

/// A request as a provider sees it: the body is read.
pub(crate) type Request = http::Request<Bytes>;

/// A provider's answer.
pub(crate) type Reply = http::Response<Bytes>;

/// Errors that every provider has, each in its own shape.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Failure {
    /// Too many requests.
    RateLimit,
    /// The credential is not, or no longer, good.
    BadCredential,
    /// The credential is good but may not do this.
    MissingScope,
}

/// An event that the control API makes a provider send us.
pub(crate) struct Event {
    pub(crate) account: String,
    pub(crate) url: Url,
    pub(crate) payload: Payload,
    /// Ids that the event carries, to be shown to the caller.
    pub(crate) ids: Map<String, Value>,
}

/// One provider: its accounts, its API and its webhooks.
#[async_trait]
pub(crate) trait Provider: Send + Sync {
    /// The provider's type, as in integrations: `whatsapp`.
    fn id(&self) -> &'static str;

    /// Whether a path (without query) is this provider's.
    fn serves(&self, path: &str) -> bool;

    /// The name of the account that a request is about, where it can be told.
    fn account_of(&self, request: &Request) -> Option<String>;

    /// Answers a request, and queues the webhooks that follow from it.
    async fn answer(&self, request: &Request) -> Reply;

    /// The provider's own answer for a failure.
    fn fail(&self, request: &Request, failure: Failure) -> Reply;

    /// The configuration of an account, ready to be posted as that of an integration.
    fn configuration(&self, account: &str) -> Option<Value>;

    /// Makes further accounts and returns their names, in the order made.
    fn make_accounts(&self, count: usize) -> Vec<String>;

    /// Gives an account another set of secrets, by field, and returns the name that it has with these. Both sets work.
    fn add_secrets(&self, account: &str, secrets: &Map<String, Value>) -> Result<String, Refusal>;

    /// The secrets of all accounts, each with a name to tell it by.
    fn secrets(&self) -> Vec<(String, String)>;

    /// Composes an event out of what `POST /_sandbox/send` was given.
    fn compose(&self, _wanted: &Map<String, Value>) -> Result<Event, Refusal> {
        Err(Refusal::field("provider", "sends no events here"))
    }

    /// Forgets registrations and whatever else requests have changed.
    fn reset(&self) {}
}

/// A JSON answer.
pub(crate) fn json_reply(status: StatusCode, body: &Value) -> Reply {
    let mut reply = Reply::new(Bytes::from(body.to_string()));
    *reply.status_mut() = status;
    reply.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json; charset=UTF-8"),
    );
    reply
}
