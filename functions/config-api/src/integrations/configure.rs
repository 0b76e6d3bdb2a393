//! Adding and changing an integration: which one is meant, and what is to be changed.

use domain::integration::Owner;
use domain::{Caller, Integration};
use edge::Problem;
use edge::http::{HttpReply, HttpRequest};
use providers::Provider;
use serde_json::{Map, Value};

use super::change::Change;
use super::problems::field_problem;
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
    Change {
        context,
        caller,
        request,
        provider,
        before: None,
    }
    .save(body)
    .await
}

/// `POST /settings/integrations/{ref}`: sets up the type's default one, or gives an existing one new values.
pub(crate) async fn configure(
    context: &Context,
    caller: &Caller,
    request: &HttpRequest,
    reference: &str,
) -> Result<HttpReply, Problem> {
    let Some(provider) = providers::find(reference) else {
        return change(context, caller, request, reference).await;
    };
    let body = request.json_object()?;
    let before = default_of(context, caller, provider, owner_wanted(&body)).await?;
    Change {
        context,
        caller,
        request,
        provider,
        before,
    }
    .save(body)
    .await
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
    Change {
        context,
        caller,
        request,
        provider,
        before: Some(existing),
    }
    .save(body)
    .await
}

fn provider_of(integration: &Integration) -> Result<&'static dyn Provider, Problem> {
    providers::find(integration.provider.as_str()).ok_or_else(Problem::unavailable)
}

fn owner_wanted(body: &Map<String, Value>) -> Option<&str> {
    body.get("owner").and_then(Value::as_str)
}

/// The default of a type that a caller means: of the owner that is named, else the caller's own, else the tenant's.
async fn default_of(
    context: &Context,
    caller: &Caller,
    provider: &dyn Provider,
    owner: Option<&str>,
) -> Result<Option<Integration>, Problem> {
    let provider = providers::id_of(provider);
    let mut all = context.integrations.list(&caller.tenant).await?;
    all.retain(|one| one.provider == provider && one.is_visible_to(&caller.user));
    all.retain(|one| match owner {
        Some("tenant") => one.owner == Owner::Tenant,
        Some("user") => one.owner != Owner::Tenant,
        _ => true,
    });
    Ok(all.into_iter().min_by_key(|one| {
        (
            one.owner == Owner::Tenant,
            !one.is_usable(),
            one.priority,
            one.created_at,
            one.id.clone(),
        )
    }))
}
