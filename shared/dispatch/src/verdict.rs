//! A provider refused a credential: is it really bad? One refusal is no proof, so the provider is asked once more in
//! another way; and its refusal of that is looked at a second time a little later, for if it refuses many tenants then,
//! the trouble is its own. Only then anything follows for the integration.

use std::time::Duration;

use custody::{Aftermath, CHECK_TIMEOUT};
use domain::failure::StoreError;
use domain::ledger::AttemptResult;
use domain::opening::Reason;
use domain::{Failure, FailureKind, Integration};
use edge::problem::Causes;
use providers::Provider;
use tokio::time::timeout;

use crate::account::{Account, AccountKey};
use crate::attempts::Attempted;
use crate::job::{Job, Suspect};
use crate::suspicion::SECOND_LOOK;
use crate::{Dispatcher, backoff};

/// How long the platform's own account is left alone after it was refused.
const PLATFORM_PAUSE: Duration = Duration::from_secs(5 * 60);

/// How long an account is left alone whose provider refuses many.
const MANY_PAUSE: Duration = Duration::from_secs(60);

/// What follows for the message that was refused.
pub(crate) async fn on_rejection(
    context: &Dispatcher,
    provider: &dyn Provider,
    account: &Account,
    refusal: Failure,
    job: &Job<'_>,
) -> Attempted {
    let connection = context
        .custody
        .connect(provider, account.settings(), account.credentials());
    let ask = async || {
        let checked = timeout(CHECK_TIMEOUT, providers::check(provider, connection)).await;
        let failure = checked.ok()?.err()?;
        failure.kind.blames_credentials().then_some(failure)
    };
    let version = (account.key(), account.credential_version());
    let now = context.clock.now();
    match context.suspicions.probe(version, now, ask).await {
        Some(failure) => match account {
            Account::Connected(integration, _) => refused(context, integration, failure, job).await,
            Account::Platforms(..) => platforms_refused(context, account, failure).into(),
        },
        // It works after all, or cannot be asked now: try again a little later.
        None => later(context, refusal, job.progress.troubles + 1).into(),
    }
}

/// The provider refuses an integration's credential however it is asked.
async fn refused(
    context: &Dispatcher,
    integration: &Integration,
    failure: Failure,
    job: &Job<'_>,
) -> Attempted {
    let now = context.clock.now();
    let (provider, tenant) = (&integration.provider, &integration.tenant);
    let key = AccountKey::of(integration);
    let is_this = |suspect: &Suspect| {
        suspect.integration == integration.id && suspect.version == integration.credential_version
    };
    let suspect = job.progress.suspect.clone().filter(is_this);
    let suspect = suspect.unwrap_or_else(|| Suspect {
        integration: integration.id.clone(),
        version: integration.credential_version,
        since: now,
    });
    if context.suspicions.is_one_of_many(provider, tenant, now) {
        return Attempted {
            result: one_of_many(context, &key, failure),
            suspect: Some(suspect),
        };
    }
    let second_look = suspect.since.after(SECOND_LOOK);
    if now < second_look {
        context.gates.pause(&key, second_look);
        return Attempted {
            result: AttemptResult::Deferred {
                until: second_look,
                failure,
            },
            suspect: Some(suspect),
        };
    }
    let by = context.opens_for(Reason::Send);
    let aftermath = context.custody.refused(integration, &failure, by).await;
    let tries = job.progress.troubles + 1;
    after(context, integration, (aftermath, failure), tries).into()
}

/// The provider refuses many tenants at once: no fault of any of them.
fn one_of_many(context: &Dispatcher, account: &AccountKey, why: Failure) -> AttemptResult {
    tracing::error!(
        alarm = "provider_refuses_many",
        code = why.kind.code(),
        provider_code = why.provider_code,
        "a provider refuses the credentials of many tenants at once; nothing follows for any of them"
    );
    let until = context
        .clock
        .now()
        .after(backoff::delay(Some(MANY_PAUSE), 0));
    context.gates.pause(account, until);
    let failure = Failure {
        provider_code: why.provider_code,
        ..Failure::new(
            FailureKind::RefusesMany,
            "The provider refuses the credentials of many organisations at present, which is trouble of its own.",
            "Nothing to do: the operator has been alarmed, and it is tried again.",
        )
    };
    AttemptResult::Deferred { until, failure }
}

/// The platform's own account is trouble of ours, whoever's message it was: the operator is alarmed, and all that would
/// go through it waits.
fn platforms_refused(context: &Dispatcher, account: &Account, why: Failure) -> AttemptResult {
    tracing::error!(
        alarm = "platform_account",
        provider = %account.provider(),
        code = why.kind.code(),
        provider_code = why.provider_code,
        "the provider refuses the platform's own credentials; tenants that they are granted to wait"
    );
    let delay = backoff::delay(Some(PLATFORM_PAUSE), 0);
    let until = context.clock.now().after(delay);
    context.gates.pause(&account.key(), until);
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
    context: &Dispatcher,
    integration: &Integration,
    tries: u32,
) -> AttemptResult {
    let (why, by) = (does_not_open(), context.opens_for(Reason::Send));
    let aftermath = context.custody.disable(integration, &why, by).await;
    after(context, integration, (aftermath, why), tries)
}

fn after(
    context: &Dispatcher,
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

fn later(context: &Dispatcher, refusal: Failure, tries: u32) -> AttemptResult {
    let until = context.clock.now().after(backoff::delay(None, tries));
    AttemptResult::Deferred {
        until,
        failure: Failure {
            kind: FailureKind::Unavailable,
            ..refusal
        },
    }
}
