//! The configuration API against AWS in memory, the provider sandbox and our own webhook door, all on loopback.
#![expect(
    clippy::expect_used,
    reason = "a test that cannot go on says what it expected"
)]

mod callers;
#[path = "../../../../shared/custody/tests/custody/chains.rs"]
mod chains;
mod changing;
mod configuring;
mod door;
mod messages;
mod reading;
mod removing;
mod routing;
mod secrets;
mod stage;
mod trouble;
mod webhooks;
