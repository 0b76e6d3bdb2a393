//! The public door for providers: verify, split into single events, put them on the inbound queue, and only then
//! say 200. Nothing else: no credential can be opened here, no table written.
//!
//! Unknown URL, wrong provider and bad signature look the same from outside, after equal work.

pub mod config;
mod openings;
mod routes;

use std::sync::Arc;

use domain::event::{EventKind, InboundEvent, ProviderEvent};
use domain::seal::Purpose;
use domain::time::SystemClock;
use domain::{Clock, Timestamp, random};
use edge::StartError;
use edge::aws::AwsEnv;
use edge::http::{HttpReply, HttpRequest};
use edge::queue::{Entry, Queue};
use providers::WebhookRequest;
use serde_json::value::RawValue;
use store::key_rings::KeyRingsTable;
use store::routes::WebhookRoutes;
use vault::{Opener, RingKeys};

use crate::config::Config;
use crate::openings::OpeningNotices;
use crate::routes::{KnownRoute, Routes};

/// Most bytes of a webhook body; Meta sends up to 3 MB.
pub const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;

/// Most events in a body; Meta sends up to 1,000.
const MAX_EVENTS: usize = 2_000;
/// Most bytes of an event's own object; DynamoDB keeps 400 KB.
const MAX_PAYLOAD_BYTES: usize = 200 * 1024;
/// Most bytes of what the provider tells of the people in an event.
const MAX_CONTACTS_BYTES: usize = 16 * 1024;

/// What requests share: made once per cold start.
pub struct Context {
    routes: Routes,
    queue: Queue,
    clock: Arc<dyn Clock>,
}

impl Context {
    /// Sets up clients; nothing is called yet.
    ///
    /// # Errors
    /// If a client cannot be set up.
    pub fn new(config: Config, aws: &AwsEnv) -> Result<Self, StartError> {
        let sdk = aws.config()?;
        Ok(Self::with(config, &sdk, Arc::new(SystemClock)))
    }

    /// As [`Context::new`], with clients and a clock from outside.
    pub fn with(config: Config, sdk: &aws_types::SdkConfig, clock: Arc<dyn Clock>) -> Self {
        let dynamodb = aws_sdk_dynamodb::Client::new(sdk);
        let rows = KeyRingsTable::new(dynamodb.clone(), config.key_rings_table);
        let kms = aws_sdk_kms::Client::new(sdk);
        let keys = RingKeys::on_aws(Purpose::WebhookSecrets, rows, kms, clock.clone());
        let table = WebhookRoutes::new(dynamodb, config.webhook_routes_table);
        let queue = Queue::new(aws_sdk_sqs::Client::new(sdk), config.inbound_queue);
        let notices = Arc::new(OpeningNotices {
            queue: queue.clone(),
            clock: clock.clone(),
        });
        Self {
            routes: Routes::new(table, Opener::new(keys, notices), clock.clone()),
            queue,
            clock,
        }
    }
}

/// `GET` and `POST /webhooks/{provider}/{token}`.
pub async fn handle(context: &Context, request: HttpRequest) -> HttpReply {
    // Boxed: it is large, and would be moved from frame to frame.
    let answer = Box::pin(answer(context, &request));
    edge::sqs::contained(answer, HttpReply::empty(503)).await
}

async fn answer(context: &Context, request: &HttpRequest) -> HttpReply {
    let path: Vec<&str> = request.path().trim_matches('/').split('/').collect();
    let ["webhooks", provider, token] = path[..] else {
        return refused();
    };
    let Ok(body) = request.body() else {
        return refused();
    };
    if body.len() > MAX_BODY_BYTES {
        return HttpReply::empty(413);
    }
    let route = match context
        .routes
        .find(provider, token, request.method() == "GET")
        .await
    {
        Ok(route) => route,
        // Not even whether the URL exists can be told: the provider tries again.
        Err(()) => return HttpReply::empty(503),
    };
    match request.method() {
        "GET" => handshake(&route, request),
        "POST" => deliver(context, &route, request, &body).await,
        _ => refused(),
    }
}

