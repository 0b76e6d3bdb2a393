//! A test of what is stored; the verdict becomes the integration's state.

use domain::Caller;
use domain::integration::Owner;
use edge::Problem;
use edge::http::{HttpReply, HttpRequest};

use crate::{Context, opened_by, reply};

pub(crate) async fn test(
    context: &Context,
    caller: &Caller,
    request: &HttpRequest,
    reference: &str,
) -> Result<HttpReply, Problem> {
    let missing = || Problem::not_found("integration");
    let integration = context.find(caller, reference).await?.ok_or_else(missing)?;
    let provider = providers::find(integration.provider.as_str()).ok_or_else(missing)?;
    if !caller.role.manages_integrations() && integration.owner == Owner::Tenant {
        return Err(Problem::forbidden(
            "Only an admin may test an integration of the organisation.",
        ));
    }
    let by = opened_by(caller, request);
    let filled = context.open(&integration, by).await?;
    let result = context.check(provider, &filled).await;
    let subject = (&integration.provider, Some(&integration.id));
    let record = context.record(caller, subject, &result, request);
    let recorded = context
        .custody
        .judge(&integration, &result, by, &record)
        .await?;
    if !recorded {
        context.trail.append(&caller.tenant, &record).await?;
    }
    reply(provider, result)
}
