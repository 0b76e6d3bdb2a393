//! Holds every test to E1: whatever it did, no secret of an account at the provider stands in a table or on a queue.
//! A stage calls it when it is dropped.

use testing::cloud::Cloud;
use testing::scan::Scanner;
use testing::switchboard as names;

/// # Panics
/// If one of the secrets is there, in whatever encoding.
pub(crate) fn of(cloud: &Cloud, secrets: Vec<(String, String)>) {
    let mut kept = String::new();
    for table in [
        names::INTEGRATIONS,
        names::WEBHOOK_ROUTES,
        names::KEY_RINGS,
        names::ACTIVITY,
        names::AUDIT,
    ] {
        let items = cloud.items(table).into_iter();
        kept.extend(items.map(|item| format!("{table} {item}\n")));
    }
    for queue in [
        names::MESSAGES,
        names::MESSAGES_DLQ,
        names::INBOUND,
        names::INBOUND_DLQ,
    ] {
        let bodies = cloud.messages(queue).into_iter();
        kept.extend(bodies.map(|body| format!("{queue} {body}\n")));
    }
    let leaks = Scanner::new(secrets).scan(kept.as_bytes());
    assert_eq!(leaks, [], "secrets stand in tables or on queues");
}
