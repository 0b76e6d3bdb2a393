//! Why the vault did not do its work.

use domain::failure::StoreError;

use crate::kms::KeyServiceError;

/// Why a sealed value did not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It was changed, moved, or never sealed by us, or its key was destroyed; deliberately no more is said.
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

/// Why a ring key was not to be had.
#[derive(Debug, Clone)]
pub(crate) enum Refusal {
    /// Nobody answered.
    Unavailable(String),
    /// We may not use the KMS key.
    Denied(String),
    /// KMS does not know the row as its own.
    Tampered,
    /// There is no such row: the ring never was, or was destroyed.
    Gone,
}

impl Refusal {
    /// Whether it is the same a moment later.
    pub(crate) fn is_denial(&self) -> bool {
        matches!(self, Self::Denied(_) | Self::Tampered)
    }

    /// Whether it is the same for ever.
    pub(crate) fn is_final(&self) -> bool {
        matches!(self, Self::Gone)
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<KeyServiceError> for Refusal {
    fn from(error: KeyServiceError) -> Self {
        match error {
            KeyServiceError::Unavailable(reason) => Self::Unavailable(reason),
            KeyServiceError::Denied(reason) => Self::Denied(reason),
            KeyServiceError::Mismatch => Self::Tampered,
        }
    }
}

/// A row that was changed blames no value that was sealed under its key: only a row that is gone does.
impl From<Refusal> for OpenError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unavailable(reason) | Refusal::Denied(reason) => Self::Unavailable(reason),
            Refusal::Tampered => Self::Unavailable("the ring's row was changed".into()),
            Refusal::Gone => Self::DoesNotOpen,
        }
    }
}

/// Why an operation on a ring was not done.
#[derive(Debug, thiserror::Error)]
pub enum KeeperError {
    /// No row bears the name.
    #[error("{0} does not exist: check the name; a tenant's own ring has to be given first")]
    NoSuchRing(String),
    /// The ring is of another purpose than the keeper.
    #[error("{0} is a ring of another purpose: use the keeper of its own purpose")]
    OtherPurpose(String),
    /// Somebody else changed the ring at the same time, and theirs counts.
    #[error(
        "{0} was changed by somebody else meanwhile: look at it, and repeat this if it is still wanted"
    )]
    Overtaken(String),
    /// KMS does not know a row of the ring as its own.
    #[error("a row of {0} was changed: restore it from a backup of the table")]
    Tampered(String),
    /// The table or the key service did not answer, or may not be used.
    #[error("{0}: mend that and repeat this; what was done already stays as it is")]
    Unavailable(String),
}

impl From<StoreError> for KeeperError {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl KeeperError {
    pub(crate) fn of_ring(ring: &str, error: KeyServiceError) -> Self {
        match error {
            KeyServiceError::Mismatch => Self::Tampered(ring.to_owned()),
            error => Self::Unavailable(error.to_string()),
        }
    }
}
