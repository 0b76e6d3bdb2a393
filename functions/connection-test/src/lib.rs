//! Do these credentials work? Asked with values that are not saved, or about an integration that is.
//!
//! It can open credentials and cannot seal any: what it learns of a stored one is its state, nothing else.

mod ask;
pub mod config;
mod given;
mod stored;

use std::sync::Arc;

use contract::integrations::{Learned, Passed};
use contract::older::{ElevenLabsConfig, TestIntegration, WhatsAppSettings};
use contract::{Operation, Pace, lookup};
use custody::Custody;
use domain::integration::{Owner, Status};
use domain::seal::Purpose;
use domain::time::SystemClock;
use domain::{Clock, Failure, Given, Integration};
use edge::auth::ClaimNames;
use edge::aws::AwsEnv;
use edge::http::{HttpReply, HttpRequest};
use edge::queue::Queue;
use edge::{Problem, StartError, input};
use providers::descriptor::Category;
use providers::http::{Egress, Reach};
use providers::{Checked, Provider};
use store::audit::AuditTrail;
use store::integrations::Integrations;
use store::key_rings::KeyRingsTable;
use store::verdicts::Verdicts;
use vault::{Opener, RingKeys};

use crate::ask::{Ask, Asked};
use crate::config::Config;

/// What requests share: made once per cold start.
pub struct Context {
    claims: ClaimNames,
    pace: Pace,
    clock: Arc<dyn Clock>,
    integrations: Integrations,
    trail: AuditTrail,
    custody: Custody,
    queue: Queue,
}

impl Context {
    /// Sets up clients; nothing is called yet.
    ///
    /// # Errors
    /// If a client cannot be set up.
    pub fn new(config: Config, aws: &AwsEnv) -> Result<Self, StartError> {
        let sdk = aws.config()?;
        let http = Egress::new(Reach {
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
        let keys = RingKeys::on_aws(Purpose::Credentials, rows, kms, clock.clone());
        let integrations = Integrations::new(dynamodb.clone(), config.integrations_table);
        let trail = AuditTrail::new(dynamodb, config.audit_table, clock.clone());
        let custody = Custody::new(
            integrations.clone(),
            Verdicts::new(integrations.clone(), trail.clone()),
            Opener::new(keys, Arc::new(trail.clone())),
            (http, config.overrides),
            clock.clone(),
        );
        Self {
            claims: config.claims,
            pace: Pace::new(config.quotas),
            queue: Queue::new(aws_sdk_sqs::Client::new(sdk), config.messages_queue),
            integrations,
            trail,
            custody,
            clock,
        }
    }
}

/// Answers one request: a test, by the API's own path or by one of the older ones.
pub async fn handle(context: &Context, request: HttpRequest) -> HttpReply {
    // Boxed: it is large, and would be moved from frame to frame.
    let answer = Box::pin(answer(context, &request));
    edge::http::answered(&request, answer).await
}

async fn answer(context: &Context, request: &HttpRequest) -> Result<HttpReply, Problem> {
    let found = lookup::find(request.method(), request.path())?;
    let route = found.route;
    let caller = &context.claims.caller(request)?;
    context.pace.check(&caller.tenant, route)?;
    route.admit(caller.role)?;
    route.check_query(request)?;
    let reference = found.named[0].as_ref();
    let body = if request.has_body() {
        request.json_object()?
    } else {
        Given::default()
    };
    let own = Owner::User(caller.user.clone());
    let (asked, fields) = match route.operation {
        Operation::TestIntegration => (Asked::Named(reference), body),
        Operation::TestElevenLabsConfig => {
            let given: ElevenLabsConfig = input::read(body)?;
            (Asked::Default("elevenlabs", Owner::Tenant), given.fields())
        }
        Operation::TestWhatsAppSettings => {
            let given: WhatsAppSettings = input::read(body)?;
            (Asked::Default("whatsapp", own), given.fields())
        }
        Operation::TestDashboardIntegration => {
            let given: TestIntegration = input::read(body)?;
            let (provider, fields) = given.configuration.of_category(Category::Crm)?;
            (Asked::New(provider), fields)
        }
        _ => return Err(Problem::no_route()),
    };
    let ask = &Ask {
        context,
        caller,
        request,
    };
    let is_new = matches!(asked, Asked::New(_));
    let (provider, existing) = ask.find(asked).await?;
    // The organisation's secrets are tried by its admins only; what somebody holds in hand they may try by themselves.
    let is_theirs =
        |one: &Integration| ask.caller.role.manages_integrations() || one.owner != Owner::Tenant;
    match existing {
        Some(stored) if fields.is_empty() && is_theirs(&stored) => {
            stored::test(ask, provider, stored).await
        }
        Some(_) if fields.is_empty() => Err(Problem::forbidden(
            "Only an admin may test an integration of the organisation.",
        )),
        None if fields.is_empty() && !is_new => Err(Problem::not_found("integration")),
        existing => given::test(ask, provider, existing.filter(is_theirs), fields).await,
    }
}

fn reply(provider: &dyn Provider, result: Result<Checked, Failure>) -> Result<HttpReply, Problem> {
    result
        .map(|checked| passed(provider, &checked))
        .map_err(|failure| Problem::from_provider(&failure))
}

fn passed(provider: &dyn Provider, checked: &Checked) -> HttpReply {
    let answer = Passed {
        success: true,
        message: format!("{} connection verified", provider.descriptor().name).into(),
        data: Learned {
            status: Status::Connected,
            facts: &checked.facts,
            expires_at: checked.expires_at,
            warnings: &checked.warnings,
        },
    };
    HttpReply::json(200, &answer)
}
