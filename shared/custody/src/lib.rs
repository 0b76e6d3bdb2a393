//! Stored credentials in use: the one way to open them, to ask their provider about them, and what follows when it
//! refuses them. Vault, store and providers do not know each other; here they work together.
//!
//! A refused credential has one of two ends. Within the grace period after a change of secrets the integration goes
//! back to the ones before, if the provider still takes those; else it turns `invalid`. Either happens once, and its
//! tenant is told once.

pub mod removal;
pub mod resealing;

use std::sync::Arc;
use std::time::Duration;

use domain::audit::AuditRecord;
use domain::failure::StoreError;
use domain::integration::{Integration, Status};
use domain::opening::{OpenedBy, Reason};
use domain::seal::SealContext;
use domain::{Clock, Credentials, Failure, ProviderId, TenantId};
use providers::http::Egress;
use providers::{Catalogue, Checked, Connection, Overrides, Provider, Webhooks};
use store::integrations::{Integrations, roster_key};
use store::notifications::Notification;
use store::previous::PreviousCredentials;
use store::verdicts::{Verdict, Verdicts};
use tokio::time::timeout;
use vault::{OpenError, Opener};

/// How long a provider is asked about a credential.
pub const CHECK_TIMEOUT: Duration = Duration::from_secs(6);

/// How long after a change of secrets a refusal in use leads back to the ones before.
pub const GRACE: Duration = Duration::from_secs(24 * 3600);

/// What became of an integration whose credentials were refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aftermath {
    /// It is `invalid`, and its tenant has been told.
    Disabled,
    /// It has the credentials it had before, and they work.
    Returned,
    /// It has other credentials than those that were refused, or cannot be judged now: try again a little later.
    Undecided,
}

/// Stored credentials with all it takes to use them.
pub struct Custody {
    integrations: Integrations,
    verdicts: Verdicts,
    opener: Opener,
    http: Egress,
    overrides: Overrides,
    clock: Arc<dyn Clock>,
    providers: Catalogue,
}

