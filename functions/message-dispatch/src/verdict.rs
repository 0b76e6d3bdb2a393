//! A provider refused a credential: is it really bad? One refusal is no proof, so the provider is asked once more
//! in another way before anything follows for the integration.

use std::time::Duration;

use custody::{Aftermath, CHECK_TIMEOUT};
use domain::failure::StoreError;
use domain::ledger::AttemptResult;
use domain::opening::Reason;
use domain::{Failure, FailureKind, Integration};
use edge::problem::Causes;
use providers::Provider;
use tokio::time::timeout;

use crate::account::Account;
use crate::{Context, backoff};

/// How long the platform's own account is left alone after it was refused.
const PLATFORM_PAUSE: Duration = Duration::from_secs(5 * 60);

/// What follows for the message that was refused; `tries` counts those that ended in trouble, this one included.
pub(crate) async fn on_rejection(
    context: &Context,
    provider: &dyn Provider,
    account: &Account,
    refusal: Failure,
    tries: u32,
) -> AttemptResult {
    let connection = context
        .custody
        .connect(provider, account.settings(), account.credentials());
    match timeout(CHECK_TIMEOUT, providers::check(provider, connection)).await {
        Ok(Err(failure)) if failure.kind.blames_credentials() => match account {
            Account::Connected(integration, _) => {
                let by = context.opens_for(Reason::Send);
                let aftermath = context.custody.refused(integration, &failure, by).await;
                after(context, integration, (aftermath, failure), tries)
            }
            Account::Platforms(..) => platforms_refused(context, account, failure),
        },
        // It works after all, or cannot be asked now: try again a little later.
        Ok(Ok(_) | Err(_)) | Err(_) => later(context, refusal, tries),
    }
}

/// The platform's own account is trouble of ours, whoever's message it was: the operator is alarmed, and all that would
/// go through it waits.
fn platforms_refused(context: &Context, account: &Account, why: Failure) -> AttemptResult {
    tracing::error!(
        alarm = "platform_account",
        provider = %account.provider(),
        code = why.kind.code(),
        provider_code = why.provider_code,
        "the provider refuses the platform's own credentials; tenants that they are granted to wait"
    );
    let delay = backoff::delay(Some(PLATFORM_PAUSE), 0);
    let until = context.clock.now().after(delay);
    context.pauses.pause(account.key(), until);
    let failure = Failure {
        provider_code: why.provider_code,
        ..Failure::new(
            FailureKind::PlatformRefused,
            "The provider does not accept the platform's own account at present.",
            "The operator has been alarmed: what waits is sent when the account works again. Or connect an account \
             of your own under Settings → Integrations.",
        )
    };
    AttemptResult::Deferred { until, failure }
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
