//! What an answer of a KMS key is good for: the keys of shared rings under it, for half an hour, and nothing else.

use std::time::Duration;

use domain::Sealed;
use vault::CacheLimits;

use crate::fakes::{self, KMS_KEY, OTHER_KMS_KEY, Place, Trouble, Vault, is_unavailable};

const MINUTE: Duration = Duration::from_secs(60);

/// A process that has opened a value under each of several shared rings.
async fn at_work(limits: CacheLimits) -> (Vault, Vec<(Place, Sealed)>) {
    let writer = Vault::with(limits, 8);
    let mut values = Vec::new();
    for number in 0..64 {
        let place = Place::of(&format!("t_{number}"));
        let sealed = writer.seal(&place, b"value").await;
        values.push((place, sealed));
    }
    let vault = writer.another();
    open_all(&vault, &values).await;
    (vault, values)
}

async fn open_all(vault: &Vault, values: &[(Place, Sealed)]) {
    for (place, sealed) in values {
        assert_eq!(vault.open(place, sealed).await.expect("opens"), b"value");
    }
}

/// Calls to KMS while all values are opened every minute for so many minutes.
async fn calls_in(vault: &Vault, values: &[(Place, Sealed)], minutes: u32) -> usize {
    let before = vault.service.unwraps();
    for _ in 0..minutes {
        vault.clock.advance(MINUTE);
        open_all(vault, values).await;
    }
    vault.service.unwraps() - before
}

#[tokio::test]
async fn f5_one_answer_vouches_for_all_shared_rings_for_half_an_hour() {
    let (vault, values) = at_work(CacheLimits::default()).await;
    assert_eq!(calls_in(&vault, &values, 23).await, 0);
    assert_eq!(calls_in(&vault, &values, 8).await, 1);
    let (vault, values) = at_work(fakes::unvouched()).await;
    assert!(calls_in(&vault, &values, 23).await >= 8 * 4);
}

#[tokio::test]
async fn f5_nothing_vouches_for_a_ring_of_ones_own() {
    let vault = Vault::new();
    let place = Place::of("t_own");
    let keeper = vault.keeper();
    let given = keeper.give_own_ring(&place.tenant, OTHER_KMS_KEY).await;
    given.expect("given");
    let values = [(place.clone(), vault.seal(&place, b"value").await)];
    assert!(calls_in(&vault, &values, 20).await >= 3);
    vault.service.disable(OTHER_KMS_KEY);
    for _ in 0..16 {
        vault.clock.advance(MINUTE);
        vault.open(&place, &values[0].1).await.ok();
    }
    is_unavailable(
        vault.open(&place, &values[0].1).await,
        "its KMS key was taken away",
    );
}

#[tokio::test]
async fn f9_a_row_that_is_gone_is_noticed_however_good_the_voucher() {
    let (vault, values) = at_work(CacheLimits::default()).await;
    let before = vault.service.unwraps();
    vault.rows.clear();
    vault.clock.advance(5 * MINUTE);
    for (place, sealed) in &values {
        fakes::does_not_open(vault.open(place, sealed).await, "its ring is gone");
    }
    assert_eq!(vault.service.unwraps(), before);
}

#[tokio::test]
async fn f6_a_row_under_another_kms_key_is_unwrapped_by_that() {
    let (vault, values) = at_work(CacheLimits::default()).await;
    let before = vault.service.unwraps();
    for row in vault.rows.all() {
        let moved = vault.keeper().rewrap(&row, OTHER_KMS_KEY).await;
        assert!(moved.expect("rewrapped"));
    }
    vault.service.disable(KMS_KEY);
    vault.clock.advance(6 * MINUTE);
    open_all(&vault, &values).await;
    assert_eq!(vault.service.unwraps() - before, 8);
}

/// Half an hour for which it was vouched, and a quarter in which old keys serve on.
#[tokio::test]
async fn f8_without_kms_keys_serve_no_longer_than_three_quarters_of_an_hour() {
    let (vault, values) = at_work(CacheLimits::default()).await;
    vault.service.fail(Trouble::TimedOut);
    assert_eq!(calls_in(&vault, &values, 23).await, 0);
    for _ in 0..23 {
        vault.clock.advance(MINUTE);
        for (place, sealed) in &values {
            vault.open(place, sealed).await.ok();
        }
    }
    for (place, sealed) in &values {
        is_unavailable(vault.open(place, sealed).await, "too long without KMS");
    }
    vault.service.fail(None);
    vault.clock.advance(MINUTE);
    open_all(&vault, &values).await;
}

#[tokio::test]
async fn f5_a_denial_ends_the_voucher_for_all_rings() {
    let (vault, values) = at_work(CacheLimits::default()).await;
    vault.clock.advance(6 * MINUTE);
    // A version that this process has not seen yet.
    let place = &values[0].0;
    let ring = values[0].1.ring().expect("a seal").0;
    vault.keeper().rotate(ring, None).await.expect("rotated");
    let newer = vault.another().seal(place, b"value").await;
    vault.service.fail(Trouble::AccessDenied);
    is_unavailable(vault.open(place, &newer).await, "denied");
    let before = vault.service.unwraps();
    open_all(&vault, &values).await;
    assert!(vault.service.unwraps() - before >= 8);
}
