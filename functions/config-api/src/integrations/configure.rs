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
    let owners = owners_meant(&body, caller);
    let before = context
        .integrations
        .find_default(caller, &providers::id_of(provider), &owners)
        .await?;
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

/// Whose default is meant: the owner's that the body names, else the caller's own or the tenant's.
fn owners_meant(body: &Map<String, Value>, caller: &Caller) -> Vec<Owner> {
    let own = Owner::User(caller.user.clone());
    match body.get("owner").and_then(Value::as_str) {
        Some("tenant") => vec![Owner::Tenant],
        Some("user") => vec![own],
        _ => vec![own, Owner::Tenant],
    }
}
