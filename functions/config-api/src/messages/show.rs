//! `GET /messages/{id}`: where a message stands, and how it came there.

use domain::ledger::{MessageStatus, Step};
use domain::{Caller, Failure, IntegrationId, MessageId};
use edge::Problem;
use edge::http::HttpReply;
use serde::Serialize;

use crate::Context;

#[derive(Serialize)]
struct MessageView<'a> {
    id: &'a MessageId,
    status: MessageStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    integration_id: Option<&'a IntegrationId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credential_source: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a Failure>,
    attempts: usize,
    timeline: Vec<Step>,
}

pub(crate) async fn show(
    context: &Context,
    caller: &Caller,
    id: &str,
) -> Result<HttpReply, Problem> {
    let missing = || {
        Problem::not_found("message")
            .hint("A message put on the queue directly appears here when its sending begins.")
    };
    let id = MessageId::parse(id).map_err(|_| missing())?;
    let ledger = context.messages.find((&caller.tenant, &id)).await?;
    if ledger.is_empty() {
        return Err(missing());
    }
    let now = context.clock.now();
    let claim = ledger.claims.last();
    let view = MessageView {
        id: &id,
        status: ledger.status(now),
        channel: claim.map(|claim| claim.channel.as_str()),
        provider_id: ledger.provider_id(),
        integration_id: claim.and_then(|claim| claim.integration.as_ref()),
        credential_source: claim.map(|claim| &*claim.credential_source),
        error: ledger.failure(now),
        attempts: ledger.claims.len(),
        timeline: ledger.timeline(now),
    };
    Ok(HttpReply::data(200, &view))
}
