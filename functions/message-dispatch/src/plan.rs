//! What is to be done with a message, decided before anything of it is written.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use domain::failure::StoreError;
use domain::ledger::AttemptResult;
use domain::opening;
use domain::resolution::Reason;
use domain::{Credentials, Integration, IntegrationId, ProviderId, TenantId, Timestamp};
use edge::problem::Causes;
use futures_util::future::join_all;
use vault::OpenError;

use crate::account::{Account, AccountKey};
use crate::fate::Fate;
use crate::job::Job;
use crate::senders::Choice;
use crate::{Context, backoff, refusals};

/// A message with what is to be done with it.
pub(crate) struct Plan<'a> {
    pub(crate) job: Job<'a>,
    /// Whose credential was chosen, or `none`.
    pub(crate) source: &'static str,
    /// Why.
    pub(crate) reason: Reason,
    pub(crate) step: Step,
}

impl Plan<'_> {
    /// The integration that was chosen.
    pub(crate) fn integration(&self) -> Option<&IntegrationId> {
        match &self.step {
            Step::Send(account) => account.integration(),
            Step::Quarantine(integration) => Some(&integration.id),
            Step::Settle(integration, _) => integration.as_ref(),
        }
    }
}

/// What is to be done under a claim.
pub(crate) enum Step {
    /// Send it through that account.
    Send(Account),
    /// Its stored credentials do not open in their place: switch it off, and keep the message.
    Quarantine(Arc<Integration>),
    /// Record this result; nothing is to be sent.
    Settle(Option<IntegrationId>, AttemptResult),
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
    let ready = Ready {
        opened: open_all(context, &choices).await,
        granted: record_grants(context, &jobs, &choices, now).await,
    };
    let mut plans = Vec::with_capacity(jobs.len());
    let mut waiting = Vec::new();
    for (job, (choice, reason)) in jobs.into_iter().zip(choices) {
        let source = choice.source();
        match step(context, &job, (choice, reason), &ready, now) {
            Ok(step) => plans.push(Plan {
                job,
                source,
                reason,
                step,
            }),
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

/// What may be used for a batch; it lives as long as that.
struct Ready {
    opened: Opened,
    granted: Granted,
}

type Opened = HashMap<AccountKey, Result<Arc<Credentials>, OpenError>>;

/// Tenants that the platform's account of a type may be used for: that it is, is on record.
type Granted = HashSet<(TenantId, ProviderId)>;

/// Opens each integration's credentials once.
async fn open_all(context: &Context, choices: &[(Choice, Reason)]) -> Opened {
    let mut chosen: HashMap<_, (&Integration, &str)> = HashMap::new();
    for (choice, _) in choices {
        if let Choice::Send(integration, _, attested) = choice {
            let key = (&integration.tenant, &integration.id);
            chosen.insert(key, (integration, attested));
        }
    }
    join_all(chosen.into_values().map(async |(integration, attested)| {
        let by = context.opens_for(opening::Reason::Send);
        let opened = context.custody.open(integration, Some(attested), by).await;
        (AccountKey::of(integration), opened.map(Arc::new))
    }))
    .await
    .into_iter()
    .collect()
}

/// Puts on record for whom the platform's accounts are about to be used.
async fn record_grants(
    context: &Context,
    jobs: &[Job<'_>],
    choices: &[(Choice, Reason)],
    now: Timestamp,
) -> Granted {
    let mut wanted: HashSet<(&TenantId, &ProviderId)> = HashSet::new();
    for (job, (choice, _)) in jobs.iter().zip(choices) {
        if let Choice::Platforms(provider) = choice {
            wanted.insert((&job.tenant, provider));
        }
    }
    wanted.retain(|(_, provider)| {
        let key = AccountKey::Platforms((*provider).clone());
        context.pauses.left(&key, now).is_none()
    });
    let recorded = join_all(wanted.into_iter().map(async |(tenant, provider)| {
        let by = context.opens_for(opening::Reason::Send);
        let recorded = context.openings.saw_platforms(tenant, provider, by).await;
        if let Err(error) = &recorded {
            tracing::error!(error = %Causes(error), "the use of the platform's account cannot be recorded");
        }
        recorded.is_ok().then(|| (tenant.clone(), provider.clone()))
    }));
    recorded.await.into_iter().flatten().collect()
}

fn step(
    context: &Context,
    job: &Job<'_>,
    (choice, reason): (Choice, Reason),
    ready: &Ready,
    now: Timestamp,
) -> Result<Step, Wait> {
    let id = choice.integration().cloned();
    let settle = |result| Ok(Step::Settle(id, result));
    if job.metadata.not_after.is_some_and(|limit| limit <= now) {
        return settle(AttemptResult::Failed(refusals::expired()));
    }
    match choice {
        Choice::Send(integration, ..) => connected(context, integration, ready, now),
        Choice::Platforms(provider) => platforms(context, job, provider, ready, now),
        Choice::Unusable(_, _, status) => settle(AttemptResult::Parked(refusals::unusable(status))),
        Choice::Simulated => settle(AttemptResult::Failed(refusals::does_not_send())),
        Choice::Gone | Choice::NotConfigured => {
            settle(AttemptResult::Failed(refusals::not_configured(reason)))
        }
        Choice::TenantRemoved => settle(AttemptResult::Failed(refusals::tenant_removed())),
    }
}

fn connected(
    context: &Context,
    integration: Arc<Integration>,
    ready: &Ready,
    now: Timestamp,
) -> Result<Step, Wait> {
    let key = AccountKey::of(&integration);
    not_paused(context, &key, now)?;
    match ready.opened.get(&key) {
        Some(Ok(credentials)) => {
            let account = Account::Connected(integration, credentials.clone());
            Ok(Step::Send(account))
        }
        Some(Err(OpenError::DoesNotOpen)) => Ok(Step::Quarantine(integration)),
        // Trouble of ours is no fault of the message or the credential: it waits.
        Some(Err(error @ OpenError::Unavailable(_))) => {
            tracing::error!(%error, "credentials cannot be opened at present");
            Err(Wait(backoff::delay(None, 5)))
        }
        None => Err(Wait(backoff::delay(None, 5))),
    }
}

fn platforms(
    context: &Context,
    job: &Job<'_>,
    provider: ProviderId,
    ready: &Ready,
    now: Timestamp,
) -> Result<Step, Wait> {
    not_paused(context, &AccountKey::Platforms(provider.clone()), now)?;
    let granted = (job.tenant.clone(), provider);
    match context.platform.get(&granted.1) {
        Some(account) if ready.granted.contains(&granted) => {
            let account = Account::Platforms(granted.1, account.clone());
            Ok(Step::Send(account))
        }
        _ => Err(Wait(backoff::delay(None, 5))),
    }
}

fn not_paused(context: &Context, account: &AccountKey, now: Timestamp) -> Result<(), Wait> {
    match context.pauses.left(account, now) {
        Some(left) => Err(Wait(backoff::delay(Some(left), 0))),
        None => Ok(()),
    }
}
