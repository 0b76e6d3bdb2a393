//! The connection test against AWS in memory and the provider sandbox on loopback.
#![expect(
    clippy::expect_used,
    reason = "a test that cannot go on says what it expected"
)]

mod callers;
#[path = "../../../../shared/custody/tests/custody/chains.rs"]
mod chains;
mod given;
mod recording;
mod returning;
mod stage;
mod stored;
