//! Ring keys as they are stored: wrapped by KMS, one row per ring and version.

use async_trait::async_trait;

use crate::failure::StoreError;
use crate::time::Timestamp;

/// A ring key under KMS; without KMS it is noise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappedRingKey {
    /// `{purpose}/{name}`, such as `credentials/shared-3`.
    pub ring: String,
    /// 1, 2, 3 …; the highest seals, all of them open.
    pub version: u32,
    /// The KMS key (ARN) that wrapped it.
    pub kms_key: String,
    /// The KMS ciphertext.
    pub wrapped: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Where wrapped ring keys are kept.
#[async_trait]
pub trait KeyRings: Send + Sync {
    /// One version of a ring.
    async fn find(&self, ring: &str, version: u32) -> Result<Option<WrappedRingKey>, StoreError>;
    /// The highest version of a ring.
    async fn find_newest(&self, ring: &str) -> Result<Option<WrappedRingKey>, StoreError>;
    /// Adds a version; `false` if that version exists already, and then nothing is changed.
    async fn add(&self, key: &WrappedRingKey) -> Result<bool, StoreError>;
}
