//! A provider refused a credential: is it really bad? One refusal is no proof, so the provider is asked once more
//! in another way before the integration is switched to `invalid` and its tenant is told.

use std::time::Duration;

use domain::integration::Status;
use domain::ledger::AttemptResult;
use domain::{Failure, FailureKind, Integration};
use edge::problem::Causes;
use providers::Provider;
use store::integrations::Verdict;
use store::notifications::Notification;
use tokio::time::timeout;

use crate::plan::Ready;
use crate::{Context, backoff};

/// How long the provider is asked; then the message is tried again later.
pub(crate) const CHECK_TIMEOUT: Duration = Duration::from_secs(6);

/// What follows for the message that was refused.
pub(crate) async fn on_rejection(
    context: &Context,
    provider: &dyn Provider,
    ready: &Ready,
    refusal: Failure,
) -> AttemptResult {
    let integration = &*ready.integration;
    let settings = &integration.settings;
    let connection =
        context
            .overrides
            .connect(provider, settings, &ready.credentials, &context.http);
    let confirmed = match timeout(CHECK_TIMEOUT, provider.check(connection)).await {
        Ok(Err(failure)) if failure.kind.blames_credentials() => failure,
        // It works after all, or cannot be asked now: try again a little later.
        Ok(Ok(_) | Err(_)) | Err(_) => return later(context, refusal),
    };
    disable(context, integration, confirmed).await
}

/// What follows for a message whose integration's stored credentials were changed or moved.
pub(crate) async fn on_tampering(context: &Context, integration: &Integration) -> AttemptResult {
    disable(context, integration, does_not_open()).await
}

/// Switches the integration to `invalid`, once, and tells its tenant, once.
async fn disable(context: &Context, integration: &Integration, reason: Failure) -> AttemptResult {
    let at = context.clock.now();
    let verdict = Verdict {
        status: Status::Invalid,
        failure: Some(reason.clone()),
        at,
    };
    let notification = Notification::integration_invalid(integration, &reason, at);
    let changed = context
        .integrations
        .record_verdict(integration, &verdict, Some(&notification))
        .await;
    context.senders.forget(integration);
    match changed {
        Ok(true) => AttemptResult::Parked(reason),
        Ok(false) if is_current(context, integration).await => AttemptResult::Parked(reason),
        // The credential was replaced while we used the old one.
        Ok(false) => later(context, reason),
        Err(error) => {
            tracing::error!(error = %Causes(&error), "a refused credential could not be recorded");
            later(context, reason)
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

/// Whether the credential that we used is still the stored one.
async fn is_current(context: &Context, used: &Integration) -> bool {
    let key = (used.tenant.clone(), used.id.clone());
    let stored = context
        .integrations
        .find_many(&[key])
        .await
        .unwrap_or_default();
    stored
        .first()
        .is_some_and(|stored| stored.credential_version == used.credential_version)
}

fn later(context: &Context, refusal: Failure) -> AttemptResult {
    let until = context.clock.now().after(backoff::delay(None, 3));
    AttemptResult::Deferred {
        until,
        failure: Failure {
            kind: FailureKind::Unavailable,
            ..refusal
        },
    }
}
