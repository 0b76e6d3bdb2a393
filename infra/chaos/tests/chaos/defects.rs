//! Controls: with a mistake in the dispatcher the same judge finds the promise broken.

use chaos::defect::Defect;
use chaos::judge::{Flaw, Verdict};
use chaos::point::{Kind, Moment};
use chaos::provider::Answer;
use chaos::reapers::Once;
use chaos::runs::alone;
use chaos::source::Delivery;
use chaos::world::{Layout, World};
use testing::dice::Dice;

use crate::minutes;

/// What becomes of two hundred messages with that mistake, in a world that is prepared so.
fn with(defect: Defect, delivery: Delivery, prepare: fn(&World)) -> Verdict {
    alone(1, async |dice| {
        let layout = Layout {
            defect: Some(defect),
            delivery,
            ..Layout::default()
        };
        let world = World::new(layout, dice).await;
        prepare(&world);
        world.produce_many(200);
        world.until_quiet(minutes(30)).await;
        // Until nobody can hold anything any more.
        world.run_for(minutes(1)).await;
        world.judge().await
    })
}

fn found(verdict: &Verdict, flaw: impl Fn(&Flaw) -> bool) {
    assert!(verdict.flawed(flaw) > 0, "{verdict}");
}

#[test]
fn a2_claims_without_a_condition_are_found() {
    let copies = Delivery {
        copies: 5,
        ..Delivery::USUAL
    };
    let verdict = with(Defect::ClaimsAreUnconditional, copies.clone(), |_| {});
    found(&verdict, |flaw| matches!(flaw, Flaw::Twice(_)));
}

#[test]
fn a2_requests_that_are_repeated_below_the_ledger_are_found() {
    let verdict = with(Defect::RequestsAreRepeated, Delivery::USUAL, |world| {
        world.provider.answers(|_| Answer::AcceptSilently)
    });
    found(&verdict, |flaw| matches!(flaw, Flaw::Twice(_)));
}

#[test]
fn a1_messages_that_are_acknowledged_before_they_are_handled_are_found() {
    let verdict = with(Defect::AcknowledgedFirst, Delivery::USUAL, |world| {
        let kind = Kind {
            delivery: 1,
            step: "BatchGetItem Integrations".into(),
            moment: Moment::Leaving,
        };
        world.powers.reap(Once::at(kind, 1, Dice::from(1)));
    });
    found(&verdict, |flaw| *flaw == Flaw::Lost);
}

#[test]
fn a3_outcomes_that_are_not_written_are_found() {
    let verdict = with(Defect::OutcomesAreDropped, Delivery::USUAL, |_| {});
    found(&verdict, |flaw| *flaw == Flaw::NoCause);
}

#[test]
fn a1_messages_that_only_count_as_sent_are_found() {
    let verdict = with(Defect::RequestsAreInvented, Delivery::USUAL, |_| {});
    found(&verdict, |flaw| matches!(flaw, Flaw::NeverSent(_)));
}
