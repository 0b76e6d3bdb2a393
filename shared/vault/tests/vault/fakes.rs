//! Key rings and a key service in memory, which can be told to fail, and a vault over them.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use domain::failure::StoreError;
use domain::key_ring::{KeyRings, WrappedRingKey};
use domain::seal::{Purpose, SealContext, Sealed};
use domain::{IntegrationId, ProviderId, TenantId, random};
use testing::clock::ManualClock;
use vault::{
    CacheLimits, DataKey, KeyContext, KeyService, KeyServiceError, OpenError, Opener,
    RingAssignment, RingKeys, Sealer,
};
use zeroize::Zeroizing;

pub(crate) const KMS_KEY: &str = "arn:kms:credentials";

#[derive(Default)]
pub(crate) struct Rows {
    kept: Mutex<BTreeMap<(String, u32), WrappedRingKey>>,
    pub(crate) down: AtomicBool,
    pub(crate) reads: AtomicUsize,
}

impl Rows {
    pub(crate) fn put(&self, row: WrappedRingKey) {
        let place = (row.ring.clone(), row.version);
        self.kept.lock().expect("unpoisoned").insert(place, row);
    }

    pub(crate) fn all(&self) -> Vec<WrappedRingKey> {
        self.kept
            .lock()
            .expect("unpoisoned")
            .values()
            .cloned()
            .collect()
    }

    async fn answer(&self) -> Result<(), StoreError> {
        // Others get their turn, as over a network.
        tokio::task::yield_now().await;
        if self.down.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("the database", None));
        }
        Ok(())
    }
}

#[async_trait]
impl KeyRings for Rows {
    async fn find(&self, ring: &str, version: u32) -> Result<Option<WrappedRingKey>, StoreError> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        self.answer().await?;
        let place = (ring.to_owned(), version);
        Ok(self.kept.lock().expect("unpoisoned").get(&place).cloned())
    }

    async fn find_newest(&self, ring: &str) -> Result<Option<WrappedRingKey>, StoreError> {
        self.answer().await?;
        let rows = self.all();
        Ok(rows
            .into_iter()
            .filter(|row| row.ring == ring)
            .max_by_key(|row| row.version))
    }

    async fn add(&self, key: &WrappedRingKey) -> Result<bool, StoreError> {
        self.answer().await?;
        let mut kept = self.kept.lock().expect("unpoisoned");
        let place = (key.ring.clone(), key.version);
        if kept.contains_key(&place) {
            return Ok(false);
        }
        kept.insert(place, key.clone());
        Ok(true)
    }
}

/// How the key service fails.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Trouble {
    Down,
    Mismatch,
    ShortKey,
}

/// What a key is wrapped for.
type Bound = (String, Purpose, String, u32);
type Wrapped = HashMap<Vec<u8>, (Bound, [u8; 32])>;

/// Wraps a key by keeping it: what is stored is a random handle.
#[derive(Default)]
pub(crate) struct Service {
    keys: Mutex<Wrapped>,
    trouble: Mutex<Option<Trouble>>,
    pub(crate) generated: AtomicUsize,
    pub(crate) unwrapped: AtomicUsize,
}

impl Service {
    pub(crate) fn fail(&self, trouble: impl Into<Option<Trouble>>) {
        *self.trouble.lock().expect("unpoisoned") = trouble.into();
    }

    pub(crate) fn unwraps(&self) -> usize {
        self.unwrapped.load(Ordering::SeqCst)
    }

    /// Takes a key as wrapped for that ring.
    pub(crate) fn wrap(&self, context: KeyContext<'_>, key: [u8; 32]) -> Vec<u8> {
        let handle = random::bytes::<16>().to_vec();
        let bound = bound(KMS_KEY, context);
        self.keys
            .lock()
            .expect("unpoisoned")
            .insert(handle.clone(), (bound, key));
        handle
    }

    async fn answer(&self) -> Result<Option<Trouble>, KeyServiceError> {
        tokio::task::yield_now().await;
        match *self.trouble.lock().expect("unpoisoned") {
            Some(Trouble::Down) => Err(KeyServiceError::Unavailable("down".into())),
            Some(Trouble::Mismatch) => Err(KeyServiceError::Mismatch),
            other => Ok(other),
        }
    }
}

fn bound(kms_key: &str, context: KeyContext<'_>) -> Bound {
    (
        kms_key.to_owned(),
        context.purpose,
        context.ring.to_owned(),
        context.version,
    )
}

#[async_trait]
impl KeyService for Service {
    async fn generate(
        &self,
        kms_key: &str,
        context: KeyContext<'_>,
    ) -> Result<DataKey, KeyServiceError> {
        self.generated.fetch_add(1, Ordering::SeqCst);
        self.answer().await?;
        assert_eq!(kms_key, KMS_KEY);
        let key = random::bytes();
        Ok(DataKey {
            plaintext: Zeroizing::new(key.to_vec()),
            wrapped: self.wrap(context, key),
        })
    }

