//! The router against AWS in memory: repeated, out of order, malformed, and with the table failing.
#![expect(
    clippy::expect_used,
    reason = "a test that cannot go on says what it expected"
)]

#[path = "../../../../shared/custody/tests/custody/chains.rs"]
mod chains;
mod figures;
mod messages;
mod openings;
mod stage;
mod statuses;
mod trouble;
