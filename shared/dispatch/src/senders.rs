//! Which integration sends a message, and its sealed credentials. Records are kept for a minute; what is missing
//! for a batch is read for all its tenants in one call.
//!
//! Only good news is believed from memory: before a message is refused or parked its tenant is read again, for the
//! repair may just have happened; and before one of an agent that memory does not know is sent, for it may just have been
//! bound. That a grant has run out is seen at once, that it was ended within the minute.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::failure::StoreError;
use domain::integration::Status;
use domain::resolution::{
    self, CredentialSource, Known, PlatformOffer, Reason, Resolution, Roster, Wanted,
};
use domain::route::Route;
use domain::{Clock, Integration, IntegrationId, ProviderId, TenantId, Timestamp};
use store::integrations::{Integrations, RosterKey};

use crate::account::AccountKey;
use crate::job::Job;

const LIFETIME: Duration = Duration::from_secs(60);
/// Rosters and integrations held at once, each.
const MOST: usize = 5_000;

/// What one route of a message asks for.
#[derive(Clone)]
pub(crate) struct Ask<'j> {
    tenant: &'j TenantId,
    wanted: Wanted<'j>,
}

impl<'j> Ask<'j> {
    /// Of the route of that number.
    pub(crate) fn of(job: &'j Job<'_>, route: usize) -> Self {
        let metadata = &job.metadata;
        let users = metadata.users();
        let first = Wanted {
            provider: Some(metadata.channel()),
            integration: metadata.integration_id.as_ref(),
            agent: metadata.agent_id.as_ref(),
            account: metadata.phone_number_id.as_deref(),
            users: users.clone(),
        };
        // An agent's number and the account that is named are those of the first route.
        let wanted = match job.fallback(route) {
            None => first,
            Some(Route::Integration(id)) => Wanted {
                integration: Some(id),
                users,
                ..Wanted::default()
            },
            Some(Route::Channel(channel)) => Wanted {
                provider: Some(channel),
                users,
                ..Wanted::default()
            },
        };
        Self {
            tenant: &job.tenant,
            wanted,
        }
    }

    /// The rosters among which the integration is: the tenant's and those of the users that are named.
    fn rosters(&self) -> impl Iterator<Item = RosterKey> {
        let users = self.wanted.users.iter().map(|user| Some((*user).clone()));
        [None]
            .into_iter()
            .chain(users)
            .map(|user| (self.tenant.clone(), user))
    }
}

/// What was chosen for one message.
#[derive(Clone)]
pub(crate) enum Choice {
    /// Send through this one, whose roster attests this.
    Send(Arc<Integration>, CredentialSource, String),
    /// This is the one, and it cannot be used until it is repaired.
    Unusable(IntegrationId, CredentialSource, Status),
    /// Send through the platform's own account of that type.
    Platforms(ProviderId),
    /// A call would be simulated; a message cannot be.
    Simulated,
    /// The one that its roster speaks of is not there.
    Gone,
    /// The tenant has none that fits.
    NotConfigured,
    /// The tenant has left.
    TenantRemoved,
}

impl Choice {
    /// Whose credential it is, as it is recorded.
    pub(crate) fn source(&self) -> &'static str {
        match self {
            Self::Send(_, source, _) | Self::Unusable(_, source, _) => source.name(),
            Self::Platforms(_) => CredentialSource::Platform.name(),
            Self::Simulated | Self::Gone | Self::NotConfigured | Self::TenantRemoved => "none",
        }
    }

    /// The account that can be used.
    pub(crate) fn account(&self) -> Option<AccountKey> {
        match self {
            Self::Send(integration, ..) => Some(AccountKey::of(integration)),
            Self::Platforms(provider) => Some(AccountKey::Platforms(provider.clone())),
            _ => None,
        }
    }

    /// The integration that was chosen.
    pub(crate) fn integration(&self) -> Option<&IntegrationId> {
        match self {
            Self::Send(integration, ..) => Some(&integration.id),
            Self::Unusable(id, ..) => Some(id),
            _ => None,
        }
    }
}

type Kept<K, V> = Mutex<HashMap<K, (Timestamp, V)>>;

