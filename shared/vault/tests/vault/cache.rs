//! Unwrapped keys: few calls, and bounds on count, age, uses and calls in flight.

use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::seal::Sealed;
use futures_util::future::join_all;
use vault::CacheLimits;

use crate::fakes::{Alarms, Place, Trouble, Vault, does_not_open, is_unavailable};

const SECOND: Duration = Duration::from_secs(1);

fn limits() -> CacheLimits {
    CacheLimits {
        lifetime: Duration::from_secs(100),
        hard_lifetime: Duration::from_secs(300),
        uses: 1_000_000,
        keys: 100,
        ..crate::fakes::unvouched()
    }
}

/// A process that remembers nothing, and a value that another one sealed.
async fn cold(limits: CacheLimits) -> (Vault, Place, Sealed) {
    let writer = Vault::with(limits, 1);
    let place = Place::of("t_one");
    let sealed = writer.seal(&place, b"value").await;
    (writer.another(), place, sealed)
}

/// Such a process, and so many values under as many keys.
async fn cold_with(limits: CacheLimits, keys: usize) -> (Vault, Vec<(Place, Sealed)>) {
    let writer = Vault::with(limits, 1);
    let keeper = writer.keeper();
    let mut values = Vec::new();
    for number in 0..keys {
        let place = Place::of(&format!("t_{number}"));
        let ring = keeper.give_own_ring(&place.tenant, crate::fakes::KMS_KEY);
        ring.await.expect("given");
        values.push((place.clone(), writer.seal(&place, b"value").await));
    }
    (writer.another(), values)
}

async fn opens(vault: &Vault, place: &Place, sealed: &Sealed) {
    assert_eq!(vault.open(place, sealed).await.expect("opens"), b"value");
}

/// Calls to unwrap a key while that is done.
async fn unwraps(vault: &Vault, work: impl Future) -> usize {
    let before = vault.service.unwraps();
    work.await;
    vault.service.unwraps() - before
}

#[test]
fn f5_the_usual_limits_are_those_that_were_promised() {
    let limits = crate::fakes::unvouched();
    assert_eq!(limits.lifetime, 300 * SECOND);
    assert!((limits.jitter - 0.2).abs() < f64::EPSILON);
    assert_eq!(limits.hard_lifetime, 900 * SECOND);
    assert_eq!(
        (limits.uses, limits.keys, limits.flights),
        (10_000, 1_000, 20)
    );
    assert_eq!(limits.denial, 30 * SECOND);
}

#[tokio::test]
async fn f5_fifty_at_once_make_one_call() {
    let (vault, place, sealed) = cold(limits()).await;
    let reads = vault.rows.reads.load(Ordering::SeqCst);
    let all = join_all((0..50).map(|_| opens(&vault, &place, &sealed)));
    assert_eq!(unwraps(&vault, all).await, 1);
    assert_eq!(vault.rows.reads.load(Ordering::SeqCst) - reads, 1);
}

#[tokio::test]
async fn f5_control_without_a_flight_in_common_fifty_make_fifty_calls() {
    let (vault, place, sealed) = cold(limits()).await;
    let apart: Vec<Vault> = (0..50).map(|_| vault.another()).collect();
    let all = join_all(apart.iter().map(|vault| opens(vault, &place, &sealed)));
    assert_eq!(unwraps(&vault, all).await, 50);
}

/// A refusal is for all who waited for it, and for nobody who comes later.
#[tokio::test]
async fn f5_fifty_at_once_who_are_refused_make_one_call() {
    let (vault, place, sealed) = cold(limits()).await;
    for trouble in [
        Trouble::Throttled,
        Trouble::TimedOut,
        Trouble::InternalError,
    ] {
        vault.service.fail(trouble);
        for _ in 0..3 {
            let all = join_all((0..50).map(async |_| {
                is_unavailable(vault.open(&place, &sealed).await, "refused");
            }));
            assert_eq!(unwraps(&vault, all).await, 1, "{trouble:?}");
        }
    }
    vault.service.fail(None);
    opens(&vault, &place, &sealed).await;
}

