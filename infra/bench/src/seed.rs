//! Fills a stand-in with tenants, each with a working WhatsApp integration and its webhook route, through the same
//! crates that the functions use. Running it twice changes nothing.
//!
//! Tenant `tenant-0` has the phone number id `phone-tenant-0`, an access token that begins with
//! `EAAG-phone-tenant-0-`, the app secret `app-secret-tenant-0` and the webhook token `webhook-token-tenant-0`.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use domain::audit::AuditRecord;
use domain::integration::{Integration, Owner, Status, Webhook, WebhookStatus};
use domain::seal::{Purpose, Sealed};
use domain::time::SystemClock;
use domain::{Clock as _, Credentials, IntegrationId, TenantId, UserId, random};
use edge::Env;
use edge::aws::AwsEnv;
use secrecy::SecretString;
use serde_json::{Map, Value, json};
use store::audit::AuditTrail;
use store::changes::{IntegrationChanges, Previous};
use store::integrations::Integrations;
use store::key_rings::KeyRingsTable;
use store::routes::WebhookRoute;
use vault::{AwsKms, CacheLimits, RingAssignment, RingKeys, Sealer};

use crate::Failure;
use crate::tables::Tables;

const PROVIDER: &str = "whatsapp";

/// The names of what the functions use, from the variables that give them to the functions.
struct Names {
    aws: AwsEnv,
    tables: Tables,
    credentials_key: String,
    webhook_secrets_key: String,
    rings: u32,
    tenants: u64,
}

impl Names {
    fn from_env() -> Result<Self, Failure> {
        let mut env = Env::new();
        let names = Self {
            aws: AwsEnv::read(&mut env),
            tables: Tables {
                integrations: env.required("INTEGRATIONS_TABLE"),
                routes: env.required("WEBHOOK_ROUTES_TABLE"),
                activity: env.required("ACTIVITY_TABLE"),
                key_rings: env.required("KEY_RINGS_TABLE"),
                audit: env.required("AUDIT_TABLE"),
            },
            credentials_key: env.required("CREDENTIALS_KEY_ID"),
            webhook_secrets_key: env.required("WEBHOOK_SECRETS_KEY_ID"),
            rings: env.parsed("RING_COUNT", 8),
            tenants: env.parsed("TENANTS", 20),
        };
        Ok(env.finish(names)?)
    }
}

/// Makes the tables, and so many tenants as `TENANTS` says.
///
/// # Errors
/// If a variable is missing or AWS refuses something.
pub(crate) async fn seed() -> Result<(), Failure> {
    let names = Names::from_env()?;
    let sdk = names.aws.config()?;
    let dynamodb = Client::new(&sdk);
    names.tables.create(&dynamodb).await?;

    let kms = aws_sdk_kms::Client::new(&sdk);
    let sealer = |purpose, key: &str| {
        let rows = Arc::new(KeyRingsTable::new(
            dynamodb.clone(),
            names.tables.key_rings.clone(),
        ));
        let service = Arc::new(AwsKms(kms.clone()));
        let keys = RingKeys::new(
            purpose,
            rows,
            service,
            Arc::new(SystemClock),
            CacheLimits::default(),
        );
        Sealer::new(
            Arc::new(keys),
            RingAssignment {
                shared_rings: names.rings,
                kms_key: key.to_owned(),
            },
        )
    };
    let integrations = Integrations::new(dynamodb.clone(), names.tables.integrations.clone());
    let tenants = Tenants {
        credentials: sealer(Purpose::Credentials, &names.credentials_key),
        webhook_secrets: sealer(Purpose::WebhookSecrets, &names.webhook_secrets_key),
        changes: IntegrationChanges::new(
            integrations.clone(),
            names.tables.routes,
            AuditTrail::new(dynamodb.clone(), names.tables.audit, Arc::new(SystemClock)),
        ),
        integrations,
    };
    for number in 0..names.tenants {
        tenants.add(&format!("tenant-{number}")).await?;
    }
    Ok(())
}

/// Adds tenants as a saved configuration would.
struct Tenants {
    credentials: Sealer,
    webhook_secrets: Sealer,
    integrations: Integrations,
    changes: IntegrationChanges,
}

impl Tenants {
    async fn add(&self, name: &str) -> Result<(), Failure> {
        let mut integration = new_integration(name)?;
        if self
            .integrations
            .find(&integration.tenant, &integration.id)
            .await?
            .is_some()
        {
            return Ok(());
        }
        let provider = providers::find(PROVIDER).ok_or("there is no such provider")?;
        let webhooks = provider.webhooks().ok_or("the provider has no webhooks")?;
        let secret = |text: String| SecretString::from(text);
        let credentials: Credentials = [
            // As long as Meta's system user tokens are.
            (
                "access_token",
                secret(format!("EAAG-phone-{name}-{:x<180}", "")),
            ),
            ("app_secret", secret(format!("app-secret-{name}"))),
        ]
        .into_iter()
        .collect();
        let webhook_secret = webhooks
            .secret(&credentials, &secret(format!("verify-token-{name}")))
            .ok_or("the provider's webhooks have no secret")?;
        let key = store::keys::route(&format!("webhook-token-{name}"));
        integration.webhook = Some(Webhook {
            route: key.clone(),
            status: WebhookStatus::Registered,
            error: None,
            previous: None,
        });
        let accounts = provider.accounts(&integration.settings);
        integration.accounts = accounts.exclusive;
        let place = integration.credentials_place(None);
        integration.credentials = self
            .credentials
            .seal(&place, credentials.to_plaintext().expose())
            .await?;
        integration.version_attested = self
            .credentials
            .attest(
                &integration.tenant,
                &integration.version_matter(),
                &integration.credential_version.to_string(),
            )
            .await?;
        let place = integration.webhook_secret_place();
        let sealed = self
            .webhook_secrets
            .seal(&place, webhook_secret.to_plaintext().expose())
            .await?;
        let route = WebhookRoute {
            key,
            tenant: integration.tenant.clone(),
            integration: integration.id.clone(),
            provider: integration.provider.clone(),
            accounts: integration
                .accounts
                .iter()
                .cloned()
                .chain(accounts.shared)
                .collect(),
            secret: sealed,
            secret_version: integration.credential_version,
            ends_at: None,
        };
        let record = AuditRecord::new("bench", integration.created_at, "integration.configure");
        let route = Some(&route);
        let saved = self
            .changes
            .save(None, &integration, Previous::Forget, route, &record);
        Ok(saved.await?)
    }
}

/// An integration with an id that follows from the tenant's name, not yet sealed.
fn new_integration(tenant: &str) -> Result<Integration, Failure> {
    #[expect(
        clippy::disallowed_methods,
        reason = "tenants of a stand-in, made here"
    )]
    let tenant_id = TenantId::from_trusted_source(tenant)?;
    let id = format!(
        "int_{}",
        random::base32(&random::sha256(tenant.as_bytes())[..16])
    );
    let now = SystemClock.now();
    let user = UserId::parse("bench")?;
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
