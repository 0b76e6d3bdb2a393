//! The integrations the caller may know of, by type, priority and age.

use domain::resolution::Candidate;
use domain::{Caller, IntegrationId};
use edge::Problem;
use edge::http::{HttpReply, HttpRequest};

use super::view::IntegrationView;
use crate::Context;
use crate::paging::Page;

pub(crate) async fn list(
    context: &Context,
    caller: &Caller,
    request: &HttpRequest,
) -> Result<HttpReply, Problem> {
    let page = Page::read(context, caller, request, "integrations".to_owned()).await?;
    let own = (caller.tenant.clone(), Some(caller.user.clone()));
    let shared = (caller.tenant.clone(), None);
    let rosters = context.integrations.find_rosters(&[own, shared]).await?;
    let mut places: Vec<(String, IntegrationId)> = rosters
        .into_values()
        .flat_map(|roster| roster.candidates)
        .map(|(id, candidate)| (position(&id, &candidate), id))
        .filter(|(position, _)| page.after.as_ref().is_none_or(|after| position > after))
        .collect();
    places.sort_unstable();
    let more = places.len() > page.limit;
    places.truncate(page.limit);
    let wanted: Vec<_> = places
        .iter()
        .map(|(_, id)| (caller.tenant.clone(), id.clone()))
        .collect();
    let mut found = context.integrations.find_many(&wanted).await?;
    found.retain(|integration| integration.is_visible_to(&caller.user));
    found.sort_by_key(|one| position(&one.id, &Candidate::of(one)));
    let views: Vec<_> = found
        .iter()
        .map(|one| IntegrationView::new(one, caller))
        .collect();
    let next = places.pop().filter(|_| more).map(|(position, _)| position);
    page.answer(context, caller, &views, next).await
}

/// Where an integration stands in the list.
fn position(id: &IntegrationId, candidate: &Candidate) -> String {
    let Candidate {
        provider,
        priority,
        created_at,
        ..
    } = candidate;
    format!("{provider}#{priority:010}#{created_at}#{id}")
}
