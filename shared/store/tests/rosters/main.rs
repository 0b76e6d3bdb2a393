//! What stands in a tenant's roster besides its integrations, spoken to over the real client: agents and grants.
#![expect(
    clippy::expect_used,
    reason = "a test that cannot go on says what it expected"
)]

mod agents;
mod grants;
mod stage;
