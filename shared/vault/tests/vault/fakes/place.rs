//! Places of sealed values.

use domain::seal::{Purpose, SealContext};
use domain::{IntegrationId, ProviderId, TenantId, random};

/// A [`SealContext`] that owns its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) tenant: TenantId,
    pub(crate) provider: ProviderId,
    pub(crate) integration: IntegrationId,
    pub(crate) purpose: Purpose,
    pub(crate) record: &'static str,
    pub(crate) revision: u64,
    pub(crate) origin: Option<String>,
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test is a trusted source of tenants"
)]
pub(crate) fn tenant(name: &str) -> TenantId {
    TenantId::from_trusted_source(name).expect("a tenant")
}

/// The same id for the same number, in every run.
pub(crate) fn integration(number: u8) -> IntegrationId {
    let text = random::base32(&random::sha256(&[number])[..16]);
    IntegrationId::parse(&format!("int_{text}")).expect("an integration")
}

impl Place {
    pub(crate) fn of(name: &str) -> Self {
        Self {
            tenant: tenant(name),
            provider: ProviderId::parse("whatsapp").expect("a provider"),
            integration: integration(1),
            purpose: Purpose::Credentials,
            record: "integration",
            revision: 1,
            origin: None,
        }
    }

    /// The same place when its record is at that revision.
    pub(crate) fn at(&self, revision: u64) -> Self {
        Self {
            revision,
            ..self.clone()
        }
    }

    pub(crate) fn context(&self) -> SealContext<'_> {
        SealContext {
            tenant: &self.tenant,
            provider: &self.provider,
            integration: &self.integration,
            purpose: self.purpose,
            record: self.record,
            revision: self.revision,
            origin: self.origin.as_deref(),
        }
    }
}
