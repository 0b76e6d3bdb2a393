//! One change to one integration: test first, then seal, store, and tell the provider our webhook URL.

use std::collections::BTreeMap;

use custody::GRACE;
use domain::audit::AuditRecord;
use domain::integration::{Masked, Owner, Status};
use domain::opening::Reason;
use domain::seal::Sealed;
use domain::{Caller, Credentials, Given, Integration, IntegrationId};
use edge::Problem;
use edge::http::{HttpReply, HttpRequest};
use providers::form::Filled;
use providers::{Checked, Provider};
use secrecy::ExposeSecret;
use serde_json::Map;
use store::changes::Previous;
use store::previous::PreviousCredentials;
use store::routes::WebhookRoute;
use vault::OpenError;

use super::about::About;
use super::problems;
use super::view::{self, IntegrationView};
use super::{resume, webhook};
use crate::Context;

/// Who changes what; `before` is `None` for a new integration.
pub(super) struct Change<'a> {
    pub(super) context: &'a Context,
    pub(super) caller: &'a Caller,
    pub(super) request: &'a HttpRequest,
    pub(super) provider: &'static dyn Provider,
    pub(super) before: Option<Integration>,
}

impl Change<'_> {
    /// Makes the change that the body asks for.
    pub(super) async fn save(&self, mut body: Given) -> Result<HttpReply, Problem> {
        let about = About::take(&mut body, self.caller)?;
        let keep_previous = about.keep_previous.unwrap_or(true);
        let mut after = self.draft(about)?;
        if self.before.is_some() && body.is_empty() {
            if !keep_previous {
                after.returns_until = None;
            }
            self.store(&after, None, None, "integration.change").await?;
            return self.answer(&after, &[]).await;
        }
        let stored = self.open().await?;
        let mut filled = self.fill_in(body, stored.as_ref())?;
        let checked = self.test(&filled).await?;
        let route = self.seal(&mut after, &mut filled, &checked).await?;
        let webhook_lives_on = stored.as_ref().is_some_and(|stored| {
            webhook::lives_on(self.provider, &stored.credentials, &filled.credentials)
        });
        let replaced = stored.map_or(Replaced::Unopened, |stored| Replaced::of(&stored, &filled));
        let keep = keep_previous && webhook_lives_on;
        let previous = self.previous(&mut after, replaced, keep);
        let route = route.as_ref();
        self.store(&after, previous.as_ref(), route, "integration.configure")
            .await?;
        if let Some(before) = self
            .before
            .as_ref()
            .filter(|b| b.accounts != after.accounts)
        {
            webhook::deregister(self.context, before, &filled.credentials).await;
        }
        if route.is_some() {
            self.register(&mut after, &filled.credentials).await?;
        }
        self.answer(&after, &checked.warnings).await
    }

    /// The record as it will be, as far as the provider has no say in it.
    fn draft(&self, about: About) -> Result<Integration, Problem> {
        let now = self.context.clock.now();
        let mut after = match (&self.before, about.owner) {
            (Some(before), Some(owner)) if before.owner != owner => {
                return Err(problems::field_problem("owner", "cannot be changed"));
            }
            (Some(before), _) => {
                super::may_change(self.caller, &before.owner)?;
                problems::check_precondition(self.request, before)?;
                before.clone()
            }
            (None, owner) => {
                let owner = owner.unwrap_or(Owner::Tenant);
                super::may_change(self.caller, &owner)?;
                self.blank(owner)
            }
        };
        after.name = about.name.unwrap_or(after.name);
        after.priority = about.priority.unwrap_or(after.priority);
        after.enabled = about.enabled.unwrap_or(after.enabled);
        after.revision += 1;
        after.updated_at = now;
        after.updated_by = self.caller.user.clone();
        Ok(after)
    }

    fn blank(&self, owner: Owner) -> Integration {
        let now = self.context.clock.now();
        Integration {
            id: IntegrationId::make(),
            tenant: self.caller.tenant.clone(),
            owner,
            provider: providers::id_of(self.provider),
            name: self.provider.descriptor().name.to_owned(),
            settings: Map::new(),
            credentials: Sealed::from_bytes(Vec::new()),
            credential_version: 0,
            latest_version: 0,
            version_attested: String::new(),
            returns_until: None,
            masked: BTreeMap::new(),
            accounts: Vec::new(),
            enabled: true,
            status: Status::Unverified,
            verified_at: None,
            last_error: None,
            facts: Map::new(),
            expires_at: None,
            priority: 100,
            revision: 0,
            webhook: None,
            created_at: now,
            created_by: self.caller.user.clone(),
            updated_at: now,
            updated_by: self.caller.user.clone(),
        }
    }

    /// The given values over those that are stored, over the operator's defaults.
    fn fill_in(&self, mut given: Given, stored: Option<&Filled>) -> Result<Filled, Problem> {
        let defaults = self.context.custody.overrides().settings(self.provider);
        for (name, value) in defaults.into_iter().flatten() {
            let known = stored.is_some_and(|stored| stored.settings.contains_key(name));
            if !known && !given.contains_key(name) {
                given.insert(name.clone(), value.clone());
            }
        }
        providers::form::read(self.provider, given, stored).map_err(problems::objections)
    }

    /// What is stored, if there is anything.
    async fn open(&self) -> Result<Option<Filled>, Problem> {
        let Some(integration) = &self.before else {
            return Ok(None);
        };
        let by = crate::opened_by(self.caller, self.request, Reason::Change);
        let credentials = match self.context.custody.open(integration, None, by).await {
            Ok(credentials) => credentials,
            // What does not open any more can still be replaced by entering everything again.
            Err(OpenError::DoesNotOpen) => Credentials::default(),
            Err(error @ OpenError::Unavailable(_)) => {
                return Err(problems::vault_unavailable(error));
            }
        };
        Ok(Some(Filled {
            settings: integration.settings.clone(),
            credentials,
        }))
    }

    /// Asks the provider; what it refuses is not stored.
    async fn test(&self, filled: &Filled) -> Result<Checked, Problem> {
        let Filled {
            settings,
            credentials,
        } = filled;
        let custody = &self.context.custody;
        let connection = custody.connect(self.provider, settings, credentials);
        match self.provider.check(connection).await {
            Ok(checked) => Ok(checked),
            Err(failure) => {
                self.refused("integration.configure", failure.kind.code())
                    .await?;
                Err(Problem::from_provider(&failure))
            }
        }
    }

    /// Takes over values that the provider has accepted, and seals those that are secret.
    async fn seal(
        &self,
        after: &mut Integration,
        filled: &mut Filled,
        checked: &Checked,
    ) -> Result<Option<WebhookRoute>, Problem> {
        filled.settings.extend(checked.discovered.clone());
        after.settings = filled.settings.clone();
        after.masked = self.mask(&filled.credentials).await?;
        after.accounts = self.provider.accounts(&after.settings).exclusive;
        after.facts = checked.facts.clone();
        after.expires_at = checked.expires_at;
        after.status = Status::Connected;
        after.verified_at = Some(self.context.clock.now());
        after.last_error = None;
        after.latest_version += 1;
        after.credential_version = after.latest_version;
        webhook::ensure_tokens(&mut filled.credentials);
        let plaintext = filled.credentials.to_plaintext();
        after.credentials = self
            .context
            .sealer
            .seal(&custody::place(after), plaintext.expose())
            .await
            .map_err(problems::vault_unavailable)?;
        let version = after.credential_version.to_string();
        after.version_attested = self
            .context
            .sealer
            .attest(&after.tenant, &after.version_matter(), &version)
            .await
            .map_err(problems::vault_unavailable)?;
        let (route, webhook) =
            webhook::route(self.context, self.provider, after, &filled.credentials).await?;
        after.webhook = webhook;
        Ok(route)
    }

    /// How the tenant's own secrets are shown.
    async fn mask(&self, credentials: &Credentials) -> Result<BTreeMap<String, Masked>, Problem> {
        let mut masks = BTreeMap::new();
        for (name, value) in credentials
            .iter()
            .filter(|(name, _)| !webhook::is_ours(name))
        {
            let value = value.expose_secret();
            let sealer = &self.context.sealer;
            let fingerprint = sealer.fingerprint(&self.caller.tenant, name, value).await;
            let fingerprint = Some(fingerprint.map_err(problems::vault_unavailable)?);
            let mask = Masked::of(value);
            masks.insert(
                name.to_owned(),
                Masked {
                    fingerprint,
                    ..mask
                },
            );
        }
        Ok(masks)
    }

    /// What becomes of the secrets that are replaced: those that worked are kept for a while, as long as they are of
    /// the same account.
    fn previous(
        &self,
        after: &mut Integration,
        replaced: Replaced,
        keep: bool,
    ) -> Option<PreviousCredentials> {
        let before = self.before.as_ref()?;
        let same_account = before.accounts == after.accounts;
        if replaced == Replaced::Nothing && keep && same_account {
            return None;
        }
        let worked = before.status.may_send() && replaced == Replaced::Opened;
        after.returns_until =
            (keep && same_account && worked).then(|| self.context.clock.now().after(GRACE));
        after.returns_until.map(|_| PreviousCredentials::of(before))
    }

    async fn store(
        &self,
        after: &Integration,
        previous: Option<&PreviousCredentials>,
        route: Option<&WebhookRoute>,
        action: &'static str,
    ) -> Result<(), Problem> {
        let mut record = self.record(action, Some(after));
        record.credential_version = Some(after.credential_version);
        let previous = match (previous, after.returns_until) {
            (Some(previous), Some(until)) => Previous::Keep(previous, until),
            (None, Some(_)) => Previous::Untouched,
            (_, None) => Previous::Forget,
        };
        let before = self.before.as_ref();
        let changes = &self.context.changes;
        let saved = changes.save(before, after, previous, route, &record).await;
        match saved.map_err(problems::write_problem) {
            Ok(()) => Ok(()),
            Err(problem) => {
                self.refused(action, problem.code()).await?;
                Err(problem)
            }
        }
    }

    async fn register(
        &self,
        after: &mut Integration,
        credentials: &Credentials,
    ) -> Result<(), Problem> {
        let mut record = self.record("webhook.register", Some(after));
        let context = self.context;
        let failure = webhook::register(context, self.provider, after, credentials).await;
        if let Some(failure) = failure {
            record.outcome = failure.into();
        }
        if context.changes.record_webhook(after, &record).await? {
            after.revision += 1;
        } else {
            // The integration was changed meanwhile; the provider was told all the same.
            context.trail.append(&after.tenant, &record).await?;
        }
        Ok(())
    }

    fn record(&self, action: &'static str, integration: Option<&Integration>) -> AuditRecord {
        let id = integration.map(|integration| &integration.id);
        let subject = (&providers::id_of(self.provider), id);
        self.context
            .record(self.caller, action, subject, self.request)
    }

    async fn refused(&self, action: &'static str, why: &'static str) -> Result<(), Problem> {
        let record = self.record(action, self.before.as_ref());
        self.context.refused(self.caller, record, why).await
    }

    /// Lets go what waited for this change, and shows the integration as it is now.
    async fn answer(&self, after: &Integration, warnings: &[String]) -> Result<HttpReply, Problem> {
        if self.before.is_some() {
            resume::resume(self.context, after).await?;
        }
        let status = if self.before.is_none() { 201 } else { 200 };
        let view = IntegrationView::new(after, self.caller).warnings(warnings);
        Ok(HttpReply::data(status, &view).header("etag", view::tag(after)))
    }
}

/// What a change replaces of the tenant's own secrets.
#[derive(Clone, Copy, PartialEq)]
enum Replaced {
    /// Nothing: they are the same.
    Nothing,
    /// Secrets that opened, and so can be gone back to.
    Opened,
    /// What does not open any more, or nothing at all.
    Unopened,
}

impl Replaced {
    fn of(stored: &Filled, filled: &Filled) -> Self {
        let counts = |name: &str| !webhook::is_ours(name);
        match stored.credentials.iter().next() {
            None => Self::Unopened,
            Some(_) if stored.credentials.is_same(&filled.credentials, counts) => Self::Nothing,
            Some(_) => Self::Opened,
        }
    }
}
