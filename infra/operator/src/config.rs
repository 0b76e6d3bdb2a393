//! What the commands need from their environment: the names that the functions have too.

use std::num::NonZeroU16;

use domain::seal::Purpose;
use edge::Env;
use providers::Overrides;

use crate::arguments::QueueName;

/// The stack that is operated.
#[derive(Debug, Clone)]
pub struct Config {
    /// `INTEGRATIONS_TABLE`.
    pub integrations_table: String,
    /// `WEBHOOK_ROUTES_TABLE`.
    pub webhook_routes_table: String,
    /// `ACTIVITY_TABLE`.
    pub activity_table: String,
    /// `KEY_RINGS_TABLE`.
    pub key_rings_table: String,
    /// `AUDIT_TABLE`.
    pub audit_table: String,
    /// `MESSAGES_QUEUE_URL`.
    pub messages_queue: String,
    /// `MESSAGES_DLQ_URL`: what was set aside of it.
    pub messages_dead_letters: String,
    /// `INBOUND_QUEUE_URL`.
    pub inbound_queue: String,
    /// `INBOUND_DLQ_URL`: what was set aside of it.
    pub inbound_dead_letters: String,
    /// `CREDENTIALS_KEY_ID`: the KMS key (ARN) of credentials.
    pub credentials_key: String,
    /// `WEBHOOK_SECRETS_KEY_ID`: the KMS key (ARN) of webhook secrets.
    pub webhook_secrets_key: String,
    /// `RING_COUNT`: how many rings tenants share.
    pub shared_rings: u32,
    /// `PROVIDER_OVERRIDES`.
    pub overrides: Overrides,
    /// `USER`: who runs the commands, unless they say.
    pub user: Option<String>,
}

impl Config {
    /// Reads it. The number of rings has no default here: one that is too low would hide rings.
    pub fn read(env: &mut Env) -> Self {
        env.required("RING_COUNT");
        let shared_rings = env.parsed("RING_COUNT", NonZeroU16::MIN);
        Self {
            integrations_table: env.required("INTEGRATIONS_TABLE"),
            webhook_routes_table: env.required("WEBHOOK_ROUTES_TABLE"),
            activity_table: env.required("ACTIVITY_TABLE"),
            key_rings_table: env.required("KEY_RINGS_TABLE"),
            audit_table: env.required("AUDIT_TABLE"),
            messages_queue: env.required("MESSAGES_QUEUE_URL"),
            messages_dead_letters: env.required("MESSAGES_DLQ_URL"),
            inbound_queue: env.required("INBOUND_QUEUE_URL"),
            inbound_dead_letters: env.required("INBOUND_DLQ_URL"),
            credentials_key: env.required("CREDENTIALS_KEY_ID"),
            webhook_secrets_key: env.required("WEBHOOK_SECRETS_KEY_ID"),
            shared_rings: shared_rings.get().into(),
            overrides: env.json("PROVIDER_OVERRIDES"),
            user: env.optional("USER"),
        }
    }

    /// The URL of a queue.
    pub(crate) fn queue(&self, queue: QueueName) -> &str {
        match queue {
            QueueName::Messages => &self.messages_queue,
            QueueName::Inbound => &self.inbound_queue,
        }
    }

    /// The URL of the queue of what was set aside of a queue.
    pub(crate) fn dead_letters(&self, queue: QueueName) -> &str {
        match queue {
            QueueName::Messages => &self.messages_dead_letters,
            QueueName::Inbound => &self.inbound_dead_letters,
        }
    }

    /// The stack's own KMS key of a purpose.
    pub(crate) fn kms_key(&self, purpose: Purpose) -> &str {
        match purpose {
            Purpose::Credentials => &self.credentials_key,
            Purpose::WebhookSecrets => &self.webhook_secrets_key,
        }
    }
}
