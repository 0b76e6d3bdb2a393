//! A provider refused a credential: is it really bad? One refusal is no proof, so the provider is asked once more
//! in another way before anything follows for the integration.

use custody::{Aftermath, CHECK_TIMEOUT};
use domain::failure::StoreError;
use domain::ledger::AttemptResult;
use domain::opening::Reason;
use domain::{Failure, FailureKind, Integration};
use edge::problem::Causes;
use providers::Provider;
use tokio::time::timeout;

use crate::plan::Ready;
use crate::{Context, backoff};

/// What follows for the message that was refused; `tries` counts those that ended in trouble, this one included.
pub(crate) async fn on_rejection(
    context: &Context,
    provider: &dyn Provider,
    ready: &Ready,
    refusal: Failure,
    tries: u32,
) -> AttemptResult {
    let integration = &*ready.integration;
    let connection = context
        .custody
        .connect(provider, &integration.settings, &ready.credentials);
    match timeout(CHECK_TIMEOUT, provider.check(connection)).await {
        Ok(Err(failure)) if failure.kind.blames_credentials() => {
            let by = context.opens_for(Reason::Send);
            let aftermath = context.custody.refused(integration, &failure, by).await;
            after(context, integration, (aftermath, failure), tries)
        }
        // It works after all, or cannot be asked now: try again a little later.
        Ok(Ok(_) | Err(_)) | Err(_) => later(context, refusal, tries),
    }
}

/// What follows for a message whose integration's stored credentials were changed or moved.
pub(crate) async fn on_tampering(
    context: &Context,
    integration: &Integration,
    tries: u32,
) -> AttemptResult {
    let (why, by) = (does_not_open(), context.opens_for(Reason::Send));
    let aftermath = context.custody.disable(integration, &why, by).await;
    after(context, integration, (aftermath, why), tries)
}

fn after(
    context: &Context,
    integration: &Integration,
    (aftermath, why): (Result<Aftermath, StoreError>, Failure),
    tries: u32,
) -> AttemptResult {
    context.senders.forget(integration);
    match aftermath {
        Ok(Aftermath::Disabled) => AttemptResult::Parked(why),
        Ok(Aftermath::Returned | Aftermath::Undecided) => later(context, why, tries),
        Err(error) => {
            tracing::error!(error = %Causes(&error), "a refused credential could not be recorded");
            later(context, why, tries)
        }
    }
}

fn does_not_open() -> Failure {
    Failure::new(
        FailureKind::CredentialsRejected,
        "The stored credentials cannot be opened: their record was changed.",
        "Enter the credentials again; the operator has been alarmed.",
    )
}

fn later(context: &Context, refusal: Failure, tries: u32) -> AttemptResult {
    let until = context.clock.now().after(backoff::delay(None, tries));
    AttemptResult::Deferred {
        until,
        failure: Failure {
            kind: FailureKind::Unavailable,
            ..refusal
        },
    }
}
