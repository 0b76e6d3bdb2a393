//! The configuration API against AWS in memory, the provider sandbox and our own webhook door, all on loopback.
#![expect(
    clippy::expect_used,
    reason = "a test that cannot go on says what it expected"
)]

mod audit_logs;
mod callers;
#[path = "../../../../shared/custody/tests/custody/chains.rs"]
mod chains;
mod changing;
mod claims;
#[path = "../../../../shared/custody/tests/custody/clear.rs"]
mod clear;
mod configuring;
mod cursors;
mod door;
#[path = "../../../../shared/custody/tests/custody/forgetful.rs"]
mod forgetful;
mod messages;
mod openings;
mod operations;
mod permissions;
mod queue;
mod reading;
mod removing;
mod rotating;
mod routing;
mod secrets;
mod stage;
mod trouble;
mod two_tenants;
mod webhooks;
