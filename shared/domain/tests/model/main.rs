//! One message among two workers, a client, a provider, an operator and everything that goes wrong: every order in which
//! it all can happen, by `stateright`. The rules are those of `domain::ledger` itself; around them stands what the
//! dispatcher does with their answers, step by step, and a table and queues that behave as badly as theirs may.
//!
//! | promise | says | checked as |
//! | --- | --- | --- |
//! | A1 | nothing is lost | [`promises::NOT_LOST`], [`promises::AT_REST`] |
//! | A2 | nothing is sent twice unasked | [`promises::NOT_TWICE`], [`promises::SENT_ONCE`] |
//! | A3 | an unknown is shown as one, and settled by evidence | [`promises::NOT_FAILED`], [`promises::NOT_SENT`], [`promises::SENT_AGAIN`], [`promises::SETTLED`] |
//!
//! There is no clock: a lease or a wait ends whenever it pleases, a lease not before its holder is gone. So what holds
//! here holds for all lengths and orders of such terms. What can happen without end would make the states endless: how
//! often an attempt may be put off, and how much may go wrong, is limited, differently from test to test. The queue gives a
//! copy out as often as it takes; that it gives up after some receives is not in the model.
#![expect(
    clippy::expect_used,
    reason = "a test that cannot go on says what it expected"
)]

mod controls;
mod events;
mod promises;
mod provider;
mod record;
mod rules;
mod worker;
mod world;

use domain::ledger::OnUnknown;
use stateright::{Checker, Model};

use events::{Limits, Scenario};
use rules::Rules;

/// More states than any of these has: a model that grows beyond is wrong.
const MOST_STATES: usize = 10_000_000;

/// Looks at every state and holds the promises against it. `least` tells of how many different ones it should have been:
/// with fewer something keeps the rest from being reached.
#[expect(clippy::print_stdout, reason = "whoever runs the test is told")]
fn promises_hold(rules: Rules, limits: Limits, least: usize) {
    let scenario = Scenario {
        rules,
        limits,
        questions: promises::all,
    };
    let checker = scenario.checker().target_state_count(MOST_STATES);
    let checker = checker.spawn_bfs().join();
    let (states, of_them) = (checker.unique_state_count(), checker.state_count());
    let depth = checker.max_depth();
    println!("{limits:?}: {states} states, reached in {of_them} ways, {depth} steps at most");
    checker.assert_properties();
    assert!(of_them < MOST_STATES, "not all states were looked at");
    assert!(states >= least, "only {states} states");
}

/// Every end that a message can come to is reached, and so the promises are about something.
fn all_ends_occur(policy: OnUnknown) {
    let scenario = Scenario {
        rules: Rules::of(policy),
        limits: Limits {
            attempts: 2,
            mishaps: 0,
            routes: 2,
        },
        questions: promises::ends,
    };
    scenario.checker().spawn_bfs().join().assert_properties();
}

#[test]
fn a1_a2_a3_hold_where_an_unknown_is_kept() {
    let limits = Limits {
        attempts: 3,
        mishaps: 2,
        routes: 1,
    };
    promises_hold(Rules::of(OnUnknown::Keep), limits, 100_000);
}

#[test]
fn a1_a2_a3_hold_with_other_routes_and_a_provider_that_can_be_asked() {
    let limits = Limits {
        attempts: 2,
        mishaps: 2,
        routes: 2,
    };
    promises_hold(Rules::of(OnUnknown::Keep).asking(), limits, 100_000);
}

#[test]
fn a1_a2_a3_hold_where_an_unknown_is_sent_again() {
    let limits = Limits {
        attempts: 2,
        mishaps: 2,
        routes: 1,
    };
    promises_hold(Rules::of(OnUnknown::Resend), limits, 100_000);
}

#[test]
fn a1_a2_a3_hold_where_an_unknown_is_sent_again_after_many_attempts() {
    let limits = Limits {
        attempts: 3,
        mishaps: 1,
        routes: 1,
    };
    promises_hold(Rules::of(OnUnknown::Resend), limits, 100_000);
}

#[test]
fn a1_a2_a3_hold_where_an_unknown_is_sent_again_or_asked_for() {
    let limits = Limits {
        attempts: 2,
        mishaps: 1,
        routes: 1,
    };
    promises_hold(Rules::of(OnUnknown::Resend).asking(), limits, 50_000);
}

#[test]
fn a1_a2_a3_hold_where_an_unknown_is_sent_again_by_other_routes() {
    let limits = Limits {
        attempts: 2,
        mishaps: 0,
        routes: 2,
    };
    promises_hold(Rules::of(OnUnknown::Resend).asking(), limits, 20_000);
}

#[test]
fn a1_a2_a3_are_about_every_end_where_an_unknown_is_kept() {
    all_ends_occur(OnUnknown::Keep);
}

#[test]
fn a1_a2_a3_are_about_every_end_where_an_unknown_is_sent_again() {
    all_ends_occur(OnUnknown::Resend);
}
