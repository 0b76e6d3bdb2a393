//! The vault against key rings and a key service in memory, with a clock of our own.
//!
//! Names begin with the promise that a test shows. A *control* has the defect in it that its neighbours look for, and
//! shows that they would find it.
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test that cannot go on says what it expected, and one that measures says what it found"
)]

mod attesting;
mod binding;
mod budget;
mod cache;
mod destroyed;
mod fakes;
mod fleet;
mod keeper;
mod kms;
mod outage;
mod rings;
mod rollback;
mod tampering;
mod traffic;
mod vectors;
mod vouching;
mod wycheproof;
