//! A key service in memory, with faults.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use domain::random;
use domain::seal::Purpose;
use vault::{DataKey, KeyContext, KeyService, KeyServiceError};
use zeroize::Zeroizing;

use super::dice::Dice;

/// The KMS key of the shared rings.
pub(crate) const KMS_KEY: &str = "arn:kms:credentials";
/// Another one, such as a tenant's own.
pub(crate) const OTHER_KMS_KEY: &str = "arn:kms:other";

/// How the key service fails.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Trouble {
    Throttled,
    TimedOut,
    InternalError,
    AccessDenied,
    Disabled,
    PendingDeletion,
    InvalidCiphertext,
    IncorrectKey,
    ShortKey,
    /// No answer, for ever.
    Silence,
}

impl Trouble {
    /// Those in which the service does not answer, or not now.
    pub(crate) const UNAVAILABLE: [Self; 3] =
        [Self::Throttled, Self::TimedOut, Self::InternalError];
    /// Those in which the KMS key may not be used.
    pub(crate) const DENIED: [Self; 3] =
        [Self::AccessDenied, Self::Disabled, Self::PendingDeletion];
    /// Those in which the row is not what KMS gave us.
    pub(crate) const TAMPERED: [Self; 3] =
        [Self::InvalidCiphertext, Self::IncorrectKey, Self::ShortKey];

    pub(crate) fn all() -> impl Iterator<Item = Self> {
        [Self::UNAVAILABLE, Self::DENIED, Self::TAMPERED]
            .into_iter()
            .flatten()
    }

    fn error(self) -> Option<KeyServiceError> {
        let told = format!("{self:?}");
        match self {
            Self::Throttled | Self::TimedOut | Self::InternalError => {
                Some(KeyServiceError::Unavailable(told))
            }
            Self::AccessDenied | Self::Disabled | Self::PendingDeletion => {
                Some(KeyServiceError::Denied(told))
            }
            Self::InvalidCiphertext | Self::IncorrectKey => Some(KeyServiceError::Mismatch),
            Self::ShortKey | Self::Silence => None,
        }
    }
}

/// KMS key, purpose, ring and version that a key is wrapped for.
type Bound = (String, Purpose, String, u32);
type Wrapped = HashMap<Vec<u8>, (Bound, [u8; 32])>;

/// Wraps a key by keeping it: what is stored is a random handle.
#[derive(Default)]
pub(crate) struct Service {
    keys: Mutex<Wrapped>,
    trouble: Mutex<Option<Trouble>>,
    disabled: Mutex<HashSet<String>>,
    throttled: Mutex<Option<(Dice, usize)>>,
    pub(crate) generated: AtomicUsize,
    unwrapped: AtomicUsize,
    pub(crate) rewrapped: AtomicUsize,
    in_flight: AtomicUsize,
    most_in_flight: AtomicUsize,
}

impl Service {
    pub(crate) fn fail(&self, trouble: impl Into<Option<Trouble>>) {
        *self.trouble.lock().expect("unpoisoned") = trouble.into();
    }

    /// Throttles so many of a hundred calls, as the dice fall.
    pub(crate) fn throttle(&self, dice: Dice, percent: usize) {
        *self.throttled.lock().expect("unpoisoned") = Some((dice, percent));
    }

    /// The KMS key cannot be used any more.
    pub(crate) fn disable(&self, kms_key: &str) {
        let mut disabled = self.disabled.lock().expect("unpoisoned");
        disabled.insert(kms_key.to_owned());
    }

    /// Calls so far to unwrap a key.
    pub(crate) fn unwraps(&self) -> usize {
        self.unwrapped.load(Ordering::SeqCst)
    }

    /// The most calls that were in flight at once.
    pub(crate) fn most_in_flight(&self) -> usize {
        self.most_in_flight.load(Ordering::SeqCst)
    }

    /// Takes a key as wrapped for that ring by the usual KMS key.
    pub(crate) fn wrap(&self, context: KeyContext<'_>, key: [u8; 32]) -> Vec<u8> {
        self.wrap_under(KMS_KEY, context, key)
    }

    fn wrap_under(&self, kms_key: &str, context: KeyContext<'_>, key: [u8; 32]) -> Vec<u8> {
        let handle = random::bytes::<16>().to_vec();
        let mut keys = self.keys.lock().expect("unpoisoned");
        keys.insert(handle.clone(), (bound(kms_key, context), key));
        handle
    }

    fn open(
        &self,
        kms_key: &str,
        context: KeyContext<'_>,
        wrapped: &[u8],
    ) -> Result<[u8; 32], KeyServiceError> {
        match self.keys.lock().expect("unpoisoned").get(wrapped) {
            Some((bound_to, key)) if *bound_to == bound(kms_key, context) => Ok(*key),
            _ => Err(KeyServiceError::Mismatch),
        }
    }

    /// A call is under way for some turns, in which others get theirs, as over a network.
    async fn answer(&self, kms_keys: &[&str]) -> Result<Option<Trouble>, KeyServiceError> {
        const TURNS: usize = 3;
        let now = self.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_in_flight.fetch_max(now, Ordering::SeqCst);
        let _landing = Landing(&self.in_flight);
        for _ in 0..TURNS {
            tokio::task::yield_now().await;
        }
        let trouble = *self.trouble.lock().expect("unpoisoned");
        if trouble == Some(Trouble::Silence) {
            return std::future::pending().await;
        }
        let disabled = |key: &&str| self.disabled.lock().expect("unpoisoned").contains(*key);
        if kms_keys.iter().any(disabled) {
            return Err(KeyServiceError::Denied("disabled".into()));
        }
        if let Some((dice, percent)) = &mut *self.throttled.lock().expect("unpoisoned")
            && dice.below(100) < *percent
        {
            return Err(KeyServiceError::Unavailable("throttled".into()));
        }
        trouble.and_then(Trouble::error).map_or(Ok(trouble), Err)
    }
}

/// Counts a call as ended, however it ends.
struct Landing<'a>(&'a AtomicUsize);

impl Drop for Landing<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
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
        self.answer(&[kms_key]).await?;
        let key = random::bytes();
        Ok(DataKey {
            plaintext: Zeroizing::new(key.to_vec()),
            wrapped: self.wrap_under(kms_key, context, key),
        })
    }

    async fn unwrap_key(
        &self,
        kms_key: &str,
        context: KeyContext<'_>,
        wrapped: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, KeyServiceError> {
        self.unwrapped.fetch_add(1, Ordering::SeqCst);
        if self.answer(&[kms_key]).await? == Some(Trouble::ShortKey) {
            return Ok(Zeroizing::new(vec![7; 31]));
        }
        let key = self.open(kms_key, context, wrapped)?;
        Ok(Zeroizing::new(key.to_vec()))
    }

    async fn rewrap(
        &self,
        from: &str,
        to: &str,
        context: KeyContext<'_>,
        wrapped: &[u8],
    ) -> Result<Vec<u8>, KeyServiceError> {
        self.answer(&[from, to]).await?;
        let key = self.open(from, context, wrapped)?;
        self.rewrapped.fetch_add(1, Ordering::SeqCst);
        Ok(self.wrap_under(to, context, key))
    }
}
