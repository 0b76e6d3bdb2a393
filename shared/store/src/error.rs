//! From the SDK's errors to what callers can act on.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use domain::failure::StoreError;

/// Why a conditional write was not made.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The record was changed or removed since it was read: read again.
    #[error("the record was changed meanwhile")]
    Conflict,
    /// An account at the provider belongs to another integration; deliberately not said to whose.
    #[error("the account is connected already")]
    AccountTaken,
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub(crate) fn unavailable<E, R>(error: SdkError<E, R>) -> StoreError
where
    E: std::error::Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    StoreError::Unavailable("the database", Some(Box::new(error)))
}

pub(crate) fn is_conditional_failure<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    error
        .as_service_error()
        .and_then(ProvideErrorMetadata::code)
        .is_some_and(|code| code == "ConditionalCheckFailedException")
}
