//! The configuration API: what a tenant's people and machines ask for over HTTP.
//!
//! `contract::routes` is the whole API as a table; [`routes`] says who answers what; then one folder per resource, one
//! file per thing that can be asked.

mod agents;
mod ask;
mod audit_logs;
pub mod config;
mod events;
mod integrations;
mod messages;
mod notifications;
mod older;
mod paging;
mod phone_numbers;
mod platform_accounts;
mod providers_catalogue;
mod routes;
mod system;

use std::sync::Arc;

use contract::Pace;
use custody::Custody;
use domain::Clock;
use domain::seal::Purpose;
use domain::time::SystemClock;
use edge::StartError;
use edge::auth::ClaimNames;
use edge::aws::AwsEnv;
use edge::http::{HttpReply, HttpRequest};
use edge::queue::Queue;
use providers::address::OwnHosts;
use providers::http::Egress;
use store::activity::Events;
use store::agents::Agents;
use store::audit::AuditTrail;
use store::changes::IntegrationChanges;
use store::figures::HourlyFigures;
use store::grants::Grants;
use store::integrations::Integrations;
use store::key_rings::KeyRingsTable;
use store::ledger::Messages;
use store::notifications::Notices;
use store::parked::Parked;
use store::permissions::Permissions;
use store::phone_numbers::PhoneNumbers;
use store::verdicts::Verdicts;
use vault::{Opener, RingAssignment, RingKeys, Sealer};

use crate::config::Config;

/// What requests share: made once per cold start.
pub struct Context {
    claims: ClaimNames,
    pace: Pace,
    clock: Arc<dyn Clock>,
    integrations: Integrations,
    changes: IntegrationChanges,
    messages: Messages,
    events: Events,
    figures: HourlyFigures,
    parked: Parked,
    trail: AuditTrail,
    sealer: Sealer,
    custody: Custody,
    webhook_sealer: Sealer,
    permissions: Permissions,
    phone_numbers: PhoneNumbers,
    agents: Agents,
    grants: Grants,
    notices: Notices,
    queue: Queue,
    public_base_url: String,
    own_hosts: OwnHosts,
}

impl Context {
    /// Sets up clients; nothing is called yet.
    ///
    /// # Errors
    /// If a client cannot be set up.
    pub fn new(config: Config, aws: &AwsEnv) -> Result<Self, StartError> {
        let sdk = aws.config()?;
        let http = Egress::new(providers::http::Reach {
            extra_roots: aws.extra_roots(),
            overrides: &config.overrides,
            own_hosts: &config.own_hosts,
        })?;
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
        let trail = AuditTrail::new(dynamodb.clone(), config.audit_table, clock.clone());
        let custody = Custody::new(
            integrations.clone(),
            Verdicts::new(integrations.clone(), trail.clone()),
            Opener::new(credentials.clone(), Arc::new(trail.clone())),
            (http, config.overrides),
            clock.clone(),
        );
        let webhook_sealer = Sealer::new(
            keys(Purpose::WebhookSecrets),
            rings(config.webhook_secrets_key),
        );
        Self {
            claims: config.claims,
            pace: Pace::new(config.quotas),
            sealer: Sealer::new(credentials, rings(config.credentials_key)),
            custody,
            permissions: Permissions::new(integrations.clone(), trail.clone()),
            phone_numbers: PhoneNumbers::new(integrations.clone(), trail.clone()),
            agents: Agents::new(integrations.clone(), trail.clone()),
            grants: Grants::new(integrations.clone(), trail.clone()),
            notices: Notices::new(integrations.clone(), trail.clone()),
            webhook_sealer,
            changes: IntegrationChanges::new(
                integrations.clone(),
                config.webhook_routes_table,
                trail.clone(),
            ),
            integrations,
            messages: Messages::new(dynamodb.clone(), config.activity_table.clone()),
            events: Events::new(dynamodb.clone(), config.activity_table.clone()),
            figures: HourlyFigures::new(dynamodb.clone(), config.activity_table.clone()),
            parked: Parked::new(dynamodb, config.activity_table),
            trail,
            queue: Queue::new(aws_sdk_sqs::Client::new(sdk), config.messages_queue),
            own_hosts: config.own_hosts,
            public_base_url: config.public_base_url,
            clock,
        }
    }
}

/// Answers one request. There is an answer to everything: a panic becomes a problem too.
pub async fn handle(context: &Context, request: HttpRequest) -> HttpReply {
    // Boxed: it is large, and would be moved from frame to frame.
    let answer = Box::pin(routes::answer(context, &request));
    edge::http::answered(&request, answer).await
}
