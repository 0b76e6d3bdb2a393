//! The public door for providers: verify, split into single events, put them on the inbound queue, and only then
//! say 200. Nothing else: no credential can be opened here, no table written.
//!
//! Unknown URL, wrong provider and bad signature look the same from outside, after equal work.

pub mod config;
mod routes;

use std::sync::Arc;

use domain::event::{EventKind, InboundEvent};
use domain::seal::Purpose;
use domain::time::SystemClock;
use domain::{Clock, Timestamp};
use edge::StartError;
use edge::aws::AwsEnv;
use edge::http::{HttpReply, HttpRequest};
use edge::queue::{Entry, Queue};
use providers::WebhookRequest;
use store::key_rings::KeyRingsTable;
use store::routes::WebhookRoutes;
use vault::{Opener, RingKeys};

use crate::config::Config;
use crate::routes::{KnownRoute, Routes};

/// Most bytes of a webhook body; Meta sends up to 3 MB.
pub const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;

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
        Self {
            routes: Routes::new(table, Opener::new(keys), clock.clone()),
            queue: Queue::new(aws_sdk_sqs::Client::new(sdk), config.inbound_queue),
            clock,
        }
    }
}

/// `GET` and `POST /webhooks/{provider}/{token}`.
pub async fn handle(context: &Context, request: HttpRequest) -> HttpReply {
    edge::sqs::contained(answer(context, &request), HttpReply::empty(503)).await
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
    let route = match context.routes.find(provider, token).await {
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
    let query: Vec<(String, String)> = url::form_urlencoded::parse(request.query().as_bytes())
        .into_owned()
        .take(20)
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
    let Ok(bodies) = bodies(owner, body, received_at) else {
        // Signed and unreadable: sending it again would not help, and nothing of it may be lost silently.
        tracing::error!(tenant = %owner.tenant, integration = %owner.integration, "a genuine webhook is not readable");
        return HttpReply::empty(200);
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
fn bodies(
    owner: &routes::Owner,
    body: &[u8],
    received_at: Timestamp,
) -> Result<Vec<String>, providers::MalformedBody> {
    let events = owner.webhooks.events(body, received_at)?;
    let mut bodies = Vec::with_capacity(events.len());
    for mut event in events {
        let own = event
            .account
            .as_ref()
            .is_some_and(|account| owner.accounts.iter().any(|own| own == account));
        if !own {
            tracing::warn!(tenant = %owner.tenant, integration = %owner.integration, "an event names another account");
            event.kind = EventKind::Quarantined;
        }
        let event = InboundEvent {
            tenant: owner.tenant.to_string(),
            integration: owner.integration.clone(),
            provider: owner.provider.clone(),
            received_at,
            event,
        };
        bodies.push(serde_json::to_string(&event).map_err(|_| providers::MalformedBody)?);
    }
    Ok(bodies)
}
