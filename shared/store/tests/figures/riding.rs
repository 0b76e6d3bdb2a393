//! Figures that ride along with outcomes cost no call.

use domain::ledger::Outcome;
use domain::{IntegrationId, MessageId};
use store::figures::FigureBook;
use store::ledger::Messages;
use testing::cloud::{Calls, Fault};
use testing::switchboard::ACTIVITY;

use crate::stage::{MINUTE, Stage, sent};

/// Ends so many attempts and writes their outcomes, with what figures are due.
async fn end(stage: &Stage, book: &FigureBook, attempts: usize) -> bool {
    let messages = Messages::new(stage.client.clone(), ACTIVITY.into());
    let ended: Vec<_> = (0..attempts)
        .map(|_| {
            let at = stage.now();
            let (attempt, result) = (1, sent());
            (
                MessageId::make(),
                Outcome {
                    attempt,
                    at,
                    result,
                },
            )
        })
        .collect();
    let rows: Vec<_> = ended
        .iter()
        .map(|(id, outcome)| ((&stage.tenant, id), outcome))
        .collect();
    let due = book.due(stage.now());
    messages.write_outcomes_with(&rows, due).await.is_ok()
}

/// Items that hold figures.
fn figures(stage: &Stage) -> usize {
    let items = stage.cloud.items(ACTIVITY).into_iter();
    let is_figure = |sk: &str| sk.starts_with("FIGURES#");
    items
        .filter(|item| item["sk"]["S"].as_str().is_some_and(is_figure))
        .count()
}

#[tokio::test]
async fn as_many_ride_along_as_there_is_room_for() {
    let stage = Stage::new();
    let book = stage.book("c1");
    for _ in 0..20 {
        let integration = IntegrationId::make();
        book.count(&stage.tenant, &integration, stage.now(), &sent());
    }
    assert!(end(&stage, &book, 10).await);
    assert_eq!((stage.writes(), figures(&stage)), (1, 0), "none is due");
    stage.clock.advance(MINUTE);
    for (outcomes, riding) in [(10, 15), (24, 16), (25, 16), (0, 16), (30, 20)] {
        assert!(end(&stage, &book, outcomes).await);
        assert_eq!(figures(&stage), riding, "{outcomes} outcomes");
    }
    assert_eq!(stage.writes(), 6, "30 outcomes alone are two calls");
}

#[tokio::test]
async fn the_longest_waiting_ride_first() {
    let stage = Stage::new();
    let book = stage.book("c1");
    stage.send(&book, 1);
    stage.clock.advance(MINUTE);
    for _ in 0..200 {
        let integration = IntegrationId::make();
        book.count(&stage.tenant, &integration, stage.now(), &sent());
    }
    stage.clock.advance(MINUTE);
    assert!(end(&stage, &book, 24).await);
    assert_eq!((figures(&stage), stage.sent().await), (1, 1));
}

#[tokio::test]
async fn outcomes_that_could_not_be_written_leave_figures_due() {
    let stage = Stage::new();
    let book = stage.book("c1");
    stage.send(&book, 4);
    stage.clock.advance(MINUTE);
    for fault in [Fault::Throttle, Fault::Reset, Fault::Partial(0)] {
        let calls = Calls::of("BatchWriteItem").always();
        stage.cloud.faults().fail(calls, fault);
        assert!(!end(&stage, &book, 9).await, "{fault:?}");
        stage.cloud.faults().clear();
        assert_eq!(figures(&stage), 0, "{fault:?}");
    }
    // A part of them is tried for again until all are there.
    let calls = Calls::of("BatchWriteItem").times(2);
    stage.cloud.faults().fail(calls, Fault::Partial(3));
    assert!(end(&stage, &book, 9).await);
    assert_eq!((figures(&stage), stage.sent().await), (1, 4));
}
