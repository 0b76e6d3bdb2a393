//! Phone numbers, kept over the real client: what syncs and assignments make of them, one after another and at once.
#![expect(
    clippy::expect_used,
    reason = "a test that cannot go on says what it expected"
)]

mod at_once;
mod leaving;
#[path = "../rosters/stage.rs"]
#[expect(dead_code, reason = "tests of rosters need more of it")]
mod stage;
mod syncing;
mod team;
mod whose;
