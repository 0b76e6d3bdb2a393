//! Every opening of a sealed value is on record before anybody gets to see what was sealed.

use async_trait::async_trait;

use crate::audit::AuditRecord;
use crate::failure::StoreError;
use crate::seal::{Purpose, SealContext};
use crate::time::Timestamp;

/// What a sealed value is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// To be told to somebody who may know it.
    Reveal,
    /// To read what the provider keeps.
    Read,
    /// To show or register a webhook.
    Register,
    /// To send through the provider.
    Send,
    /// To ask the provider whether it still works.
    Test,
    /// To change some of the values and keep the others.
    Change,
    /// To tell the provider to stop calling a webhook.
    Deregister,
    /// To verify who calls a webhook.
    VerifyWebhook,
    /// To go back to it, for the one that replaced it was refused.
    Return,
    /// To seal it under another ring key.
    Reseal,
}

impl Reason {
    /// The name as it is recorded.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reveal => "reveal",
            Self::Read => "read",
            Self::Register => "register",
            Self::Send => "send",
            Self::Test => "test",
            Self::Change => "change",
            Self::Deregister => "deregister",
            Self::VerifyWebhook => "verify-webhook",
            Self::Return => "return",
            Self::Reseal => "reseal",
        }
    }
}

/// Who opens a value and why.
#[derive(Debug, Clone, Copy)]
pub struct OpenedBy<'a> {
    /// User id, or the function that acts by itself.
    pub actor: &'a str,
    /// What for.
    pub reason: Reason,
    /// The request or invocation.
    pub request: &'a str,
}

/// A sealed value that was opened, or that was not sealed by us for its place.
#[derive(Debug, Clone, Copy)]
pub struct Opening<'a> {
    /// Whose value, where.
    pub place: &'a SealContext<'a>,
    /// Who and why.
    pub by: OpenedBy<'a>,
    /// Whether it opened.
    pub opened: bool,
}

impl Opening<'_> {
    /// The opening as a line of the tenant's audit trail.
    pub fn record(&self, at: Timestamp) -> AuditRecord {
        let action = match self.place.purpose {
            Purpose::Credentials => "credentials.open",
            Purpose::WebhookSecrets => "webhook_secret.open",
        };
        AuditRecord {
            provider: Some(self.place.provider.clone()),
            integration: Some(self.place.integration.clone()),
            outcome: if self.opened { "ok" } else { "does_not_open" }.into(),
            request: self.by.request.to_owned(),
            purpose: Some(self.by.reason.name().to_owned()),
            credential_version: Some(self.place.revision),
            ..AuditRecord::new(self.by.actor, at, action)
        }
    }
}

/// Puts openings on record.
#[async_trait]
pub trait Witness: Send + Sync {
    /// Records an opening. The value is handed out only after this has succeeded.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be recorded: then nothing is handed out.
    async fn saw(&self, opening: &Opening<'_>) -> Result<(), StoreError>;
}
