//! A test of values that are not saved. Left-out and masked secrets are those of the stored integration, if one is
//! named.

use domain::{Caller, ProviderId};
use edge::Problem;
use edge::http::{HttpReply, HttpRequest};
use edge::problem::FieldError;
use serde_json::{Map, Value};

use crate::{Context, outcome, reply};

pub(crate) async fn test(
    context: &Context,
    caller: &Caller,
    request: &HttpRequest,
    reference: &str,
    body: Map<String, Value>,
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
        Some(integration) => Some(context.open(integration).await?),
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
    let id: ProviderId = providers::id_of(provider);
    let of = existing.as_ref().map(|integration| &integration.id);
    context
        .audit(caller, &id, of, outcome(&result), request.id())
        .await?;
    reply(provider, result)
}
