//! Why the vault did not do its work.

use domain::failure::StoreError;

use crate::kms::KeyServiceError;

/// Why a sealed value did not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It was changed, moved, or never sealed by us; deliberately no more is said.
    #[error("the sealed value does not open")]
    DoesNotOpen,
    /// The keys cannot be had at present; says nothing about the value.
    #[error("the vault's keys are not available: {0}")]
    Unavailable(String),
}

impl From<StoreError> for OpenError {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<KeyServiceError> for OpenError {
    fn from(error: KeyServiceError) -> Self {
        match error {
            KeyServiceError::Unavailable(reason) => Self::Unavailable(reason),
            KeyServiceError::Mismatch => Self::DoesNotOpen,
        }
    }
}