    async fn unwrap_key(
        &self,
        kms_key: &str,
        context: KeyContext<'_>,
        wrapped: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, KeyServiceError> {
        self.unwrapped.fetch_add(1, Ordering::SeqCst);
        if self.answer().await? == Some(Trouble::ShortKey) {
            return Ok(Zeroizing::new(vec![7; 31]));
        }
        match self.keys.lock().expect("unpoisoned").get(wrapped) {
            Some((bound_to, key)) if *bound_to == bound(kms_key, context) => {
                Ok(Zeroizing::new(key.to_vec()))
            }
            _ => Err(KeyServiceError::Mismatch),
        }
    }
}

/// A vault for one purpose over shared rows and a shared service.
pub(crate) struct Vault {
    pub(crate) rows: Arc<Rows>,
    pub(crate) service: Arc<Service>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) sealer: Sealer,
    pub(crate) opener: Opener,
    limits: CacheLimits,
    shared_rings: u32,
}

impl Vault {
    pub(crate) fn new() -> Self {
        Self::with(CacheLimits::default(), 1)
    }

    pub(crate) fn with(limits: CacheLimits, shared_rings: u32) -> Self {
        Self::over(
            Arc::default(),
            Arc::default(),
            Arc::default(),
            Purpose::Credentials,
            limits,
            shared_rings,
        )
    }

    fn over(
        rows: Arc<Rows>,
        service: Arc<Service>,
        clock: Arc<ManualClock>,
        purpose: Purpose,
        limits: CacheLimits,
        shared_rings: u32,
    ) -> Self {
        let keys = Arc::new(RingKeys::new(
            purpose,
            rows.clone(),
            service.clone(),
            clock.clone(),
            limits,
        ));
        let rings = RingAssignment {
            shared_rings,
            kms_key: KMS_KEY.into(),
        };
        Self {
            sealer: Sealer::new(keys.clone(), rings),
            opener: Opener::new(keys),
            rows,
            service,
            clock,
            limits,
            shared_rings,
        }
    }

    /// Another process over the same rows and service: it remembers nothing.
    pub(crate) fn another(&self) -> Self {
        self.another_for(Purpose::Credentials)
    }

    pub(crate) fn another_for(&self, purpose: Purpose) -> Self {
        let (rows, service, clock) = (self.rows.clone(), self.service.clone(), self.clock.clone());
        Self::over(
            rows,
            service,
            clock,
            purpose,
            self.limits,
            self.shared_rings,
        )
    }

    pub(crate) async fn seal(&self, place: &Place, plaintext: &[u8]) -> Sealed {
        self.sealer
            .seal(&place.context(), plaintext)
            .await
            .expect("sealed")
    }

    pub(crate) async fn open(&self, place: &Place, sealed: &Sealed) -> Result<Vec<u8>, OpenError> {
        let opened = self.opener.open(&place.context(), sealed).await?;
        Ok(opened.to_vec())
    }
}

/// A [`SealContext`] that owns its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) tenant: TenantId,
    pub(crate) provider: ProviderId,
    pub(crate) integration: IntegrationId,
    pub(crate) purpose: Purpose,
    pub(crate) record: &'static str,
    pub(crate) revision: u64,
    pub(crate) origin: Option<String>,
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test is a trusted source of tenants"
)]
pub(crate) fn tenant(name: &str) -> TenantId {
    TenantId::from_trusted_source(name).expect("a tenant")
}

/// The same id for the same number, in every run.
pub(crate) fn integration(number: u8) -> IntegrationId {
    let text = random::base32(&random::sha256(&[number])[..16]);
    IntegrationId::parse(&format!("int_{text}")).expect("an integration")
}

impl Place {
    pub(crate) fn of(name: &str) -> Self {
        Self {
            tenant: tenant(name),
            provider: ProviderId::parse("whatsapp").expect("a provider"),
            integration: integration(1),
            purpose: Purpose::Credentials,
            record: "integration",
            revision: 1,
            origin: None,
        }
    }

    pub(crate) fn context(&self) -> SealContext<'_> {
        SealContext {
            tenant: &self.tenant,
            provider: &self.provider,
            integration: &self.integration,
            purpose: self.purpose,
            record: self.record,
            revision: self.revision,
            origin: self.origin.as_deref(),
        }
    }
}

#[track_caller]
pub(crate) fn does_not_open<T: std::fmt::Debug>(opened: Result<T, OpenError>, what: &str) {
    assert!(
        matches!(opened, Err(OpenError::DoesNotOpen)),
        "{what}: {opened:?}"
    );
}

#[track_caller]
pub(crate) fn is_unavailable<T: std::fmt::Debug>(opened: Result<T, OpenError>, what: &str) {
    assert!(
        matches!(opened, Err(OpenError::Unavailable(_))),
        "{what}: {opened:?}"
    );
}
