//! A table, a trail, and tenants with integrations in it.

use std::sync::Arc;

use domain::audit::AuditRecord;
use domain::integration::{Integration, Owner, Status};
use domain::resolution::Roster;
use domain::{Clock, IntegrationId, ProviderId, Sealed, TenantId, Timestamp, UserId};
use serde_json::Value;
use store::agents::Agents;
use store::audit::AuditTrail;
use store::changes::{IntegrationChanges, Previous};
use store::grants::Grants;
use store::integrations::Integrations;
use store::tenants::Tenants;
use testing::clock::ManualClock;
use testing::cloud::Cloud;
use testing::switchboard as names;

pub(crate) struct Stage {
    pub(crate) cloud: Cloud,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) integrations: Integrations,
    pub(crate) agents: Agents,
    pub(crate) grants: Grants,
    pub(crate) changes: IntegrationChanges,
    pub(crate) tenants: Tenants,
    pub(crate) trail: AuditTrail,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let clock = Arc::new(ManualClock::default());
        let cloud = names::cloud(clock.clone());
        let client = aws_sdk_dynamodb::Client::new(&cloud.sdk_config());
        let trail = AuditTrail::new(client.clone(), names::AUDIT.into(), clock.clone());
        let integrations = Integrations::new(client.clone(), names::INTEGRATIONS.into());
        Self {
            agents: Agents::new(integrations.clone(), trail.clone()),
            grants: Grants::new(integrations.clone(), trail.clone()),
            changes: IntegrationChanges::new(
                integrations.clone(),
                names::WEBHOOK_ROUTES.into(),
                trail.clone(),
            ),
            tenants: Tenants::new(
                client,
                names::INTEGRATIONS.into(),
                names::ACTIVITY.into(),
                trail.clone(),
            ),
            integrations,
            trail,
            clock,
            cloud,
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn record(&self, action: &'static str) -> AuditRecord {
        AuditRecord::new("u-1", self.now(), action)
    }

    /// Gives a tenant, or one of its users, an integration whose seal nobody opens here.
    pub(crate) async fn connect(&self, of: &TenantId, owner: Owner) -> Integration {
        let (admin, now) = (user("u-1"), self.now());
        let integration = Integration {
            id: IntegrationId::make(),
            tenant: of.clone(),
            owner,
            provider: whatsapp(),
            name: "WhatsApp".into(),
            settings: serde_json::Map::new(),
            credentials: Sealed::from_bytes(b"sealed".to_vec()),
            credential_version: 1,
            latest_version: 1,
            version_attested: "attested".into(),
            returns_until: None,
            masked: std::collections::BTreeMap::new(),
            accounts: Vec::new(),
            enabled: true,
            status: Status::Connected,
            verified_at: None,
            last_error: None,
            facts: serde_json::Map::new(),
            expires_at: None,
            priority: 1,
            revision: 1,
            webhook: None,
            created_at: now,
            created_by: admin.clone(),
            updated_at: now,
            updated_by: admin,
        };
        let record = self.record("integration.configure");
        let saved = self
            .changes
            .save(None, &integration, Previous::Untouched, None, &record)
            .await;
        saved.expect("saved");
        integration
    }

    /// The tenant's roster as whoever chooses a credential reads it.
    pub(crate) async fn roster(&self, of: &TenantId) -> Roster {
        let key = (of.clone(), None);
        let found = self
            .integrations
            .find_rosters(std::slice::from_ref(&key))
            .await;
        found.expect("read").remove(&key).expect("one")
    }

    /// The tenant's items in the table, with sort keys that begin so.
    pub(crate) fn items(&self, of: &TenantId, prefix: &str) -> Vec<Value> {
        let items = self.cloud.items(names::INTEGRATIONS).into_iter();
        items
            .filter(|item| item["pk"]["S"] == of.as_str())
            .filter(|item| {
                let place = item["sk"]["S"].as_str();
                place.is_some_and(|place| place.starts_with(prefix))
            })
            .collect()
    }

    /// How many lines about that action are in the tenant's trail, which holds.
    pub(crate) async fn recorded(&self, of: &TenantId, action: &str) -> usize {
        self.trail
            .verify(of, |_| {})
            .await
            .expect("the trail holds");
        let items = self.cloud.items(names::AUDIT).into_iter();
        let action = format!("\"action\":\"{action}\"");
        items
            .filter(|item| item["pk"]["S"] == of.as_str())
            .filter(|item| {
                item["record"]["S"]
                    .as_str()
                    .is_some_and(|r| r.contains(&action))
            })
            .count()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test is a trusted source of tenants"
)]
pub(crate) fn tenant(name: &str) -> TenantId {
    TenantId::from_trusted_source(name).expect("a tenant")
}

pub(crate) fn user(name: &str) -> UserId {
    UserId::parse(name).expect("a user")
}

pub(crate) fn whatsapp() -> ProviderId {
    ProviderId::parse("whatsapp").expect("a type")
}