#[tokio::test]
async fn f5_a_key_serves_for_its_lifetime_and_is_then_unwrapped_anew() {
    let (vault, place, sealed) = cold(limits()).await;
    let young = unwraps(&vault, async {
        opens(&vault, &place, &sealed).await;
        vault.clock.advance(Duration::from_millis(79_999));
        opens(&vault, &place, &sealed).await;
    });
    assert_eq!(
        young.await,
        1,
        "none is renewed before four fifths of its lifetime"
    );
    vault.clock.advance(Duration::from_millis(20_001));
    let all = join_all((0..50).map(|_| opens(&vault, &place, &sealed)));
    assert_eq!(
        unwraps(&vault, all).await,
        1,
        "one renews it, the others take the old one"
    );
}

/// While one is about to renew a key, how many of fifty others are served at once.
async fn served_meanwhile(limits: CacheLimits) -> usize {
    let (vault, place, sealed) = cold(limits).await;
    opens(&vault, &place, &sealed).await;
    vault.clock.advance(100 * SECOND);
    vault.service.fail(Trouble::Silence);
    let mut turn = std::task::Context::from_waker(futures_util::task::noop_waker_ref());
    let mut renewing = Box::pin(vault.open(&place, &sealed));
    for _ in 0..100 {
        assert!(renewing.as_mut().poll(&mut turn).is_pending());
    }
    let mut others = (0..50).map(|_| Box::pin(vault.open(&place, &sealed)));
    let served = others
        .by_ref()
        .filter_map(|mut other| match other.as_mut().poll(&mut turn) {
            std::task::Poll::Ready(opened) => Some(opened.expect("opens")),
            std::task::Poll::Pending => None,
        });
    served.count()
}

#[tokio::test]
async fn f5_an_old_key_serves_everybody_while_one_renews_it() {
    assert_eq!(served_meanwhile(limits()).await, 50);
}

#[tokio::test]
async fn f5_control_a_key_that_may_not_grow_old_serves_nobody_meanwhile() {
    let no_grace = CacheLimits {
        hard_lifetime: limits().lifetime,
        ..limits()
    };
    assert_eq!(served_meanwhile(no_grace).await, 0);
}

/// Of a hundred keys that were unwrapped together, how many are renewed after nine tenths of their lifetime.
async fn renewed_together(limits: CacheLimits) -> usize {
    let (vault, values) = cold_with(limits, 100).await;
    let open_all = async || {
        for (place, sealed) in &values {
            opens(&vault, place, sealed).await;
        }
    };
    open_all().await;
    vault.clock.advance(90 * SECOND);
    unwraps(&vault, open_all()).await
}

#[tokio::test]
async fn f5_keys_are_not_all_renewed_at_once() {
    let renewed = renewed_together(limits()).await;
    println!("renewed after nine tenths of their lifetime: {renewed} of 100 keys");
    assert!((15..=85).contains(&renewed), "{renewed} of 100");
}

#[tokio::test]
async fn f5_control_without_jitter_keys_are_renewed_at_once() {
    let limits = CacheLimits {
        lifetime: 90 * SECOND,
        jitter: 0.0,
        ..limits()
    };
    assert_eq!(renewed_together(limits).await, 100);
}

#[tokio::test]
async fn f5_a_key_is_unwrapped_anew_after_so_many_uses() {
    for (uses, expected) in [(9, 10), (u64::MAX, 1)] {
        let (vault, place, sealed) = cold(CacheLimits { uses, ..limits() }).await;
        let all = async {
            for _ in 0..100 {
                opens(&vault, &place, &sealed).await;
            }
        };
        assert_eq!(unwraps(&vault, all).await, expected, "{uses} uses");
    }
}

#[tokio::test]
async fn f5_no_more_keys_are_held_than_allowed() {
    for (keys, expected) in [(4, 4), (3, 40), (1, 40)] {
        let (vault, values) = cold_with(CacheLimits { keys, ..limits() }, 4).await;
        let in_turns = async {
            for _ in 0..10 {
                for (place, sealed) in &values {
                    opens(&vault, place, sealed).await;
                }
            }
        };
        assert_eq!(
            unwraps(&vault, in_turns).await,
            expected,
            "room for {keys} of 4"
        );
    }
}

