//! Removing an integration; then its webhook at the provider, with the credential opened before.

use domain::Caller;
use domain::opening::Reason;
use edge::Problem;
use edge::http::{HttpReply, HttpRequest};
use store::WriteError;

use super::{resume, webhook};
use crate::Context;

pub(crate) async fn delete(
    context: &Context,
    caller: &Caller,
    request: &HttpRequest,
    reference: &str,
) -> Result<HttpReply, Problem> {
    let integration = super::find(context, caller, reference).await?;
    super::may_change(caller, &integration.owner)?;
    super::problems::check_precondition(request, &integration)?;
    let by = crate::opened_by(caller, request, Reason::Deregister);
    let opened = context.custody.open(&integration, None, by).await;
    let subject = (&integration.provider, Some(&integration.id));
    let record = context.record(caller, "integration.delete", subject, request);
    match context.changes.delete(&integration, &record).await {
        Ok(()) => {}
        Err(WriteError::Store(error)) => return Err(error.into()),
        Err(_) => {
            let conflict = super::problems::conflict();
            context.refused(caller, record, conflict.code()).await?;
            return Err(conflict);
        }
    }
    // What waited for its repair finds another integration, or fails with the reason.
    resume::put_back(context, &integration).await?;
    // What cannot be opened or deregistered does not keep the tenant from removing it: its route is gone.
    let message = match opened {
        Ok(credentials) => webhook::deregister(context, &integration, &credentials).await,
        Err(_) => webhook::LEFT_BEHIND,
    };
    Ok(HttpReply::message(200, message))
}