impl Custody {
    /// Credentials of the table, opened by the opener, used through the one way out.
    pub fn new(
        integrations: Integrations,
        verdicts: Verdicts,
        opener: Opener,
        (http, overrides): (Egress, Overrides),
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            integrations,
            verdicts,
            opener,
            http,
            overrides,
            clock,
            providers: providers::ALL,
        }
    }

    /// With other providers than all.
    #[must_use]
    pub fn with_providers(self, providers: Catalogue) -> Self {
        Self { providers, ..self }
    }

    /// The provider of that type.
    pub fn provider(&self, id: &ProviderId) -> Option<&'static dyn Provider> {
        providers::find_in(self.providers, id.as_str())
    }

    /// Opens an integration's credentials, if it is what its roster attests: an older record put in its place is
    /// refused (F4). `attested` is the roster's word where that is known already.
    ///
    /// # Errors
    /// As [`Opener::open`].
    pub async fn open(
        &self,
        integration: &Integration,
        attested: Option<&str>,
        by: OpenedBy<'_>,
    ) -> Result<Credentials, OpenError> {
        let known = match attested {
            Some(attested) => self.is_version(integration, attested).await?,
            None => false,
        };
        if !known {
            self.check_version(integration).await?;
        }
        self.open_version(integration, by).await
    }

    /// Opens the credentials that an integration had before, if they are what the vault attested when they were the
    /// present ones.
    ///
    /// # Errors
    /// As [`Opener::open`].
    pub async fn open_previous(
        &self,
        integration: &Integration,
        previous: &PreviousCredentials,
        by: OpenedBy<'_>,
    ) -> Result<Credentials, OpenError> {
        let before = previous.restored(integration);
        let is_older = before.credential_version < integration.credential_version;
        if is_older && self.is_version(&before, &previous.version_attested).await? {
            return self.open_version(&before, by).await;
        }
        Err(OpenError::DoesNotOpen)
    }

    async fn open_version(
        &self,
        integration: &Integration,
        by: OpenedBy<'_>,
    ) -> Result<Credentials, OpenError> {
        self.opener
            .open_credentials(&place(integration), &integration.credentials, by)
            .await
    }

    /// Holds the record against its tenant's roster, which is written with it.
    async fn check_version(&self, integration: &Integration) -> Result<(), OpenError> {
        let Integration { tenant, id, .. } = integration;
        let key = roster_key(tenant, &integration.owner);
        let rosters = self.integrations.find_rosters(&[key]).await?;
        let line = rosters
            .values()
            .find_map(|roster| roster.candidates.get(id));
        if let Some(line) = line
            && self.is_version(integration, &line.version_attested).await?
        {
            return Ok(());
        }
        if !self.is_current(integration).await? {
            let reason = "the integration was changed while it was read";
            return Err(OpenError::Unavailable(reason.to_owned()));
        }
        tracing::error!(
            alarm = "tamper",
            %tenant,
            integration = %id,
            "a record is not the version that its roster attests"
        );
        Err(OpenError::DoesNotOpen)
    }

    async fn is_version(
        &self,
        integration: &Integration,
        attested: &str,
    ) -> Result<bool, OpenError> {
        let matter = integration.version_matter();
        let said = self
            .opener
            .attested(&integration.tenant, &matter, attested)
            .await?;
        Ok(said == Some(integration.credential_version.to_string()))
    }

    /// What a text of the vault's attests on a matter; see [`Opener::attested`].
    ///
    /// # Errors
    /// [`OpenError::Unavailable`] while the keys cannot be had.
    pub async fn attested(
        &self,
        tenant: &TenantId,
        matter: &str,
        text: &str,
    ) -> Result<Option<String>, OpenError> {
        self.opener.attested(tenant, matter, text).await
    }

    /// An account ready to be called, with these settings and credentials.
    pub fn connect<'a>(
        &'a self,
        provider: &dyn Provider,
        settings: &'a providers::Settings,
        credentials: &'a Credentials,
    ) -> Connection<'a> {
        self.overrides
            .connect(provider, settings, credentials, &self.http)
    }

    /// Tells the provider to call the integration's webhook no more; `false` if it may go on.
    pub async fn deregister(&self, integration: &Integration, credentials: &Credentials) -> bool {
        let Some((provider, webhooks)) = caller(integration) else {
            return true;
        };
        let connection = self.connect(provider, &integration.settings, credentials);
        let told = webhooks.deregister(connection).await;
        told.inspect_err(|failure| {
            tracing::warn!(integration = %integration.id, %failure, "the webhook was left behind");
        })
        .is_ok()
    }

    /// What an operator sets for all tenants.
    pub fn overrides(&self) -> &Overrides {
        &self.overrides
    }

    /// Records what a test of stored credentials found. A provider that could not be asked, or that spoke of
    /// something else, has said nothing about them, and nothing is recorded. `false` if nothing was.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be recorded.
    pub async fn judge(
        &self,
        tested: &Integration,
        result: &Result<Checked, Failure>,
        by: OpenedBy<'_>,
        record: &AuditRecord,
    ) -> Result<bool, StoreError> {
        match result {
            Ok(_) => {
                let verdict = Verdict {
                    status: Status::Connected,
                    failure: None,
                    at: self.clock.now(),
                };
                self.verdicts.record(tested, &verdict, None, record).await
            }
            Err(failure) if failure.kind.blames_credentials() => {
                self.refused(tested, failure, by).await?;
                Ok(false)
            }
            Err(_) => Ok(false),
        }
    }

    /// What follows for an integration whose credentials were refused for good, or do not open.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be recorded; then nothing has changed.
    pub async fn refused(
        &self,
        integration: &Integration,
        why: &Failure,
        by: OpenedBy<'_>,
    ) -> Result<Aftermath, StoreError> {
        let now = self.clock.now();
        if integration.returns_until.is_some_and(|until| now < until)
            && let Some(previous) = self.integrations.find_previous(integration).await?
        {
            match self.still_works(integration, &previous, by).await {
                Some(true) => return self.go_back(integration, &previous, why, by).await,
                Some(false) => {}
                None => return Ok(Aftermath::Undecided),
            }
        }
        self.disable(integration, why, by).await
    }

    /// Whether the credentials before work; `None` if that cannot be found out now.
    async fn still_works(
        &self,
        integration: &Integration,
        previous: &PreviousCredentials,
        by: OpenedBy<'_>,
    ) -> Option<bool> {
        let provider = self.provider(&integration.provider)?;
        let reason = Reason::Return;
        let by = OpenedBy { reason, ..by };
        let credentials = match self.open_previous(integration, previous, by).await {
            Ok(credentials) => credentials,
            Err(OpenError::DoesNotOpen) => return Some(false),
            Err(OpenError::Unavailable(_)) => return None,
        };
        let connection = self.connect(provider, &previous.settings, &credentials);
        match timeout(CHECK_TIMEOUT, providers::check(provider, connection)).await {
            Ok(Ok(_)) => Some(true),
            Ok(Err(failure)) if failure.kind.blames_credentials() => Some(false),
            Ok(Err(_)) | Err(_) => None,
        }
    }

    async fn go_back(
        &self,
        failed: &Integration,
        previous: &PreviousCredentials,
        why: &Failure,
        by: OpenedBy<'_>,
    ) -> Result<Aftermath, StoreError> {
        let at = self.clock.now();
        let notification = Notification::credentials_returned(failed, why, at);
        let mut record = self.record(failed, "credentials.return", by);
        record.credential_version = Some(previous.credential_version);
        let gone = self
            .verdicts
            .go_back(failed, previous, at, &notification, &record)
            .await?;
        Ok(if gone {
            tracing::warn!(integration = %failed.id, "new credentials failed in use; the ones before serve again");
            Aftermath::Returned
        } else {
            Aftermath::Undecided
        })
    }

    /// Switches the integration to `invalid`, once, and tells its tenant, once. For a record that somebody has changed
    /// this is all that follows: it must not lead back to older credentials.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be recorded; then nothing has changed.
    pub async fn disable(
        &self,
        integration: &Integration,
        why: &Failure,
        by: OpenedBy<'_>,
    ) -> Result<Aftermath, StoreError> {
        let at = self.clock.now();
        let verdict = Verdict {
            status: Status::Invalid,
            failure: Some(why.clone()),
            at,
        };
        let notification = Notification::integration_invalid(integration, why, at);
        let mut record = self.record(integration, "integration.disable", by);
        record.outcome = why.kind.code().into();
        let changed = self
            .verdicts
            .record(integration, &verdict, Some(&notification), &record)
            .await?;
        if changed || self.is_current(integration).await? {
            return Ok(Aftermath::Disabled);
        }
        Ok(Aftermath::Undecided)
    }

    /// Whether the credential that was used is still the stored one.
    async fn is_current(&self, used: &Integration) -> Result<bool, StoreError> {
        let key = (used.tenant.clone(), used.id.clone());
        let stored = self.integrations.find_many(&[key]).await?;
        Ok(stored
            .first()
            .is_some_and(|stored| stored.credential_version == used.credential_version))
    }

    fn record(
        &self,
        integration: &Integration,
        action: &'static str,
        by: OpenedBy<'_>,
    ) -> AuditRecord {
        AuditRecord {
            provider: Some(integration.provider.clone()),
            integration: Some(integration.id.clone()),
            request: by.request.to_owned(),
            credential_version: Some(integration.credential_version),
            ..AuditRecord::new(by.actor, self.clock.now(), action)
        }
    }
}

/// The place an integration's credentials are sealed for, with the address its settings send them to.
pub fn place(integration: &Integration) -> SealContext<'_> {
    integration.credentials_place(address(&integration.provider, &integration.settings))
}

/// The address that settings of a provider's send secrets to, if the tenant chose one.
fn address<'a>(provider: &ProviderId, settings: &'a providers::Settings) -> Option<&'a str> {
    providers::chosen_address(providers::find(provider.as_str())?, settings)
}

/// The provider that may call an integration's webhook.
fn caller(integration: &Integration) -> Option<(&'static dyn Provider, &'static dyn Webhooks)> {
    let webhook = integration.webhook.as_ref()?;
    let provider = providers::find(integration.provider.as_str())?;
    let webhooks = provider.webhooks()?;
    integration
        .is_called_on(&webhook.route)
        .then_some((provider, webhooks))
}
