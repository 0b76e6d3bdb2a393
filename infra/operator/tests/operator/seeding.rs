//! Tenants with integrations, each with a webhook and with credentials that it had before, written as the API does.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use domain::audit::AuditRecord;
use domain::integration::{Integration, Owner, PreviousRoute, Status, Webhook, WebhookStatus};
use domain::seal::{Purpose, Sealed};
use domain::{Clock, Credentials, IntegrationId, ProviderId, UserId, random};
use http::Method;
use secrecy::SecretString;
use serde_json::{Map, Value, json};
use store::audit::AuditTrail;
use store::changes::{IntegrationChanges, Previous};
use store::integrations::Integrations;
use store::previous::PreviousCredentials;
use store::routes::WebhookRoute;
use testing::switchboard as names;
use vault::Sealer;

use crate::stage::{Stage, tenant};

/// Writes integrations.
pub(crate) struct Seeds {
    pub(crate) integrations: Integrations,
    pub(crate) changes: IntegrationChanges,
    credentials: Sealer,
    webhook_secrets: Sealer,
    clock: Arc<dyn Clock>,
    /// What accounts at the provider ask for, taken in turn.
    forms: Vec<Value>,
    taken: Cell<usize>,
}

/// An integration, and the token of its webhook's URL.
pub(crate) struct Seeded {
    pub(crate) integration: Integration,
    pub(crate) token: String,
}

/// Records that each integration has: its credentials, those before, its webhook's secret, and that of the URL before.
pub(crate) const RECORDS_EACH: usize = 4;

impl Seeds {
    /// With accounts that no provider knows.
    pub(crate) fn new(stage: &Stage) -> Self {
        let form = json!({
            "access_token": "EAAG-example-example-example",
            "phone_number_id": "106540352242922",
            "waba_id": "102290129340398",
            "app_secret": "example-example-example-example",
        });
        Self::of(stage, vec![form])
    }

    /// With so many accounts that the provider knows, used in turn.
    pub(crate) async fn known(stage: &Stage, count: usize) -> Self {
        let wanted = json!({"provider": "whatsapp", "count": count});
        let made = stage
            .control(Method::POST, "/_sandbox/accounts", wanted)
            .await;
        let accounts = made["accounts"].as_array().unwrap().iter();
        let forms = accounts.map(|account| account["configuration"].clone());
        Self::of(stage, forms.collect())
    }

    fn of(stage: &Stage, forms: Vec<Value>) -> Self {
        let clock = stage.clock.clone();
        let trail = AuditTrail::new(stage.dynamodb(), names::AUDIT.into(), clock.clone());
        let integrations = Integrations::new(stage.dynamodb(), names::INTEGRATIONS.into());
        Self {
            changes: IntegrationChanges::new(
                integrations.clone(),
                names::WEBHOOK_ROUTES.into(),
                trail,
            ),
            integrations,
            credentials: stage.sealer(Purpose::Credentials),
            webhook_secrets: stage.sealer(Purpose::WebhookSecrets),
            clock,
            forms,
            taken: Cell::new(0),
        }
    }

    /// So many integrations of a tenant.
    pub(crate) async fn tenant(&self, name: &str, count: usize) -> Vec<Seeded> {
        let mut seeded = Vec::new();
        for _ in 0..count {
            seeded.push(self.integration(name).await);
        }
        seeded
    }

    async fn integration(&self, of: &str) -> Seeded {
        let form = &self.forms[self.taken.get() % self.forms.len()];
        self.taken.set(self.taken.get() + 1);
        let mut integration = self.blank(of, form);
        let token = random::base32(&random::bytes::<32>());
        let routes = self.seal(&mut integration, &token, "first").await;
        self.save(None, &integration, None, &routes).await;
        let before = integration.clone();
        integration.revision += 1;
        integration.returns_until = Some(integration.created_at.after(custody::GRACE));
        let routes = self.seal(&mut integration, &token, "second").await;
        let previous = PreviousCredentials::of(&before);
        self.save(Some(&before), &integration, Some(&previous), &routes)
            .await;
        Seeded { integration, token }
    }

    /// Gives an integration other credentials, as a tenant does; the integration as it is then. `None` if somebody
    /// else changed or removed it meanwhile.
    pub(crate) async fn change(&self, before: &Integration, token: &str) -> Option<Integration> {
        let mut after = before.clone();
        after.revision += 1;
        let routes = self.seal(&mut after, token, "changed").await;
        let previous = PreviousCredentials::of(before);
        let keep = Previous::Keep(&previous, after.created_at.after(custody::GRACE));
        let record = self.record("integration.configure");
        let saved = self
            .changes
            .save(Some(before), &after, keep, &routes, &record);
        saved.await.ok().map(|()| after)
    }

