//! Hourly figures, over the real client: what was counted is what is read, and it costs next to no writes.
#![expect(
    clippy::expect_used,
    reason = "a test that cannot go on says what it expected"
)]

mod counting;
mod losses;
mod reading;
mod riding;
mod stage;
