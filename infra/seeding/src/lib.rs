//! Tenants with a working WhatsApp integration and its webhook route, written through the same crates that the functions
//! use, without the API: what tests and the bench begin with. Adding a tenant twice changes nothing.
//!
//! Tenant `tenant-0` has the phone number id `phone-tenant-0`, an access token that begins with `EAAG-phone-tenant-0-`
//! and the version of its credentials, the app secret `app-secret-tenant-0` and the webhook token `webhook-token-tenant-0`.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;

use aws_types::SdkConfig;
use domain::audit::AuditRecord;
use domain::integration::{Integration, Owner, Status, Webhook, WebhookStatus};
use domain::seal::{Purpose, Sealed};
use domain::{Clock, Credentials, IntegrationId, TenantId, UserId, random};
use secrecy::SecretString;
use serde_json::{Map, Value, json};
use store::audit::AuditTrail;
use store::changes::{IntegrationChanges, Previous};
use store::integrations::Integrations;
use store::key_rings::KeyRingsTable;
use store::routes::WebhookRoute;
use vault::{RingAssignment, RingKeys, Sealer};

/// Why a tenant could not be added.
pub type Failure = Box<dyn Error + Send + Sync>;

const PROVIDER: &str = "whatsapp";
const NO_PROVIDER: &str = "there is no such provider, or it has no webhooks";
/// As who it stands in the audit trail.
const ACTOR: &str = "seeding";

/// Names of what a saved configuration is written to.
#[derive(Debug, Clone)]
pub struct Names {
    /// Table of integrations.
    pub integrations: String,
    /// Table of webhook routes.
    pub webhook_routes: String,
    /// Table of wrapped ring keys.
    pub key_rings: String,
    /// Table of audit records.
    pub audit: String,
    /// KMS key of credentials.
    pub credentials_key: String,
    /// KMS key of webhook secrets.
    pub webhook_secrets_key: String,
    /// Rings that tenants share, of each purpose.
    pub shared_rings: u32,
}

/// Adds tenants as a saved configuration would.
pub struct Tenants {
    credentials: Sealer,
    webhook_secrets: Sealer,
    integrations: Integrations,
    changes: IntegrationChanges,
    clock: Arc<dyn Clock>,
}

impl Tenants {
    /// Into those tables, under those keys.
    pub fn new(sdk: &SdkConfig, names: Names, clock: Arc<dyn Clock>) -> Self {
        let dynamodb = aws_sdk_dynamodb::Client::new(sdk);
        let kms = aws_sdk_kms::Client::new(sdk);
        let sealer = |purpose, kms_key| {
            let rows = KeyRingsTable::new(dynamodb.clone(), names.key_rings.clone());
            let keys = RingKeys::on_aws(purpose, rows, kms.clone(), clock.clone());
            let shared_rings = names.shared_rings;
            let rings = RingAssignment {
                shared_rings,
                kms_key,
            };
            Sealer::new(keys, rings)
        };
        let integrations = Integrations::new(dynamodb.clone(), names.integrations);
        let trail = AuditTrail::new(dynamodb.clone(), names.audit, clock.clone());
        Self {
            credentials: sealer(Purpose::Credentials, names.credentials_key),
            webhook_secrets: sealer(Purpose::WebhookSecrets, names.webhook_secrets_key),
            changes: IntegrationChanges::new(integrations.clone(), names.webhook_routes, trail),
            integrations,
            clock,
        }
    }

    /// Adds a tenant of that name; its integration.
    ///
    /// # Errors
    /// If AWS refuses something.
    pub async fn add(&self, name: &str) -> Result<Integration, Failure> {
        let mut integration = self.blank(name)?;
        let found = self.integrations.find(&integration.tenant, &integration.id);
        if let Some(found) = found.await? {
            return Ok(found);
        }
        let key = store::keys::route(&format!("webhook-token-{name}"));
        integration.webhook = Some(Webhook {
            route: key,
            status: WebhookStatus::Registered,
            error: None,
            previous: None,
        });
        let provider = providers::find(PROVIDER).ok_or(NO_PROVIDER)?;
        integration.accounts = provider.accounts(&integration.settings).exclusive;
        self.save(None, &mut integration).await?;
        Ok(integration)
    }

