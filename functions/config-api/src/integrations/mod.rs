//! A tenant's integrations.

mod about;
mod change;
pub(crate) mod configure;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod permissions;
pub(crate) mod problems;
mod resume;
mod view;
mod webhook;

use domain::integration::{Owner, Reference};
use domain::{Caller, Integration};
use edge::Problem;

use crate::Context;

/// The integration that a path names; another tenant's, another user's and one that never was are answered alike.
async fn find(context: &Context, caller: &Caller, reference: &str) -> Result<Integration, Problem> {
    let missing = || Problem::not_found("integration");
    let reference = Reference::parse(reference).ok_or_else(missing)?;
    context
        .integrations
        .find_reference(caller, &reference)
        .await?
        .ok_or_else(missing)
}

/// Admins change the tenant's integrations; everybody changes their own.
fn may_change(caller: &Caller, owner: &Owner) -> Result<(), Problem> {
    let own = matches!(owner, Owner::User(user) if *user == caller.user);
    if own || caller.role.manages_integrations() {
        return Ok(());
    }
    Err(Problem::forbidden(
        "Only an admin may change an integration of the organisation.",
    ))
}
