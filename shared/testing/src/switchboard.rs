//! The part of the cloud that `template.yaml` describes: our tables, keys and queues, under fixed names.

use std::sync::Arc;

use domain::Clock;
use domain::seal::Purpose;

use crate::cloud::{Cloud, KeyAttribute, Partition, Projection, Rules};

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

/// Index by the key under which something is sealed, of [`INTEGRATIONS`] and [`WEBHOOK_ROUTES`]; for operators.
pub const BY_SEAL: &str = "BySeal";
/// Index of [`KEY_RINGS`] by the KMS key that wraps them; for operators.
pub const BY_KMS_KEY: &str = "ByKmsKey";
/// Index of [`ACTIVITY`] by time, within a tenant.
pub const BY_TIME: &str = "ByTime";
/// Index of [`AUDIT`] by provider, within a tenant.
pub const BY_PROVIDER: &str = "ByProvider";

/// An empty Switchboard cloud. It is watched: a request that does not name its tenant in the partition key, or its
/// route or ring where there is no tenant yet, fails the test that made it.
pub fn cloud(clock: Arc<dyn Clock>) -> Cloud {
    tables(Cloud::new(clock))
        .with_watch(rules())
        .with_key(CREDENTIALS_KEY)
        .with_key(WEBHOOK_SECRETS_KEY)
        .with_queue_and_dead_letters(MESSAGES, MESSAGES_DLQ, 5)
        .with_queue_and_dead_letters(INBOUND, INBOUND_DLQ, 5)
}

fn tables(cloud: Cloud) -> Cloud {
    let text = |name| Some(KeyAttribute::text(name));
    let version = Some(KeyAttribute::number("version"));
    let keys = Projection::KeysOnly;
    cloud
        .with_table(INTEGRATIONS, "pk", text("sk"))
        .with_index(INTEGRATIONS, BY_SEAL, "seal", text("pk"), keys)
        .with_table(WEBHOOK_ROUTES, "pk", None)
        .with_index(WEBHOOK_ROUTES, BY_SEAL, "seal", text("tenant"), keys)
        .with_table(ACTIVITY, "pk", text("sk"))
        .with_index(ACTIVITY, BY_TIME, "pk", text("listed"), keys)
        .with_table(KEY_RINGS, "ring", version)
        .with_index(KEY_RINGS, BY_KMS_KEY, "kms_key", text("ring"), keys)
        .with_table(AUDIT, "pk", text("sk"))
        .with_index(
            AUDIT,
            BY_PROVIDER,
            "pk",
            text("provider_seq"),
            Projection::All,
        )
}

fn rules() -> Rules {
    Rules::default()
        .table(INTEGRATIONS, Partition::Tenant)
        .operators_index(INTEGRATIONS, BY_SEAL)
        .table(WEBHOOK_ROUTES, Partition::Named(is_route))
        .operators_index(WEBHOOK_ROUTES, BY_SEAL)
        .table(ACTIVITY, Partition::Tenant)
        .index(ACTIVITY, BY_TIME)
        .table(KEY_RINGS, Partition::Named(is_ring))
        .operators_index(KEY_RINGS, BY_KMS_KEY)
        .table(AUDIT, Partition::Tenant)
        .index(AUDIT, BY_PROVIDER)
}

/// A SHA-256 in lower-case hex: of a webhook's token, or of an account that is claimed.
fn is_route(key: &str) -> bool {
    let hash = key.strip_prefix("CLAIM#").unwrap_or(key);
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    hash.len() == 64 && hash.bytes().all(is_digit)
}

/// A purpose, a slash, and a name.
fn is_ring(key: &str) -> bool {
    [Purpose::Credentials, Purpose::WebhookSecrets]
        .into_iter()
        .filter_map(|purpose| key.strip_prefix(purpose.name())?.strip_prefix('/'))
        .any(|name| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_and_rings_are_told_from_tenants() {
        let hash = "0123456789abcdef".repeat(4);
        assert!(is_route(&hash) && is_route(&format!("CLAIM#{hash}")));
        for other in ["t_one", "CLAIM#", &hash[1..], &hash.to_uppercase()] {
            assert!(!is_route(other), "{other}");
        }
        assert!(is_ring("credentials/shared-0") && is_ring("webhook-secrets/t_one"));
        for other in ["t_one", "credentials", "credentials/", "other/shared-0"] {
            assert!(!is_ring(other), "{other}");
        }
    }
}
