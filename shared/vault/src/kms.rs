//! The key service that wraps ring keys: AWS KMS in production, a local one with faults in tests.

use async_trait::async_trait;
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::DataKeySpec;
use domain::seal::Purpose;
use zeroize::Zeroizing;

/// What a wrapped ring key is bound to: KMS's encryption context. Opaque names only, for CloudTrail shows it.
#[derive(Debug, Clone, Copy)]
pub struct KeyContext<'a> {
    /// Which set of rings.
    pub purpose: Purpose,
    /// The ring's name.
    pub ring: &'a str,
    /// The ring's version.
    pub version: u32,
}

/// A fresh ring key, plain and wrapped.
pub struct DataKey {
    /// 32 bytes.
    pub plaintext: Zeroizing<Vec<u8>>,
    /// What is stored.
    pub wrapped: Vec<u8>,
}

/// Why the key service did not give a key.
#[derive(Debug, thiserror::Error)]
pub enum KeyServiceError {
    /// Throttled, timed out or unreachable: the next call may succeed. No statement about what is stored.
    #[error("the key service is not available: {0}")]
    Unavailable(String),
    /// The KMS key may not be used: denied, switched off, about to be deleted, or gone. So it stays until somebody
    /// changes it. No statement about what is stored.
    #[error("the key service does not let us use the KMS key: {0}")]
    Denied(String),
    /// The wrapped key was not made by this KMS key under this context.
    #[error("the wrapped key does not belong to its ring")]
    Mismatch,
}

/// Makes and unwraps ring keys. KMS keys are named by their ARNs.
#[async_trait]
pub trait KeyService: Send + Sync {
    /// A new 256-bit key under `kms_key`.
    async fn generate(
        &self,
        kms_key: &str,
        context: KeyContext<'_>,
    ) -> Result<DataKey, KeyServiceError>;
    /// Unwraps a key, naming the KMS key that must have wrapped it.
    async fn unwrap_key(
        &self,
        kms_key: &str,
        context: KeyContext<'_>,
        wrapped: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, KeyServiceError>;
    /// Wraps a key under `to` that `from` must have wrapped, in the same context; nobody sees it plain.
    async fn rewrap(
        &self,
        from: &str,
        to: &str,
        context: KeyContext<'_>,
        wrapped: &[u8],
    ) -> Result<Vec<u8>, KeyServiceError>;
}

/// AWS KMS.
#[derive(Debug, Clone)]
pub struct AwsKms(pub aws_sdk_kms::Client);

#[async_trait]
impl KeyService for AwsKms {
    async fn generate(
        &self,
        kms_key: &str,
        context: KeyContext<'_>,
    ) -> Result<DataKey, KeyServiceError> {
        let answer = self
            .0
            .generate_data_key()
            .key_id(kms_key)
            .key_spec(DataKeySpec::Aes256)
            .encryption_context("purpose", context.purpose.name())
            .encryption_context("ring", context.ring)
            .encryption_context("version", context.version.to_string())
            .send()
            .await
            .map_err(|error| refused(&error))?;
        match (answer.plaintext, answer.ciphertext_blob) {
            (Some(plaintext), Some(wrapped)) => Ok(DataKey {
                plaintext: Zeroizing::new(plaintext.into_inner()),
                wrapped: wrapped.into_inner(),
            }),
            _ => Err(no_key()),
        }
    }

    async fn unwrap_key(
        &self,
        kms_key: &str,
        context: KeyContext<'_>,
        wrapped: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, KeyServiceError> {
        let answer = self
            .0
            .decrypt()
            .key_id(kms_key)
            .ciphertext_blob(Blob::new(wrapped))
            .encryption_context("purpose", context.purpose.name())
            .encryption_context("ring", context.ring)
            .encryption_context("version", context.version.to_string())
            .send()
            .await
            .map_err(|error| refused(&error))?;
        let plaintext = answer.plaintext.ok_or_else(no_key)?;
        Ok(Zeroizing::new(plaintext.into_inner()))
    }

    async fn rewrap(
        &self,
        from: &str,
        to: &str,
        context: KeyContext<'_>,
        wrapped: &[u8],
    ) -> Result<Vec<u8>, KeyServiceError> {
        let version = context.version.to_string();
        let answer = self
            .0
            .re_encrypt()
            .source_key_id(from)
            .destination_key_id(to)
            .ciphertext_blob(Blob::new(wrapped))
            .source_encryption_context("purpose", context.purpose.name())
            .source_encryption_context("ring", context.ring)
            .source_encryption_context("version", &version)
            .destination_encryption_context("purpose", context.purpose.name())
            .destination_encryption_context("ring", context.ring)
            .destination_encryption_context("version", &version)
            .send()
            .await
            .map_err(|error| refused(&error))?;
        let wrapped = answer.ciphertext_blob.ok_or_else(no_key)?;
        Ok(wrapped.into_inner())
    }
}

/// By the error's code and kind. Never by its answer: that may hold the key.
fn refused<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> KeyServiceError {
    let kind = match error {
        SdkError::ConstructionFailure(_) => "the request could not be made",
        SdkError::TimeoutError(_) => "no answer in time",
        SdkError::DispatchFailure(_) => "not reached",
        SdkError::ResponseError(_) => "the answer cannot be read",
        _ => "refused",
    };
    let code = error.code().unwrap_or("no code");
    let told = format!("{kind} ({code})");
    match code {
        "InvalidCiphertextException" | "IncorrectKeyException" => KeyServiceError::Mismatch,
        "AccessDeniedException"
        | "DisabledException"
        | "KMSInvalidStateException"
        | "NotFoundException" => KeyServiceError::Denied(told),
        _ => KeyServiceError::Unavailable(told),
    }
}

fn no_key() -> KeyServiceError {
    KeyServiceError::Unavailable("KMS gave no key".into())
}

#[cfg(test)]
mod tests {
    use aws_sdk_kms::error::ErrorMetadata;
    use aws_sdk_kms::operation::decrypt::DecryptError;

    use super::*;

    fn answered(code: &str) -> KeyServiceError {
        let error = DecryptError::generic(ErrorMetadata::builder().code(code).build());
        refused(&SdkError::service_error(error, ()))
    }

    #[test]
    fn f8_what_kms_says_is_told_apart_by_its_code() {
        for code in ["InvalidCiphertextException", "IncorrectKeyException"] {
            assert!(
                matches!(answered(code), KeyServiceError::Mismatch),
                "{code}"
            );
        }
        for code in [
            "AccessDeniedException",
            "DisabledException",
            "KMSInvalidStateException",
            "NotFoundException",
        ] {
            assert!(
                matches!(answered(code), KeyServiceError::Denied(_)),
                "{code}"
            );
        }
        for code in [
            "ThrottlingException",
            "LimitExceededException",
            "DependencyTimeoutException",
            "KeyUnavailableException",
            "KMSInternalException",
            "ServiceUnavailable",
            "ExpiredTokenException",
            "something new",
        ] {
            assert!(
                matches!(answered(code), KeyServiceError::Unavailable(_)),
                "{code}"
            );
        }
    }
}
