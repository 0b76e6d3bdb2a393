//! Whatever fails, nothing that was counted is lost or counted twice, but for what a killed process had not written yet.

use std::time::Duration;

use domain::figures::Figure;
use testing::cloud::{Calls, Fault};
use testing::switchboard::ACTIVITY;

use crate::stage::{MINUTE, Stage};

const FAULTS: [Fault; 7] = [
    Fault::Throttle,
    Fault::ThroughputExceeded,
    Fault::InternalError,
    Fault::AccessDenied,
    Fault::Reset,
    Fault::AppliedButLost,
    Fault::Partial(0),
];

#[tokio::test]
async fn what_could_not_be_written_is_written_later_with_what_came_since() {
    for fault in FAULTS {
        let stage = Stage::new();
        let book = stage.book("c1");
        stage.send(&book, 7);
        stage.clock.advance(MINUTE);
        let calls = Calls::of("BatchWriteItem").on(ACTIVITY).always();
        stage.cloud.faults().fail(calls, fault);
        stage.settle(&book).await;
        let applied = u64::from(fault == Fault::AppliedButLost) * 7;
        assert_eq!(stage.sent().await, applied, "{fault:?}");
        stage.send(&book, 3);
        stage.cloud.faults().clear();
        // It is due still, and not a minute after the failure.
        stage.settle(&book).await;
        assert_eq!((stage.sent().await, stage.items()), (10, 1), "{fault:?}");
    }
}

#[tokio::test]
async fn a_total_that_is_under_way_is_not_overtaken() {
    let stage = Stage::new();
    let book = stage.book("c1");
    stage.send(&book, 7);
    stage.clock.advance(MINUTE);
    let under_way = book.due(stage.now());
    stage.send(&book, 3);
    stage.clock.advance(MINUTE);
    stage.settle(&book).await;
    book.close().await;
    assert_eq!(stage.writes(), 0);
    // Whoever wrote it was broken off.
    drop(under_way);
    stage.settle(&book).await;
    assert_eq!((stage.writes(), stage.sent().await), (1, 10));
}

#[tokio::test]
async fn a_write_that_is_broken_off_is_made_again() {
    let stage = Stage::new();
    let book = stage.book("c1");
    stage.send(&book, 7);
    for fault in [Fault::Timeout, Fault::AppliedButSilent] {
        let calls = Calls::of("BatchWriteItem").on(ACTIVITY).always();
        stage.cloud.faults().fail(calls, fault);
        stage.clock.advance(MINUTE);
        let broken_off = tokio::time::timeout(Duration::from_millis(20), stage.settle(&book));
        broken_off.await.expect_err("it does not end");
        stage.cloud.faults().clear();
        stage.settle(&book).await;
        assert_eq!(stage.sent().await, 7, "{fault:?}");
        book.count(
            &stage.tenant,
            &stage.integration,
            stage.now(),
            &crate::stage::failed(domain::FailureKind::NotFound),
        );
    }
}

/// Numbers that look random, the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        let factor = 6_364_136_223_846_793_005_u64;
        self.0 = self.0.wrapping_mul(factor).wrapping_add(1);
        (self.0 >> 33) % sides
    }
}

/// Containers count, write, fail, end and begin, over several hours; how many were counted and how many are on record.
async fn a_life(seed: u64, killed: bool) -> (u64, u64) {
    let stage = Stage::new();
    let mut dice = Dice(seed);
    let mut books = [stage.book("c0"), stage.book("c1"), stage.book("c2")];
    let mut counted = 0;
    for step in 0..200_u64 {
        let which = usize::try_from(dice.roll(3)).expect("small");
        match dice.roll(10) {
            0 => {
                let fault = FAULTS[usize::try_from(dice.roll(7)).expect("small")];
                let times = usize::try_from(1 + dice.roll(6)).expect("small");
                let calls = Calls::of("BatchWriteItem").times(times);
                stage.cloud.faults().fail(calls, fault);
            }
            1 => {
                stage.cloud.faults().clear();
                if !killed {
                    books[which].close().await;
                }
                books[which] = stage.book(&format!("d{step}"));
            }
            2 => stage.settle(&books[which]).await,
            3 => stage.clock.advance(MINUTE * 20),
            _ => {
                let count = 1 + dice.roll(5);
                stage.send(&books[which], usize::try_from(count).expect("small"));
                counted += count;
                stage.clock.advance(Duration::from_secs(dice.roll(30)));
            }
        }
    }
    stage.cloud.faults().clear();
    for book in &books {
        book.close().await;
    }
    let all = stage.cloud.items(ACTIVITY).len();
    assert!(all > 5, "several hours and containers: {all}");
    (counted, stage.sum().await.count(Figure::Sent))
}

#[tokio::test]
async fn h8_nothing_is_lost_and_nothing_counted_twice() {
    for seed in 1..=40 {
        let (counted, on_record) = a_life(seed, false).await;
        assert_eq!(on_record, counted, "seed {seed}");
    }
}

/// That is accepted, and shows that the life above would notice a loss.
#[tokio::test]
async fn h8_control_a_killed_container_takes_its_last_minute_along() {
    let (counted, on_record) = a_life(1, true).await;
    assert!(on_record < counted, "{on_record} of {counted}");
}
