//! The connection tests of ElevenLabs, Chatwoot and a custom CRM, against the provider sandbox.
#![expect(
    clippy::expect_used,
    reason = "a test that cannot go on says what it expected"
)]

mod chatwoot;
mod custom_crm;
mod elevenlabs;
mod everywhere;
mod stage;
