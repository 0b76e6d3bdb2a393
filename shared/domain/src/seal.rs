//! What a sealed value is bound to, and the sealed value itself as an opaque blob.

use serde::{Deserialize, Serialize};

use crate::ids::{IntegrationId, ProviderId, TenantId};

/// Ciphertext in the vault's binary layout; the only form of a credential that the store accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    /// Takes bytes that came from the vault or from a table.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The ring and its version whose key it was sealed under, as the head of the layout names them; nothing of
    /// that is verified before the value is opened. `None` if this is no sealed value.
    pub fn ring(&self) -> Option<(&str, u32)> {
        let rest = self.0.strip_prefix(b"SB")?.get(2..)?;
        let (&length, rest) = rest.split_first()?;
        let (ring, rest) = rest.split_at_checked(usize::from(length))?;
        let version = rest.first_chunk()?;
        Some((
            std::str::from_utf8(ring).ok()?,
            u32::from_be_bytes(*version),
        ))
    }

    /// The bytes as they are stored.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// What a seal protects; each purpose has its own KMS key and its own rings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// What we present to a provider.
    Credentials,
    /// What proves that a webhook comes from the provider; all that the public ingress can open.
    WebhookSecrets,
}

impl Purpose {
    /// The name used in ring names, key contexts and associated data.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Credentials => "credentials",
            Self::WebhookSecrets => "webhook-secrets",
        }
    }
}

/// The place a sealed value belongs to; it opens nowhere else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealContext<'a> {
    /// Owner of the record.
    pub tenant: &'a TenantId,
    /// Provider type of the record.
    pub provider: &'a ProviderId,
    /// The record's integration.
    pub integration: &'a IntegrationId,
    /// Which key and rings.
    pub purpose: Purpose,
    /// The kind of record, such as `integration` or `webhook-route`.
    pub record: &'static str,
    /// The record's revision at the time of sealing.
    pub revision: u64,
    /// `scheme://host:port` that the tenant chose for its secrets to be sent to, if it chose one.
    pub origin: Option<&'a str>,
}
