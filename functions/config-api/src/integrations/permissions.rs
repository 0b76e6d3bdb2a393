//! Who else may send through an integration: `…/{ref}/permissions` and `…/permissions/{user}`. Admins decide.

use std::collections::{BTreeMap, BTreeSet};

use contract::integrations::PermissionView;
use domain::audit::AuditRecord;
use domain::integration::Owner;
use domain::{Integration, IntegrationId, UserId};
use edge::Problem;
use edge::http::HttpReply;
use store::WriteError;
use store::permissions::{MOST_PER_INTEGRATION, Permission};

use super::problems;
use crate::ask::Ask;

pub(crate) async fn list(ask: &Ask<'_>, reference: &str) -> Result<HttpReply, Problem> {
    let integration = find(ask, reference).await?;
    let permissions = &ask.context.permissions;
    let held = permissions
        .list(&ask.caller.tenant, &integration.id)
        .await?;
    let lines: Vec<_> = held.iter().map(|(user, held)| view(user, held)).collect();
    Ok(HttpReply::data(200, &lines))
}

pub(crate) async fn grant(
    ask: &Ask<'_>,
    reference: &str,
    user: &str,
) -> Result<HttpReply, Problem> {
    let integration = find(ask, reference).await?;
    let user = parse(user)?;
    let permissions = &ask.context.permissions;
    let held = permissions
        .list(&ask.caller.tenant, &integration.id)
        .await?;
    if held.len() >= MOST_PER_INTEGRATION && !held.contains_key(&user) {
        let says = format!("at most {MOST_PER_INTEGRATION} users can have a permission");
        return Err(Problem::invalid_field("user", &says));
    }
    let permission = Permission {
        granted_by: ask.caller.user.clone(),
        granted_at: ask.context.clock.now(),
    };
    let record = record(ask, "permission.grant", &integration, &user);
    permissions
        .grant(&integration, &user, &permission, &record)
        .await
        .map_err(problems::write_problem)?;
    Ok(HttpReply::data(200, &view(&user, &permission)))
}

pub(crate) async fn revoke(
    ask: &Ask<'_>,
    reference: &str,
    user: &str,
) -> Result<HttpReply, Problem> {
    let integration = find(ask, reference).await?;
    let user = parse(user)?;
    let record = record(ask, "permission.revoke", &integration, &user);
    let permissions = &ask.context.permissions;
    match permissions.revoke(&integration, &user, &record).await {
        Ok(()) => Ok(HttpReply::message(200, "Permission taken back.")),
        Err(WriteError::Conflict) => Err(Problem::not_found("permission")),
        Err(error) => Err(problems::write_problem(error)),
    }
}

/// Whether the caller, who may know of the integration, may send through it.
pub(crate) async fn may_send(ask: &Ask<'_>, integration: &Integration) -> Result<bool, Problem> {
    let one = BTreeMap::from([(integration.id.clone(), &integration.owner)]);
    Ok(!sendable(ask, &one).await?.is_empty())
}

/// Through which of some integrations the caller, who may know of them, may send.
pub(crate) async fn sendable(
    ask: &Ask<'_>,
    integrations: &BTreeMap<IntegrationId, &Owner>,
) -> Result<BTreeSet<IntegrationId>, Problem> {
    let caller = ask.caller;
    let (mut sendable, mut asked) = (BTreeSet::new(), BTreeSet::new());
    for (id, owner) in integrations {
        let freely = caller.role.sends_for_tenant() || super::may_change(caller, owner);
        let decided = if freely { &mut sendable } else { &mut asked };
        decided.insert(id.clone());
    }
    let permissions = &ask.context.permissions;
    let held = permissions
        .held(&caller.tenant, &caller.user, &asked)
        .await?;
    sendable.extend(held);
    Ok(sendable)
}

fn record(
    ask: &Ask<'_>,
    action: &'static str,
    integration: &Integration,
    user: &UserId,
) -> AuditRecord {
    let subject = (&integration.provider, Some(&integration.id));
    let mut record = ask.record(action, subject);
    record.purpose = Some(user.to_string());
    record
}

fn view<'a>(user_id: &'a UserId, permission: &'a Permission) -> PermissionView<'a> {
    PermissionView {
        user_id,
        granted_by: &permission.granted_by,
        granted_at: permission.granted_at,
    }
}

/// The tenant's integration that is meant; a user's own is nobody else's to use.
async fn find(ask: &Ask<'_>, reference: &str) -> Result<Integration, Problem> {
    let integration = super::find(ask, reference).await?;
    if integration.owner != Owner::Tenant {
        return Err(problems::personal());
    }
    Ok(integration)
}

fn parse(user: &str) -> Result<UserId, Problem> {
    UserId::parse(user).map_err(|_| Problem::not_found("user"))
}
