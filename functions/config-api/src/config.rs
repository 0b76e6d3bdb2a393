//! What the function needs from its environment.

use contract::Quotas;
use edge::Env;
use edge::auth::ClaimNames;
use providers::Overrides;
use providers::address::OwnHosts;

/// The function's configuration.
#[derive(Debug)]
pub struct Config {
    /// `TENANT_CLAIM`, `GROUPS_CLAIM`.
    pub claims: ClaimNames,
    /// `REQUESTS_PER_MINUTE`, `PROVIDER_REQUESTS_PER_MINUTE`: of one tenant in one container.
    pub quotas: Quotas,
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
    /// `MESSAGES_QUEUE_URL`.
    pub messages_queue: String,
    /// `PUBLIC_BASE_URL`: where providers reach us, without a slash at the end.
    pub public_base_url: String,
    /// `PROVIDER_OVERRIDES`.
    pub overrides: Overrides,
    /// `OWN_ADDRESSES`: where we are reached ourselves, as URLs with commas between them.
    pub own_hosts: OwnHosts,
}

impl Config {
    /// Reads it.
    pub fn read(env: &mut Env) -> Self {
        Self {
            claims: ClaimNames::read(env),
            quotas: Quotas::read(env),
            integrations_table: env.required("INTEGRATIONS_TABLE"),
            webhook_routes_table: env.required("WEBHOOK_ROUTES_TABLE"),
            activity_table: env.required("ACTIVITY_TABLE"),
            key_rings_table: env.required("KEY_RINGS_TABLE"),
            audit_table: env.required("AUDIT_TABLE"),
            credentials_key: env.required("CREDENTIALS_KEY_ID"),
            webhook_secrets_key: env.required("WEBHOOK_SECRETS_KEY_ID"),
            shared_rings: env.parsed("RING_COUNT", 8),
            messages_queue: env.required("MESSAGES_QUEUE_URL"),
            public_base_url: env
                .required("PUBLIC_BASE_URL")
                .trim_end_matches('/')
                .to_owned(),
            overrides: env.json("PROVIDER_OVERRIDES"),
            own_hosts: env.parsed("OWN_ADDRESSES", OwnHosts::default()),
        }
    }
}
