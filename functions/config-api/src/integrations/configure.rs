//! Adding and changing an integration: test first, then seal, store, and tell the provider our webhook URL.

use std::collections::BTreeMap;

use domain::integration::{Masked, Owner, Status};
use domain::seal::Sealed;
use domain::{Caller, Credentials, Integration, IntegrationId};
use edge::Problem;
use edge::http::{HttpReply, HttpRequest};
use edge::problem::FieldError;
use providers::form::{Filled, Objection, snake_case};
use providers::{Checked, Provider};
use secrecy::ExposeSecret;
use serde_json::{Map, Value};
use store::WriteError;
use vault::OpenError;

use super::view::{self, IntegrationView};
use super::{resume, webhook};
use crate::Context;

/// `POST /settings/integrations`: a further one of a type.
pub(crate) async fn add(
    context: &Context,
    caller: &Caller,
    request: &HttpRequest,
) -> Result<HttpReply, Problem> {
    let mut body = request.json_object()?;
    let provider = body
        .remove("provider")
        .and_then(|value| providers::find(value.as_str()?))
        .ok_or_else(|| {
            field_problem("provider", "must be one of the types in /api/v1/providers")
        })?;
    save(context, caller, request, provider, body, None).await
}

/// `POST /settings/integrations/{ref}`: sets up the type's default one, or gives an existing one new values.
pub(crate) async fn configure(
    context: &Context,
    caller: &Caller,
    request: &HttpRequest,
    reference: &str,
) -> Result<HttpReply, Problem> {
    let body = request.json_object()?;
    if let Some(provider) = providers::find(reference) {
        let existing = match super::find(context, caller, reference).await {
            // An agent's own integration must not grow out of the organisation's.
            Ok(found) if wants_own(&body) && found.owner == Owner::Tenant => None,
            Ok(found) => Some(found),
            Err(problem) if problem.status() == 404 => None,
            Err(problem) => return Err(problem),
        };
        return save(context, caller, request, provider, body, existing).await;
    }
    let existing = super::find(context, caller, reference).await?;
    let provider = provider_of(&existing)?;
    save(context, caller, request, provider, body, Some(existing)).await
}

/// `PATCH /settings/integrations/{ref}`: changes what is given and keeps the rest.
pub(crate) async fn change(
    context: &Context,
    caller: &Caller,
    request: &HttpRequest,
    reference: &str,
) -> Result<HttpReply, Problem> {
    let body = request.json_object()?;
    let existing = super::find(context, caller, reference).await?;
    let provider = provider_of(&existing)?;
    save(context, caller, request, provider, body, Some(existing)).await
}

fn provider_of(integration: &Integration) -> Result<&'static dyn Provider, Problem> {
    providers::find(integration.provider.as_str()).ok_or_else(Problem::unavailable)
}

fn wants_own(body: &Map<String, Value>) -> bool {
    body.get("owner").is_some_and(|owner| owner == "user")
}

/// What is said of an integration besides the provider's own fields.
struct About {
    name: Option<String>,
    priority: Option<u32>,
    enabled: Option<bool>,
    owner: Option<Owner>,
}

impl About {
    /// Takes its fields out of the body; what remains are the provider's.
    fn take(body: &mut Map<String, Value>, caller: &Caller) -> Result<Self, Problem> {
        let mut errors = Vec::new();
        let mut object = |field: &str, detail: &str| {
            errors.push(FieldError {
                field: field.into(),
                detail: detail.into(),
            });
        };
        let mut about = Self {
            name: None,
            priority: None,
            enabled: None,
            owner: None,
        };
        let names: Vec<String> = body.keys().cloned().collect();
        for given in names {
            match snake_case(&given).as_str() {
                "name" | "display_name" => match body.remove(&given) {
                    Some(Value::String(name)) if is_label(&name) => {
                        about.name = Some(name.trim().to_owned())
                    }
                    _ => object(
                        &given,
                        "must be 1 to 100 characters without control characters",
                    ),
                },
                "priority" => {
                    about.priority = body
                        .remove(&given)
                        .and_then(|value| u32::try_from(value.as_u64()?).ok())
                        .filter(|priority| *priority <= 1000);
                    if about.priority.is_none() {
                        object(&given, "must be a whole number from 0 to 1000");
                    }
                }
                "enabled" | "is_active" => match body.remove(&given) {
                    Some(Value::Bool(enabled)) => about.enabled = Some(enabled),
                    _ => object(&given, "must be true or false"),
                },
                "owner" => match body.remove(&given).as_ref().and_then(Value::as_str) {
                    Some("tenant") => about.owner = Some(Owner::Tenant),
                    Some("user") => about.owner = Some(Owner::User(caller.user.clone())),
                    _ => object(&given, "must be 'tenant' or 'user'"),
                },
                _ => {}
            }
        }
        if errors.is_empty() {
            Ok(about)
        } else {
            Err(Problem::invalid_fields(errors))
        }
    }
}

