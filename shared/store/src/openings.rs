//! Openings on the dispatch path, where one record each would be one per batch: within a minute those of one
//! integration, for one purpose and with one end, in one container, are one record. So are a tenant's uses of the
//! platform's own account, which no seal has to be opened for.
//!
//! The first is recorded before anything is handed out, so no credential is ever used without a record of it. Those
//! after it are counted, and the count stands in the next record: at the next opening after the minute, when
//! [`OpeningWindows::settle`] is called after it, or when the process is told to end, as far as half a second allows. A
//! process that is killed takes the count of its last minute with it; the claims of the messages it sent name the
//! container too and are the count then.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use domain::audit::AuditRecord;
use domain::failure::StoreError;
use domain::ids::{IntegrationId, ProviderId, TenantId};
use domain::opening::{OpenedBy, Opening, Reason, Witness};
use domain::time::{Clock, Timestamp};

use crate::audit::AuditTrail;

/// How long the openings of one integration are one record.
const WINDOW: Duration = Duration::from_secs(60);
/// How often windows are looked through for those that are over.
const LOOK: Duration = Duration::from_secs(5);
/// Windows that a container keeps an eye on at once.
const MOST: usize = 10_000;

/// What is counted together.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    tenant: TenantId,
    what: What,
    reason: Reason,
    opened: bool,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum What {
    /// A version of an integration's credentials.
    Sealed(IntegrationId, u64),
    /// The platform's own account of a type.
    Platforms(ProviderId),
}

struct Window {
    until: Timestamp,
    uncounted: u64,
    record: AuditRecord,
}

/// A witness that records the first opening of a minute and counts the others.
pub struct OpeningWindows {
    trail: AuditTrail,
    clock: Arc<dyn Clock>,
    windows: Mutex<HashMap<Key, Window>>,
    looked_at: Mutex<Timestamp>,
}

impl OpeningWindows {
    /// Records in that trail.
    pub fn new(trail: AuditTrail, clock: Arc<dyn Clock>) -> Self {
        Self {
            trail,
            clock,
            windows: Mutex::default(),
            looked_at: Mutex::default(),
        }
    }

    /// Records what was counted in minutes that are over. What cannot be recorded now is counted on.
    pub async fn settle(&self) {
        let now = self.clock.now();
        {
            let mut looked_at = self
                .looked_at
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if looked_at.until(now) < LOOK {
                return;
            }
            *looked_at = now;
        }
        let over = self.take(|window| window.until <= now);
        self.record(over, now).await;
    }

    /// Records all that was counted: the process ends.
    pub async fn close(&self) {
        let all = self.take(|_| true);
        self.record(all, self.clock.now()).await;
    }

    fn take(&self, which: impl Fn(&Window) -> bool) -> Vec<(Key, Window)> {
        let mut taken: Vec<_> = self
            .windows()
            .extract_if(|_, window| which(window))
            .collect();
        // In this order, so that a run can be repeated.
        taken.sort_by(|(one, a), (other, b)| (&one.tenant, a.until).cmp(&(&other.tenant, b.until)));
        taken
    }

    /// So many windows, those that are over first.
    fn take_some(&self, now: Timestamp, most: usize) -> Vec<(Key, Window)> {
        let mut windows = self.windows();
        let mut keys: Vec<_> = windows
            .iter()
            .map(|(key, window)| (window.until > now, key.clone()))
            .collect();
        keys.sort_unstable_by_key(|(lasts, _)| *lasts);
        let keys = keys.into_iter().take(most).map(|(_, key)| key);
        keys.filter_map(|key| windows.remove(&key).map(|window| (key, window)))
            .collect()
    }

    async fn record(&self, windows: Vec<(Key, Window)>, now: Timestamp) {
        let counted = windows
            .into_iter()
            .filter(|(_, window)| window.uncounted > 0);
        for (key, mut window) in counted {
            window.record.at = now;
            window.record.count = Some(window.uncounted);
            if let Err(error) = self.trail.append(&key.tenant, &window.record).await {
                tracing::warn!(%error, "a count of openings is kept for later");
                self.keep(key, window);
            }
        }
    }

    fn keep(&self, key: Key, window: Window) {
        let mut windows = self.windows();
        windows
            .entry(key)
            .and_modify(|newer| newer.uncounted += window.uncounted)
            .or_insert(window);
    }

    /// Counts an opening in the present minute's window, if there is one.
    fn count(&self, key: &Key, now: Timestamp) -> bool {
        let mut windows = self.windows();
        match windows.get_mut(key).filter(|window| now < window.until) {
            Some(window) => {
                window.uncounted += 1;
                true
            }
            None => false,
        }
    }

    /// Records that a tenant is served with the platform's own account of a type. It is used only after this has
    /// succeeded.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be recorded.
    pub async fn saw_platforms(
        &self,
        tenant: &TenantId,
        provider: &ProviderId,
        by: OpenedBy<'_>,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let key = Key {
            tenant: tenant.clone(),
            what: What::Platforms(provider.clone()),
            reason: by.reason,
            opened: true,
        };
        let record = || AuditRecord {
            provider: Some(provider.clone()),
            request: by.request.to_owned(),
            purpose: Some(by.reason.name().to_owned()),
            ..AuditRecord::new(by.actor, now, "platform_credentials.use")
        };
        self.count_or_record(key, now, record).await
    }

    async fn count_or_record(
        &self,
        key: Key,
        now: Timestamp,
        record: impl FnOnce() -> AuditRecord + Send,
    ) -> Result<(), StoreError> {
        if self.count(&key, now) {
            return Ok(());
        }
        if self.windows().len() >= MOST {
            // What counts nothing needs no record; of the rest a few make room.
            self.windows().retain(|_, window| window.uncounted > 0);
            let some = self.take_some(now, 100);
            self.record(some, now).await;
        }
        let earlier = self.windows().remove(&key).map_or(0, |old| old.uncounted);
        let mut record = record();
        record.count = Some(1 + earlier);
        let appended = self.trail.append(&key.tenant, &record).await;
        let (until, uncounted) = match &appended {
            Ok(()) => (now.after(WINDOW), 0),
            // Not this one, which is not handed out; those before it.
            Err(_) if earlier > 0 => (now, earlier),
            Err(_) => return appended,
        };
        self.keep(
            key,
            Window {
                until,
                uncounted,
                record,
            },
        );
        appended
    }

    fn windows(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Window>> {
        self.windows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Witness for OpeningWindows {
    async fn saw(&self, opening: &Opening<'_>) -> Result<(), StoreError> {
        let (place, now) = (opening.place, self.clock.now());
        let key = Key {
            tenant: place.tenant.clone(),
            what: What::Sealed(place.integration.clone(), place.revision),
            reason: opening.by.reason,
            opened: opening.opened,
        };
        self.count_or_record(key, now, || opening.record(now)).await
    }
}
