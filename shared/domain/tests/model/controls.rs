//! The checker's own tests: with one thing done wrong it reports the promise that this breaks.

use std::collections::BTreeSet;

use domain::ledger::OnUnknown;
use stateright::{Checker, HasDiscoveries, Model};

use crate::MOST_STATES;
use crate::events::{Limits, Scenario};
use crate::promises::{self, *};
use crate::rules::{Defect, Rules};

/// Enough for most defects to show.
const LIMITS: Limits = Limits {
    attempts: 2,
    mishaps: 1,
    routes: 2,
};

/// With that done wrong, all of these are reported as broken.
fn breaks(rules: Rules, defect: Defect, promises: &[&'static str]) {
    breaks_within(LIMITS, rules, defect, promises);
}

fn breaks_within(limits: Limits, rules: Rules, defect: Defect, promises: &[&'static str]) {
    let scenario = Scenario {
        rules: Rules {
            defect: Some(defect),
            ..rules
        },
        limits,
        questions: promises::all,
    };
    let reported = HasDiscoveries::AllOf(BTreeSet::from_iter(promises.iter().copied()));
    let checker = scenario.checker().finish_when(reported);
    let checker = checker.target_state_count(MOST_STATES).spawn_bfs().join();
    for promise in promises {
        checker.assert_any_discovery(promise);
    }
}

#[test]
fn a2_a_claim_that_was_left_is_not_taken_over() {
    let keep = Rules::of(OnUnknown::Keep);
    breaks(keep, Defect::LeftClaimTakenOver, &[NOT_TWICE, SENT_ONCE]);
}

#[test]
fn a2_a_claim_is_put_only_where_none_is() {
    let keep = Rules::of(OnUnknown::Keep);
    breaks(keep, Defect::ClaimOverwritten, &[NOT_TWICE, SENT_ONCE]);
}

#[test]
fn a2_an_unknown_is_on_record_before_it_is_put_back() {
    let resend = Rules::of(OnUnknown::Resend);
    breaks(resend, Defect::PutBackBeforeRecord, &[NOT_TWICE]);
}

#[test]
fn a2_an_unknown_is_sent_again_once() {
    let resend = Rules::of(OnUnknown::Resend);
    breaks(resend, Defect::ResentWithoutLimit, &[NOT_TWICE, SENT_ONCE]);
}

#[test]
fn a2_no_worker_outlives_its_lease() {
    let resend = Rules::of(OnUnknown::Resend);
    breaks(resend, Defect::LeaseTooShort, &[NOT_TWICE]);
}

#[test]
fn a2_who_is_asked_is_who_was_asked_to_send() {
    let asking = Rules::of(OnUnknown::Keep).asking();
    breaks(asking, Defect::AnotherAccountAsked, &[NOT_TWICE]);
}

#[test]
fn a1_a_copy_takes_the_place_of_another_before_that_is_acknowledged() {
    let keep = Rules::of(OnUnknown::Keep);
    breaks(keep, Defect::AcknowledgedFirst, &[NOT_LOST, AT_REST]);
}

#[test]
fn a3_a_claim_that_was_left_is_no_failure() {
    let keep = Rules::of(OnUnknown::Keep);
    breaks(keep, Defect::LeftClaimTakenForFailed, &[NOT_FAILED]);
}

#[test]
fn a3_silence_is_no_success() {
    let keep = Rules::of(OnUnknown::Keep);
    breaks(keep, Defect::SilenceTakenForSent, &[NOT_SENT]);
}

#[test]
fn a3_what_is_to_be_sent_again_is_not_acknowledged() {
    let resend = Rules::of(OnUnknown::Resend);
    breaks(resend, Defect::ResendForgotten, &[SENT_AGAIN]);
}

#[test]
fn a3_evidence_is_read_when_a_message_comes_again() {
    let resend = Rules::of(OnUnknown::Resend);
    breaks(resend, Defect::EvidenceIgnored, &[SETTLED]);
}

#[test]
fn a3_evidence_is_believed_before_another_is_asked() {
    let limits = Limits {
        attempts: 3,
        mishaps: 0,
        routes: 2,
    };
    let asking = Rules::of(OnUnknown::Resend).asking();
    breaks_within(limits, asking, Defect::EvidenceDoubted, &[SETTLED]);
}

#[test]
fn routes_that_passed_the_message_on_are_on_record() {
    let keep = Rules::of(OnUnknown::Keep);
    breaks(keep, Defect::RouteForgotten, &[ON_ITS_ROUTE]);
}
