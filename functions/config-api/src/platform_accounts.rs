//! Which of the platform's own accounts a tenant may use: granted and ended by platform staff, and by nobody else.

use contract::platform::{GrantView, SetGrant};
use domain::grant::{Ended, EndedWhy, Grant};
use domain::{ProviderId, Timestamp};
use edge::http::HttpReply;
use edge::{Problem, input};
use store::WriteError;

use crate::ask::Ask;
use crate::integrations::problems;

pub(crate) async fn list(ask: &Ask<'_>) -> Result<HttpReply, Problem> {
    let grants = ask.context.grants.list(&ask.caller.tenant).await?;
    let now = ask.context.clock.now();
    let lines: Vec<_> = grants
        .iter()
        .map(|(provider, grant)| view(provider, grant, now))
        .collect();
    Ok(HttpReply::data(200, &lines))
}

pub(crate) async fn grant(ask: &Ask<'_>, provider: &str) -> Result<HttpReply, Problem> {
    let provider = parse(provider)?;
    let wanted: SetGrant = if ask.request.has_body() {
        input::read(ask.request.json_object()?)?
    } else {
        SetGrant::default()
    };
    let now = ask.context.clock.now();
    if wanted.until.is_some_and(|until| until <= now) {
        return Err(Problem::invalid_field("until", "must be in the future"));
    }
    let grant = Grant {
        granted_by: ask.caller.user.clone(),
        granted_at: now,
        until: wanted.until,
        ended: None,
    };
    let record = ask.record("platform_account.grant", (&provider, None));
    let grants = &ask.context.grants;
    grants
        .grant(&ask.caller.tenant, &provider, &grant, &record)
        .await
        .map_err(problems::write_problem)?;
    Ok(HttpReply::data(200, &view(&provider, &grant, now)))
}

pub(crate) async fn end(ask: &Ask<'_>, provider: &str) -> Result<HttpReply, Problem> {
    let provider = parse(provider)?;
    let ended = Ended {
        at: ask.context.clock.now(),
        by: ask.caller.user.clone(),
        why: EndedWhy::Revoked,
    };
    let record = ask.record("platform_account.end", (&provider, None));
    let grants = &ask.context.grants;
    match grants
        .end(&ask.caller.tenant, &provider, ended, &record)
        .await
    {
        Ok(()) => Ok(HttpReply::message(200, "It may be used no more.")),
        Err(WriteError::Conflict) => Err(Problem::not_found("grant")),
        Err(error) => Err(problems::write_problem(error)),
    }
}

fn view<'a>(provider: &'a ProviderId, grant: &'a Grant, now: Timestamp) -> GrantView<'a> {
    GrantView {
        provider: provider.as_str(),
        live: grant.is_live(now),
        granted_by: &grant.granted_by,
        granted_at: grant.granted_at,
        until: grant.until,
        ended_at: grant.ended.as_ref().map(|ended| ended.at),
    }
}

fn parse(provider: &str) -> Result<ProviderId, Problem> {
    let known = providers::find(provider).map(providers::id_of);
    known.ok_or_else(|| Problem::not_found("provider"))
}
