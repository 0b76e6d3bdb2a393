//! WhatsApp against the provider sandbox, and against signatures and payloads of our own making.
#![expect(
    clippy::expect_used,
    reason = "a test that cannot go on says what it expected"
)]

mod checks;
mod events;
mod handshake;
mod lists;
mod registrations;
mod sends;
mod signatures;
mod stage;
