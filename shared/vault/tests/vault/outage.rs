//! When the keys cannot be had: what is held serves to a hard limit, then work waits, and nothing is held against what
//! was sealed.

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::join_all;
use vault::{CacheLimits, OpenError};

use crate::fakes::{Dice, Trouble};
use crate::fleet::{Fleet, Rings};

const SECOND: Duration = Duration::from_secs(1);

/// What became of a number of openings.
#[derive(Debug, Default, PartialEq)]
struct Count {
    opened: usize,
    waiting: usize,
    /// Callers take this for a broken credential.
    blamed: usize,
}

impl Count {
    fn add(&mut self, opened: Result<(), OpenError>) {
        match opened {
            Ok(()) => self.opened += 1,
            Err(OpenError::Unavailable(_)) => self.waiting += 1,
            Err(OpenError::DoesNotOpen) => self.blamed += 1,
        }
    }
}

/// One container and twenty tenants in as many rings, so that all of it depends on what is held.
async fn fleet() -> Fleet {
    Fleet::new(1, 20, Rings::Own, crate::fakes::unvouched()).await
}

/// Five hundred openings, in batches of ten, a second apart.
async fn five_hundred(fleet: &Fleet) -> Count {
    let mut count = Count::default();
    for batch in 0..50 {
        let batch = (0..10).map(|message| fleet.open(0, (batch * 10 + message) % 20));
        for opened in join_all(batch).await {
            count.add(opened);
        }
        fleet.wait(SECOND);
    }
    count
}

const OPENED: Count = Count {
    opened: 500,
    waiting: 0,
    blamed: 0,
};
const WAITING: Count = Count {
    opened: 0,
    waiting: 500,
    blamed: 0,
};

#[tokio::test]
async fn f8_no_fault_of_the_key_service_is_held_against_a_credential() {
    for trouble in Trouble::all() {
        let warm = fleet().await;
        assert_eq!(five_hundred(&warm).await, OPENED);
        // All keys are due.
        warm.wait(300 * SECOND);
        warm.world().service.fail(trouble);
        assert_eq!(five_hundred(&warm).await, OPENED, "warm, {trouble:?}");

        let cold = fleet().await;
        cold.world().service.fail(trouble);
        let before = cold.calls();
        assert_eq!(five_hundred(&cold).await, WAITING, "cold, {trouble:?}");
        println!(
            "{trouble:?}: 500 openings wait, {} KMS calls",
            cold.calls() - before
        );
        cold.world().service.fail(None);
        cold.wait(30 * SECOND);
        assert_eq!(five_hundred(&cold).await, OPENED, "afterwards, {trouble:?}");
    }
}

#[tokio::test]
async fn f8_a_table_that_does_not_answer_is_not_held_against_a_credential() {
    let warm = fleet().await;
    assert_eq!(five_hundred(&warm).await, OPENED);
    warm.wait(300 * SECOND);
    warm.world().rows.down.store(true, Ordering::SeqCst);
    assert_eq!(five_hundred(&warm).await, OPENED);
    let cold = fleet().await;
    cold.world().rows.down.store(true, Ordering::SeqCst);
    assert_eq!(five_hundred(&cold).await, WAITING);
}

#[tokio::test]
async fn f8_control_a_table_that_is_down_and_taken_for_empty_blames_every_credential() {
    let cold = fleet().await;
    cold.world().rows.down.store(true, Ordering::SeqCst);
    cold.world()
        .rows
        .takes_down_for_gone
        .store(true, Ordering::SeqCst);
    assert_eq!(five_hundred(&cold).await.blamed, 500);
}

/// Twenty containers at work, whose keys are of all ages.
async fn fleet_at_work(limits: CacheLimits) -> Fleet {
    let fleet = Fleet::new(20, 200, Rings::Shared(8), limits).await;
    for _ in 0..60 {
        work(&fleet).await;
        fleet.wait(10 * SECOND);
    }
    fleet
}

/// Twenty messages in every container, which need all rings.
async fn work(fleet: &Fleet) -> Count {
    let mut count = Count::default();
    for container in 0..fleet.containers.len() {
        let batch = (0..20).map(|tenant| fleet.open(container, tenant));
        for opened in join_all(batch).await {
            count.add(opened);
        }
    }
    count
}

/// An outage of so many minutes, in which all containers work on.
async fn outage(fleet: &Fleet, trouble: Trouble, minutes: usize) -> Count {
    fleet.world().service.fail(trouble);
    let mut all = Count::default();
    for _ in 0..minutes * 6 {
        let count = work(fleet).await;
        all.opened += count.opened;
        all.waiting += count.waiting;
        all.blamed += count.blamed;
        fleet.wait(10 * SECOND);
    }
    fleet.world().service.fail(None);
    all
}

#[tokio::test]
async fn f8_an_outage_of_ten_minutes_is_not_noticed() {
    let fleet = fleet_at_work(crate::fakes::unvouched()).await;
    let before = fleet.calls();
    let count = outage(&fleet, Trouble::InternalError, 10).await;
    println!(
        "ten minutes without KMS: {count:?}, {} calls",
        fleet.calls() - before
    );
    assert_eq!((count.opened, count.waiting, count.blamed), (24_000, 0, 0));
}

#[tokio::test]
async fn f8_control_keys_that_serve_no_longer_than_their_lifetime_make_work_wait() {
    let limits = CacheLimits {
        hard_lifetime: 300 * SECOND,
        ..crate::fakes::unvouched()
    };
    let fleet = fleet_at_work(limits).await;
    let count = outage(&fleet, Trouble::InternalError, 10).await;
    assert!(count.waiting > 10_000, "{count:?}");
}

#[tokio::test]
async fn f8_in_a_longer_outage_work_waits_and_then_recovers_without_a_herd() {
    for trouble in [Trouble::TimedOut, Trouble::AccessDenied] {
        let fleet = fleet_at_work(crate::fakes::unvouched()).await;
        let count = outage(&fleet, trouble, 17).await;
        println!("seventeen minutes of {trouble:?}: {count:?}");
        assert!(count.opened > 24_000 && count.waiting > 1_000 && count.blamed == 0);
        // A denial is believed for half a minute more.
        fleet.wait(30 * SECOND);
        let before = fleet.calls();
        let everything = fleet.containers.len() * fleet.values.len();
        let waiting = (0..everything).map(|n| fleet.open(n % 20, n / 20));
        let opened = join_all(waiting).await;
        assert!(opened.iter().all(Result::is_ok));
        let calls = fleet.calls() - before;
        println!("{} messages that waited: {calls} KMS calls", opened.len());
        assert!(calls <= 20 * 8, "{calls}");
    }
}

#[tokio::test]
async fn f8_control_processes_that_share_nothing_recover_as_a_herd() {
    let fleet = Fleet::new(1, 200, Rings::Shared(8), crate::fakes::unvouched()).await;
    let before = fleet.calls();
    let mut dice = Dice::seeded("a herd");
    for _ in 0..200 {
        let (place, sealed) = &fleet.values[dice.below(200)];
        let opened = fleet.world().another().open(place, sealed).await;
        assert!(opened.is_ok());
    }
    assert!(fleet.calls() - before > 8);
}