    /// Gives it another name; `None` as above.
    pub(crate) async fn rename(&self, before: &Integration) -> Option<Integration> {
        let mut after = before.clone();
        after.revision += 1;
        after.name.push('!');
        let record = self.record("integration.change");
        let saved = self
            .changes
            .save(Some(before), &after, Previous::Untouched, None, &record);
        saved.await.ok().map(|()| after)
    }

    /// Removes it; `false` if somebody else changed it meanwhile.
    pub(crate) async fn delete(&self, integration: &Integration) -> bool {
        let record = self.record("integration.delete");
        self.changes.delete(integration, &record).await.is_ok()
    }

    /// Reads it again.
    pub(crate) async fn find(&self, integration: &Integration) -> Option<Integration> {
        let found = self.integrations.find(&integration.tenant, &integration.id);
        found.await.unwrap()
    }

    async fn save(
        &self,
        before: Option<&Integration>,
        after: &Integration,
        previous: Option<&PreviousCredentials>,
        routes: &[WebhookRoute],
    ) {
        let previous = previous.zip(after.returns_until);
        let previous = previous.map_or(Previous::Forget, |(kept, until)| {
            Previous::Keep(kept, until)
        });
        let record = self.record("integration.configure");
        self.changes
            .save(before, after, previous, routes, &record)
            .await
            .unwrap();
    }

    fn record(&self, action: &'static str) -> AuditRecord {
        AuditRecord::new("u-1", self.clock.now(), action)
    }

    /// Seals the next version of its credentials; the routes of both its URLs with their secret.
    async fn seal(
        &self,
        integration: &mut Integration,
        token: &str,
        which: &str,
    ) -> [WebhookRoute; 2] {
        integration.latest_version += 1;
        integration.credential_version = integration.latest_version;
        let provider = providers::find("whatsapp").unwrap();
        let webhooks = provider.webhooks().unwrap();
        let of_account =
            |form: &&Value| integration.settings["phone_number_id"] == form["phone_number_id"];
        let form = self.forms.iter().find(of_account).expect("a form");
        let text = |name: &str| form[name].as_str().unwrap();
        let secret = |text: &str| SecretString::from(text);
        let verify_token = format!("verify-{token}");
        let credentials: Credentials = [
            ("access_token", secret(text("access_token"))),
            ("app_secret", secret(text("app_secret"))),
            ("webhook_url_token", secret(token)),
            ("webhook_verify_token", secret(&verify_token)),
            ("which", secret(which)),
        ]
        .into_iter()
        .collect();
        let webhook_secret = webhooks
            .secret(&credentials, &secret(&verify_token))
            .unwrap();
        let place = custody::place(integration);
        integration.credentials = self
            .credentials
            .seal(&place, credentials.to_plaintext().expose())
            .await
            .unwrap();
        let version = integration.credential_version.to_string();
        integration.version_attested = self
            .credentials
            .attest(&integration.tenant, &integration.version_matter(), &version)
            .await
            .unwrap();
        let place = integration.webhook_secret_place();
        let secret = self
            .webhook_secrets
            .seal(&place, webhook_secret.to_plaintext().expose())
            .await
            .unwrap();
        let key = store::keys::route(token);
        integration.webhook = Some(Webhook {
            route: key.clone(),
            status: WebhookStatus::Registered,
            error: None,
            previous: Some(PreviousRoute {
                route: route_before(token),
                until: None,
            }),
        });
        let present = WebhookRoute {
            key,
            tenant: integration.tenant.clone(),
            integration: integration.id.clone(),
            provider: integration.provider.clone(),
            accounts: Vec::new(),
            secret,
            secret_version: integration.credential_version,
            ends_at: None,
        };
        let before = WebhookRoute {
            key: route_before(token),
            ..present.clone()
        };
        [present, before]
    }

    fn blank(&self, of: &str, form: &Value) -> Integration {
        let now = self.clock.now();
        let user = UserId::parse("u-1").unwrap();
        let settings: Map<String, Value> = ["phone_number_id", "waba_id", "graph_version"]
            .into_iter()
            .filter_map(|name| Some((name.to_owned(), form.get(name)?.clone())))
            .collect();
        Integration {
            id: IntegrationId::make(),
            tenant: tenant(of),
            owner: Owner::Tenant,
            provider: ProviderId::parse("whatsapp").unwrap(),
            name: "WhatsApp".to_owned(),
            settings,
            credentials: Sealed::from_bytes(Vec::new()),
            credential_version: 0,
            latest_version: 0,
            version_attested: String::new(),
            returns_until: None,
            masked: BTreeMap::new(),
            accounts: Vec::new(),
            enabled: true,
            status: Status::Connected,
            verified_at: Some(now),
            last_error: None,
            facts: Map::new(),
            expires_at: None,
            priority: 100,
            revision: 1,
            webhook: None,
            created_at: now,
            created_by: user.clone(),
            updated_at: now,
            updated_by: user,
        }
    }
}

/// The route of the URL that an integration had before the one with that token.
pub(crate) fn route_before(token: &str) -> String {
    store::keys::route(&format!("before {token}"))
}
