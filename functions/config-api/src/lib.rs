//! The configuration API: what a tenant's people and machines ask for over HTTP.
//!
//! [`routes`] is the whole API on one screen; then one folder per resource, one file per thing that can be asked.

pub mod config;
mod health;
mod integrations;
mod messages;
mod providers_catalogue;
mod routes;

use std::sync::Arc;

use domain::audit::AuditRecord;
use domain::seal::Purpose;
use domain::time::SystemClock;
use domain::{Caller, Clock, IntegrationId, ProviderId};
use edge::auth::ClaimNames;
use edge::aws::AwsEnv;
use edge::http::{HttpReply, HttpRequest};
use edge::queue::Queue;
use edge::{Problem, StartError};
use providers::Overrides;
use providers::http::Egress;
use store::audit::AuditTable;
use store::integrations::{IntegrationChanges, Integrations};
use store::key_rings::KeyRingsTable;
use store::ledger::Messages;
use store::parked::Parked;
use vault::{Opener, RingAssignment, RingKeys, Sealer};

use crate::config::Config;

/// What requests share: made once per cold start.
pub struct Context {
    claims: ClaimNames,
    clock: Arc<dyn Clock>,
    integrations: Integrations,
    changes: IntegrationChanges,
    messages: Messages,
    parked: Parked,
    audit: AuditTable,
    sealer: Sealer,
    opener: Opener,
    webhook_sealer: Sealer,
    queue: Queue,
    http: Egress,
    overrides: Overrides,
    public_base_url: String,
}

impl Context {
    /// Sets up clients; nothing is called yet.
    ///
    /// # Errors
    /// If a client cannot be set up.
    pub fn new(config: Config, aws: &AwsEnv) -> Result<Self, StartError> {
        let sdk = aws.config()?;
        let http = Egress::new(aws.extra_roots())?;
        Ok(Self::with(config, &sdk, http, Arc::new(SystemClock)))
    }

    /// As [`Context::new`], with clients and a clock from outside.
    pub fn with(
        config: Config,
        sdk: &aws_types::SdkConfig,
        http: Egress,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let dynamodb = aws_sdk_dynamodb::Client::new(sdk);
        let rows = KeyRingsTable::new(dynamodb.clone(), config.key_rings_table);
        let kms = aws_sdk_kms::Client::new(sdk);
        let keys = |purpose| RingKeys::on_aws(purpose, rows.clone(), kms.clone(), clock.clone());
        let rings = |kms_key| RingAssignment {
            shared_rings: config.shared_rings,
            kms_key,
        };
        let credentials = keys(Purpose::Credentials);
        let integrations = Integrations::new(dynamodb.clone(), config.integrations_table);
        Self {
            claims: config.claims,
            sealer: Sealer::new(credentials.clone(), rings(config.credentials_key)),
            opener: Opener::new(credentials),
            webhook_sealer: Sealer::new(
                keys(Purpose::WebhookSecrets),
                rings(config.webhook_secrets_key),
            ),
            changes: IntegrationChanges::new(integrations.clone(), config.webhook_routes_table),
            integrations,
            messages: Messages::new(dynamodb.clone(), config.activity_table.clone()),
            parked: Parked::new(dynamodb.clone(), config.activity_table),
            audit: AuditTable::new(dynamodb, config.audit_table),
            queue: Queue::new(aws_sdk_sqs::Client::new(sdk), config.messages_queue),
            http,
            overrides: config.overrides,
            public_base_url: config.public_base_url,
            clock,
        }
    }

    /// Records what a caller did, or tried and was refused.
    async fn audit(
        &self,
        caller: &Caller,
        action: &'static str,
        subject: (&ProviderId, Option<&IntegrationId>),
        outcome: &str,
        request: &str,
    ) -> Result<(), Problem> {
        let at = self.clock.now();
        let record = AuditRecord::of_caller(caller, at, action, subject, outcome, request);
        Ok(self.audit.append(&record).await?)
    }
}

/// Answers one request. There is an answer to everything: a panic becomes a problem too.
pub async fn handle(context: &Context, request: HttpRequest) -> HttpReply {
    edge::http::answered(&request, routes::answer(context, &request)).await
}
