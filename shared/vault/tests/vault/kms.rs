//! AWS KMS, as its real client speaks to the stand-in: what its errors mean.

use domain::seal::Purpose;
use testing::cloud::{Calls, Cloud, Fault};
use vault::{AwsKms, KeyContext, KeyService, KeyServiceError};

fn context(ring: &str, version: u32) -> KeyContext<'_> {
    KeyContext {
        purpose: Purpose::Credentials,
        ring,
        version,
    }
}

fn setup() -> (Cloud, AwsKms, String) {
    let cloud = Cloud::default().with_key("one").with_key("two");
    let kms = AwsKms(aws_sdk_kms::Client::new(&cloud.sdk_config()));
    (cloud, kms, Cloud::key_arn("one"))
}

#[tokio::test]
async fn a_key_comes_back_under_its_own_key_and_context_only() {
    let (_cloud, kms, key) = setup();
    let made = kms.generate(&key, context("r", 1)).await.expect("made");
    assert_eq!(made.plaintext.len(), 32);
    let again = kms
        .unwrap_key(&key, context("r", 1), &made.wrapped)
        .await
        .expect("unwrapped");
    assert_eq!(*again, *made.plaintext);
    let webhooks = KeyContext {
        purpose: Purpose::WebhookSecrets,
        ..context("r", 1)
    };
    for other in [context("s", 1), context("r", 2), webhooks] {
        let refused = kms.unwrap_key(&key, other, &made.wrapped).await;
        assert!(
            matches!(refused, Err(KeyServiceError::Mismatch)),
            "{other:?}"
        );
    }
    let other = Cloud::key_arn("two");
    let refused = kms.unwrap_key(&other, context("r", 1), &made.wrapped).await;
    assert!(matches!(refused, Err(KeyServiceError::Mismatch)));
    for wrapped in [b"".as_slice(), b"x", &made.wrapped[1..]] {
        let refused = kms.unwrap_key(&key, context("r", 1), wrapped).await;
        assert!(refused.is_err());
    }
}

#[tokio::test]
async fn trouble_is_never_taken_for_tampering() {
    for fault in [
        Fault::Throttle,
        Fault::InternalError,
        Fault::AccessDenied,
        Fault::KeyDisabled,
        Fault::Reset,
    ] {
        let (cloud, kms, key) = setup();
        let made = kms.generate(&key, context("r", 1)).await.expect("made");
        cloud.faults().fail(Calls::any().always(), fault);
        let refused = kms.unwrap_key(&key, context("r", 1), &made.wrapped).await;
        assert!(
            matches!(refused, Err(KeyServiceError::Unavailable(_))),
            "{fault:?}"
        );
        let refused = kms.generate(&key, context("r", 2)).await;
        assert!(
            matches!(refused, Err(KeyServiceError::Unavailable(_))),
            "{fault:?}"
        );
    }
    let (_cloud, kms, _) = setup();
    let unknown = kms.generate(&Cloud::key_arn("none"), context("r", 1)).await;
    assert!(matches!(unknown, Err(KeyServiceError::Unavailable(_))));
}
