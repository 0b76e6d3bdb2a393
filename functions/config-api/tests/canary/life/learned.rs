//! What we made ourselves and nobody was told but the provider: learned by opening all that is stored. And what our
//! records look like when somebody prints them.

use std::sync::Arc;

use async_trait::async_trait;
use domain::failure::StoreError;
use domain::opening::{OpenedBy, Opening, Reason, Witness};
use domain::seal::Purpose;
use domain::{Clock, Integration, TenantId};
use providers::field::Form;
use secrecy::ExposeSecret;
use serde_json::Value;
use store::integrations::Integrations;
use store::key_rings::KeyRingsTable;
use testing::switchboard as names;
use vault::{Opener, RingKeys};

use super::Life;
use crate::canaries;
use crate::sinks::Sink;
use crate::stage::{ADMIN, STRANGER};

/// Nobody has to know what a test opens.
struct Nobody;

#[async_trait]
impl Witness for Nobody {
    async fn saw(&self, _: &Opening<'_>) -> Result<(), StoreError> {
        Ok(())
    }
}

impl Life<'_> {
    /// Adds every value that is stored, of the present and of the previous credentials, to what must not be found.
    #[expect(
        clippy::disallowed_methods,
        reason = "a test is a trusted source of tenants"
    )]
    pub(super) async fn learned(&self) {
        let sdk = self.stage.cloud.sdk_config();
        let dynamodb = aws_sdk_dynamodb::Client::new(&sdk);
        let rows = KeyRingsTable::new(dynamodb.clone(), names::KEY_RINGS.into());
        let kms = aws_sdk_kms::Client::new(&sdk);
        let clock: Arc<dyn Clock> = self.stage.clock.clone();
        let keys = RingKeys::on_aws(Purpose::Credentials, rows, kms, clock);
        let opener = Opener::new(keys, Arc::new(Nobody));
        let table = Integrations::new(dynamodb, names::INTEGRATIONS.into());
        for (tenant, ..) in [ADMIN, STRANGER] {
            let tenant = TenantId::from_trusted_source(tenant).expect("a tenant");
            for integration in table.list(&tenant).await.expect("readable") {
                self.opened(&opener, &integration).await;
                let previous = table.find_previous(&integration).await.expect("readable");
                if let Some(previous) = previous {
                    let before = previous.restored(&integration);
                    self.opened(&opener, &before).await;
                    self.stage.prints(&(previous, before));
                }
                self.stage.prints(&integration);
            }
        }
    }

    async fn opened(&self, opener: &Opener, integration: &Integration) {
        let by = OpenedBy {
            actor: "test",
            reason: Reason::Test,
            request: "r-1",
        };
        let place = custody::place(integration);
        let opened = opener.open_credentials(&place, &integration.credentials, by);
        let credentials = opened.await.expect("it opens");
        let known_as = [integration.id.as_str(), integration.provider.as_str()];
        for (field, value) in credentials.iter() {
            let value = as_entered(integration, field, value.expose_secret());
            for (field, text) in canaries::texts(field, &value) {
                self.stage
                    .secrets
                    .keep_of(known_as, &field, text.as_bytes());
            }
        }
        self.stage.prints(&credentials);
    }
}

/// What is sealed, as it was entered: an object is sealed as its text.
fn as_entered(integration: &Integration, field: &str, sealed: &str) -> Value {
    let provider = providers::find(integration.provider.as_str()).expect("a provider");
    let mut fields = provider.descriptor().fields.iter();
    let is_object = fields.any(|one| one.name == field && one.form == Form::Object);
    if is_object {
        serde_json::from_str(sealed).expect("JSON")
    } else {
        sealed.into()
    }
}

impl crate::stage::Stage {
    /// Prints something as a careless log line would.
    pub(crate) fn prints(&self, thing: &dyn std::fmt::Debug) {
        let both = format!("{thing:?}\n{thing:#?}");
        self.seen.note(Sink::Printed, both.as_bytes());
    }
}
