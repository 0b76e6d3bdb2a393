//! Removing an integration: its webhook at the provider first, while there is a credential to do it with.

use domain::Caller;
use edge::Problem;
use edge::http::{HttpReply, HttpRequest};
use store::WriteError;

use super::webhook;
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
    // What cannot be opened or deregistered must not keep the tenant from removing it.
    let message = match context
        .opener
        .open_credentials(&place, &integration.credentials)
        .await
    {
        Ok(credentials) => webhook::deregister(context, &integration, &credentials).await,
        Err(_) => webhook::LEFT_BEHIND,
    };
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
    Ok(HttpReply::message(200, message))
}
