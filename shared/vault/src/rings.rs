//! Unwrapped ring keys, kept for a while: bounded in count, age and uses, one flight per key, refreshed ahead.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::key_ring::{KeyRings, WrappedRingKey};
use domain::seal::Purpose;
use domain::time::{Clock, Timestamp};

use crate::error::OpenError;
use crate::kms::{AwsKms, KeyContext, KeyService};
use crate::seal::RingKey;

/// How long and how much an unwrapped ring key may serve.
#[derive(Debug, Clone, Copy)]
pub struct CacheLimits {
    /// Age at which a key is unwrapped anew; each key's own age limit is this, less up to a fifth.
    pub lifetime: Duration,
    /// Age up to which an old key serves while the key service does not answer.
    pub hard_lifetime: Duration,
    /// Uses after which a key is unwrapped anew.
    pub uses: u64,
    /// Keys held at once.
    pub keys: usize,
}

impl Default for CacheLimits {
    fn default() -> Self {
        Self {
            lifetime: Duration::from_secs(300),
            hard_lifetime: Duration::from_secs(900),
            uses: 10_000,
            keys: 1_000,
        }
    }
}

/// How long an old key serves before the key service is asked again that did not answer.
const PAUSE: Duration = Duration::from_secs(5);

type Name = (String, u32);

struct Kept {
    key: Arc<RingKey>,
    refresh_at: Timestamp,
    forget_at: Timestamp,
    uses_left: u64,
}

#[derive(Default)]
struct Slot {
    kept: Mutex<Option<Kept>>,
    flight: tokio::sync::Mutex<()>,
}

enum Held {
    Fresh(Arc<RingKey>),
    Stale(Arc<RingKey>),
    Nothing,
}

impl Slot {
    fn take(&self, now: Timestamp) -> Held {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        match kept.as_mut() {
            Some(entry) if now >= entry.forget_at => {
                *kept = None;
                Held::Nothing
            }
            Some(entry) if now < entry.refresh_at && entry.uses_left > 0 => {
                entry.uses_left -= 1;
                Held::Fresh(entry.key.clone())
            }
            Some(entry) => Held::Stale(entry.key.clone()),
            None => Held::Nothing,
        }
    }

    /// Lets the key that is held serve on for a while.
    fn postpone(&self, now: Timestamp, uses: u64) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = kept.as_mut() {
            entry.refresh_at = now.after(PAUSE);
            entry.uses_left = uses;
        }
    }
}

/// The ring keys of one purpose.
pub struct RingKeys {
    purpose: Purpose,
    rows: Arc<dyn KeyRings>,
    service: Arc<dyn KeyService>,
    clock: Arc<dyn Clock>,
    limits: CacheLimits,
    slots: Mutex<HashMap<Name, Arc<Slot>>>,
}

impl RingKeys {
    /// Keys of `purpose`, read from `rows` and unwrapped by `service`.
    pub fn new(
        purpose: Purpose,
        rows: Arc<dyn KeyRings>,
        service: Arc<dyn KeyService>,
        clock: Arc<dyn Clock>,
        limits: CacheLimits,
    ) -> Self {
        Self {
            purpose,
            rows,
            service,
            clock,
            limits,
            slots: Mutex::default(),
        }
    }

    /// Keys of `purpose`, unwrapped by AWS KMS, within the usual limits.
    pub fn on_aws(
        purpose: Purpose,
        rows: impl KeyRings + 'static,
        kms: aws_sdk_kms::Client,
        clock: Arc<dyn Clock>,
    ) -> Arc<Self> {
        let service = Arc::new(AwsKms(kms));
        Arc::new(Self::new(
            purpose,
            Arc::new(rows),
            service,
            clock,
            CacheLimits::default(),
        ))
    }

    /// What these keys are for.
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// One version of a ring's key.
    pub(crate) async fn get(&self, ring: &str, version: u32) -> Result<Arc<RingKey>, OpenError> {
        let slot = self.slot(ring, version);
        match slot.take(self.clock.now()) {
            Held::Fresh(key) => Ok(key),
            Held::Stale(key) => {
                let Ok(_flight) = slot.flight.try_lock() else {
                    return Ok(key);
                };
                match self.load(ring, version, &slot).await {
                    Err(OpenError::Unavailable(reason)) => {
                        tracing::warn!(ring, version, reason, "an old ring key serves on");
                        slot.postpone(self.clock.now(), self.limits.uses);
                        Ok(key)
                    }
                    other => other,
                }
            }
            Held::Nothing => {
                let _flight = slot.flight.lock().await;
                match slot.take(self.clock.now()) {
                    Held::Fresh(key) | Held::Stale(key) => Ok(key),
                    Held::Nothing => self.load(ring, version, &slot).await,
                }
            }
        }
    }

    /// The newest version of a ring's key; makes the first version if there is none.
    pub(crate) async fn newest(
        &self,
        ring: &str,
        kms_key: &str,
    ) -> Result<(u32, Arc<RingKey>), OpenError> {
        let row = match self.rows.find_newest(ring).await? {
            Some(row) => row,
            None => self.make_first(ring, kms_key).await?,
        };
        Ok((row.version, self.get(ring, row.version).await?))
    }

    async fn make_first(&self, ring: &str, kms_key: &str) -> Result<WrappedRingKey, OpenError> {
        let context = KeyContext {
            purpose: self.purpose,
            ring,
            version: 1,
        };
        let made = self.service.generate(kms_key, context).await?;
        let row = WrappedRingKey {
            ring: ring.to_owned(),
            version: 1,
            kms_key: kms_key.to_owned(),
            wrapped: made.wrapped,
            created_at: self.clock.now(),
        };
        if self.rows.add(&row).await? {
            return Ok(row);
        }
        // Somebody else was first; theirs counts.
        self.rows.find(ring, 1).await?.ok_or(OpenError::DoesNotOpen)
    }

    async fn load(&self, ring: &str, version: u32, slot: &Slot) -> Result<Arc<RingKey>, OpenError> {
        let row = self
            .rows
            .find(ring, version)
            .await?
            .ok_or(OpenError::DoesNotOpen)?;
        let context = KeyContext {
            purpose: self.purpose,
            ring,
            version,
        };
        let plaintext = self
            .service
            .unwrap_key(&row.kms_key, context, &row.wrapped)
            .await?;
        let key = Arc::new(RingKey::from_slice(&plaintext).ok_or(OpenError::DoesNotOpen)?);
        let now = self.clock.now();
        let jitter = f64::from(u16::from_be_bytes(domain::random::bytes())) / f64::from(u16::MAX);
        let lifetime = self.limits.lifetime.mul_f64(1.0 - 0.2 * jitter);
        let kept = Kept {
            key: key.clone(),
            refresh_at: now.after(lifetime),
            forget_at: now.after(self.limits.hard_lifetime),
            uses_left: self.limits.uses,
        };
        *slot.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept);
        Ok(key)
    }

    fn slot(&self, ring: &str, version: u32) -> Arc<Slot> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let name = (ring.to_owned(), version);
        if let Some(slot) = slots.get(&name) {
            return slot.clone();
        }
        if slots.len() >= self.limits.keys {
            // Any victim will do: a ring key costs one call to fetch again.
            if let Some(victim) = slots.keys().next().cloned() {
                slots.remove(&victim);
            }
        }
        slots.entry(name).or_default().clone()
    }
}
