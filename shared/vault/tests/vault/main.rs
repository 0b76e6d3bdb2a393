//! The vault against key rings and a key service in memory, with a clock of our own.
#![expect(
    clippy::expect_used,
    reason = "a test that cannot go on says what it expected"
)]

mod binding;
mod cache;
mod fakes;
mod kms;
mod rings;
mod tampering;
mod vectors;
mod wycheproof;
