//! Drives a sandbox over the wire, as Switchboard and its tests do.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on has failed"
)]

mod accounts;
mod control;
mod faults;
mod harness;
mod messages;
mod nodes;
mod registration;
mod webhooks;
