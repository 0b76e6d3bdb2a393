//! A test of what is stored; the verdict becomes the integration's state.

use domain::Caller;
use domain::integration::{Owner, Status};
use edge::Problem;
use edge::http::{HttpReply, HttpRequest};
use store::integrations::Verdict;
use store::notifications::Notification;

use crate::{Context, outcome, reply};

pub(crate) async fn test(
    context: &Context,
    caller: &Caller,
    request: &HttpRequest,
    reference: &str,
) -> Result<HttpReply, Problem> {
    let missing = || Problem::not_found("integration");
    let integration = context.find(caller, reference).await?.ok_or_else(missing)?;
    let provider = providers::find(integration.provider.as_str()).ok_or_else(missing)?;
    if !caller.role.manages_integrations() && integration.owner == Owner::Tenant {
        return Err(Problem::forbidden(
            "Only an admin may test an integration of the organisation.",
        ));
    }
    let filled = context.open(&integration).await?;
    let result = context.check(provider, &filled).await;
    let at = context.clock.now();
    let verdict = match &result {
        Ok(_) => Some(Verdict {
            status: Status::Connected,
            failure: None,
            at,
        }),
        Err(failure) if failure.kind.blames_credentials() => Some(Verdict {
            status: Status::Invalid,
            failure: Some(failure.clone()),
            at,
        }),
        // The provider was not asked, or spoke of something else: no statement about the credential.
        Err(_) => None,
    };
    if let Some(verdict) = verdict {
        let told = verdict.failure.as_ref();
        let told = told.map(|why| Notification::integration_invalid(&integration, why, at));
        context
            .integrations
            .record_verdict(&integration, &verdict, told.as_ref())
            .await?;
    }
    let of = Some(&integration.id);
    context
        .audit(
            caller,
            &integration.provider,
            of,
            outcome(&result),
            request.id(),
        )
        .await?;
    reply(provider, result)
}
