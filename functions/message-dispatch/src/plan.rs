//! What is to be done with a message, decided before anything of it is written.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use domain::failure::{Failure, FailureKind, StoreError};
use domain::integration::Status;
use domain::ledger::AttemptResult;
use domain::opening::Reason;
use domain::resolution::CredentialSource;
use domain::{Credentials, Integration, IntegrationId, TenantId, Timestamp};
use futures_util::future::join_all;
use vault::OpenError;

use crate::fate::Fate;
use crate::job::Job;
use crate::senders::Choice;
use crate::{Context, backoff};

/// A message with what is to be done with it.
pub(crate) struct Plan<'a> {
    pub(crate) job: Job<'a>,
    pub(crate) step: Step,
}

impl Plan<'_> {
    /// The integration that was chosen.
    pub(crate) fn integration(&self) -> Option<&IntegrationId> {
        match &self.step {
            Step::Send(ready) => Some(&ready.integration.id),
            Step::Quarantine(integration, _) => Some(&integration.id),
            Step::Settle(integration, ..) => integration.as_ref(),
        }
    }
}

/// What is to be done under a claim.
pub(crate) enum Step {
    /// Send it.
    Send(Ready),
    /// Its stored credentials do not open in their place: switch it off, and keep the message.
    Quarantine(Arc<Integration>, CredentialSource),
    /// Record this result; nothing is to be sent.
    Settle(Option<IntegrationId>, &'static str, AttemptResult),
}

/// Everything that the one request needs.
#[derive(Clone)]
pub(crate) struct Ready {
    pub(crate) integration: Arc<Integration>,
    pub(crate) source: CredentialSource,
    pub(crate) credentials: Arc<Credentials>,
}

/// Plans a batch: what is to be claimed, and what has to wait untouched.
///
/// # Errors
/// [`StoreError`] if the tenants' integrations cannot be read.
pub(crate) async fn make<'a>(
    context: &Context,
    jobs: Vec<Job<'a>>,
    now: Timestamp,
) -> Result<(Vec<Plan<'a>>, Vec<(Job<'a>, Fate)>), StoreError> {
    let choices = context.senders.choose(&jobs).await?;
    let opened = open_all(context, &choices).await;
    let mut plans = Vec::with_capacity(jobs.len());
    let mut waiting = Vec::new();
    for (job, choice) in jobs.into_iter().zip(choices) {
        match step(context, &job, choice, &opened, now) {
            Ok(step) => plans.push(Plan { job, step }),
            Err(Wait(delay)) => {
                let fate = Fate::wait(&job, delay, now);
                waiting.push((job, fate));
            }
        }
    }
    Ok((plans, waiting))
}

/// Nothing can be done now.
struct Wait(Duration);

/// Names one tenant's integration: an id alone is nobody's.
pub(crate) type Key = (TenantId, IntegrationId);

type Opened = HashMap<Key, Result<Arc<Credentials>, OpenError>>;

/// Opens each integration's credentials once; they live as long as the batch.
async fn open_all(context: &Context, choices: &[Choice]) -> Opened {
    let mut chosen: HashMap<_, (&Integration, &str)> = HashMap::new();
    for choice in choices {
        if let Choice::Send(integration, _, attested) = choice {
            let key = (&integration.tenant, &integration.id);
            chosen.insert(key, (integration, attested));
        }
    }
    join_all(chosen.into_values().map(async |(integration, attested)| {
        let by = context.opens_for(Reason::Send);
        let opened = context.custody.open(integration, Some(attested), by).await;
        (key_of(integration), opened.map(Arc::new))
    }))
    .await
    .into_iter()
    .collect()
}

pub(crate) fn key_of(integration: &Integration) -> Key {
    (integration.tenant.clone(), integration.id.clone())
}

fn step(
    context: &Context,
    job: &Job<'_>,
    choice: Choice,
    opened: &Opened,
    now: Timestamp,
) -> Result<Step, Wait> {
    let (id, source) = match &choice {
        Choice::Send(integration, source, _) => (Some(integration.id.clone()), source.name()),
        Choice::Unusable(id, source, _) => (Some(id.clone()), source.name()),
        Choice::NotConfigured | Choice::TenantRemoved => (None, "none"),
    };
    let settle = |result| Ok(Step::Settle(id.clone(), source, result));
    if job.metadata.not_after.is_some_and(|limit| limit <= now) {
        return settle(AttemptResult::Failed(expired()));
    }
    let (integration, source) = match choice {
        Choice::Send(integration, source, _) => (integration, source),
        Choice::Unusable(_, _, status) => return settle(AttemptResult::Parked(unusable(status))),
        Choice::NotConfigured => return settle(AttemptResult::Failed(not_configured())),
        Choice::TenantRemoved => return settle(AttemptResult::Failed(tenant_removed())),
    };
    if let Some(left) = context.pauses.left(&integration, now) {
        return Err(Wait(backoff::delay(Some(left), 0)));
    }
    match opened.get(&key_of(&integration)) {
        Some(Ok(credentials)) => Ok(Step::Send(Ready {
            integration,
            source,
            credentials: credentials.clone(),
        })),
        Some(Err(OpenError::DoesNotOpen)) => Ok(Step::Quarantine(integration, source)),
        // Trouble of ours is no fault of the message or the credential: it waits.
        Some(Err(error @ OpenError::Unavailable(_))) => {
            tracing::error!(%error, "credentials cannot be opened at present");
            Err(Wait(backoff::delay(None, 5)))
        }
        None => Err(Wait(backoff::delay(None, 5))),
    }
}

fn expired() -> Failure {
    Failure::new(
        FailureKind::Expired,
        "The message's own deadline passed before it could be sent.",
        "Send it again with a later `notAfter` if it still matters.",
    )
}

fn not_configured() -> Failure {
    Failure::new(
        FailureKind::NotConfigured,
        "Credentials not configured: no integration of this tenant can send the message.",
        "Connect an account under Settings → Integrations, and check the phone number id in the message.",
    )
}

fn tenant_removed() -> Failure {
    Failure::new(
        FailureKind::TenantRemoved,
        "The organisation has left: nothing is sent for it any more.",
        "Stop producing messages for it.",
    )
}

fn unusable(status: Status) -> Failure {
    if status == Status::Disabled {
        return Failure::new(
            FailureKind::PermissionMissing,
            "The integration is switched off.",
            "Switch it on: what waits is then sent.",
        );
    }
    Failure::new(
        FailureKind::CredentialsRejected,
        "The provider does not accept the integration's credentials any more.",
        "Enter new credentials: what waits is then sent.",
    )
}
