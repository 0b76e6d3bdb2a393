//! A test of values that are not saved. Left-out and masked secrets are those of the stored integration, if one is
//! named; for another address they must all be given.

use contract::filled;
use domain::{Given, Integration};
use edge::Problem;
use edge::http::HttpReply;
use providers::Provider;

use crate::ask::Ask;
use crate::reply;

pub(crate) async fn test(
    ask: &Ask<'_>,
    provider: &dyn Provider,
    existing: Option<Integration>,
    fields: Given,
) -> Result<HttpReply, Problem> {
    let stored = match &existing {
        Some(integration) => ask.open(integration).await?,
        None => None,
    };
    let defaults = ask.context.custody.overrides().settings(provider);
    let filled = filled::read(provider, fields, stored.as_ref(), defaults)?;
    let result = ask.check(provider, &filled).await;
    let id = providers::id_of(provider);
    let of = existing.as_ref().map(|integration| &integration.id);
    let record = ask.record((&id, of), &result);
    let trail = &ask.context.trail;
    trail.append(&ask.caller.tenant, &record).await?;
    reply(provider, result)
}
