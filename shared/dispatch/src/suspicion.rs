//! Credentials that a provider refused, before anything follows for them. One refusal is no proof, and neither are the
//! refusals of many tenants at once: that is trouble of the provider's own.
//!
//! This is the memory of one container. What must outlive it travels with the messages; see [`crate::job::Suspect`].

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::{Failure, ProviderId, TenantId, Timestamp};
use tokio::sync::Mutex as Turn;

use crate::account::AccountKey;

/// How long a refusal must have been known before it has consequences: time to see whether others are refused too.
pub(crate) const SECOND_LOOK: Duration = Duration::from_secs(30);
/// How often the provider is asked about a credential at most.
const PROBE_EVERY: Duration = Duration::from_secs(60);
/// So many tenants refused within [`WITHIN`] are no accident, and go on being none while there are as many within
/// [`STILL_WITHIN`]: those who wait are seen less often.
const MANY: usize = 5;
const WITHIN: Duration = Duration::from_secs(60);
const STILL_WITHIN: Duration = Duration::from_secs(180);
/// Credentials remembered at once.
const MOST: usize = 5_000;

/// What a question to the provider about a credential came to: `Some` if it refuses that too.
pub(crate) type Probed = Option<Failure>;

/// A version of an account's credentials.
type Version = (AccountKey, u64);
type LastProbe = Arc<Turn<Option<(Timestamp, Probed)>>>;

/// Everything a container suspects.
#[derive(Default)]
pub(crate) struct Suspicions {
    probes: Mutex<HashMap<Version, (Timestamp, LastProbe)>>,
    refused: Mutex<HashMap<ProviderId, Refused>>,
}

/// Tenants whose credentials a provider refused, and when last.
#[derive(Default)]
struct Refused {
    tenants: HashMap<TenantId, Timestamp>,
    many: bool,
}

impl Suspicions {
    /// Asks the provider, or takes the answer of somebody who did so within the minute; whoever comes meanwhile waits for
    /// the one question that is on its way.
    pub(crate) async fn probe(
        &self,
        version: Version,
        now: Timestamp,
        ask: impl AsyncFnOnce() -> Probed,
    ) -> Probed {
        let turn = self.turn(version, now);
        let mut last = turn.lock().await;
        if let Some((at, probed)) = &*last
            && at.until(now) < PROBE_EVERY
        {
            return probed.clone();
        }
        let probed = ask().await;
        *last = Some((now, probed.clone()));
        probed
    }

    fn turn(&self, version: Version, now: Timestamp) -> LastProbe {
        let mut probes = lock(&self.probes);
        if probes.len() >= MOST {
            probes.retain(|_, (at, _)| at.until(now) < PROBE_EVERY);
        }
        if probes.len() >= MOST {
            probes.clear();
        }
        let (at, turn) = probes.entry(version).or_default();
        *at = now;
        turn.clone()
    }

    /// Notes that a provider refuses a tenant's credentials; whether it refuses those of many at present.
    pub(crate) fn is_one_of_many(
        &self,
        provider: &ProviderId,
        tenant: &TenantId,
        now: Timestamp,
    ) -> bool {
        let mut refused = lock(&self.refused);
        let Refused { tenants, many } = refused.entry(provider.clone()).or_default();
        tenants.retain(|_, at| at.until(now) < STILL_WITHIN);
        if tenants.len() < MOST {
            tenants.insert(tenant.clone(), now);
        }
        let lately = tenants.values().filter(|at| at.until(now) < WITHIN);
        *many = lately.count() >= MANY || *many && tenants.len() >= MANY;
        *many
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