    /// Gives a tenant's integration other credentials, as after a repair; the integration as it is then.
    ///
    /// # Errors
    /// If AWS refuses something, or there is no such integration.
    pub async fn renew(&self, name: &str) -> Result<Integration, Failure> {
        let blank = self.blank(name)?;
        let found = self.integrations.find(&blank.tenant, &blank.id).await?;
        let before = found.ok_or("there is no such integration")?;
        let mut after = before.clone();
        after.revision += 1;
        after.latest_version += 1;
        after.credential_version = after.latest_version;
        after.status = Status::Connected;
        after.last_error = None;
        self.save(Some(&before), &mut after).await?;
        Ok(after)
    }

    /// Seals an integration's credentials anew, and writes it with its webhook's route.
    async fn save(
        &self,
        before: Option<&Integration>,
        after: &mut Integration,
    ) -> Result<(), Failure> {
        let (name, version) = (after.tenant.to_string(), after.credential_version);
        let provider = providers::find(PROVIDER).ok_or(NO_PROVIDER)?;
        let webhooks = provider.webhooks().ok_or(NO_PROVIDER)?;
        let secret = |text: String| SecretString::from(text);
        let credentials: Credentials = [
            // As long as Meta's system user tokens are.
            (
                "access_token",
                secret(format!("EAAG-phone-{name}-{version}-{:x<180}", "")),
            ),
            ("app_secret", secret(format!("app-secret-{name}"))),
        ]
        .into_iter()
        .collect();
        let webhook_secret = webhooks
            .secret(&credentials, &secret(format!("verify-token-{name}")))
            .ok_or(NO_PROVIDER)?;
        after.credentials = self
            .credentials
            .seal(
                &after.credentials_place(None),
                credentials.to_plaintext().expose(),
            )
            .await?;
        let matter = after.version_matter();
        after.version_attested = self
            .credentials
            .attest(&after.tenant, &matter, &version.to_string())
            .await?;
        let place = after.webhook_secret_place();
        let sealed = self
            .webhook_secrets
            .seal(&place, webhook_secret.to_plaintext().expose())
            .await?;
        let accounts = provider.accounts(&after.settings);
        let route = WebhookRoute {
            key: store::keys::route(&format!("webhook-token-{name}")),
            tenant: after.tenant.clone(),
            integration: after.id.clone(),
            provider: after.provider.clone(),
            accounts: [accounts.exclusive, accounts.shared].concat(),
            secret: sealed,
            secret_version: version,
            ends_at: None,
        };
        let record = AuditRecord::new(ACTOR, self.clock.now(), "integration.configure");
        let (previous, route) = (Previous::Forget, Some(&route));
        self.changes
            .save(before, after, previous, route, &record)
            .await?;
        Ok(())
    }

    /// An integration with an id that follows from the tenant's name, not yet sealed.
    fn blank(&self, tenant: &str) -> Result<Integration, Failure> {
        #[expect(
            clippy::disallowed_methods,
            reason = "tenants of a stand-in, made here"
        )]
        let tenant_id = TenantId::from_trusted_source(tenant)?;
        let id = format!(
            "int_{}",
            random::base32(&random::sha256(tenant.as_bytes())[..16])
        );
        let now = self.clock.now();
        let user = UserId::parse(ACTOR)?;
        let settings: Map<String, Value> = [
            (
                "phone_number_id".to_owned(),
                json!(format!("phone-{tenant}")),
            ),
            ("waba_id".to_owned(), json!(format!("waba-{tenant}"))),
        ]
        .into_iter()
        .collect();
        Ok(Integration {
            id: IntegrationId::parse(&id)?,
            tenant: tenant_id,
            owner: Owner::Tenant,
            provider: domain::ProviderId::parse(PROVIDER)?,
            name: "WhatsApp".to_owned(),
            settings,
            credentials: Sealed::from_bytes(Vec::new()),
            credential_version: 1,
            latest_version: 1,
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
        })
    }
}
