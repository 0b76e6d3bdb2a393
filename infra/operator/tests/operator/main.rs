//! The operator's commands against AWS in memory, beside the functions that go on working.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests may fail like tests"
)]

mod breaking_off;
mod kept;
mod moving;
mod redriving;
mod removing;
mod resealing;
mod rewrapping;
mod rings;
mod seeding;
mod stage;
mod under_load;
mod verifying;
mod worker;
