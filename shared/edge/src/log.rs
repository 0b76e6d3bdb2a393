//! One JSON line per event on standard output, which Lambda keeps.
//!
//! What libraries below us say stops at `WARN`, whatever the level: at finer levels they print requests and answers.

use tracing::Level;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

const OURS: [&str; 10] = [
    "config_api",
    "connection_test",
    "domain",
    "edge",
    "inbound_router",
    "message_dispatch",
    "providers",
    "store",
    "vault",
    "webhook_ingress",
];

/// Starts logging; `level` is that of our own code.
pub fn start(level: Level) {
    let filter = Targets::new()
        .with_default(LevelFilter::WARN)
        .with_targets(OURS.map(|target| (target, LevelFilter::from_level(level))));
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_span_list(false);
    // A second start in one process would be a mistake of ours that must not stop it.
    tracing_subscriber::registry()
        .with(filter)
        .with(lines)
        .try_init()
        .unwrap_or_default();
}
