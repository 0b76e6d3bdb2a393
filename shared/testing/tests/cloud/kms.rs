//! KMS through its SDK.

use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::DataKeySpec;
use testing::cloud::Cloud;

use crate::code;

fn cloud() -> Cloud {
    Cloud::default()
        .with_key("credentials")
        .with_key("webhook-secrets")
}

async fn data_key(client: &Client) -> (Blob, Blob) {
    let made = client
        .generate_data_key()
        .key_id(Cloud::key_arn("credentials"))
        .key_spec(DataKeySpec::Aes256)
        .encryption_context("ring", "one")
        .send()
        .await
        .unwrap();
    assert_eq!(made.key_id, Some(Cloud::key_arn("credentials")));
    (made.plaintext.unwrap(), made.ciphertext_blob.unwrap())
}

#[tokio::test]
async fn a_data_key_opens_only_where_it_was_made_for() {
    let cloud = cloud();
    let client = Client::new(&cloud.sdk_config());
    let (plaintext, wrapped) = data_key(&client).await;
    assert_eq!(plaintext.as_ref().len(), 32);
    assert_ne!(data_key(&client).await.0, plaintext);
    let decrypt = |key: &str, ring: &str, blob: &Blob| {
        client
            .decrypt()
            .key_id(key)
            .ciphertext_blob(blob.clone())
            .encryption_context("ring", ring)
            .send()
    };
    let arn = Cloud::key_arn("credentials");
    assert_eq!(
        decrypt(&arn, "one", &wrapped).await.unwrap().plaintext,
        Some(plaintext.clone())
    );
    assert_eq!(
        decrypt("credentials", "one", &wrapped)
            .await
            .unwrap()
            .plaintext,
        Some(plaintext)
    );
    assert_eq!(
        code(decrypt(&arn, "two", &wrapped).await),
        "InvalidCiphertextException"
    );
    assert_eq!(
        code(decrypt("webhook-secrets", "one", &wrapped).await),
        "IncorrectKeyException"
    );
    assert_eq!(
        code(decrypt("missing", "one", &wrapped).await),
        "NotFoundException"
    );
    for position in 0..wrapped.as_ref().len() {
        let mut bytes = wrapped.clone().into_inner();
        bytes[position] ^= 1;
        assert!(
            decrypt(&arn, "one", &Blob::new(bytes)).await.is_err(),
            "{position}"
        );
    }
    let without_context = client
        .decrypt()
        .ciphertext_blob(wrapped.clone())
        .send()
        .await;
    assert_eq!(code(without_context), "InvalidCiphertextException");

    cloud.set_key_enabled("credentials", false);
    assert_eq!(
        code(decrypt(&arn, "one", &wrapped).await),
        "DisabledException"
    );
    cloud.set_key_enabled("credentials", true);
    decrypt(&arn, "one", &wrapped).await.unwrap();
}

#[tokio::test]
async fn re_encrypting_moves_a_data_key_to_another_key() {
    let cloud = cloud();
    let client = Client::new(&cloud.sdk_config());
    let (plaintext, wrapped) = data_key(&client).await;
    let moved = client
        .re_encrypt()
        .ciphertext_blob(wrapped)
        .source_encryption_context("ring", "one")
        .destination_key_id("webhook-secrets")
        .destination_encryption_context("ring", "two")
        .send()
        .await
        .unwrap();
    assert_eq!(moved.source_key_id, Some(Cloud::key_arn("credentials")));
    let opened = client
        .decrypt()
        .key_id("webhook-secrets")
        .ciphertext_blob(moved.ciphertext_blob.unwrap())
        .encryption_context("ring", "two")
        .send()
        .await
        .unwrap();
    assert_eq!(opened.plaintext, Some(plaintext));
}

#[tokio::test]
async fn re_encrypting_asks_what_decrypting_asks() {
    let cloud = cloud().with_key("other");
    let client = Client::new(&cloud.sdk_config());
    let (_, wrapped) = data_key(&client).await;
    let move_from = |source: &str, ring: &str| {
        client
            .re_encrypt()
            .ciphertext_blob(wrapped.clone())
            .source_key_id(Cloud::key_arn(source))
            .source_encryption_context("ring", ring)
            .destination_key_id(Cloud::key_arn("webhook-secrets"))
            .destination_encryption_context("ring", "two")
            .send()
    };
    move_from("credentials", "one").await.unwrap();
    for (source, ring, expected) in [
        ("other", "one", "IncorrectKeyException"),
        ("missing", "one", "NotFoundException"),
        ("credentials", "two", "InvalidCiphertextException"),
    ] {
        assert_eq!(code(move_from(source, ring).await), expected);
    }
    for key in ["credentials", "webhook-secrets"] {
        cloud.set_key_enabled(key, false);
        let refused = move_from("credentials", "one").await;
        assert_eq!(code(refused), "DisabledException", "{key}");
        cloud.schedule_key_deletion(key);
        let refused = move_from("credentials", "one").await;
        assert_eq!(code(refused), "KMSInvalidStateException", "{key}");
        cloud.set_key_enabled(key, true);
    }
    move_from("credentials", "one").await.unwrap();
}

#[tokio::test]
async fn a_key_that_is_to_be_deleted_does_nothing() {
    let cloud = cloud();
    let client = Client::new(&cloud.sdk_config());
    let (_, wrapped) = data_key(&client).await;
    cloud.schedule_key_deletion("credentials");
    let opened = client
        .decrypt()
        .ciphertext_blob(wrapped)
        .encryption_context("ring", "one");
    assert_eq!(code(opened.send().await), "KMSInvalidStateException");
    let made = client.generate_data_key().key_id("credentials");
    let made = made.key_spec(DataKeySpec::Aes256).send().await;
    assert_eq!(code(made), "KMSInvalidStateException");
}

#[tokio::test]
async fn a_key_can_be_made_over_the_wire() {
    let cloud = Cloud::default();
    let client = Client::new(&cloud.sdk_config());
    let arn = client
        .create_key()
        .send()
        .await
        .unwrap()
        .key_metadata
        .unwrap()
        .arn
        .unwrap();
    let made = client
        .generate_data_key()
        .key_id(&arn)
        .number_of_bytes(16)
        .send()
        .await
        .unwrap();
    assert_eq!(made.plaintext.unwrap().as_ref().len(), 16);
}

#[tokio::test]
async fn two_runs_are_the_same() {
    let keys = [cloud(), cloud()]
        .map(|cloud| async move { data_key(&Client::new(&cloud.sdk_config())).await });
    let [first, second] = keys;
    assert_eq!(first.await, second.await);
}