#[tokio::test]
async fn f5_who_is_used_often_stays() {
    let (vault, values) = cold_with(
        CacheLimits {
            keys: 3,
            ..limits()
        },
        40,
    )
    .await;
    let ((place, sealed), others) = values.split_first().expect("some");
    let work = async {
        for (other, value) in others {
            opens(&vault, place, sealed).await;
            opens(&vault, other, value).await;
        }
    };
    assert_eq!(unwraps(&vault, work).await, 1 + others.len());
}

#[tokio::test]
async fn f5_values_that_name_no_ring_push_out_no_key() {
    let (vault, values) = cold_with(
        CacheLimits {
            keys: 3,
            ..limits()
        },
        2,
    )
    .await;
    let work = async {
        for number in 0..50_u8 {
            for (place, sealed) in &values {
                opens(&vault, place, sealed).await;
                let mut astray = sealed.as_bytes().to_vec();
                astray[5 + "credentials/tenant-".len()] = b'A' + number % 26;
                does_not_open(
                    vault.open(place, &Sealed::from_bytes(astray)).await,
                    "astray",
                );
            }
        }
    };
    assert_eq!(unwraps(&vault, work).await, 2);
}

/// The most calls at once that two hundred cold keys lead to.
async fn most_in_flight(limits: CacheLimits) -> usize {
    let (vault, values) = cold_with(
        CacheLimits {
            keys: 1_000,
            ..limits
        },
        200,
    )
    .await;
    let all = values
        .iter()
        .map(|(place, sealed)| opens(&vault, place, sealed));
    join_all(all).await;
    vault.service.most_in_flight()
}

#[tokio::test]
async fn f5_no_more_than_twenty_calls_are_in_flight() {
    assert_eq!(most_in_flight(limits()).await, 20);
}

#[tokio::test]
async fn f5_control_without_the_limit_all_calls_are_in_flight() {
    let limits = CacheLimits {
        flights: 1_000,
        ..limits()
    };
    assert_eq!(most_in_flight(limits).await, 200);
}

#[tokio::test]
async fn f5_an_old_key_serves_while_the_keys_cannot_be_had_up_to_a_hard_limit() {
    for down in Trouble::all().map(Some).chain([None]) {
        let (vault, place, sealed) = cold(limits()).await;
        let set_down = |yes: bool| match down {
            Some(trouble) => vault.service.fail(yes.then_some(trouble)),
            None => vault.rows.down.store(yes, Ordering::SeqCst),
        };
        opens(&vault, &place, &sealed).await;
        set_down(true);
        for seconds in [50, 50, 100, 99] {
            vault.clock.advance(seconds * SECOND);
            join_all((0..20).map(|_| opens(&vault, &place, &sealed))).await;
        }
        vault.clock.advance(SECOND);
        is_unavailable(vault.open(&place, &sealed).await, "at the limit");
        // It stays so, and says nothing against the value.
        is_unavailable(vault.open(&place, &sealed).await, "at the limit");
        set_down(false);
        vault.clock.advance(30 * SECOND);
        opens(&vault, &place, &sealed).await;
    }
}

#[tokio::test]
async fn f5_a_key_service_that_is_down_is_not_asked_by_everybody() {
    let (vault, place, sealed) = cold(limits()).await;
    opens(&vault, &place, &sealed).await;
    vault.service.fail(Trouble::TimedOut);
    vault.clock.advance(100 * SECOND);
    let outage = async {
        for _ in 0..60 {
            for _ in 0..100 {
                opens(&vault, &place, &sealed).await;
            }
            vault.clock.advance(SECOND);
        }
    };
    assert_eq!(unwraps(&vault, outage).await, 12, "once in five seconds");
    vault.service.fail(None);
    vault.clock.advance(5 * SECOND);
    let afterwards = join_all((0..100).map(|_| opens(&vault, &place, &sealed)));
    assert_eq!(unwraps(&vault, afterwards).await, 1);
}

/// The calls that ten openings make, one after the other within 30 s of the first, and one that follows.
async fn calls_when_refused(trouble: Trouble) -> (usize, usize) {
    let (vault, place, sealed) = cold(limits()).await;
    vault.service.fail(trouble);
    let ask = async || is_unavailable(vault.open(&place, &sealed).await, "refused");
    let within = async {
        for _ in 0..10 {
            ask().await;
            vault.clock.advance(Duration::from_millis(2_999));
        }
    };
    let within = unwraps(&vault, within).await;
    vault.clock.advance(Duration::from_millis(10));
    let after = unwraps(&vault, ask()).await;
    vault.service.fail(None);
    vault.clock.advance(30 * SECOND);
    opens(&vault, &place, &sealed).await;
    (within, after)
}

