//! The integrations the caller may know of, by type, priority and age.

use contract::integrations::Ownership;
use domain::IntegrationId;
use domain::integration::Owner;
use domain::resolution::Candidate;
use edge::Problem;
use edge::http::HttpReply;

use crate::ask::Ask;
use crate::paging::{self, Page};

pub(crate) async fn list(ask: &Ask<'_>) -> Result<HttpReply, Problem> {
    let provider = paging::provider(ask)?;
    let owner = owner(ask)?;
    let of = provider.as_ref().map_or("", |provider| provider.as_str());
    let page = Page::read(ask, format!("integrations/{of}/{owner:?}")).await?;
    let caller = ask.caller;
    let integrations = &ask.context.integrations;
    let rosters = integrations.find_rosters_of(caller).await?;
    let is_wanted = |candidate: &Candidate| {
        provider.as_ref().is_none_or(|of| candidate.provider == *of)
            && owner.is_none_or(|owner| owner == ownership(&candidate.owner))
    };
    let mut places: Vec<(String, IntegrationId)> = rosters
        .into_iter()
        .flat_map(|roster| roster.candidates)
        .filter(|(_, candidate)| is_wanted(candidate))
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
    let mut found = integrations.find_many(&wanted).await?;
    found.retain(|integration| integration.is_visible_to(&caller.user));
    found.sort_by_key(|one| position(&one.id, &Candidate::of(one)));
    let views: Vec<_> = found.iter().map(|one| super::view(ask, one)).collect();
    let next = places.pop().filter(|_| more).map(|(position, _)| position);
    page.answer(ask, &views, next).await
}

fn owner(ask: &Ask<'_>) -> Result<Option<Ownership>, Problem> {
    match ask.parameter("owner").as_deref() {
        None => Ok(None),
        Some("tenant") => Ok(Some(Ownership::Tenant)),
        Some("user") => Ok(Some(Ownership::User)),
        Some(_) => Err(Problem::invalid_parameter(
            "owner",
            "must be 'tenant' or 'user'",
        )),
    }
}

fn ownership(owner: &Owner) -> Ownership {
    match owner {
        Owner::Tenant => Ownership::Tenant,
        Owner::User(_) => Ownership::User,
    }
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
