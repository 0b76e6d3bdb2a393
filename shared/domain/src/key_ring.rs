//! Ring keys as they are stored: wrapped by KMS, one row per ring and version.

use std::fmt;

use async_trait::async_trait;

use crate::failure::StoreError;
use crate::ids::TenantId;
use crate::random;
use crate::seal::Purpose;
use crate::time::Timestamp;

/// A ring key under KMS; without KMS it is noise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappedRingKey {
    /// `{purpose}/{name}`: `credentials/shared-3`, or an [`OwnRing`].
    pub ring: String,
    /// 1, 2, 3 …; the highest seals, all of them open.
    pub version: u32,
    /// The KMS key (ARN) that wrapped it.
    pub kms_key: String,
    /// The KMS ciphertext.
    pub wrapped: Vec<u8>,
    /// Whether the ring seals while this version is its highest. `false` sends an [`OwnRing`]'s tenant back to the
    /// shared rings; for a shared ring it says nothing.
    pub seals: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Names one row.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RowName {
    /// The ring.
    pub ring: String,
    /// The version.
    pub version: u32,
}

/// Part of a list of rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowPage {
    /// Which rows; may be none although more follow.
    pub rows: Vec<RowName>,
    /// What to ask for the next part with; `None` at the end.
    pub next: Option<RowName>,
}

/// The ring that one tenant has to itself: `{purpose}/tenant-` and 26 characters of a hash, for KMS shows the names of
/// rings to everybody who may read its trail.
///
/// Only such a ring can be destroyed, so no other can be named by this type.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct OwnRing(String);

impl OwnRing {
    const HASH: usize = 26;

    /// The ring of that tenant, whether it exists or not.
    pub fn of(purpose: Purpose, tenant: &TenantId) -> Self {
        let hash = random::base32(&random::sha256(tenant.as_str().as_bytes()));
        Self(format!("{}{}", Self::prefix(purpose), &hash[..Self::HASH]))
    }

    /// Reads a ring's name; `None` for a ring that tenants share, and for what names no ring.
    pub fn parse(ring: &str) -> Option<Self> {
        [Purpose::Credentials, Purpose::WebhookSecrets]
            .into_iter()
            .filter_map(|purpose| ring.strip_prefix(&Self::prefix(purpose)))
            .any(|hash| hash.len() == Self::HASH && hash.bytes().all(random::is_base32))
            .then(|| Self(ring.to_owned()))
    }

    /// The name as it is stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn prefix(purpose: Purpose) -> String {
        format!("{}/tenant-", purpose.name())
    }
}

impl fmt::Display for OwnRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for OwnRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where wrapped ring keys are kept: all that sealing and opening need. Every read sees every write before it.
#[async_trait]
pub trait KeyRings: Send + Sync {
    /// One version of a ring.
    async fn find(&self, ring: &str, version: u32) -> Result<Option<WrappedRingKey>, StoreError>;
    /// The highest version of a ring.
    async fn find_newest(&self, ring: &str) -> Result<Option<WrappedRingKey>, StoreError>;
    /// Adds a version; `false` if that version exists already, and then nothing is changed.
    async fn add(&self, key: &WrappedRingKey) -> Result<bool, StoreError>;
}

/// What an operator does with rings, beyond what sealing and opening need.
#[async_trait]
pub trait KeyRingUpkeep: KeyRings {
    /// Puts other wrapped bytes, under another KMS key (ARN), in the place of those that `row` shows; `false` if the
    /// row does not hold these any more, or is gone, and then nothing is changed.
    async fn replace_wrapped(
        &self,
        row: &WrappedRingKey,
        kms_key: &str,
        wrapped: &[u8],
    ) -> Result<bool, StoreError>;
    /// Says whether the ring seals while this version is its highest; `false` if there is no such row.
    async fn set_seals(&self, ring: &str, version: u32, seals: bool) -> Result<bool, StoreError>;
    /// All versions of a ring, lowest first.
    async fn list_versions(&self, ring: &str) -> Result<Vec<WrappedRingKey>, StoreError>;
    /// Rows whose KMS key (ARN) is that one, by ring, a page at a time. Read from an index: a change shows after a
    /// moment.
    async fn list_under(
        &self,
        kms_key: &str,
        after: Option<&RowName>,
    ) -> Result<RowPage, StoreError>;
    /// Deletes all versions of a ring, lowest first, and says how many there were: what they sealed never opens again.
    ///
    /// Processes that hold the key forget it within fifteen minutes. Until then the tenant must not be given a ring of
    /// its own anew: its versions would bear the old names.
    async fn destroy(&self, ring: &OwnRing) -> Result<usize, StoreError>;
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "a test is a trusted source of tenants"
)]
mod tests {
    use super::*;

    #[test]
    fn a_tenants_ring_has_a_name_that_says_nothing() {
        let tenant = TenantId::from_trusted_source("t_one").expect("a tenant");
        let ring = OwnRing::of(Purpose::WebhookSecrets, &tenant);
        assert_eq!(
            ring.as_str(),
            "webhook-secrets/tenant-z8mptszs4zkafrpyj23g6b8mhz"
        );
        assert_eq!(OwnRing::parse(ring.as_str()), Some(ring));
    }

    #[test]
    fn no_other_ring_is_taken_for_a_tenants_own() {
        let hash = "0123456789abcdefghjkmnpqrs";
        assert!(OwnRing::parse(&format!("credentials/tenant-{hash}")).is_some());
        for ring in [
            "credentials/shared-0".to_owned(),
            "credentials/tenant-".to_owned(),
            format!("credentials/tenant-{hash}0"),
            format!("credentials/tenant-{}", &hash[1..]),
            format!("credentials/tenant-{}", hash.to_uppercase()),
            format!("credentials/shared-0/tenant-{hash}"),
            format!("other/tenant-{hash}"),
            format!("tenant-{hash}"),
            String::new(),
        ] {
            assert_eq!(OwnRing::parse(&ring), None, "{ring}");
        }
    }
}
