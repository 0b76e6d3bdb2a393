//! The ring keys of one purpose: read from their rows, unwrapped, and kept for a while.
//!
//! One flight per key: who finds a key too old renews it while all others take the old one; who finds none asks for it
//! while all others wait, and a refusal is for all who waited. All of it happens inside the call that wants the key:
//! Lambda freezes a process once it has answered, so nothing is left running for later.
//!
//! A key that is due costs a read of its row: a row that is gone or changed is noticed within five minutes. KMS is asked
//! less often. Shared rings are many and their KMS key is one, so its answer for one of them vouches for the others for
//! half an hour; else the calls of a fleet of quiet containers would grow with rings times containers. A tenant's own
//! ring is unwrapped anew every time, so that who takes a KMS key of their own away is heard within minutes.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use domain::key_ring::{KeyRings, OwnRing, WrappedRingKey};
use domain::seal::Purpose;
use domain::time::{Clock, Timestamp};
use tokio::sync::Semaphore;

use crate::cache::Cache;
use crate::entry::{Found, Turn};
use crate::error::{OpenError, Refusal};
use crate::kms::{AwsKms, KeyContext, KeyService, KeyServiceError};
use crate::limits::CacheLimits;
use crate::seal::RingKey;

/// The ring keys of one purpose.
pub struct RingKeys {
    purpose: Purpose,
    rows: Arc<dyn KeyRings>,
    service: Arc<dyn KeyService>,
    clock: Arc<dyn Clock>,
    limits: CacheLimits,
    cache: Cache,
    /// By KMS key.
    vouchers: Mutex<HashMap<String, Vouching>>,
    flights: Arc<Semaphore>,
}

/// How long a KMS key vouches for the shared rings under it, and when to ask it again after that.
struct Vouching {
    until: Timestamp,
    ask_at: Timestamp,
}

