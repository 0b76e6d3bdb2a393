//! The dispatcher against AWS in memory and the provider sandbox on loopback.
#![expect(
    clippy::expect_used,
    reason = "a test that cannot go on says what it expected"
)]

mod agents;
#[path = "../../../../shared/custody/tests/custody/chains.rs"]
mod chains;
#[path = "../../../../shared/custody/tests/custody/clear.rs"]
mod clear;
mod errors;
mod exactly_once;
mod faked;
mod fallback;
#[path = "../../../../shared/custody/tests/custody/forgetful.rs"]
mod forgetful;
mod key_outages;
mod openings;
mod platform;
mod released;
mod returning;
mod returning_under_faults;
mod second_look;
mod stage;
mod two_tenants;
