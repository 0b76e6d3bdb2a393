//! `GET /messages/{id}`: where a message stands, and how it came there.

use contract::messages::MessageView;
use domain::{IntegrationId, MessageId};
use edge::Problem;
use edge::http::HttpReply;

use crate::ask::Ask;

pub(crate) async fn show(ask: &Ask<'_>, id: &str) -> Result<HttpReply, Problem> {
    let missing = || {
        Problem::not_found("message")
            .hint("A message put on the queue directly appears here when its sending begins.")
    };
    let id = MessageId::parse(id).map_err(|_| missing())?;
    let key = (&ask.caller.tenant, &id);
    let ledger = ask.context.messages.find(key).await?;
    if ledger.is_empty() {
        return Err(missing());
    }
    let now = ask.context.clock.now();
    let claim = ledger.claims.last();
    let through = claim.and_then(|claim| claim.integration.as_ref());
    // What went through somebody's own account is theirs alone.
    if let Some(integration) = through
        && is_anothers(ask, integration).await?
    {
        return Err(missing());
    }
    let view = MessageView {
        id: &id,
        status: ledger.status(now),
        channel: claim.map(|claim| claim.channel.as_str()),
        provider_id: ledger.provider_id(),
        integration_id: through,
        credential_source: claim.map(|claim| &*claim.credential_source),
        credential_reason: claim
            .map(|claim| &*claim.credential_reason)
            .filter(|reason| !reason.is_empty()),
        error: ledger.failure(now),
        attempts: ledger.claims.len(),
        timeline: ledger.timeline(now),
    };
    Ok(HttpReply::data(200, &view))
}

async fn is_anothers(ask: &Ask<'_>, integration: &IntegrationId) -> Result<bool, Problem> {
    let caller = ask.caller;
    let integrations = &ask.context.integrations;
    let found = integrations.find(&caller.tenant, integration).await?;
    Ok(found.is_some_and(|one| !one.is_visible_to(&caller.user)))
}
