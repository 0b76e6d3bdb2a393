//! The connection test against AWS in memory and the provider sandbox on loopback.
#![expect(
    clippy::expect_used,
    reason = "a test that cannot go on says what it expected"
)]

mod callers;
#[path = "../../../../shared/custody/tests/custody/chains.rs"]
mod chains;
#[path = "../../../../shared/custody/tests/custody/clear.rs"]
mod clear;
mod given;
#[path = "../../../../shared/contract/tests/contract/promises.rs"]
mod promises;
mod recording;
mod returning;
mod stage;
mod stored;
