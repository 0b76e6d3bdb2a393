//! A test of values that are not saved. Left-out and masked secrets are those of the stored integration, if one is
//! named.

use domain::{Caller, Given};
use edge::Problem;
use edge::http::{HttpReply, HttpRequest};
use edge::problem::FieldError;

use crate::{Context, opened_by, reply};

pub(crate) async fn test(
    context: &Context,
    caller: &Caller,
    request: &HttpRequest,
    reference: &str,
    body: Given,
) -> Result<HttpReply, Problem> {
    if !caller.role.manages_integrations() {
        return Err(Problem::forbidden("Only an admin may test credentials."));
    }
    let existing = context.find(caller, reference).await?;
    let kind = existing
        .as_ref()
        .map_or(reference, |integration| integration.provider.as_str());
    let provider = providers::find(kind).ok_or_else(|| Problem::not_found("integration"))?;
    let stored = match &existing {
        Some(integration) => Some(
            context
                .open(integration, opened_by(caller, request))
                .await?,
        ),
        None => None,
    };
    let filled = providers::form::read(provider, body, stored.as_ref()).map_err(|objections| {
        let errors = objections.into_iter();
        Problem::invalid_fields(
            errors
                .map(|o| FieldError {
                    field: o.field,
                    detail: o.says,
                })
                .collect(),
        )
    })?;
    let result = context.check(provider, &filled).await;
    let id = providers::id_of(provider);
    let of = existing.as_ref().map(|integration| &integration.id);
    let record = context.record(caller, (&id, of), &result, request);
    context.trail.append(&caller.tenant, &record).await?;
    reply(provider, result)
}
