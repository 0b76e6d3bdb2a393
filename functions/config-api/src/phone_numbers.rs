//! The phone numbers of the organisation's accounts and of the caller's own: everybody sees them (S1-16), admins assign
//! them to members of the team (S1-18).

use std::collections::BTreeMap;

use contract::integrations::entity_tag;
use contract::phone_numbers::{Assign, PhoneNumberView};
use domain::audit::AuditRecord;
use domain::integration::Owner;
use domain::resolution::Candidate;
use domain::{IntegrationId, NumberId, UserId};
use edge::http::HttpReply;
use edge::{Problem, input};
use store::WriteError;
use store::phone_numbers::PhoneNumber;

use crate::ask::Ask;
use crate::integrations::problems;
use crate::paging::Page;

pub(crate) async fn list(ask: &Ask<'_>) -> Result<HttpReply, Problem> {
    let page = Page::read(ask, "phone-numbers".to_owned()).await?;
    let connected = connected(ask).await?;
    let mut numbers = ask.context.phone_numbers.list(&ask.caller.tenant).await?;
    numbers.retain(|one| {
        let after = page.after.as_deref();
        is_visible(ask, one) && after.is_none_or(|after| one.number.as_str() > after)
    });
    let more = numbers.len() > page.limit;
    numbers.truncate(page.limit);
    let views: Vec<_> = numbers.iter().map(|one| view(one, &connected)).collect();
    let last = numbers.last().filter(|_| more);
    let next = last.map(|one| one.number.to_string());
    page.answer(ask, &views, next).await
}

pub(crate) async fn assign(ask: &Ask<'_>, id: &str) -> Result<HttpReply, Problem> {
    let Assign { user_id } = input::read(ask.request.json_object()?)?;
    let number = find(ask, id).await?;
    ask.check_precondition(number.revision)?;
    if let (Owner::User(owner), Some(user)) = (&number.owner, &user_id)
        && owner != user
    {
        return Err(problems::personal());
    }
    let connected = connected(ask).await?;
    let record = record(ask, &number, user_id.as_ref(), &connected);
    let tenant = &ask.caller.tenant;
    let numbers = &ask.context.phone_numbers;
    let assigned = numbers
        .assign(tenant, &number, user_id.as_ref(), &record)
        .await
        .map_err(problem)?;
    let view = view(&assigned, &connected);
    Ok(HttpReply::data(200, &view).header("etag", entity_tag(assigned.revision)))
}

/// The number of that id; another tenant's, another user's and one that never was are answered alike.
async fn find(ask: &Ask<'_>, id: &str) -> Result<PhoneNumber, Problem> {
    let missing = || Problem::not_found("phone number");
    let id = NumberId::parse(id).map_err(|_| missing())?;
    let numbers = &ask.context.phone_numbers;
    let found = numbers.find(&ask.caller.tenant, &id).await?;
    found
        .filter(|number| is_visible(ask, number))
        .ok_or_else(missing)
}

fn is_visible(ask: &Ask<'_>, number: &PhoneNumber) -> bool {
    match &number.owner {
        Owner::Tenant => true,
        Owner::User(owner) => *owner == ask.caller.user,
    }
}

type Connected = BTreeMap<IntegrationId, Candidate>;

/// The integrations that the caller may know of.
async fn connected(ask: &Ask<'_>) -> Result<Connected, Problem> {
    let rosters = ask.context.integrations.find_rosters_of(ask.caller).await?;
    let rosters = rosters.into_iter();
    Ok(rosters.flat_map(|roster| roster.candidates).collect())
}

fn record(
    ask: &Ask<'_>,
    number: &PhoneNumber,
    user: Option<&UserId>,
    connected: &Connected,
) -> AuditRecord {
    let integration = connected.get(&number.integration);
    let now = ask.context.clock.now();
    let user = user.map_or("nobody", UserId::as_str);
    AuditRecord {
        provider: integration.map(|integration| integration.provider.clone()),
        integration: Some(number.integration.clone()),
        request: ask.request.id().to_owned(),
        purpose: Some(format!("{} to {user}", number.id)),
        ..AuditRecord::new(ask.caller.user.as_str(), now, "phone_number.assign")
    }
}

/// A number is active as long as its account has it and is connected.
fn view<'a>(number: &'a PhoneNumber, connected: &Connected) -> PhoneNumberView<'a> {
    let listed = &number.listed;
    PhoneNumberView {
        id: number.id.as_str(),
        integration_id: &number.integration,
        provider_id: listed.provider_id.as_deref(),
        phone_number: &number.number,
        display_name: &listed.display_name,
        number_type: listed.kind,
        assigned_to_user_id: number.assigned_to.as_ref(),
        is_primary: listed.is_primary,
        can_call: listed.can_call,
        can_sms: listed.can_sms,
        is_active: number.retired_at.is_none() && connected.contains_key(&number.integration),
        synced_at: number.synced_at,
        revision: number.revision,
    }
}

fn problem(error: WriteError) -> Problem {
    match error {
        WriteError::Conflict => Problem::new(
            409,
            "changed_meanwhile",
            "The phone number was changed by somebody else meanwhile.",
        )
        .hint("Read it again and repeat the assignment."),
        error => problems::write_problem(error),
    }
}
