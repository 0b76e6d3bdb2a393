//! The dispatcher against AWS in memory and the provider sandbox on loopback.
#![expect(
    clippy::expect_used,
    reason = "a test that cannot go on says what it expected"
)]

mod errors;
mod exactly_once;
mod stage;
