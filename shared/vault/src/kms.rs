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
    /// Throttled, timed out, unreachable, denied or switched off: no statement about what is stored.
    #[error("the key service is not available: {0}")]
    Unavailable(String),
    /// The wrapped key was not made by this key under this context.
    #[error("the wrapped key does not belong to its ring")]
    Mismatch,
}

/// Makes and unwraps ring keys.
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
            .map_err(|error| unavailable(&error))?;
        match (answer.plaintext, answer.ciphertext_blob) {
            (Some(plaintext), Some(wrapped)) => Ok(DataKey {
                plaintext: Zeroizing::new(plaintext.into_inner()),
                wrapped: wrapped.into_inner(),
            }),
            _ => Err(KeyServiceError::Unavailable("KMS gave no key".into())),
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
            .await;
        match answer {
            Ok(answer) => answer
                .plaintext
                .map(|plaintext| Zeroizing::new(plaintext.into_inner()))
                .ok_or_else(|| KeyServiceError::Unavailable("KMS gave no key".into())),
            Err(error)
                if matches!(
                    error.code(),
                    Some("InvalidCiphertextException" | "IncorrectKeyException")
                ) =>
            {
                Err(KeyServiceError::Mismatch)
            }
            Err(error) => Err(unavailable(&error)),
        }
    }
}

/// The error's code and kind. Never its answer: that may hold the key.
fn unavailable<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> KeyServiceError {
    let kind = match error {
        SdkError::ConstructionFailure(_) => "the request could not be made",
        SdkError::TimeoutError(_) => "no answer in time",
        SdkError::DispatchFailure(_) => "not reached",
        SdkError::ResponseError(_) => "the answer cannot be read",
        _ => "refused",
    };
    let code = error.code().unwrap_or("no code");
    KeyServiceError::Unavailable(format!("{kind} ({code})"))
}