#[tokio::test]
async fn f5_a_denial_is_remembered_for_thirty_seconds_and_throttling_is_not() {
    for trouble in Trouble::DENIED.into_iter().chain(Trouble::TAMPERED) {
        assert_eq!(calls_when_refused(trouble).await, (1, 1), "{trouble:?}");
    }
    for trouble in Trouble::UNAVAILABLE {
        assert_eq!(calls_when_refused(trouble).await, (10, 1), "{trouble:?}");
    }
}

/// How many of ten processes that were refused open again as soon as the trouble is over.
async fn open_again_at_once(trouble: Trouble) -> usize {
    let (vault, place, sealed) = cold(limits()).await;
    let processes: Vec<Vault> = (0..10).map(|_| vault.another()).collect();
    vault.service.fail(trouble);
    for process in &processes {
        is_unavailable(process.open(&place, &sealed).await, "refused");
    }
    vault.service.fail(None);
    let opened = join_all(
        processes
            .iter()
            .map(|process| process.open(&place, &sealed)),
    )
    .await;
    opened.iter().filter(|opened| opened.is_ok()).count()
}

#[tokio::test]
async fn f5_throttling_that_is_over_keeps_nobody_waiting() {
    for trouble in Trouble::UNAVAILABLE {
        assert_eq!(open_again_at_once(trouble).await, 10, "{trouble:?}");
    }
}

#[tokio::test]
async fn f5_control_throttling_that_is_remembered_like_a_denial_keeps_all_waiting() {
    assert_eq!(open_again_at_once(Trouble::AccessDenied).await, 0);
}

#[tokio::test]
async fn f5_a_denial_is_of_one_key() {
    let (vault, values) = cold_with(limits(), 2).await;
    let [(one, a), (two, b)] = values.as_slice() else {
        panic!("two values");
    };
    opens(&vault, two, b).await;
    vault.service.fail(Trouble::AccessDenied);
    is_unavailable(vault.open(one, a).await, "denied");
    opens(&vault, two, b).await;
}

#[tokio::test]
async fn f5_a_row_that_was_changed_is_reported_once_in_thirty_seconds() {
    let (vault, place, sealed) = cold(limits()).await;
    let alarms = Alarms::watch();
    vault.service.fail(Trouble::InvalidCiphertext);
    for minute in 0..3 {
        for _ in 0..20 {
            is_unavailable(vault.open(&place, &sealed).await, "refused");
        }
        assert_eq!(alarms.take().len(), 1, "{minute}");
        vault.clock.advance(30 * SECOND);
    }
    // Throttling and denials are no alarm.
    for trouble in Trouble::UNAVAILABLE.into_iter().chain(Trouble::DENIED) {
        vault.service.fail(trouble);
        is_unavailable(vault.open(&place, &sealed).await, "refused");
        vault.clock.advance(30 * SECOND);
    }
    assert_eq!(alarms.take(), []);
}

#[tokio::test]
async fn f5_one_who_gives_up_waiting_does_not_hold_the_others() {
    let (vault, place, sealed) = cold(limits()).await;
    {
        let mut first = Box::pin(vault.open(&place, &sealed));
        // It has begun to fetch the key, and is dropped.
        let mut turn = std::task::Context::from_waker(futures_util::task::noop_waker_ref());
        assert!(first.as_mut().poll(&mut turn).is_pending());
    }
    opens(&vault, &place, &sealed).await;
    // Nor does one take a call in flight with it.
    let (vault, values) = cold_with(
        CacheLimits {
            flights: 1,
            ..limits()
        },
        3,
    )
    .await;
    for (place, sealed) in &values {
        let mut given_up = Box::pin(vault.open(place, sealed));
        let mut turn = std::task::Context::from_waker(futures_util::task::noop_waker_ref());
        for _ in 0..3 {
            assert!(given_up.as_mut().poll(&mut turn).is_pending());
        }
    }
    for (place, sealed) in &values {
        opens(&vault, place, sealed).await;
    }
}
