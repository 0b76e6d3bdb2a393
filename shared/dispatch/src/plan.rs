//! What is to be done with a message, decided before anything of it is written.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use domain::failure::StoreError;
use domain::ledger::{AttemptResult, Claim};
use domain::opening;
use domain::resolution::Reason;
use domain::{Credentials, Integration, IntegrationId, ProviderId, TenantId, Timestamp};
use edge::problem::Causes;
use futures_util::future::join_all;
use providers::Messages;
use vault::OpenError;

use crate::account::{Account, AccountKey};
use crate::fate::Fate;
use crate::gate::Closed;
use crate::job::Job;
use crate::senders::{Ask, Choice};
use crate::{Dispatcher, backoff, refusals};

/// A message with what is to be done with it.
pub(crate) struct Plan<'a> {
    pub(crate) job: Job<'a>,
    /// Which of its routes was taken.
    pub(crate) route: usize,
    /// Whose credential was chosen, or `none`.
    pub(crate) source: &'static str,
    /// Why.
    pub(crate) reason: Reason,
    pub(crate) step: Step,
    /// Whether its provider can be asked what became of it.
    pub(crate) looks_up: bool,
    /// Whether an attempt before it may have sent it.
    pub(crate) after_unknown: bool,
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

    /// The provider type it goes through.
    pub(crate) fn channel(&self) -> &ProviderId {
        match &self.step {
            Step::Send(account) => account.provider(),
            Step::Quarantine(integration) => &integration.provider,
            Step::Settle(..) => self.job.metadata.channel(),
        }
    }

    /// The version of the credentials that were chosen.
    pub(crate) fn credential_version(&self) -> Option<u64> {
        match &self.step {
            Step::Send(Account::Connected(integration, _)) | Step::Quarantine(integration) => {
                Some(integration.credential_version)
            }
            _ => None,
        }
    }

    /// Whether it would do what that attempt did, through the same account.
    pub(crate) fn is_as(&self, claim: &Claim) -> bool {
        claim.route == self.route
            && claim.integration.as_ref() == self.integration()
            && claim.channel == *self.channel()
    }

    /// Whether another route is left behind the one that was taken.
    pub(crate) fn goes_on(&self) -> bool {
        self.job.goes_on_after(self.route)
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
pub(crate) async fn make<'a>(
    context: &Dispatcher,
    jobs: Vec<Job<'a>>,
    now: Timestamp,
) -> (Vec<Plan<'a>>, Vec<(Job<'a>, Fate)>) {
    let (jobs, mut waiting) = set_waiting_aside(jobs, now);
    let (jobs, routes, unread) = choose_each(context, jobs, now).await;
    waiting.extend(unread.into_iter().map(|job| {
        let until = now.after(backoff::delay(None, 5));
        let fate = Fate::try_again(&job, until, now);
        (job, fate)
    }));
    let ready = Ready {
        opened: open_all(context, &routes).await,
        granted: record_grants(context, &jobs, &routes, now).await,
    };
    let mut plans = Vec::with_capacity(jobs.len());
    for (job, taken) in jobs.into_iter().zip(routes) {
        let (route, source, reason) = (taken.route, taken.choice.source(), taken.reason);
        let id = taken.choice.integration().cloned();
        let step = match step(context, &job, taken, &ready, now) {
            Ok(step) => step,
            Err(wait) if !job.is_old(now) => {
                let fate = Fate::wait(&job, wait.until);
                waiting.push((job, fate));
                continue;
            }
            Err(wait) => Step::Settle(id, wait.why.at_last()),
        };
        plans.push(Plan {
            looks_up: looks_up(context, &step),
            after_unknown: false,
            job,
            route,
            source,
            reason,
            step,
        });
    }
    (plans, waiting)
}

