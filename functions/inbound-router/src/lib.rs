//! What to do with a verified event: news of our messages goes into their ledger, everything else is kept once for
//! its tenant, and what came is counted. What the ingress has to say for the audit trail is written here, for the ingress may not.

pub mod config;

use std::sync::Arc;

use domain::audit::AuditNotice;
use domain::event::{EventKind, InboundEvent};
use domain::failure::StoreError;
use domain::message::attribute;
use domain::time::SystemClock;
use domain::{Clock, TenantId, random};
use edge::StartError;
use edge::aws::AwsEnv;
use edge::problem::Causes;
use edge::sqs::{BatchReply, Done, SqsBatch, SqsRecord};
use store::activity::Events;
use store::audit::AuditTrail;
use store::figures::FigureBook;
use store::ledger::Messages;

use crate::config::Config;

/// What batches share: made once per cold start.
pub struct Context {
    messages: Messages,
    events: Events,
    trail: AuditTrail,
    figures: Arc<FigureBook>,
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
        let container = random::base32(&random::bytes::<10>());
        let figures = FigureBook::new(dynamodb.clone(), config.activity_table.clone(), container);
        Self {
            messages: Messages::new(dynamodb.clone(), config.activity_table.clone()),
            events: Events::new(dynamodb.clone(), config.activity_table),
            trail: AuditTrail::new(dynamodb, config.audit_table, clock.clone()),
            figures: Arc::new(figures),
            clock,
        }
    }

    /// What remains to be written when the process ends.
    pub fn last_words(&self) -> impl Future<Output = ()> + Send + 'static {
        let figures = self.figures.clone();
        async move { figures.close().await }
    }
}

/// Routes a batch; what could not be written comes again.
pub async fn handle(context: &Context, batch: &SqsBatch) -> BatchReply {
    let reply = edge::sqs::each(batch, |record| route(context, record)).await;
    context.figures.settle(context.clock.now()).await;
    reply
}

#[expect(
    clippy::disallowed_methods,
    reason = "the ingress alone has the right to write to the inbound queue"
)]
async fn route(context: &Context, record: &SqsRecord) -> Done {
    if record.attribute(attribute::KIND) == Some(attribute::AUDIT) {
        return put_on_record(context, record).await;
    }
    let event: InboundEvent<'_> = match edge::json::read(record.body.as_bytes()) {
        Ok(event) => event,
        Err(error) => {
            tracing::error!(at = %error, "an inbound record is not in our form");
            return Done::No;
        }
    };
    let Ok(tenant) = TenantId::from_trusted_source(&event.tenant) else {
        return Done::No;
    };
    match apply(context, &tenant, &event).await {
        Ok(()) => Done::Yes,
        Err(error) => {
            tracing::warn!(error = %Causes(&error), %tenant, "an event could not be written and comes again");
            Done::No
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the ingress alone has the right to write to the inbound queue"
)]
async fn put_on_record(context: &Context, record: &SqsRecord) -> Done {
    let notice = serde_json::from_str::<AuditNotice>(&record.body).ok();
    let notice = notice.and_then(|notice| {
        let tenant = TenantId::from_trusted_source(&notice.tenant).ok()?;
        Some((tenant, notice.record))
    });
    let Some((tenant, line)) = notice else {
        tracing::error!("a line for the audit trail is not in our form");
        return Done::No;
    };
    match context.trail.append(&tenant, &line).await {
        Ok(()) => Done::Yes,
        Err(error) => {
            tracing::warn!(error = %Causes(&error), %tenant, "a line for the audit trail comes again");
            Done::No
        }
    }
}

async fn apply(
    context: &Context,
    tenant: &TenantId,
    event: &InboundEvent<'_>,
) -> Result<(), StoreError> {
    let kind = &event.event.kind;
    let new = if let EventKind::Status(update) = kind
        && let Some(message) = &update.message
    {
        let at = event.happened_at();
        let messages = &context.messages;
        messages.add_evidence((tenant, message), at, update).await?
    } else {
        let new = context.events.keep(tenant, event).await?;
        tracing::info!(%tenant, integration = %event.integration, new, "an event was kept");
        new
    };
    // What comes again was counted.
    if new {
        let now = context.clock.now();
        context
            .figures
            .count_event(tenant, &event.integration, now, kind);
    }
    Ok(())
}