fn refused() -> HttpReply {
    HttpReply::empty(401)
}

fn handshake(route: &KnownRoute, request: &HttpRequest) -> HttpReply {
    let query = request.query().take(20);
    let query: Vec<(String, String)> = query
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    match route.verifier.answer_handshake(&query) {
        Some(challenge) => HttpReply::new(200, "text/plain", challenge),
        None => refused(),
    }
}

async fn deliver(
    context: &Context,
    route: &KnownRoute,
    request: &HttpRequest,
    body: &[u8],
) -> HttpReply {
    let received_at = context.clock.now();
    let header = |name: &str| request.header(name);
    let genuine = route.verifier.is_genuine(WebhookRequest {
        header: &header,
        body,
        received_at,
    });
    let (true, Some(owner)) = (genuine, &route.owner) else {
        return refused();
    };
    let Some(bodies) = bodies(owner, body, received_at) else {
        return HttpReply::empty(413);
    };
    let entries: Vec<_> = bodies
        .iter()
        .map(|body| Entry::new(&owner.tenant, body))
        .collect();
    if context
        .queue
        .send(&entries)
        .await
        .into_iter()
        .all(|taken| taken)
    {
        HttpReply::empty(200)
    } else {
        HttpReply::empty(503)
    }
}

/// The single events of a body as they go on the queue; those of accounts that are not the route's own are marked.
/// `None` if there are more than any provider sends.
fn bodies(owner: &routes::Owner, body: &[u8], received_at: Timestamp) -> Option<Vec<String>> {
    let Ok(events) = owner.webhooks.events(body, received_at) else {
        tracing::error!(tenant = %owner.tenant, integration = %owner.integration, "a genuine webhook is not readable");
        return Some(vec![unreadable(owner, body, received_at)]);
    };
    if events.len() > MAX_EVENTS {
        return None;
    }
    Some(
        events
            .into_iter()
            .map(|event| queued(owner, event, received_at))
            .collect(),
    )
}

/// One event as it goes on the queue, within what the queue and the table take.
fn queued(owner: &routes::Owner, mut event: ProviderEvent<'_>, received_at: Timestamp) -> String {
    let own = event
        .account
        .as_ref()
        .is_some_and(|account| owner.accounts.contains(account));
    if !own {
        tracing::warn!(tenant = %owner.tenant, integration = %owner.integration, "an event names another account");
        event.kind = EventKind::Quarantined;
    }
    event.contacts = event
        .contacts
        .filter(|contacts| contacts.get().len() <= MAX_CONTACTS_BYTES);
    if event.payload.get().len() > MAX_PAYLOAD_BYTES {
        let marker = format!("{{\"too_large\":{}}}", event.payload.get().len());
        return written(
            owner,
            ProviderEvent {
                payload: &raw(marker),
                contacts: None,
                ..event
            },
            received_at,
        );
    }
    written(owner, event, received_at)
}

/// A genuine body that is not in the provider's form, kept as it came: nothing that was signed is lost.
fn unreadable(owner: &routes::Owner, body: &[u8], received_at: Timestamp) -> String {
    let text = String::from_utf8_lossy(body);
    let payload = raw(serde_json::Value::from(text.as_ref()).to_string());
    let event = ProviderEvent {
        id: random::base32(&random::sha256(body)[..20]),
        account: owner.accounts.first().cloned(),
        occurred_at: received_at,
        kind: EventKind::Account,
        contacts: None,
        payload: &payload,
    };
    queued(owner, event, received_at)
}

fn written(owner: &routes::Owner, event: ProviderEvent<'_>, received_at: Timestamp) -> String {
    let event = InboundEvent {
        tenant: owner.tenant.to_string(),
        integration: owner.integration.clone(),
        provider: owner.provider.clone(),
        received_at,
        event,
    };
    serde_json::to_string(&event).unwrap_or_default()
}

/// JSON text as a raw value; text that is none becomes `null`.
fn raw(json: String) -> Box<RawValue> {
    RawValue::from_string(json).unwrap_or_else(|_| RawValue::NULL.to_owned())
}
