//! Who else may send through an integration: `…/{ref}/permissions` and `…/permissions/{user}`. Admins decide.

use domain::integration::Owner;
use domain::{Caller, Integration, Timestamp, UserId};
use edge::Problem;
use edge::http::{HttpReply, HttpRequest};
use serde::Serialize;
use store::WriteError;
use store::permissions::{MOST_PER_INTEGRATION, Permission};

use super::problems;
use crate::Context;

#[derive(Serialize)]
struct Line<'a> {
    user_id: &'a UserId,
    granted_by: &'a UserId,
    granted_at: Timestamp,
}

pub(crate) async fn list(
    context: &Context,
    caller: &Caller,
    reference: &str,
) -> Result<HttpReply, Problem> {
    let integration = find(context, caller, reference).await?;
    let permissions = context
        .permissions
        .list(&caller.tenant, &integration.id)
        .await?;
    let lines: Vec<Line<'_>> = permissions
        .iter()
        .map(|(user_id, permission)| Line {
            user_id,
            granted_by: &permission.granted_by,
            granted_at: permission.granted_at,
        })
        .collect();
    Ok(HttpReply::data(200, &lines))
}

pub(crate) async fn grant(
    context: &Context,
    caller: &Caller,
    request: &HttpRequest,
    reference: &str,
    user: &str,
) -> Result<HttpReply, Problem> {
    let integration = find(context, caller, reference).await?;
    let user = parse(user)?;
    let held = context
        .permissions
        .list(&caller.tenant, &integration.id)
        .await?;
    if held.len() >= MOST_PER_INTEGRATION && !held.contains_key(&user) {
        return Err(problems::field_problem(
            "user",
            &format!("at most {MOST_PER_INTEGRATION} users can have a permission"),
        ));
    }
    let permission = Permission {
        granted_by: caller.user.clone(),
        granted_at: context.clock.now(),
    };
    let subject = (&integration.provider, Some(&integration.id));
    let mut record = context.record(caller, "permission.grant", subject, request);
    record.purpose = Some(user.to_string());
    match context
        .permissions
        .grant(&integration, &user, &permission, &record)
        .await
    {
        Ok(()) => Ok(HttpReply::data(
            200,
            &Line {
                user_id: &user,
                granted_by: &permission.granted_by,
                granted_at: permission.granted_at,
            },
        )),
        Err(error) => Err(problems::write_problem(error)),
    }
}

pub(crate) async fn revoke(
    context: &Context,
    caller: &Caller,
    request: &HttpRequest,
    reference: &str,
    user: &str,
) -> Result<HttpReply, Problem> {
    let integration = find(context, caller, reference).await?;
    let user = parse(user)?;
    let subject = (&integration.provider, Some(&integration.id));
    let mut record = context.record(caller, "permission.revoke", subject, request);
    record.purpose = Some(user.to_string());
    match context
        .permissions
        .revoke(&integration, &user, &record)
        .await
    {
        Ok(()) => Ok(HttpReply::message(200, "Permission taken back.")),
        Err(WriteError::Conflict) => Err(Problem::not_found("permission")),
        Err(error) => Err(problems::write_problem(error)),
    }
}

/// The tenant's integration that is meant; a user's own is nobody else's to use.
async fn find(context: &Context, caller: &Caller, reference: &str) -> Result<Integration, Problem> {
    let integration = super::find(context, caller, reference).await?;
    if !caller.role.manages_integrations() {
        return Err(Problem::forbidden("Only an admin decides on permissions."));
    }
    if integration.owner != Owner::Tenant {
        return Err(Problem::new(
            409,
            "personal_integration",
            "A personal integration is used by its owner alone.",
        )
        .hint("Connect the account as the organisation's to let others send through it."));
    }
    Ok(integration)
}

fn parse(user: &str) -> Result<UserId, Problem> {
    UserId::parse(user).map_err(|_| Problem::not_found("user"))
}
