//! Seals secrets; a function that only opens holds none.

use std::sync::Arc;

use domain::ids::TenantId;
use domain::key_ring::{OwnRing, WrappedRingKey};
use domain::random;
use domain::seal::{Purpose, SealContext, Sealed};

use crate::context::canonical;
use crate::error::OpenError;
use crate::rings::RingKeys;
use crate::seal;

/// Which ring a tenant's secrets are sealed under: its own while there is one that seals, else a shared one.
#[derive(Debug, Clone)]
pub struct RingAssignment {
    /// How many rings tenants share; at least 1.
    pub shared_rings: u32,
    /// The KMS key (ARN) that wraps a shared ring's first version.
    pub kms_key: String,
}

impl RingAssignment {
    /// The name of the ring that the tenant shares with others: `{purpose}/shared-{n}`.
    pub fn shared_ring(&self, purpose: Purpose, tenant: &TenantId) -> String {
        let hash = random::sha256(tenant.as_str().as_bytes());
        let number = u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]);
        format!(
            "{}/shared-{}",
            purpose.name(),
            number % self.shared_rings.max(1)
        )
    }

    /// The name of the ring that the tenant has, or would have, to itself.
    pub fn own_ring(&self, purpose: Purpose, tenant: &TenantId) -> OwnRing {
        OwnRing::of(purpose, tenant)
    }
}

/// Seals values of one purpose.
#[derive(Clone)]
pub struct Sealer {
    keys: Arc<RingKeys>,
    rings: RingAssignment,
}

impl Sealer {
    /// A sealer over the purpose's ring keys.
    pub fn new(keys: Arc<RingKeys>, rings: RingAssignment) -> Self {
        Self { keys, rings }
    }

    /// Seals a value for one place, under the newest version of the tenant's ring. Which ring that is, is read anew
    /// for every seal: sealing is rare, and a tenant that was moved must not be sealed under its old ring.
    ///
    /// # Errors
    /// [`OpenError::Unavailable`] while the keys cannot be had; then nothing was sealed.
    pub async fn seal(
        &self,
        context: &SealContext<'_>,
        plaintext: &[u8],
    ) -> Result<Sealed, OpenError> {
        if context.purpose != self.keys.purpose() {
            return Err(OpenError::DoesNotOpen);
        }
        let WrappedRingKey { ring, version, .. } = self.ring(context.tenant).await?;
        let key = self.keys.get(&ring, version).await?;
        let salt = random::bytes();
        seal::seal(&key, &ring, version, &salt, &canonical(context), plaintext)
            .map(Sealed::from_bytes)
            .ok_or(OpenError::DoesNotOpen)
    }

    /// The keys it seals with.
    pub(crate) fn keys(&self) -> &RingKeys {
        &self.keys
    }

    /// The row that seals for a tenant now.
    async fn ring(&self, tenant: &TenantId) -> Result<WrappedRingKey, OpenError> {
        let purpose = self.keys.purpose();
        let own = self.rings.own_ring(purpose, tenant);
        if let Some(row) = self.keys.find_newest(own.as_str()).await?
            && row.seals
        {
            return Ok(row);
        }
        self.shared_ring(tenant).await
    }

    /// The newest row of the ring that a tenant shares, whether it is sealed under that or not.
    pub(crate) async fn shared_ring(&self, tenant: &TenantId) -> Result<WrappedRingKey, OpenError> {
        let shared = self.rings.shared_ring(self.keys.purpose(), tenant);
        match self.keys.find_newest(&shared).await? {
            Some(row) => Ok(row),
            None => self.keys.make_first(&shared, &self.rings.kms_key).await,
        }
    }
}
