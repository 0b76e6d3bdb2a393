//! Whatever is changed in a sealed value, it does not open, and no more is said.

use domain::seal::Sealed;

use crate::fakes::{Place, Trouble, Vault, does_not_open};

const PLAINTEXT: &[u8] = b"CANARY-EAAG-0123456789";
/// `credentials/shared-0` stands from byte 5 on.
const RING: std::ops::Range<usize> = 5..25;
const VERSION: std::ops::Range<usize> = 25..29;
const SALT: std::ops::Range<usize> = 29..61;
const COMMITMENT: std::ops::Range<usize> = 61..93;

async fn sealed() -> (Vault, Place, Vec<u8>) {
    let vault = Vault::new();
    let place = Place::of("t_one");
    let bytes = vault.seal(&place, PLAINTEXT).await.as_bytes().to_vec();
    assert_eq!(&bytes[RING], b"credentials/shared-0");
    assert_eq!(bytes[VERSION], [0, 0, 0, 1]);
    assert_eq!(bytes.len(), COMMITMENT.end + PLAINTEXT.len() + 16);
    (vault, place, bytes)
}

async fn refuses(vault: &Vault, place: &Place, bytes: Vec<u8>, what: &str) {
    does_not_open(vault.open(place, &Sealed::from_bytes(bytes)).await, what);
}

#[tokio::test]
async fn every_single_bit_counts() {
    let (vault, place, bytes) = sealed().await;
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        refuses(&vault, &place, changed, &format!("bit {bit}")).await;
    }
    assert_eq!(
        vault
            .open(&place, &Sealed::from_bytes(bytes))
            .await
            .expect("unchanged"),
        PLAINTEXT
    );
}

#[tokio::test]
async fn a_shorter_or_longer_value_does_not_open() {
    let (vault, place, bytes) = sealed().await;
    for length in 0..bytes.len() {
        refuses(
            &vault,
            &place,
            bytes[..length].to_vec(),
            &format!("{length} bytes"),
        )
        .await;
        refuses(
            &vault,
            &place,
            bytes[bytes.len() - length..].to_vec(),
            &format!("last {length} bytes"),
        )
        .await;
    }
    for more in 1..=64 {
        for byte in [0, 0xff] {
            let longer = [bytes.as_slice(), &vec![byte; more]].concat();
            refuses(&vault, &place, longer, &format!("{more} bytes more")).await;
            let shifted = [&vec![byte; more], bytes.as_slice()].concat();
            refuses(&vault, &place, shifted, &format!("{more} bytes before")).await;
        }
    }
}

#[tokio::test]
async fn two_values_joined_anywhere_do_not_open() {
    let (vault, place, one) = sealed().await;
    let other = vault
        .seal(&place, b"another-EAAG-012345678")
        .await
        .as_bytes()
        .to_vec();
    assert_eq!(one.len(), other.len());
    // Up to the salt both are alike.
    for at in SALT.start + 1..one.len() {
        let joined = [&one[..at], &other[at..]].concat();
        refuses(&vault, &place, joined, &format!("joined at {at}")).await;
    }
}

#[tokio::test]
async fn a_commitment_of_zeros_or_of_another_value_is_refused() {
    let (vault, place, bytes) = sealed().await;
    let other = vault.seal(&place, PLAINTEXT).await.as_bytes().to_vec();
    for commitment in [
        vec![0; 32],
        vec![0xff; 32],
        other[COMMITMENT].to_vec(),
        bytes[SALT].to_vec(),
    ] {
        let mut changed = bytes.clone();
        changed[COMMITMENT].copy_from_slice(&commitment);
        refuses(&vault, &place, changed, "another commitment").await;
    }
}

#[tokio::test]
async fn an_edited_version_or_ring_leads_to_another_key() {
    let (vault, place, bytes) = sealed().await;
    // The same ring has a second version, and there are other rings, all with keys that can be had.
    crate::rings::rotate(&vault, "credentials/shared-0", 2);
    crate::rings::rotate(&vault, "credentials/shared-1", 1);
    let edit = |range: std::ops::Range<usize>, with: &[u8]| {
        let mut changed = bytes.clone();
        changed[range].copy_from_slice(with);
        changed
    };
    for version in [0_u32, 2, 3, u32::MAX] {
        let changed = edit(VERSION, &version.to_be_bytes());
        refuses(&vault, &place, changed, &format!("version {version}")).await;
    }
    for ring in [
        b"credentials/shared-1",
        b"credentials/shared-2",
        b"credentialsXshared-0",
        b"webhook-secrets/ed-0",
    ] {
        refuses(
            &vault,
            &place,
            edit(RING, ring),
            &String::from_utf8_lossy(ring),
        )
        .await;
    }
}

#[tokio::test]
async fn a_ring_row_that_was_exchanged_is_noticed() {
    let (vault, place, bytes) = sealed().await;
    let sealed = Sealed::from_bytes(bytes);
    let own = vault.rows.all().remove(0);
    crate::rings::rotate(&vault, "credentials/shared-1", 1);
    let other = vault.rows.all().remove(1);
    for wrapped in [other.wrapped, Vec::new(), b"made up".to_vec()] {
        vault.rows.put(domain::key_ring::WrappedRingKey {
            wrapped,
            ..own.clone()
        });
        does_not_open(
            vault.another().open(&place, &sealed).await,
            "an exchanged wrapped key",
        );
    }
    vault.rows.put(domain::key_ring::WrappedRingKey {
        kms_key: "arn:kms:another".into(),
        ..own.clone()
    });
    does_not_open(
        vault.another().open(&place, &sealed).await,
        "another KMS key",
    );
    vault.rows.put(own);
    for trouble in [Trouble::Mismatch, Trouble::ShortKey] {
        vault.service.fail(trouble);
        does_not_open(
            vault.another().open(&place, &sealed).await,
            "a key of another form",
        );
    }
    vault.service.fail(None);
    assert_eq!(
        vault
            .another()
            .open(&place, &sealed)
            .await
            .expect("as it was"),
        PLAINTEXT
    );
}

#[tokio::test]
async fn what_opens_and_is_no_credential_is_refused_too() {
    let vault = Vault::new();
    let place = Place::of("t_one");
    for plaintext in [
        b"\x05abc".as_slice(),
        b"\x01a\x00\x00\x00\x09x",
        b"\x01\xff\x00\x00\x00\x00",
    ] {
        let sealed = vault.seal(&place, plaintext).await;
        does_not_open(
            vault
                .opener
                .open_credentials(&place.context(), &sealed)
                .await,
            "no credentials",
        );
    }
}
