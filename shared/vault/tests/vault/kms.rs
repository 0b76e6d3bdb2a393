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
async fn f3_a_key_comes_back_under_its_own_key_and_context_only() {
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
async fn f8_trouble_is_never_taken_for_tampering() {
    for (fault, lasts) in [
        (Fault::Throttle, false),
        (Fault::InternalError, false),
        (Fault::Reset, false),
        (Fault::AccessDenied, true),
        (Fault::KeyDisabled, true),
    ] {
        let (cloud, kms, key) = setup();
        let made = kms.generate(&key, context("r", 1)).await.expect("made");
        cloud.faults().fail(Calls::any().always(), fault);
        let refused = [
            kms.unwrap_key(&key, context("r", 1), &made.wrapped)
                .await
                .err(),
            kms.generate(&key, context("r", 2)).await.err(),
            kms.rewrap(&key, &key, context("r", 1), &made.wrapped)
                .await
                .err(),
        ];
        for refused in refused {
            let as_expected = match refused {
                Some(KeyServiceError::Unavailable(_)) => !lasts,
                Some(KeyServiceError::Denied(_)) => lasts,
                _ => false,
            };
            assert!(as_expected, "{fault:?}: {refused:?}");
        }
    }
    let (_cloud, kms, _) = setup();
    let unknown = kms.generate(&Cloud::key_arn("none"), context("r", 1)).await;
    assert!(matches!(unknown, Err(KeyServiceError::Denied(_))));
}

#[tokio::test]
async fn f6_a_key_is_wrapped_anew_by_its_own_kms_key_and_context_only() {
    let (cloud, kms, one) = setup();
    let two = Cloud::key_arn("two");
    let made = kms.generate(&one, context("r", 1)).await.expect("made");
    let wrapped = kms
        .rewrap(&one, &two, context("r", 1), &made.wrapped)
        .await
        .expect("wrapped anew");
    cloud.set_key_enabled("one", false);
    let again = kms.unwrap_key(&two, context("r", 1), &wrapped).await;
    assert_eq!(*again.expect("unwrapped"), *made.plaintext);
    // Its context came along.
    let elsewhere = kms.unwrap_key(&two, context("r", 2), &wrapped).await;
    assert!(matches!(elsewhere, Err(KeyServiceError::Mismatch)));
    cloud.set_key_enabled("one", true);
    for (from, context) in [
        (&one, context("r", 2)),
        (&one, context("s", 1)),
        (&two, context("r", 1)),
    ] {
        let refused = kms.rewrap(from, &two, context, &made.wrapped).await;
        assert!(
            matches!(refused, Err(KeyServiceError::Mismatch)),
            "{from} {context:?}"
        );
    }
}
