//! Ring keys: made once, versioned, kept apart; and which ring a tenant is sealed under.

use std::sync::atomic::Ordering;

use domain::key_ring::{OwnRing, WrappedRingKey};
use domain::seal::{Purpose, Sealed};
use domain::{Clock, random};
use vault::{CacheLimits, KeyContext, RingAssignment};

use crate::fakes::{
    KMS_KEY, OTHER_KMS_KEY, Place, Trouble, Vault, does_not_open, is_unavailable, tenant,
};

/// Adds a version of a ring without anybody's help.
pub(crate) fn rotate(vault: &Vault, ring: &str, version: u32) {
    let context = KeyContext {
        purpose: Purpose::Credentials,
        ring,
        version,
    };
    vault.rows.put(WrappedRingKey {
        ring: ring.into(),
        version,
        kms_key: KMS_KEY.into(),
        wrapped: vault.service.wrap(context, random::bytes()),
        seals: true,
        created_at: vault.clock.now(),
    });
}

/// The ring and version that a value names.
pub(crate) fn ring_of(sealed: &Sealed) -> (String, u32) {
    let (ring, version) = sealed.ring().expect("a sealed value");
    (ring.to_owned(), version)
}

fn own_ring(name: &str) -> String {
    OwnRing::of(Purpose::Credentials, &tenant(name)).to_string()
}

#[tokio::test]
async fn of_two_who_make_a_ring_at_once_one_wins_and_both_work() {
    let one = Vault::new();
    let two = one.another();
    let place = Place::of("t_one");
    let (a, b) = tokio::join!(one.seal(&place, b"a"), two.seal(&place, b"b"));
    assert_eq!(one.service.generated.load(Ordering::SeqCst), 2);
    let rows = one.rows.all();
    assert_eq!(rows.len(), 1);
    assert_eq!(
        (rows[0].ring.as_str(), rows[0].version),
        ("credentials/shared-0", 1)
    );
    for vault in [&one, &two, &one.another()] {
        assert_eq!(vault.open(&place, &a).await.expect("opens"), b"a");
        assert_eq!(vault.open(&place, &b).await.expect("opens"), b"b");
    }
}

#[tokio::test]
async fn a_hundred_who_make_rings_at_once_end_with_one_each() {
    let first = Vault::with(CacheLimits::default(), 4);
    let vaults: Vec<Vault> = (0..100).map(|_| first.another()).collect();
    let places: Vec<Place> = (0..100)
        .map(|number| Place::of(&format!("t_{number}")))
        .collect();
    let sealing = vaults
        .iter()
        .zip(&places)
        .map(|(vault, place)| vault.seal(place, b"x"));
    let sealed = futures_util::future::join_all(sealing).await;
    assert_eq!(first.rows.all().len(), 4);
    for (place, value) in places.iter().zip(&sealed) {
        assert_eq!(first.open(place, value).await.expect("opens"), b"x");
    }
    // One process and four rings: four keys.
    assert!(first.service.unwraps() <= 104);
}

#[tokio::test]
async fn the_newest_version_seals_and_all_versions_open() {
    let vault = Vault::new();
    let place = Place::of("t_one");
    let mut sealed = vec![vault.seal(&place, b"1").await];
    for version in [2, 3, 10] {
        rotate(&vault, "credentials/shared-0", version);
        let value = vault.seal(&place, version.to_string().as_bytes()).await;
        assert_eq!(value.as_bytes()[25..29], version.to_be_bytes());
        sealed.push(value);
    }
    for vault in [&vault, &vault.another()] {
        for (value, text) in sealed.iter().zip(["1", "2", "3", "10"]) {
            assert_eq!(
                vault.open(&place, value).await.expect("opens"),
                text.as_bytes()
            );
        }
    }
}

#[tokio::test]
async fn two_rings_have_two_keys() {
    let vault = Vault::with(CacheLimits::default(), 1_000);
    let (one, two) = (Place::of("t_one"), Place::of("t_two"));
    let a = vault.seal(&one, b"a").await;
    let b = vault.seal(&two, b"b").await;
    let rows = vault.rows.all();
    assert_eq!(rows.len(), 2);
    assert_ne!(rows[0].wrapped, rows[1].wrapped);
    does_not_open(vault.open(&two, &a).await, "another tenant's");
    does_not_open(vault.open(&one, &b).await, "another tenant's");
    // A ring that is gone takes what it sealed with it, and nothing else.
    let lost = Vault::with(CacheLimits::default(), 1_000);
    does_not_open(lost.open(&one, &a).await, "no such ring");
    assert_eq!(vault.open(&two, &b).await.expect("opens"), b"b");
}

