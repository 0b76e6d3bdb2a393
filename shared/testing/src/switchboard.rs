//! The part of the cloud that `template.yaml` describes: our tables, keys and queues, under fixed names.

use std::sync::Arc;

use domain::Clock;

use crate::cloud::{Cloud, KeyAttribute};

/// Table of integrations.
pub const INTEGRATIONS: &str = "Integrations";
/// Table of webhook routes.
pub const WEBHOOK_ROUTES: &str = "WebhookRoutes";
/// Table of messages and events.
pub const ACTIVITY: &str = "Activity";
/// Table of wrapped ring keys.
pub const KEY_RINGS: &str = "KeyRings";
/// Table of audit records.
pub const AUDIT: &str = "Audit";
/// KMS key of credentials.
pub const CREDENTIALS_KEY: &str = "credentials";
/// KMS key of webhook secrets.
pub const WEBHOOK_SECRETS_KEY: &str = "webhook-secrets";
/// Queue of messages to send.
pub const MESSAGES: &str = "messages";
/// Where messages go that cannot be sent.
pub const MESSAGES_DLQ: &str = "messages-dlq";
/// Queue of inbound events.
pub const INBOUND: &str = "inbound";
/// Where events go that cannot be routed.
pub const INBOUND_DLQ: &str = "inbound-dlq";

/// An empty Switchboard cloud.
pub fn cloud(clock: Arc<dyn Clock>) -> Cloud {
    let sort = || Some(KeyAttribute::text("sk"));
    Cloud::new(clock)
        .with_table(INTEGRATIONS, "pk", sort())
        .with_table(WEBHOOK_ROUTES, "pk", None)
        .with_table(ACTIVITY, "pk", sort())
        .with_table(KEY_RINGS, "ring", Some(KeyAttribute::number("version")))
        .with_table(AUDIT, "pk", sort())
        .with_key(CREDENTIALS_KEY)
        .with_key(WEBHOOK_SECRETS_KEY)
        .with_queue_and_dead_letters(MESSAGES, MESSAGES_DLQ, 5)
        .with_queue_and_dead_letters(INBOUND, INBOUND_DLQ, 5)
}
