//! Removing an integration; then its webhook at the provider, with the credential opened before.

use domain::Caller;
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
    let place = integration.credentials_place();
    let opened = context
        .opener
        .open_credentials(&place, &integration.credentials)
        .await;
    match context.changes.delete(&integration).await {
        Ok(()) => {}
        Err(WriteError::Store(error)) => return Err(error.into()),
        Err(WriteError::Conflict | WriteError::AccountTaken) => {
            return Err(super::problems::conflict());
        }
    }
    let subject = (&integration.provider, Some(&integration.id));
    context
        .audit(caller, "integration.delete", subject, "ok", request.id())
        .await?;
    // What waited for its repair finds another integration, or fails with the reason.
    resume::put_back(context, &integration).await?;
    // What cannot be opened or deregistered does not keep the tenant from removing it: its route is gone.
    let message = match opened {
        Ok(credentials) => webhook::deregister(context, &integration, &credentials).await,
        Err(_) => webhook::LEFT_BEHIND,
    };
    Ok(HttpReply::message(200, message))
}