#[tokio::test]
async fn a_tenant_is_sealed_under_its_own_ring_while_that_seals() {
    let vault = Vault::new();
    let (keeper, place) = (vault.keeper(), Place::of("t_one"));
    let neighbour = Place::of("t_two");
    let own = own_ring("t_one");
    let shared = vault.seal(&place, b"shared").await;
    assert_eq!(ring_of(&shared), ("credentials/shared-0".into(), 1));

    keeper
        .give_own_ring(&place.tenant, OTHER_KMS_KEY)
        .await
        .expect("given");
    let first = vault.seal(&place, b"first").await;
    assert_eq!(ring_of(&first), (own.clone(), 1));
    let row = vault.rows.all().pop().expect("its row");
    assert_eq!(
        (row.ring.as_str(), row.kms_key.as_str()),
        (own.as_str(), OTHER_KMS_KEY)
    );
    let beside = vault.seal(&neighbour, b"beside").await;
    assert_eq!(ring_of(&beside), ("credentials/shared-0".into(), 1));

    keeper
        .return_to_shared(&place.tenant)
        .await
        .expect("returned");
    let again = vault.seal(&place, b"again").await;
    assert_eq!(ring_of(&again), ("credentials/shared-0".into(), 1));
    for vault in [&vault, &vault.another()] {
        for (value, text) in [(&shared, "shared"), (&first, "first"), (&again, "again")] {
            let opened = vault.open(&place, value).await;
            assert_eq!(opened.expect("opens"), text.as_bytes());
        }
        does_not_open(vault.open(&neighbour, &first).await, "another tenant's");
    }
}

/// The newest version of an own ring decides, whatever older ones say.
#[tokio::test]
async fn a_version_that_does_not_seal_any_more_counts_only_while_it_is_the_newest() {
    let vault = Vault::new();
    let (keeper, place) = (vault.keeper(), Place::of("t_one"));
    keeper
        .give_own_ring(&place.tenant, KMS_KEY)
        .await
        .expect("given");
    keeper
        .return_to_shared(&place.tenant)
        .await
        .expect("returned");
    let own = own_ring("t_one");
    rotate(&vault, &own, 2);
    assert_eq!(ring_of(&vault.seal(&place, b"x").await), (own, 2));
}

#[test]
fn tenants_are_spread_over_the_shared_rings_and_stay_where_they_are() {
    let rings = RingAssignment {
        shared_rings: 8,
        kms_key: KMS_KEY.into(),
    };
    let mut counts = std::collections::BTreeMap::new();
    for number in 0..8_000 {
        let ring = rings.shared_ring(Purpose::Credentials, &tenant(&format!("t_{number}")));
        *counts.entry(ring).or_insert(0) += 1;
    }
    assert_eq!(counts.len(), 8);
    assert!(
        counts.values().all(|count| (800..1_200).contains(count)),
        "{counts:?}"
    );
    assert_eq!(
        rings.shared_ring(Purpose::WebhookSecrets, &tenant("t_one")),
        "webhook-secrets/shared-7"
    );
    assert_eq!(
        rings
            .own_ring(Purpose::WebhookSecrets, &tenant("t_one"))
            .as_str(),
        "webhook-secrets/tenant-z8mptszs4zkafrpyj23g6b8mhz"
    );
    let none = RingAssignment {
        shared_rings: 0,
        kms_key: KMS_KEY.into(),
    };
    assert_eq!(
        none.shared_ring(Purpose::Credentials, &tenant("t_one")),
        "credentials/shared-0"
    );
}

#[tokio::test]
async fn without_keys_or_rows_nothing_is_sealed() {
    let vault = Vault::new();
    let place = Place::of("t_one");
    for trouble in Trouble::all().filter(|trouble| *trouble != Trouble::ShortKey) {
        vault.service.fail(trouble);
        is_unavailable(
            vault.sealer.seal(&place.context(), b"x").await,
            "no key service",
        );
        assert!(vault.rows.all().is_empty());
    }
    vault.service.fail(None);
    vault.rows.down.store(true, Ordering::SeqCst);
    is_unavailable(vault.sealer.seal(&place.context(), b"x").await, "no rows");
    vault.rows.down.store(false, Ordering::SeqCst);
    let sealed = vault.seal(&place, b"x").await;
    assert_eq!(vault.open(&place, &sealed).await.expect("opens"), b"x");
}
