//! Adding and changing an integration: which one is meant, and what is to be changed.

use contract::integrations::Ownership;
use domain::integration::Owner;
use edge::Problem;
use edge::http::HttpReply;

use super::body::take_about;
use super::change::Change;
use crate::ask::Ask;

/// `POST /settings/integrations`: a further one of a type.
pub(crate) async fn add(ask: &Ask<'_>) -> Result<HttpReply, Problem> {
    let mut body = ask.request.json_object()?;
    let provider = body
        .remove("provider")
        .and_then(|value| providers::find(value.as_str()?))
        .ok_or_else(|| {
            Problem::invalid_field("provider", "must be one of the types in /api/v1/providers")
        })?;
    let about = take_about(&mut body)?;
    let change = Change {
        ask: *ask,
        provider,
        before: None,
    };
    Ok(change.save(about, body).await?.reply(ask))
}

/// `POST /settings/integrations/{ref}`: sets up the type's default one, or gives an existing one new values.
pub(crate) async fn configure(ask: &Ask<'_>, reference: &str) -> Result<HttpReply, Problem> {
    let Some(provider) = providers::find(reference) else {
        return change(ask, reference).await;
    };
    let mut body = ask.request.json_object()?;
    let about = take_about(&mut body)?;
    let integrations = &ask.context.integrations;
    let before = integrations
        .find_default(
            ask.caller,
            &providers::id_of(provider),
            &owners(ask, about.owner),
        )
        .await?;
    let change = Change {
        ask: *ask,
        provider,
        before,
    };
    Ok(change.save(about, body).await?.reply(ask))
}

/// `PATCH /settings/integrations/{ref}`: changes what is given and keeps the rest.
pub(crate) async fn change(ask: &Ask<'_>, reference: &str) -> Result<HttpReply, Problem> {
    let mut body = ask.request.json_object()?;
    let (existing, provider) = super::find_to_change(ask, reference).await?;
    let about = take_about(&mut body)?;
    let change = Change {
        ask: *ask,
        provider,
        before: Some(existing),
    };
    Ok(change.save(about, body).await?.reply(ask))
}

/// Whose default is meant: the owner's that the body names, else the caller's own or the tenant's.
pub(crate) fn owners(ask: &Ask<'_>, named: Option<Ownership>) -> Vec<Owner> {
    let own = Owner::User(ask.caller.user.clone());
    match named {
        Some(Ownership::Tenant) => vec![Owner::Tenant],
        Some(Ownership::User) => vec![own],
        None => vec![own, Owner::Tenant],
    }
}
