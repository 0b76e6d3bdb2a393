//! The stand-in cloud, spoken to by the real AWS SDK.
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

mod dynamodb;
mod faults;
mod indexes;
mod kms;
mod sqs;
mod watch;

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// The code of an error that the service answered.
fn code<T: std::fmt::Debug, E: ProvideErrorMetadata + std::fmt::Debug, R: std::fmt::Debug>(
    answer: Result<T, SdkError<E, R>>,
) -> String {
    let error = answer.unwrap_err();
    error
        .code()
        .unwrap_or_else(|| panic!("no code: {error:?}"))
        .to_owned()
}
