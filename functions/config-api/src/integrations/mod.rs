//! Integrations: the organisation's and the caller's own.

pub(crate) mod analytics;
pub(crate) mod body;
pub(crate) mod change;
pub(crate) mod configure;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod health;
pub(crate) mod list;
pub(crate) mod permissions;
pub(crate) mod problems;
pub(crate) mod resume;
pub(crate) mod reveal;
pub(crate) mod sealing;
pub(crate) mod sync;
pub(crate) mod templates;
pub(crate) mod webhook;
pub(crate) mod webhooks;

use contract::integrations::IntegrationView;
use domain::integration::{Owner, Reference};
use domain::opening::Reason;
use domain::{Caller, Credentials, Integration};
use edge::Problem;
use providers::Provider;

use crate::ask::Ask;

/// The integration that a path names; another tenant's, another user's and one that never was are answered alike.
pub(crate) async fn find(ask: &Ask<'_>, reference: &str) -> Result<Integration, Problem> {
    let missing = || Problem::not_found("integration");
    let reference = Reference::parse(reference).ok_or_else(missing)?;
    let integrations = &ask.context.integrations;
    let found = integrations.find_reference(ask.caller, &reference).await?;
    found.ok_or_else(missing)
}

/// As [`find`], if the caller may change it.
pub(crate) async fn find_to_change(
    ask: &Ask<'_>,
    reference: &str,
) -> Result<(Integration, &'static dyn Provider), Problem> {
    let integration = find(ask, reference).await?;
    check_may_change(ask.caller, &integration.owner)?;
    let provider = provider_of(&integration)?;
    Ok((integration, provider))
}

/// Opens an integration's credentials, to be used at its provider.
pub(crate) async fn open(
    ask: &Ask<'_>,
    integration: &Integration,
    reason: Reason,
) -> Result<Credentials, Problem> {
    let by = ask.opens_for(reason);
    let opened = ask.context.custody.open(integration, None, by).await;
    opened.map_err(problems::open_problem)
}

/// The provider of a stored integration.
pub(crate) fn provider_of(integration: &Integration) -> Result<&'static dyn Provider, Problem> {
    providers::find(integration.provider.as_str()).ok_or_else(Problem::unavailable)
}

/// Admins change the tenant's integrations; everybody changes their own, and nobody else's.
pub(crate) fn may_change(caller: &Caller, owner: &Owner) -> bool {
    match owner {
        Owner::Tenant => caller.role.manages_integrations(),
        Owner::User(user) => *user == caller.user,
    }
}

pub(crate) fn check_may_change(caller: &Caller, owner: &Owner) -> Result<(), Problem> {
    if may_change(caller, owner) {
        return Ok(());
    }
    Err(Problem::forbidden(
        "Only an admin may change an integration of the organisation.",
    ))
}

/// How a caller sees an integration.
pub(crate) fn view<'a>(ask: &Ask<'_>, integration: &'a Integration) -> IntegrationView<'a> {
    IntegrationView::new(integration, may_change(ask.caller, &integration.owner))
}
