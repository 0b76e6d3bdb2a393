//! Do these credentials work? Asked with values that are not saved, or about an integration that is.
//!
//! It can open credentials and cannot seal any: what it learns of a stored one is its state, nothing else.

pub mod config;
mod given;
mod stored;

use std::sync::Arc;

use custody::Custody;
use domain::audit::AuditRecord;
use domain::integration::Reference;
use domain::opening::{OpenedBy, Reason};
use domain::seal::Purpose;
use domain::time::SystemClock;
use domain::{Caller, Clock, Failure, Integration, IntegrationId, ProviderId};
use edge::auth::ClaimNames;
use edge::aws::AwsEnv;
use edge::http::{HttpReply, HttpRequest};
use edge::{Problem, StartError};
use providers::form::Filled;
use providers::http::Egress;
use providers::{Checked, Provider};
use serde::Serialize;
use serde_json::{Map, Value};
use store::audit::AuditTrail;
use store::integrations::Integrations;
use store::key_rings::KeyRingsTable;
use store::verdicts::Verdicts;
use vault::{Opener, RingKeys};

use crate::config::Config;

/// What requests share: made once per cold start.
pub struct Context {
    claims: ClaimNames,
    clock: Arc<dyn Clock>,
    integrations: Integrations,
    trail: AuditTrail,
    custody: Custody,
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
            integrations,
            trail,
            custody,
            clock,
        }
    }

    /// The stored integration that a path names, if there is one the caller may know of.
    async fn find(&self, caller: &Caller, reference: &str) -> Result<Option<Integration>, Problem> {
        let Some(reference) = Reference::parse(reference) else {
            return Ok(None);
        };
        Ok(self.integrations.find_reference(caller, &reference).await?)
    }

    async fn open(&self, integration: &Integration, by: OpenedBy<'_>) -> Result<Filled, Problem> {
        match self.custody.open(integration, None, by).await {
            Ok(credentials) => Ok(Filled {
                settings: integration.settings.clone(),
                credentials,
            }),
            Err(error) => {
                tracing::error!(error = %error, integration = %integration.id, "credentials did not open");
                Err(Problem::unavailable())
            }
        }
    }

    async fn check(&self, provider: &dyn Provider, filled: &Filled) -> Result<Checked, Failure> {
        let Filled {
            settings,
            credentials,
        } = filled;
        provider
            .check(self.custody.connect(provider, settings, credentials))
            .await
    }

    /// The line of the audit trail that a test is.
    fn record(
        &self,
        caller: &Caller,
        (provider, integration): (&ProviderId, Option<&IntegrationId>),
        result: &Result<Checked, Failure>,
        request: &HttpRequest,
    ) -> AuditRecord {
        AuditRecord::of_caller(
            caller,
            self.clock.now(),
            "integration.test",
            (provider, integration),
            result
                .as_ref()
                .map_or_else(|failure| failure.kind.code(), |_| "ok"),
            request.id(),
        )
    }
}

/// As whom a test opens what is stored.
fn opened_by<'a>(caller: &'a Caller, request: &'a HttpRequest) -> OpenedBy<'a> {
    OpenedBy {
        actor: caller.user.as_str(),
        reason: Reason::Test,
        request: request.id(),
    }
}

/// `POST /api/v1/settings/integrations/{ref}/test`.
pub async fn handle(context: &Context, request: HttpRequest) -> HttpReply {
    // Boxed: it is large, and would be moved from frame to frame.
    let answer = Box::pin(answer(context, &request));
    edge::http::answered(&request, answer).await
}

async fn answer(context: &Context, request: &HttpRequest) -> Result<HttpReply, Problem> {
    let path: Vec<&str> = request.path().trim_matches('/').split('/').collect();
    let ["api", "v1", "settings", "integrations", reference, "test"] = path[..] else {
        return Err(Problem::no_route());
    };
    if request.method() != "POST" {
        return Err(Problem::method_not_allowed());
    }
    let caller = context.claims.caller(request)?;
    let has_body = request.body().is_ok_and(|body| !body.is_empty());
    if has_body {
        let body = request.json_object()?;
        if !body.is_empty() {
            return given::test(context, &caller, request, reference, body).await;
        }
    }
    stored::test(context, &caller, request, reference).await
}

/// What a passed test tells.
#[derive(Serialize)]
struct Passed<'a> {
    success: bool,
    message: String,
    data: PassedData<'a>,
}

#[derive(Serialize)]
struct PassedData<'a> {
    status: &'static str,
    facts: &'a Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<domain::Timestamp>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    warnings: &'a [String],
}

fn reply(provider: &dyn Provider, result: Result<Checked, Failure>) -> Result<HttpReply, Problem> {
    result
        .map(|checked| passed(provider, &checked))
        .map_err(|failure| Problem::from_provider(&failure))
}

fn passed(provider: &dyn Provider, checked: &Checked) -> HttpReply {
    let answer = Passed {
        success: true,
        message: format!("{} connection verified", provider.descriptor().name),
        data: PassedData {
            status: "connected",
            facts: &checked.facts,
            expires_at: checked.expires_at,
            warnings: &checked.warnings,
        },
    };
    match serde_json::to_string(&answer) {
        Ok(body) => HttpReply::new(200, "application/json", body),
        Err(_) => HttpReply::problem(&Problem::unavailable(), ""),
    }
}
