//! The public door against AWS in memory: what comes in, what is refused, and that nobody learns why.
#![expect(
    clippy::expect_used,
    reason = "a test that cannot go on says what it expected"
)]

mod deliveries;
mod endings;
mod handshake;
mod refusals;
mod stage;
mod trouble;
