//! Looks at all sealed records there are: which key holds each, and whether it opens as a function would open it.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use custody::Custody;
use domain::failure::StoreError;
use domain::opening::{OpenedBy, Opening, Reason, Witness};
use domain::seal::{Purpose, SealContext};
use serde_json::Value;
use store::audit::AuditTrail;
use store::integrations::Integrations;
use store::sealed_records::{Place, SealedRecord, SealedRecords};
use store::verdicts::Verdicts;
use testing::switchboard as names;
use vault::Opener;

use crate::stage::Stage;

pub(crate) const BY: OpenedBy<'static> = OpenedBy {
    actor: "test",
    reason: Reason::Send,
    request: "r-1",
};

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// How many records each version of a ring holds.
    pub(crate) held: BTreeMap<String, usize>,
    /// Records that do not open, and why.
    pub(crate) failed: Vec<String>,
}

impl Kept {
    /// How many records there are.
    pub(crate) fn count(&self) -> usize {
        self.held.values().sum()
    }

    /// How many records versions of rings hold whose names end so, such as `#1`.
    pub(crate) fn held_by(&self, ends: &str) -> usize {
        let rings = self.held.iter().filter(|(ring, _)| ring.ends_with(ends));
        rings.map(|(_, count)| count).sum()
    }
}

/// A witness that keeps nothing.
pub(crate) struct Nobody;

#[async_trait]
impl Witness for Nobody {
    async fn saw(&self, _: &Opening<'_>) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Opens everything with keys that nobody has unwrapped yet.
pub(crate) async fn look(stage: &Stage) -> Kept {
    let opener = |purpose| Opener::new(stage.keys(purpose), Arc::new(Nobody));
    let (credentials, webhook_secrets) = (
        opener(Purpose::Credentials),
        opener(Purpose::WebhookSecrets),
    );
    let custody = custody(stage, credentials.clone());
    let records = SealedRecords::new(
        stage.dynamodb(),
        names::INTEGRATIONS.into(),
        names::WEBHOOK_ROUTES.into(),
    );
    let mut kept = Kept::default();
    for place in places(stage) {
        let record = records.find(&place).await.unwrap().expect("it is there");
        let (ring, version) = record.sealed().ring().expect("a seal");
        *kept.held.entry(format!("{ring}#{version}")).or_default() += 1;
        let opened = match &record {
            SealedRecord::Integration(of) => custody.open(of, None, BY).await.map(drop),
            SealedRecord::Route(of) => {
                let place = of.secret_place();
                webhook_secrets.open(&place, &of.secret, BY).await.map(drop)
            }
            SealedRecord::Previous {
                tenant,
                provider,
                integration,
                previous,
            } => {
                let place = SealContext {
                    tenant,
                    provider,
                    integration,
                    purpose: Purpose::Credentials,
                    record: "integration",
                    revision: previous.credential_version,
                    origin: None,
                };
                credentials
                    .open(&place, &previous.credentials, BY)
                    .await
                    .map(drop)
            }
        };
        if let Err(error) = opened {
            kept.failed.push(format!("{place:?}: {error}"));
        }
    }
    kept
}

/// Opens integrations as functions do.
pub(crate) fn custody(stage: &Stage, opener: Opener) -> Custody {
    let integrations = Integrations::new(stage.dynamodb(), names::INTEGRATIONS.into());
    let trail = AuditTrail::new(stage.dynamodb(), names::AUDIT.into(), stage.clock.clone());
    Custody::new(
        integrations.clone(),
        Verdicts::new(integrations, trail),
        opener,
        (stage.http.clone(), stage.overrides.clone()),
        stage.clock.clone(),
    )
}

/// Where all sealed records are.
pub(crate) fn places(stage: &Stage) -> Vec<Place> {
    let text = |item: &Value, name: &str| item[name]["S"].as_str().unwrap().to_owned();
    let integrations = stage.cloud.items(names::INTEGRATIONS);
    let sealed = integrations
        .iter()
        .filter(|item| item.get("credentials").is_some())
        .map(|item| Place::Integrations(text(item, "pk"), text(item, "sk")));
    let routes = stage.cloud.items(names::WEBHOOK_ROUTES);
    let secrets = routes
        .iter()
        .filter(|item| item.get("secret").is_some())
        .map(|item| Place::WebhookRoutes(text(item, "pk")));
    sealed.chain(secrets).collect()
}