pub(crate) struct Senders {
    table: Integrations,
    offer: PlatformOffer,
    clock: Arc<dyn Clock>,
    rosters: Kept<RosterKey, Roster>,
    integrations: Kept<(TenantId, IntegrationId), Arc<Integration>>,
}

impl Senders {
    /// `offer` is what the platform has set up.
    pub(crate) fn new(table: Integrations, offer: PlatformOffer, clock: Arc<dyn Clock>) -> Self {
        Self {
            table,
            offer,
            clock,
            rosters: Mutex::default(),
            integrations: Mutex::default(),
        }
    }

    /// Chooses for everything that a batch asks for.
    ///
    /// # Errors
    /// [`StoreError`] if what is needed cannot be read: then nothing is known of any of them.
    pub(crate) async fn choose(
        &self,
        asks: &[Ask<'_>],
    ) -> Result<Vec<(Choice, Reason)>, StoreError> {
        let choices = self.choose_once(asks).await?;
        // One was remembered and the other read after a change between them: both are read again.
        let mut changed = false;
        for (ask, (choice, _)) in asks.iter().zip(&choices) {
            match choice {
                Choice::Send(integration, _, attested)
                    if integration.version_attested != *attested =>
                {
                    self.forget(integration);
                }
                Choice::Gone => self.forget_rosters(ask.tenant),
                _ => continue,
            }
            changed = true;
        }
        if changed {
            return self.choose_once(asks).await;
        }
        Ok(choices)
    }

    async fn choose_once(&self, asks: &[Ask<'_>]) -> Result<Vec<(Choice, Reason)>, StoreError> {
        let fresh = self
            .read_rosters(asks.iter().flat_map(Ask::rosters).collect())
            .await?;
        let mut resolutions: Vec<_> = asks.iter().map(|ask| self.resolve(ask)).collect();
        let doubtful = |ask: &Ask<'_>, resolution: &Resolution| {
            !matches!(resolution, Resolution::Use(..)) || self.misses(ask)
        };
        let remembered: HashSet<RosterKey> = asks
            .iter()
            .zip(&resolutions)
            .filter(|(ask, (resolution, _))| doubtful(ask, resolution))
            .flat_map(|(ask, _)| ask.rosters())
            .filter(|key| !fresh.contains(key))
            .collect();
        if !remembered.is_empty() {
            lock(&self.rosters).retain(|key, _| !remembered.contains(key));
            self.read_rosters(remembered).await?;
            resolutions = asks.iter().map(|ask| self.resolve(ask)).collect();
        }
        let wanted: HashSet<_> = asks
            .iter()
            .zip(&resolutions)
            .filter_map(|(ask, (resolution, _))| match resolution {
                Resolution::Use(id, _) => Some((ask.tenant.clone(), id.clone())),
                _ => None,
            })
            .collect();
        let found = self.read_integrations(wanted).await?;
        Ok(asks
            .iter()
            .zip(resolutions)
            .map(|(ask, (resolution, reason))| {
                let choice = match resolution {
                    Resolution::Use(id, source) => match found.get(&(ask.tenant.clone(), id)) {
                        Some(integration) => {
                            let attested = self.attested(ask, integration);
                            Choice::Send(integration.clone(), source, attested)
                        }
                        None => return (Choice::Gone, gone(reason)),
                    },
                    Resolution::Unusable(id, source, status) => {
                        Choice::Unusable(id, source, status)
                    }
                    Resolution::Platform => match ask.wanted.provider {
                        Some(provider) => Choice::Platforms(provider.clone()),
                        None => Choice::NotConfigured,
                    },
                    Resolution::Simulated => Choice::Simulated,
                    Resolution::NotConfigured => Choice::NotConfigured,
                    Resolution::TenantRemoved => Choice::TenantRemoved,
                };
                (choice, reason)
            })
            .collect())
    }

    /// Drops what is remembered of an integration: what the provider said does not fit it any more.
    pub(crate) fn forget(&self, integration: &Integration) {
        let tenant = &integration.tenant;
        lock(&self.integrations).remove(&(tenant.clone(), integration.id.clone()));
        self.forget_rosters(tenant);
    }

    fn forget_rosters(&self, tenant: &TenantId) {
        lock(&self.rosters).retain(|(of, _), _| of != tenant);
    }

    /// The choice out of what is remembered.
    fn resolve(&self, ask: &Ask<'_>) -> (Resolution, Reason) {
        let kept = lock(&self.rosters);
        let rosters: Vec<&Roster> = ask
            .rosters()
            .filter_map(|key| kept.get(&key).map(|(_, roster)| roster))
            .collect();
        let known = Known {
            rosters: &rosters,
            platform: &self.offer,
            now: self.clock.now(),
        };
        resolution::resolve(&known, &ask.wanted)
    }

    /// Whether the agent that is asked for is not in what is remembered of its tenant.
    fn misses(&self, ask: &Ask<'_>) -> bool {
        ask.wanted.agent.is_some_and(|agent| {
            let kept = lock(&self.rosters);
            let roster = kept.get(&(ask.tenant.clone(), None));
            !roster.is_some_and(|(_, roster)| roster.knows(agent))
        })
    }

    /// What the rosters attest of an integration.
    fn attested(&self, ask: &Ask<'_>, integration: &Integration) -> String {
        let kept = lock(&self.rosters);
        let line = ask.rosters().find_map(|key| {
            let (_, roster) = kept.get(&key)?;
            roster.candidates.get(&integration.id)
        });
        line.map_or_else(String::new, |line| line.version_attested.clone())
    }

    /// Reads those that are not remembered, and names them.
    async fn read_rosters(
        &self,
        mut wanted: HashSet<RosterKey>,
    ) -> Result<HashSet<RosterKey>, StoreError> {
        let now = self.clock.now();
        {
            let kept = lock(&self.rosters);
            wanted.retain(|key| kept.get(key).is_none_or(|(until, _)| *until <= now));
        }
        if wanted.is_empty() {
            return Ok(wanted);
        }
        let missing: Vec<RosterKey> = wanted.iter().cloned().collect();
        let read = self.table.find_rosters(&missing).await?;
        let until = self.clock.now().after(LIFETIME);
        let mut kept = lock(&self.rosters);
        make_room(&mut kept, now, read.len());
        kept.extend(read.into_iter().map(|(key, roster)| (key, (until, roster))));
        Ok(wanted)
    }

    async fn read_integrations(
        &self,
        wanted: HashSet<(TenantId, IntegrationId)>,
    ) -> Result<HashMap<(TenantId, IntegrationId), Arc<Integration>>, StoreError> {
        let now = self.clock.now();
        let mut found = HashMap::with_capacity(wanted.len());
        let mut missing = Vec::new();
        {
            let kept = lock(&self.integrations);
            for key in wanted {
                match kept.get(&key) {
                    Some((until, integration)) if now < *until => {
                        found.insert(key, integration.clone());
                    }
                    _ => missing.push(key),
                }
            }
        }
        if missing.is_empty() {
            return Ok(found);
        }
        let read = self.table.find_many(&missing).await?;
        let until = self.clock.now().after(LIFETIME);
        let mut kept = lock(&self.integrations);
        make_room(&mut kept, now, read.len());
        for integration in read {
            let key = (integration.tenant.clone(), integration.id.clone());
            let integration = Arc::new(integration);
            kept.insert(key.clone(), (until, integration.clone()));
            found.insert(key, integration);
        }
        Ok(found)
    }
}

/// Why nothing serves where the one that was chosen for that reason is gone.
fn gone(chosen: Reason) -> Reason {
    match chosen {
        Reason::Named => Reason::IntegrationGone,
        Reason::Bound => Reason::BindingGone,
        _ => Reason::NoIntegration,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Drops what is out of date, and everything if that is not enough: it is only memory.
fn make_room<K: std::hash::Hash + Eq, V>(
    kept: &mut HashMap<K, (Timestamp, V)>,
    now: Timestamp,
    more: usize,
) {
    if kept.len() + more > MOST {
        kept.retain(|_, (until, _)| now < *until);
    }
    if kept.len() + more > MOST {
        kept.clear();
    }
}
