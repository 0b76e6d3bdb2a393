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
    /// The tenant has left; nothing is kept for it any more.
    #[error("the tenant was removed")]
    TenantRemoved,
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is told of a call that failed. The service's own words quote items, so they go no further.
#[derive(Debug, thiserror::Error)]
#[error("{kind} ({code})")]
struct Reason {
    kind: &'static str,
    code: String,
}

pub(crate) fn unavailable<E: ProvideErrorMetadata, R>(error: SdkError<E, R>) -> StoreError {
    let kind = match &error {
        SdkError::ConstructionFailure(_) => "the request could not be made",
        SdkError::TimeoutError(_) => "no answer in time",
        SdkError::DispatchFailure(_) => "not reached",
        SdkError::ResponseError(_) => "the answer cannot be read",
        _ => "refused",
    };
    let code = error.code().unwrap_or("no code").to_owned();
    StoreError::Unavailable("the database", Some(Box::new(Reason { kind, code })))
}

pub(crate) fn is_conditional_failure<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    error
        .as_service_error()
        .and_then(ProvideErrorMetadata::code)
        .is_some_and(|code| code == "ConditionalCheckFailedException")
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use aws_sdk_dynamodb::error::ErrorMetadata;
    use aws_sdk_dynamodb::operation::put_item::PutItemError;

    use super::*;

    #[test]
    fn e2_what_the_database_says_of_an_item_is_not_repeated() {
        const CANARY: &str = "CANARY-0123456789abcdef";
        let said = ErrorMetadata::builder()
            .code("ValidationException")
            .message(format!(
                "Value '{CANARY}' at 'item' failed to satisfy constraint"
            ));
        let error: SdkError<_, ()> =
            SdkError::service_error(PutItemError::generic(said.build()), ());
        assert!(format!("{error:?}").contains(CANARY));
        let error = unavailable(error);
        assert!(!format!("{error:?}").contains("CANARY"));
        let source = error.source().map(ToString::to_string);
        assert_eq!(source.as_deref(), Some("refused (ValidationException)"));
    }
}
