//! What an operator does with rings: give a tenant one of its own, rotate, change the KMS key.

use std::sync::Arc;

use domain::ids::TenantId;
use domain::key_ring::{KeyRingUpkeep, OwnRing, WrappedRingKey};
use domain::seal::Purpose;
use domain::time::Clock;

use crate::error::KeeperError;
use crate::kms::{KeyContext, KeyService};
use crate::rings::make_row;

/// How often a ring is looked at again that others change at the same time.
const LOOKS: usize = 8;

/// Keeps the rings of one purpose. KMS keys are named by their ARNs.
///
/// Everything here may be done while tenants send, may be broken off at any point and repeated, and never makes a
/// value unreadable: versions are added and wrapped anew, none is removed. It takes rights that no function has:
/// `kms:GenerateDataKey` under the new KMS key, `kms:ReEncryptFrom` the old one and `kms:ReEncryptTo` the new one.
#[derive(Clone)]
pub struct RingKeeper {
    purpose: Purpose,
    rows: Arc<dyn KeyRingUpkeep>,
    service: Arc<dyn KeyService>,
    clock: Arc<dyn Clock>,
}

impl RingKeeper {
    /// A keeper of the purpose's rings.
    pub fn new(
        purpose: Purpose,
        rows: Arc<dyn KeyRingUpkeep>,
        service: Arc<dyn KeyService>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            purpose,
            rows,
            service,
            clock,
        }
    }

    /// Lets the tenant's secrets be sealed under a ring of its own from now on, under that KMS key, and gives the
    /// version that seals. A ring that the tenant has already is switched on again; it gets a new version if its
    /// newest is under another KMS key. What is sealed under another ring stays there until it is sealed anew.
    ///
    /// # Errors
    /// [`KeeperError::Overtaken`] if others keep changing the ring; [`KeeperError::Unavailable`].
    pub async fn give_own_ring(
        &self,
        tenant: &TenantId,
        kms_key: &str,
    ) -> Result<WrappedRingKey, KeeperError> {
        let ring = OwnRing::of(self.purpose, tenant);
        let ring = ring.as_str();
        for _ in 0..LOOKS {
            match self.rows.find_newest(ring).await? {
                Some(row) if row.kms_key == kms_key && row.seals => return Ok(row),
                Some(row) if row.kms_key == kms_key => {
                    self.rows.set_seals(ring, row.version, true).await?;
                }
                newest => {
                    let version = newest.map_or(1, |row| row.version.saturating_add(1));
                    let row = self.make(ring, version, kms_key).await?;
                    self.rows.add(&row).await?;
                }
            }
        }
        Err(KeeperError::Overtaken(ring.to_owned()))
    }

    /// Lets the tenant's secrets be sealed under its shared ring from now on. Its own ring, if it has one, still opens
    /// what it sealed.
    ///
    /// # Errors
    /// [`KeeperError::Overtaken`] if others keep changing the ring; [`KeeperError::Unavailable`].
    pub async fn return_to_shared(&self, tenant: &TenantId) -> Result<(), KeeperError> {
        let ring = OwnRing::of(self.purpose, tenant);
        let ring = ring.as_str();
        for _ in 0..LOOKS {
            match self.rows.find_newest(ring).await? {
                Some(row) if row.seals => self.rows.set_seals(ring, row.version, false).await?,
                _ => return Ok(()),
            };
        }
        Err(KeeperError::Overtaken(ring.to_owned()))
    }

    /// Adds a version to a ring, under that KMS key or the one of its newest version, and gives it: it seals from now
    /// on, the older ones still open.
    ///
    /// # Errors
    /// [`KeeperError::Overtaken`] if somebody else has added a version since this looked at the ring: of several at
    /// once one wins. [`KeeperError::NoSuchRing`], [`KeeperError::OtherPurpose`], [`KeeperError::Unavailable`].
    pub async fn rotate(
        &self,
        ring: &str,
        kms_key: Option<&str>,
    ) -> Result<WrappedRingKey, KeeperError> {
        self.check(ring)?;
        let newest = self.rows.find_newest(ring).await?;
        let newest = newest.ok_or_else(|| KeeperError::NoSuchRing(ring.to_owned()))?;
        let version = newest.version.saturating_add(1);
        let row = WrappedRingKey {
            seals: newest.seals,
            ..self
                .make(ring, version, kms_key.unwrap_or(&newest.kms_key))
                .await?
        };
        // A row that is there may be this very one, of a write whose answer was lost.
        if !self.rows.add(&row).await?
            && self.rows.find(ring, version).await?.as_ref() != Some(&row)
        {
            return Err(KeeperError::Overtaken(ring.to_owned()));
        }
        self.follow(&newest, row).await
    }

    /// Wraps a row's key under another KMS key, and says whether this changed the row: not if it is under that key
    /// already, or gone. Nobody sees the key plain. Once no row is left under the old KMS key, that can be disabled.
    ///
    /// # Errors
    /// [`KeeperError::Overtaken`] if somebody else has put the row under a third KMS key; [`KeeperError::Tampered`];
    /// [`KeeperError::OtherPurpose`]; [`KeeperError::Unavailable`].
    pub async fn rewrap(
        &self,
        row: &WrappedRingKey,
        new_kms_key: &str,
    ) -> Result<bool, KeeperError> {
        self.check(&row.ring)?;
        if row.kms_key == new_kms_key {
            return Ok(false);
        }
        let context = self.context(&row.ring, row.version);
        let rewrapped = self
            .service
            .rewrap(&row.kms_key, new_kms_key, context, &row.wrapped)
            .await;
        if let Ok(wrapped) = &rewrapped
            && self.rows.replace_wrapped(row, new_kms_key, wrapped).await?
        {
            return Ok(true);
        }
        match (self.rows.find(&row.ring, row.version).await?, rewrapped) {
            (None, _) => Ok(false),
            (Some(now), _) if now.kms_key == new_kms_key => Ok(false),
            (Some(_), Ok(_)) => Err(KeeperError::Overtaken(row.ring.clone())),
            (Some(_), Err(error)) => Err(KeeperError::of_ring(&row.ring, error)),
        }
    }

    /// If the older version was switched off after the newer one had taken its example, the newer one follows.
    async fn follow(
        &self,
        older: &WrappedRingKey,
        mut newer: WrappedRingKey,
    ) -> Result<WrappedRingKey, KeeperError> {
        let now = self.rows.find(&older.ring, older.version).await?;
        if newer.seals && now.is_some_and(|now| !now.seals) {
            self.rows
                .set_seals(&newer.ring, newer.version, false)
                .await?;
            newer.seals = false;
        }
        Ok(newer)
    }

    async fn make(
        &self,
        ring: &str,
        version: u32,
        kms_key: &str,
    ) -> Result<WrappedRingKey, KeeperError> {
        let context = self.context(ring, version);
        make_row(&*self.service, &*self.clock, context, kms_key)
            .await
            .map_err(|error| KeeperError::of_ring(ring, error))
    }

    fn check(&self, ring: &str) -> Result<(), KeeperError> {
        let ours = ring
            .strip_prefix(self.purpose.name())
            .is_some_and(|rest| rest.starts_with('/'));
        if ours {
            return Ok(());
        }
        Err(KeeperError::OtherPurpose(ring.to_owned()))
    }

    fn context<'a>(&self, ring: &'a str, version: u32) -> KeyContext<'a> {
        KeyContext {
            purpose: self.purpose,
            ring,
            version,
        }
    }
}
