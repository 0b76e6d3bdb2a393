//! Key rings and a key service in memory, which can be told to fail, and a vault over them.

pub(crate) mod alarms;
pub(crate) mod dice;
pub(crate) mod place;
pub(crate) mod rows;
pub(crate) mod service;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::Credentials;
use domain::failure::StoreError;
use domain::opening::{OpenedBy, Opening, Reason, Witness};
use domain::seal::{Purpose, Sealed};
use testing::clock::ManualClock;
use vault::{CacheLimits, OpenError, Opener, RingAssignment, RingKeeper, RingKeys, Sealer};

pub(crate) use alarms::Alarms;
pub(crate) use dice::Dice;
pub(crate) use place::{Place, integration, tenant};
pub(crate) use rows::Rows;
pub(crate) use service::{KMS_KEY, OTHER_KMS_KEY, Service, Trouble};

/// A vault for one purpose, as one process has it, over rows and a service that others share.
pub(crate) struct Vault {
    pub(crate) rows: Arc<Rows>,
    pub(crate) service: Arc<Service>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) sealer: Sealer,
    opener: Opener,
    purpose: Purpose,
    limits: CacheLimits,
    shared_rings: u32,
}

/// Sees every opening and keeps none.
struct Anybody;

#[async_trait]
impl Witness for Anybody {
    async fn saw(&self, _: &Opening<'_>) -> Result<(), StoreError> {
        Ok(())
    }
}

const BY_TEST: OpenedBy<'_> = OpenedBy {
    actor: "test",
    reason: Reason::Send,
    request: "request",
};

impl Vault {
    pub(crate) fn new() -> Self {
        Self::with(CacheLimits::default(), 1)
    }

    pub(crate) fn with(limits: CacheLimits, shared_rings: u32) -> Self {
        Self::over(
            (Arc::default(), Arc::default(), Arc::default()),
            Purpose::Credentials,
            limits,
            shared_rings,
        )
    }

    fn over(
        (rows, service, clock): (Arc<Rows>, Arc<Service>, Arc<ManualClock>),
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
            opener: Opener::new(keys, Arc::new(Anybody)),
            rows,
            service,
            clock,
            purpose,
            limits,
            shared_rings,
        }
    }

    /// Another process over the same rows and service: it remembers nothing.
    pub(crate) fn another(&self) -> Self {
        self.another_for(self.purpose)
    }

    pub(crate) fn another_for(&self, purpose: Purpose) -> Self {
        let (rows, service, clock) = (self.rows.clone(), self.service.clone(), self.clock.clone());
        Self::over(
            (rows, service, clock),
            purpose,
            self.limits,
            self.shared_rings,
        )
    }

    pub(crate) fn opener(&self) -> &Opener {
        &self.opener
    }

    pub(crate) fn keeper(&self) -> RingKeeper {
        RingKeeper::new(
            self.purpose,
            self.rows.clone(),
            self.service.clone(),
            self.clock.clone(),
        )
    }

    pub(crate) async fn seal(&self, place: &Place, plaintext: &[u8]) -> Sealed {
        self.sealer
            .seal(&place.context(), plaintext)
            .await
            .expect("sealed")
    }

    pub(crate) async fn open(&self, place: &Place, sealed: &Sealed) -> Result<Vec<u8>, OpenError> {
        let opened = self.opener.open(&place.context(), sealed, BY_TEST).await?;
        Ok(opened.expose().to_vec())
    }

    pub(crate) async fn open_credentials(
        &self,
        place: &Place,
        sealed: &Sealed,
    ) -> Result<Credentials, OpenError> {
        self.opener
            .open_credentials(&place.context(), sealed, BY_TEST)
            .await
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

/// The usual limits, but that every key is unwrapped anew when it is due.
pub(crate) fn unvouched() -> CacheLimits {
    CacheLimits {
        vouched_for: Duration::ZERO,
        ..CacheLimits::default()
    }
}