enum Voucher {
    Valid,
    BeingRenewed,
    None,
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
            cache: Cache::new(limits),
            vouchers: Mutex::default(),
            flights: Arc::new(Semaphore::new(limits.flights)),
        }
    }

    /// Keys of `purpose`, unwrapped by AWS KMS, within the usual limits; that on calls in flight is for all purposes
    /// of the process together.
    pub fn on_aws(
        purpose: Purpose,
        rows: impl KeyRings + 'static,
        kms: aws_sdk_kms::Client,
        clock: Arc<dyn Clock>,
    ) -> Arc<Self> {
        static FLIGHTS: LazyLock<Arc<Semaphore>> =
            LazyLock::new(|| Arc::new(Semaphore::new(CacheLimits::default().flights)));
        let service = Arc::new(AwsKms(kms));
        let limits = CacheLimits::default();
        Arc::new(Self {
            flights: FLIGHTS.clone(),
            ..Self::new(purpose, Arc::new(rows), service, clock, limits)
        })
    }

    /// What these keys are for.
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// One version of a ring's key.
    pub(crate) async fn get(&self, ring: &str, version: u32) -> Result<Arc<RingKey>, OpenError> {
        match self.find(ring, version) {
            Found::Fresh(key) => Ok(key),
            Found::Stale(key, flight, row) => match flight.try_lock() {
                Ok(_flight) => self.renew(ring, version, key, row).await,
                Err(_) => Ok(key),
            },
            Found::Denied(refusal) => Err(refusal.into()),
            Found::Nothing(turn) => {
                let _flight = turn.flight.lock().await;
                self.ask(ring, version, &turn).await
            }
        }
    }

    async fn renew(
        &self,
        ring: &str,
        version: u32,
        old: Arc<RingKey>,
        row: Option<Arc<WrappedRingKey>>,
    ) -> Result<Arc<RingKey>, OpenError> {
        let renewed = match row.map(|row| (self.voucher(&row), row)) {
            Some((Voucher::Valid, row)) => self.look_after(&old, &row).await,
            Some((Voucher::BeingRenewed, _)) => return Ok(old),
            Some((Voucher::None, _)) | None => self.load(ring, version).await,
        };
        match renewed {
            Ok(key) => Ok(key),
            Err(Refusal::Gone) => Err(OpenError::DoesNotOpen),
            Err(refusal) => {
                tracing::warn!(ring, version, ?refusal, "an old ring key serves on");
                Ok(old)
            }
        }
    }

    /// Lets a key serve on whose row is as it was.
    async fn look_after(
        &self,
        key: &Arc<RingKey>,
        known: &WrappedRingKey,
    ) -> Result<Arc<RingKey>, Refusal> {
        let asked_at = self.clock.now();
        match self.row(&known.ring, known.version).await {
            Ok(row) if row.wrapped == known.wrapped && row.kms_key == known.kms_key => {
                self.cache.extend(known, asked_at);
                Ok(key.clone())
            }
            Ok(_) => self.load(&known.ring, known.version).await,
            Err(refusal) => {
                self.refuse(&known.ring, known.version, &refusal);
                Err(refusal)
            }
        }
    }

    /// Whether a row's KMS key vouches for it. Of all that find it does no more, one at a time is told so, who then asks.
    fn voucher(&self, row: &WrappedRingKey) -> Voucher {
        let now = self.clock.now();
        let vouches = is_shared(row) && !self.limits.vouched_for.is_zero();
        match self.vouchers().get_mut(&row.kms_key) {
            Some(vouching) if vouches => {
                if now < vouching.until {
                    Voucher::Valid
                } else if now < vouching.ask_at {
                    Voucher::BeingRenewed
                } else {
                    vouching.ask_at = now.after(self.limits.pause);
                    Voucher::None
                }
            }
            _ => Voucher::None,
        }
    }

    fn vouchers(&self) -> MutexGuard<'_, HashMap<String, Vouching>> {
        self.vouchers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(&self, ring: &str, version: u32, turn: &Turn) -> Result<Arc<RingKey>, OpenError> {
        match self.find(ring, version) {
            Found::Fresh(key) | Found::Stale(key, ..) => Ok(key),
            Found::Denied(refusal) => Err(refusal.into()),
            Found::Nothing(now) => match now.refused_since(turn) {
                Some(refusal) => Err(refusal.into()),
                None => Ok(self.load(ring, version).await?),
            },
        }
    }

    /// The row of a ring's highest version.
    pub(crate) async fn find_newest(
        &self,
        ring: &str,
    ) -> Result<Option<WrappedRingKey>, OpenError> {
        Ok(self.rows.find_newest(ring).await?)
    }

    /// The row of a ring's first version, made under that KMS key unless somebody else makes it at the same time.
    pub(crate) async fn make_first(
        &self,
        ring: &str,
        kms_key: &str,
    ) -> Result<WrappedRingKey, OpenError> {
        let row = {
            let _permit = self.flights.acquire().await;
            make_row(&*self.service, &*self.clock, self.context(ring, 1), kms_key)
                .await
                .map_err(Refusal::from)?
        };
        if self.rows.add(&row).await? {
            return Ok(row);
        }
        self.rows.find(ring, 1).await?.ok_or(OpenError::DoesNotOpen)
    }

    fn find(&self, ring: &str, version: u32) -> Found {
        self.cache.find(ring, version, self.clock.now())
    }

    async fn load(&self, ring: &str, version: u32) -> Result<Arc<RingKey>, Refusal> {
        let asked_at = self.clock.now();
        match self.fetch(ring, version).await {
            Ok((key, row)) => {
                if is_shared(&row) {
                    let until = asked_at.after(self.limits.some_vouching());
                    let vouching = Vouching {
                        until,
                        ask_at: until,
                    };
                    self.vouchers().insert(row.kms_key.clone(), vouching);
                }
                self.cache.keep(key.clone(), row, asked_at);
                Ok(key)
            }
            Err(refusal) => {
                self.refuse(ring, version, &refusal);
                Err(refusal)
            }
        }
    }

    fn refuse(&self, ring: &str, version: u32, refusal: &Refusal) {
        if matches!(refusal, Refusal::Tampered) {
            tracing::error!(
                alarm = "tamper",
                ring,
                version,
                "KMS does not know the row of a ring as its own: restore it from a backup of the table"
            );
        }
        let now = self.clock.now();
        self.cache.refuse(ring, version, refusal.clone(), now);
    }

    async fn fetch(
        &self,
        ring: &str,
        version: u32,
    ) -> Result<(Arc<RingKey>, WrappedRingKey), Refusal> {
        let row = self.row(ring, version).await?;
        match self.unwrap_row(&row).await {
            Err(refusal) if refusal.is_denial() => {
                // The row may have been put under another KMS key since it was read.
                match self.row(ring, version).await? {
                    same if same == row => Err(refusal),
                    newer => Ok((self.unwrap_row(&newer).await?, newer)),
                }
            }
            answer => Ok((answer?, row)),
        }
    }

    async fn row(&self, ring: &str, version: u32) -> Result<WrappedRingKey, Refusal> {
        let row = self.rows.find(ring, version).await?;
        row.ok_or(Refusal::Gone)
    }

    /// Shared from the start: whatever else an async function gives back leaves a copy in the state of its caller.
    async fn unwrap_row(&self, row: &WrappedRingKey) -> Result<Arc<RingKey>, Refusal> {
        let _permit = self.flights.acquire().await;
        let context = self.context(&row.ring, row.version);
        let unwrapped = self
            .service
            .unwrap_key(&row.kms_key, context, &row.wrapped)
            .await
            .map_err(Refusal::from);
        if unwrapped.as_ref().is_err_and(Refusal::is_denial) {
            // Who may not use the KMS key for one ring is asked for all of them again.
            self.vouchers().remove(&row.kms_key);
        }
        let plaintext = unwrapped?;
        RingKey::from_slice(&plaintext)
            .map(Arc::new)
            .ok_or(Refusal::Tampered)
    }

    fn context<'a>(&self, ring: &'a str, version: u32) -> KeyContext<'a> {
        KeyContext {
            purpose: self.purpose,
            ring,
            version,
        }
    }
}

fn is_shared(row: &WrappedRingKey) -> bool {
    OwnRing::parse(&row.ring).is_none()
}

/// A new key in the row that it will have; it seals once it is the ring's highest.
pub(crate) async fn make_row(
    service: &dyn KeyService,
    clock: &dyn Clock,
    context: KeyContext<'_>,
    kms_key: &str,
) -> Result<WrappedRingKey, KeyServiceError> {
    let made = service.generate(kms_key, context).await?;
    Ok(WrappedRingKey {
        ring: context.ring.to_owned(),
        version: context.version,
        kms_key: kms_key.to_owned(),
        wrapped: made.wrapped,
        seals: true,
        created_at: clock.now(),
    })
}
