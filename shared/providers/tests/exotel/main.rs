//! Exotel against the provider sandbox.
#![expect(
    clippy::expect_used,
    reason = "a test that cannot go on says what it expected"
)]

mod checks;
mod descriptors;
mod numbers;
mod stage;
