//! What the commands need from their environment: the names that the functions have too.

use std::num::NonZeroU16;

use domain::seal::Purpose;
use edge::Env;
use providers::Overrides;

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
            credentials_key: env.required("CREDENTIALS_KEY_ID"),
            webhook_secrets_key: env.required("WEBHOOK_SECRETS_KEY_ID"),
            shared_rings: shared_rings.get().into(),
            overrides: env.json("PROVIDER_OVERRIDES"),
            user: env.optional("USER"),
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
