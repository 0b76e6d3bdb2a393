//! `GET /events`: what providers told us, newest first, of all integrations that the caller may know of or of one.

use std::collections::BTreeSet;

use contract::events::EventView;
use domain::IntegrationId;
use domain::integration::Owner;
use edge::Problem;
use edge::http::HttpReply;
use store::activity::KeptEvent;

use crate::ask::Ask;
use crate::paging::Page;

pub(crate) async fn list(ask: &Ask<'_>) -> Result<HttpReply, Problem> {
    let only = integration(ask)?;
    let of = only.as_ref().map_or("", IntegrationId::as_str);
    let page = Page::read(ask, format!("events/{of}")).await?;
    let mut wanted = known(ask).await?;
    wanted.retain(|id| only.as_ref().is_none_or(|only| only == id));
    let after = page.after.as_deref();
    let events = &ask.context.events;
    let found = events
        .list(&ask.caller.tenant, &wanted, after, page.limit)
        .await?;
    let views: Vec<_> = found.lines.iter().map(view).collect();
    page.answer(ask, &views, found.next).await
}

/// The integrations that the caller may know of: the organisation's and their own, those that are gone among them. Of
/// any other nothing is told, for it may be another user's.
async fn known(ask: &Ask<'_>) -> Result<BTreeSet<IntegrationId>, Problem> {
    let integrations = &ask.context.integrations;
    let (tenant, user) = (&ask.caller.tenant, &ask.caller.user);
    // What is removed meanwhile is found in both, never in none.
    let rosters = integrations.find_rosters_of(ask.caller).await?;
    let present = rosters.into_iter().flat_map(|roster| roster.candidates);
    let mut known: BTreeSet<_> = present.map(|(id, _)| id).collect();
    for owner in [Owner::Tenant, Owner::User(user.clone())] {
        known.extend(integrations.list_removed(tenant, &owner).await?);
    }
    Ok(known)
}

/// The integration that narrows the list.
fn integration(ask: &Ask<'_>) -> Result<Option<IntegrationId>, Problem> {
    let Some(given) = ask.parameter("integration") else {
        return Ok(None);
    };
    let says = "must be the id of an integration";
    IntegrationId::parse(&given)
        .map(Some)
        .map_err(|_| Problem::invalid_parameter("integration", says))
}

fn view(event: &KeptEvent) -> EventView<'_> {
    EventView {
        id: &event.id,
        kind: &event.kind,
        provider: &event.provider,
        integration_id: &event.integration,
        account: event.account.as_deref(),
        received_at: event.received_at,
        occurred_at: event.occurred_at,
        payload: &event.payload,
    }
}