fn is_label(text: &str) -> bool {
    let text = text.trim();
    (1..=100).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

async fn save(
    context: &Context,
    caller: &Caller,
    request: &HttpRequest,
    provider: &'static dyn Provider,
    mut body: Map<String, Value>,
    before: Option<Integration>,
) -> Result<HttpReply, Problem> {
    let about = About::take(&mut body, caller)?;
    let owner = match (&before, &about.owner) {
        (Some(before), Some(owner)) if before.owner != *owner => {
            return Err(field_problem("owner", "cannot be changed"));
        }
        (Some(before), _) => before.owner.clone(),
        (None, owner) => owner.clone().unwrap_or(Owner::Tenant),
    };
    super::may_change(caller, &owner)?;
    if let Some(before) = &before {
        check_precondition(request, before)?;
    }
    let mut after = draft(context, caller, provider, before.as_ref(), owner);
    after.name = about.name.unwrap_or(after.name);
    after.priority = about.priority.unwrap_or(after.priority);
    after.enabled = about.enabled.unwrap_or(after.enabled);
    let changes_fields = before.is_none() || !body.is_empty();
    if !changes_fields {
        return save_about(context, caller, request, before.as_ref(), after).await;
    }

    let stored = match &before {
        Some(before) => Some(open(context, before).await?),
        None => None,
    };
    if let Some(defaults) = context.overrides.settings(provider) {
        for (name, value) in defaults {
            let known = stored
                .as_ref()
                .is_some_and(|stored| stored.settings.contains_key(name));
            if !known && !body.contains_key(name) {
                body.insert(name.clone(), value.clone());
            }
        }
    }
    let mut filled = providers::form::read(provider, body, stored.as_ref()).map_err(objections)?;
    let connection = context.overrides.connect(
        provider,
        &filled.settings,
        &filled.credentials,
        &context.http,
    );
    let subject = after.provider.clone();
    let checked = match provider.check(connection).await {
        Ok(checked) => checked,
        Err(failure) => {
            let of = (&subject, before.as_ref().map(|before| &before.id));
            let code = failure.kind.code();
            context
                .audit(caller, "integration.configure", of, code, request.id())
                .await?;
            return Err(Problem::from_provider(&failure));
        }
    };
    apply(&mut after, &mut filled, checked.clone(), provider, context);
    after.credential_version += 1;
    webhook::ensure_tokens(&mut filled.credentials);
    after.credentials = context
        .sealer
        .seal(
            &after.credentials_place(),
            &filled.credentials.to_plaintext(),
        )
        .await
        .map_err(vault_unavailable)?;
    let (route, pending) = webhook::route(context, provider, &after, &filled.credentials).await?;
    after.webhook = pending;
    let saved = context
        .changes
        .save(before.as_ref(), &after, route.as_ref())
        .await;
    if let Err(problem) = saved.map_err(write_problem) {
        let of = (&subject, before.as_ref().map(|before| &before.id));
        context
            .audit(
                caller,
                "integration.configure",
                of,
                problem.code(),
                request.id(),
            )
            .await?;
        return Err(problem);
    }
    if route.is_some() {
        webhook::register(context, provider, &mut after, &filled.credentials).await?;
    }
    context
        .audit(
            caller,
            "integration.configure",
            (&subject, Some(&after.id)),
            "ok",
            request.id(),
        )
        .await?;
    if before.is_some() {
        resume::resume(context, &after).await?;
    }
    let status = if before.is_none() { 201 } else { 200 };
    let view = IntegrationView::new(&after, caller).warnings(&checked.warnings);
    Ok(HttpReply::data(status, &view).header("etag", view::tag(&after)))
}

/// Saves a change that does not touch what the provider is given.
async fn save_about(
    context: &Context,
    caller: &Caller,
    request: &HttpRequest,
    before: Option<&Integration>,
    after: Integration,
) -> Result<HttpReply, Problem> {
    context
        .changes
        .save(before, &after, None)
        .await
        .map_err(write_problem)?;
    let subject = (&after.provider, Some(&after.id));
    context
        .audit(caller, "integration.change", subject, "ok", request.id())
        .await?;
    resume::resume(context, &after).await?;
    let view = IntegrationView::new(&after, caller);
    Ok(HttpReply::data(200, &view).header("etag", view::tag(&after)))
}

/// The record as it will be, before new values are applied.
fn draft(
    context: &Context,
    caller: &Caller,
    provider: &dyn Provider,
    before: Option<&Integration>,
    owner: Owner,
) -> Integration {
    let now = context.clock.now();
    let mut after = before.cloned().unwrap_or_else(|| Integration {
        id: IntegrationId::make(),
        tenant: caller.tenant.clone(),
        owner,
        provider: providers::id_of(provider),
        name: provider.descriptor().name.to_owned(),
        settings: Map::new(),
        credentials: Sealed::from_bytes(Vec::new()),
        credential_version: 0,
        masked: BTreeMap::new(),
        accounts: Vec::new(),
        enabled: true,
        status: Status::Unverified,
        verified_at: None,
        last_error: None,
        facts: Map::new(),
        expires_at: None,
        priority: 100,
        revision: 0,
        webhook: None,
        created_at: now,
        created_by: caller.user.clone(),
        updated_at: now,
        updated_by: caller.user.clone(),
    });
    after.revision += 1;
    after.updated_at = now;
    after.updated_by = caller.user.clone();
    after
}

/// Takes over values that the provider has accepted.
fn apply(
    after: &mut Integration,
    filled: &mut Filled,
    checked: Checked,
    provider: &dyn Provider,
    context: &Context,
) {
    filled.settings.extend(checked.discovered);
    after.settings = filled.settings.clone();
    after.masked = filled
        .credentials
        .iter()
        .filter(|(name, _)| !webhook::is_ours(name))
        .map(|(name, value)| (name.to_owned(), Masked::of(value.expose_secret())))
        .collect();
    after.accounts = provider.accounts(&after.settings).exclusive;
    after.facts = checked.facts;
    after.expires_at = checked.expires_at;
    after.status = Status::Connected;
    after.verified_at = Some(context.clock.now());
    after.last_error = None;
}

async fn open(context: &Context, integration: &Integration) -> Result<Filled, Problem> {
    let place = integration.credentials_place();
    let credentials = match context
        .opener
        .open_credentials(&place, &integration.credentials)
        .await
    {
        Ok(credentials) => credentials,
        // What does not open any more can still be replaced by entering everything again.
        Err(OpenError::DoesNotOpen) => Credentials::default(),
        Err(error @ OpenError::Unavailable(_)) => return Err(vault_unavailable(error)),
    };
    Ok(Filled {
        settings: integration.settings.clone(),
        credentials,
    })
}

pub(super) fn check_precondition(
    request: &HttpRequest,
    current: &Integration,
) -> Result<(), Problem> {
    match request.header("if-match") {
        Some(wanted) if wanted != "*" && wanted != view::tag(current) => Err(Problem::new(
            412,
            "changed_meanwhile",
            "The integration was changed since it was read.",
        )
        .hint("Read it again and repeat the change on what is there now.")),
        _ => Ok(()),
    }
}

pub(super) fn conflict() -> Problem {
    Problem::new(
        409,
        "changed_meanwhile",
        "The integration was changed by somebody else meanwhile.",
    )
    .hint("Read it again and repeat the change.")
}

pub(super) fn vault_unavailable(error: OpenError) -> Problem {
    tracing::error!(error = %error, "the vault failed");
    Problem::unavailable()
}

fn write_problem(error: WriteError) -> Problem {
    match error {
        WriteError::Conflict => conflict(),
        WriteError::AccountTaken => Problem::new(
            409,
            "account_connected_already",
            "This account is connected already and can be connected once only.",
        )
        .hint("Remove the other integration first, or change that one instead."),
        WriteError::Store(error) => error.into(),
    }
}

fn objections(objections: Vec<Objection>) -> Problem {
    let errors = objections
        .into_iter()
        .map(|Objection { field, says }| FieldError {
            field,
            detail: says,
        });
    Problem::invalid_fields(errors.collect())
}

fn field_problem(field: &str, detail: &str) -> Problem {
    Problem::invalid_fields(vec![FieldError {
        field: field.into(),
        detail: detail.into(),
    }])
}
