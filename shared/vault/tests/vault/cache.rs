//! Unwrapped keys: few calls, and bounds on count, age and uses.

use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::seal::Sealed;
use futures_util::future::join_all;
use vault::CacheLimits;

use crate::fakes::{Place, Trouble, Vault, does_not_open, is_unavailable};

const SECOND: Duration = Duration::from_secs(1);

fn limits() -> CacheLimits {
    CacheLimits {
        lifetime: Duration::from_secs(100),
        hard_lifetime: Duration::from_secs(300),
        uses: 1_000_000,
        keys: 100,
    }
}

/// A process that remembers nothing, and a value that another one sealed.
async fn cold(limits: CacheLimits) -> (Vault, Place, Sealed) {
    let writer = Vault::with(limits, 1);
    let place = Place::of("t_one");
    let sealed = writer.seal(&place, b"value").await;
    let vault = writer.another();
    vault.service.unwrapped.store(0, Ordering::SeqCst);
    vault.rows.reads.store(0, Ordering::SeqCst);
    (vault, place, sealed)
}

async fn opens(vault: &Vault, place: &Place, sealed: &Sealed) {
    assert_eq!(vault.open(place, sealed).await.expect("opens"), b"value");
}

#[tokio::test]
async fn fifty_at_once_make_one_call() {
    let (vault, place, sealed) = cold(limits()).await;
    join_all((0..50).map(|_| opens(&vault, &place, &sealed))).await;
    assert_eq!(vault.service.unwraps(), 1);
    assert_eq!(vault.rows.reads.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_key_serves_for_its_lifetime_and_is_then_unwrapped_anew() {
    let (vault, place, sealed) = cold(limits()).await;
    opens(&vault, &place, &sealed).await;
    vault.clock.advance(Duration::from_millis(79_999));
    opens(&vault, &place, &sealed).await;
    assert_eq!(
        vault.service.unwraps(),
        1,
        "no key is renewed before four fifths of its lifetime"
    );
    vault.clock.advance(Duration::from_millis(20_001));
    join_all((0..50).map(|_| opens(&vault, &place, &sealed))).await;
    assert_eq!(
        vault.service.unwraps(),
        2,
        "one renews it, the others take the old one meanwhile"
    );
}

#[tokio::test]
async fn keys_are_not_all_renewed_at_once() {
    let writer = Vault::with(
        CacheLimits {
            keys: 1_000,
            ..limits()
        },
        1_000_000,
    );
    let vault = writer.another();
    let mut values = Vec::new();
    for number in 0..100 {
        let place = Place::of(&format!("t_{number}"));
        let sealed = writer.seal(&place, b"value").await;
        opens(&vault, &place, &sealed).await;
        values.push((place, sealed));
    }
    vault.clock.advance(90 * SECOND);
    let before = vault.service.unwraps();
    for (place, sealed) in &values {
        opens(&vault, place, sealed).await;
    }
    let renewed = vault.service.unwraps() - before;
    assert!((10..=90).contains(&renewed), "{renewed} of 100");
}

#[tokio::test]
async fn a_key_is_unwrapped_anew_after_so_many_uses() {
    let (vault, place, sealed) = cold(CacheLimits {
        uses: 9,
        ..limits()
    })
    .await;
    for _ in 0..100 {
        opens(&vault, &place, &sealed).await;
    }
    assert_eq!(vault.service.unwraps(), 10);
}

#[tokio::test]
async fn no_more_keys_are_held_than_allowed() {
    let unwraps_with = async |keys: usize| {
        let writer = Vault::with(CacheLimits { keys, ..limits() }, 1_000_000);
        let mut values = Vec::new();
        for number in 0..4 {
            let place = Place::of(&format!("t_{number}"));
            values.push((place.clone(), writer.seal(&place, b"value").await));
        }
        let vault = writer.another();
        vault.service.unwrapped.store(0, Ordering::SeqCst);
        for _ in 0..10 {
            for (place, sealed) in &values {
                opens(&vault, place, sealed).await;
            }
        }
        vault.service.unwraps()
    };
    assert_eq!(unwraps_with(4).await, 4);
    // With room for one, each of four in turn has to be fetched every time.
    assert_eq!(unwraps_with(1).await, 40);
    let some = unwraps_with(3).await;
    assert!((10..40).contains(&some), "{some}");
}

#[tokio::test]
async fn an_old_key_serves_while_the_key_service_is_down_up_to_a_hard_limit() {
    for down in ["service", "rows"] {
        let (vault, place, sealed) = cold(limits()).await;
        let set_down = |yes: bool| match down {
            "service" => vault.service.fail(yes.then_some(Trouble::Down)),
            _ => vault.rows.down.store(yes, Ordering::SeqCst),
        };
        opens(&vault, &place, &sealed).await;
        set_down(true);
        for seconds in [50, 50, 100, 99] {
            vault.clock.advance(seconds * SECOND);
            join_all((0..20).map(|_| opens(&vault, &place, &sealed))).await;
        }
        vault.clock.advance(SECOND);
        is_unavailable(vault.open(&place, &sealed).await, down);
        // It stays so, and says nothing against the value.
        is_unavailable(vault.open(&place, &sealed).await, down);
        set_down(false);
        opens(&vault, &place, &sealed).await;
    }
}

#[tokio::test]
async fn a_key_service_that_is_down_is_not_asked_by_everybody() {
    let (vault, place, sealed) = cold(limits()).await;
    opens(&vault, &place, &sealed).await;
    vault.service.fail(Trouble::Down);
    vault.clock.advance(100 * SECOND);
    for _ in 0..60 {
        for _ in 0..100 {
            opens(&vault, &place, &sealed).await;
        }
        vault.clock.advance(SECOND);
    }
    // Once in five seconds for a minute, and once before.
    assert_eq!(vault.service.unwraps(), 1 + 12);
    vault.service.fail(None);
    vault.clock.advance(5 * SECOND);
    for _ in 0..100 {
        opens(&vault, &place, &sealed).await;
    }
    assert_eq!(vault.service.unwraps(), 1 + 12 + 1);
}

#[tokio::test]
async fn trouble_is_not_remembered() {
    let (vault, place, sealed) = cold(limits()).await;
    vault.service.fail(Trouble::Down);
    is_unavailable(vault.open(&place, &sealed).await, "down");
    vault.service.fail(Trouble::Mismatch);
    does_not_open(vault.open(&place, &sealed).await, "mismatch");
    vault.service.fail(None);
    opens(&vault, &place, &sealed).await;
}

#[tokio::test]
async fn one_who_gives_up_waiting_does_not_hold_the_others() {
    let (vault, place, sealed) = cold(limits()).await;
    {
        let mut first = Box::pin(vault.open(&place, &sealed));
        // It has begun to fetch the key, and is dropped.
        let waker = futures_util::task::noop_waker();
        let mut turn = std::task::Context::from_waker(&waker);
        assert!(first.as_mut().poll(&mut turn).is_pending());
    }
    opens(&vault, &place, &sealed).await;
}
