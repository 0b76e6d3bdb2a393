//! Removing an integration; then its webhook at the provider, with the credential opened before.

use domain::Integration;
use domain::opening::Reason;
use edge::Problem;
use edge::http::HttpReply;
use store::WriteError;

use super::{resume, webhook};
use crate::ask::Ask;

pub(crate) async fn delete(ask: &Ask<'_>, reference: &str) -> Result<HttpReply, Problem> {
    let (integration, _) = super::find_to_change(ask, reference).await?;
    ask.check_precondition(integration.revision)?;
    remove(ask, &integration).await
}

/// Removes an integration that the caller may change.
pub(crate) async fn remove(ask: &Ask<'_>, integration: &Integration) -> Result<HttpReply, Problem> {
    let context = ask.context;
    let by = ask.opens_for(Reason::Deregister);
    let opened = context.custody.open(integration, None, by).await;
    let subject = (&integration.provider, Some(&integration.id));
    let record = ask.record("integration.delete", subject);
    match context.changes.delete(integration, &record).await {
        Ok(()) => {}
        Err(WriteError::Store(error)) => return Err(error.into()),
        Err(_) => {
            let conflict = super::problems::conflict();
            ask.refused(record, conflict.code()).await?;
            return Err(conflict);
        }
    }
    // What cannot be opened or deregistered does not keep the tenant from removing it: its route is gone.
    let message = match opened {
        Ok(credentials) => webhook::deregister(context, integration, &credentials).await,
        Err(_) => webhook::LEFT_BEHIND,
    };
    // What waited for its repair finds another integration, or fails with the reason. It is removed, whatever becomes
    // of that.
    if let Err(problem) = resume::release(context, integration).await {
        tracing::error!(integration = %integration.id, code = problem.code(), "parked messages were left behind");
    }
    Ok(HttpReply::message(200, message))
}
