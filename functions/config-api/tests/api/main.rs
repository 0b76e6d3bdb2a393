//! The configuration API against AWS in memory, the provider sandbox and our own webhook door, all on loopback.
#![expect(
    clippy::expect_used,
    reason = "a test that cannot go on says what it expected"
)]

mod access;
mod agents;
mod alike;
mod analytics;
mod audit_logs;
mod batches;
mod callers;
#[path = "../../../../shared/custody/tests/custody/chains.rs"]
mod chains;
mod changing;
mod claims;
#[path = "../../../../shared/custody/tests/custody/clear.rs"]
mod clear;
mod configuring;
mod cursors;
mod door;
mod events;
mod fallbacks;
#[path = "../../../../shared/custody/tests/custody/forgetful.rs"]
mod forgetful;
mod health;
#[path = "../../../../shared/providers/tests/egress/hostile.rs"]
#[expect(dead_code, reason = "it holds more than is asked for here")]
mod hostile;
mod hostile_addresses;
mod idempotency;
mod messages;
mod notifications;
mod older;
mod openings;
mod operations;
mod permissions;
mod phone_numbers;
#[path = "../../../../shared/contract/tests/contract/promises.rs"]
mod promises;
mod queue;
mod reading;
mod removing;
mod rotating;
mod rotating_webhooks;
mod routing;
mod secrets;
mod sending_rights;
mod stage;
mod templates;
mod trouble;
mod two_tenants;
mod webhooks;