/// Those whose time has not come yet; one whose own deadline has passed waits no longer.
fn set_waiting_aside(jobs: Vec<Job<'_>>, now: Timestamp) -> (Vec<Job<'_>>, Vec<(Job<'_>, Fate)>) {
    let waits = |job: &Job<'_>| job.progress.not_before.filter(|at| *at > now);
    let (waiting, ready): (Vec<_>, Vec<_>) = jobs
        .into_iter()
        .partition(|job| waits(job).is_some() && !is_expired(job, now));
    let waiting = waiting.into_iter().map(|job| {
        let fate = Fate::wait(&job, waits(&job).unwrap_or(now));
        (job, fate)
    });
    (ready, waiting.collect())
}

fn is_expired(job: &Job<'_>, now: Timestamp) -> bool {
    job.metadata.not_after.is_some_and(|limit| limit <= now)
}

/// What was chosen for a message, and on which of its routes.
struct Taken {
    route: usize,
    choice: Choice,
    reason: Reason,
}

/// Chooses for a batch; of those for which nothing can be read nothing is known. What is wrong with one record is no
/// matter of the others.
async fn choose_each<'a>(
    context: &Dispatcher,
    jobs: Vec<Job<'a>>,
    now: Timestamp,
) -> (Vec<Job<'a>>, Vec<Taken>, Vec<Job<'a>>) {
    match choose(context, &jobs, now).await {
        Ok(routes) => return (jobs, routes, Vec::new()),
        Err(error) => {
            tracing::error!(error = %Causes(&error), "integrations cannot be read for a batch");
        }
    }
    let (mut chosen, mut routes, mut unread) = (Vec::new(), Vec::new(), Vec::new());
    let many = jobs.len() > 1;
    for job in jobs {
        match choose(context, std::slice::from_ref(&job), now).await {
            Ok(route) if many => {
                routes.extend(route);
                chosen.push(job);
            }
            _ => unread.push(job),
        }
    }
    (chosen, routes, unread)
}

