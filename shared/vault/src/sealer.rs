//! Seals secrets; a function that only opens holds none.

use std::sync::Arc;

use domain::ids::TenantId;
use domain::random;
use domain::seal::{Purpose, SealContext, Sealed};

use crate::context::canonical;
use crate::error::OpenError;
use crate::rings::RingKeys;
use crate::seal;

/// Which ring a tenant's secrets are sealed under.
#[derive(Debug, Clone)]
pub struct RingAssignment {
    /// How many rings tenants share; at least 1.
    pub shared_rings: u32,
    /// The KMS key (ARN) that wraps a shared ring's first version.
    pub kms_key: String,
}

impl RingAssignment {
    /// The name of the tenant's ring: `{purpose}/shared-{n}`.
    pub fn ring_of(&self, purpose: Purpose, tenant: &TenantId) -> String {
        let hash = random::sha256(tenant.as_str().as_bytes());
        let number = u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]);
        format!(
            "{}/shared-{}",
            purpose.name(),
            number % self.shared_rings.max(1)
        )
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

    /// Seals a value for one place, under the newest version of the tenant's ring.
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
        let ring = self.rings.ring_of(context.purpose, context.tenant);
        let (version, key) = self.keys.newest(&ring, &self.rings.kms_key).await?;
        let salt = random::bytes();
        seal::seal(&key, &ring, version, &salt, &canonical(context), plaintext)
            .map(Sealed::from_bytes)
            .ok_or(OpenError::DoesNotOpen)
    }
}
