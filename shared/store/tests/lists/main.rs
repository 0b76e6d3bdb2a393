//! What is listed newest first, spoken to over the real client: events and notifications.
#![expect(
    clippy::expect_used,
    reason = "a test that cannot go on says what it expected"
)]

mod events;
mod notifications;

use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use domain::TenantId;
use testing::clock::ManualClock;
use testing::cloud::Cloud;
use testing::switchboard;

fn cloud() -> (Cloud, Client, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::default());
    let cloud = switchboard::cloud(clock.clone());
    let client = Client::new(&cloud.sdk_config());
    (cloud, client, clock)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test is a trusted source of tenants"
)]
fn tenant(name: &str) -> TenantId {
    TenantId::from_trusted_source(name).expect("a tenant")
}
