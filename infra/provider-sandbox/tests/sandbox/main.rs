//! Drives a sandbox over the wire, as Switchboard and its tests do.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on has failed"
)]

mod accounts;
mod chatwoot;
mod control;
mod custom_crm;
mod elevenlabs;
mod exotel;
mod faults;
mod harness;
mod keyed;
mod messages;
mod nodes;
mod registration;
mod webhooks;