/// The first route of each message that can be used now; the one it has come to, if none can.
async fn choose(
    context: &Dispatcher,
    jobs: &[Job<'_>],
    now: Timestamp,
) -> Result<Vec<Taken>, StoreError> {
    let asks: Vec<_> = jobs
        .iter()
        .map(|job| Ask::of(job, job.progress.route))
        .collect();
    let mut taken: Vec<Taken> = jobs
        .iter()
        .zip(context.senders.choose(&asks).await?)
        .map(|(job, (choice, reason))| Taken {
            route: job.progress.route,
            choice,
            reason,
        })
        .collect();
    let is_usable = |choice: &Choice| match choice.account() {
        Some(account) => !context.gates.is_down(&account, now),
        None => false,
    };
    for (job, taken) in jobs.iter().zip(&mut taken) {
        if is_usable(&taken.choice) || job.metadata.fallback.is_empty() {
            continue;
        }
        let mut behind = (taken.route + 1)..=job.last_route();
        let found = find_route(context, job, &mut behind, is_usable).await?;
        let found = match found {
            Some(found) => Some(found),
            // None can be used: it waits for the first that can be repaired.
            None => {
                let waits = |choice: &Choice| matches!(choice, Choice::Unusable(..));
                let is_down = taken.choice.account().is_some();
                match is_down {
                    true => None,
                    false => find_route(context, job, &mut (0..=job.last_route()), waits).await?,
                }
            }
        };
        if let Some(found) = found {
            *taken = found;
        }
    }
    Ok(taken)
}

/// The first of these routes whose choice is as wanted.
async fn find_route(
    context: &Dispatcher,
    job: &Job<'_>,
    routes: &mut impl Iterator<Item = usize>,
    wanted: impl Fn(&Choice) -> bool,
) -> Result<Option<Taken>, StoreError> {
    for route in routes {
        let chosen = context.senders.choose(&[Ask::of(job, route)]).await?.pop();
        if let Some((choice, reason)) = chosen.filter(|(choice, _)| wanted(choice)) {
            return Ok(Some(Taken {
                route,
                choice,
                reason,
            }));
        }
    }
    Ok(None)
}

/// Nothing can be done before that time.
struct Wait {
    until: Timestamp,
    why: Why,
}

/// What a message waits for.
enum Why {
    /// An account that must go slowly.
    Slow,
    /// A provider that keeps failing.
    Down,
    /// Something of ours.
    Ours,
}

impl Why {
    /// How it ends when it has waited for as long as it may.
    fn at_last(&self) -> AttemptResult {
        match self {
            Self::Slow => AttemptResult::Failed(refusals::waited_in_vain()),
            Self::Down => AttemptResult::DeadLettered(refusals::provider_is_down()),
            Self::Ours => AttemptResult::DeadLettered(refusals::we_are_down()),
        }
    }
}

/// What may be used for a batch; it lives as long as that.
struct Ready {
    opened: Opened,
    granted: Granted,
}

type Opened = HashMap<AccountKey, Result<Arc<Credentials>, OpenError>>;

/// Tenants that the platform's account of a type may be used for: that it is, is on record.
type Granted = HashSet<(TenantId, ProviderId)>;

/// Opens each integration's credentials once.
async fn open_all(context: &Dispatcher, routes: &[Taken]) -> Opened {
    let mut chosen: BTreeMap<_, (&Integration, &str)> = BTreeMap::new();
    for taken in routes {
        if let Choice::Send(integration, _, attested) = &taken.choice {
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
    context: &Dispatcher,
    jobs: &[Job<'_>],
    routes: &[Taken],
    now: Timestamp,
) -> Granted {
    let mut wanted: HashSet<(&TenantId, &ProviderId)> = HashSet::new();
    for (job, taken) in jobs.iter().zip(routes) {
        if let Choice::Platforms(provider) = &taken.choice {
            wanted.insert((&job.tenant, provider));
        }
    }
    wanted.retain(|(_, provider)| {
        let key = AccountKey::Platforms((*provider).clone());
        context.gates.paused_until(&key, now).is_none()
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
    context: &Dispatcher,
    job: &Job<'_>,
    taken: Taken,
    ready: &Ready,
    now: Timestamp,
) -> Result<Step, Wait> {
    let id = taken.choice.integration().cloned();
    let settle = |result| Ok(Step::Settle(id, result));
    if is_expired(job, now) {
        return settle(AttemptResult::Failed(refusals::expired()));
    }
    match taken.choice {
        Choice::Send(integration, ..) => connected(context, job, integration, ready, now),
        Choice::Platforms(provider) => platforms(context, job, provider, ready, now),
        Choice::Unusable(_, _, status) => settle(AttemptResult::Parked(refusals::unusable(status))),
        Choice::Simulated => settle(AttemptResult::Failed(refusals::does_not_send())),
        Choice::Gone | Choice::NotConfigured => settle(AttemptResult::Failed(
            refusals::not_configured(taken.reason),
        )),
        Choice::TenantRemoved => settle(AttemptResult::Failed(refusals::tenant_removed())),
    }
}

fn connected(
    context: &Dispatcher,
    job: &Job<'_>,
    integration: Arc<Integration>,
    ready: &Ready,
    now: Timestamp,
) -> Result<Step, Wait> {
    match ready.opened.get(&AccountKey::of(&integration)) {
        Some(Ok(credentials)) => {
            let account = Account::Connected(integration, credentials.clone());
            enter(context, job, &account, now)?;
            Ok(Step::Send(account))
        }
        Some(Err(OpenError::DoesNotOpen)) => Ok(Step::Quarantine(integration)),
        // Trouble of ours is no fault of the message or the credential: it waits.
        Some(Err(error @ OpenError::Unavailable(_))) => {
            tracing::error!(%error, "credentials cannot be opened at present");
            Err(ours(now))
        }
        None => Err(ours(now)),
    }
}

fn platforms(
    context: &Dispatcher,
    job: &Job<'_>,
    provider: ProviderId,
    ready: &Ready,
    now: Timestamp,
) -> Result<Step, Wait> {
    let granted = (job.tenant.clone(), provider);
    let Some(account) = context.platform.get(&granted.1) else {
        return Err(ours(now));
    };
    let key = AccountKey::Platforms(granted.1.clone());
    if context.gates.paused_until(&key, now).is_none() && !ready.granted.contains(&granted) {
        return Err(ours(now));
    }
    let account = Account::Platforms(granted.1, account.clone());
    enter(context, job, &account, now)?;
    Ok(Step::Send(account))
}

fn looks_up(context: &Dispatcher, step: &Step) -> bool {
    let Step::Send(account) = step else {
        return false;
    };
    let channel = context.channel(account.provider());
    channel.is_some_and(Messages::looks_up)
}

/// Asks the account's gate to let the message through.
fn enter(
    context: &Dispatcher,
    job: &Job<'_>,
    account: &Account,
    now: Timestamp,
) -> Result<(), Wait> {
    let Some(channel) = context.channel(account.provider()) else {
        return Ok(());
    };
    let recipient = channel.recipient(job.payload);
    let entered = context
        .gates
        .enter(&account.key(), recipient, &channel.pace(), now);
    entered.map_err(|closed| {
        let (until, why) = match closed {
            Closed::Slow(until) => (until, Why::Slow),
            Closed::Down(until) => (until, Why::Down),
        };
        Wait {
            until: now.after(backoff::delay(Some(now.until(until)), 0)),
            why,
        }
    })
}

fn ours(now: Timestamp) -> Wait {
    const TRIES: u32 = 5;
    Wait {
        until: now.after(backoff::delay(None, TRIES)),
        why: Why::Ours,
    }
}
