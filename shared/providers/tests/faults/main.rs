//! What can go wrong between a send and its answer, and what is made of it: the one client and the WhatsApp sender
//! against a provider that is scripted byte by byte.
//!
//! Each fault is met by a hundred messages. Whatever happens, each makes one request at most, nothing panics, and
//! nothing is sent but under an id that the provider gave. What takes long goes by a clock that is not waited for.
#![expect(
    clippy::expect_used,
    reason = "a test that cannot go on says what it expected"
)]

mod answers;
mod breaks;
mod clocks;
mod controls;
mod fake;
mod journal;
mod matrix;
mod outcomes;
mod places;
mod senders;
mod silence;
mod statuses;
mod throttles;
mod unreachable;

/// How many faults there are at the least.
const FEWEST: usize = 40;

#[test]
fn the_matrix_has_its_size() {
    let all = [
        unreachable::faults(),
        silence::faults(),
        breaks::faults(),
        throttles::faults(),
        statuses::faults(),
        answers::faults(),
        clocks::faults(),
    ];
    let mut names: Vec<_> = all.iter().flatten().map(|fault| fault.name).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count, "each has a name of its own");
    assert!(count >= FEWEST, "{count}");
}
