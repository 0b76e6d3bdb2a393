//! One change to one integration: test first, then seal, store, and tell the provider our webhook URL.

use std::collections::BTreeMap;

use contract::filled;
use contract::integrations::{About, Ownership, entity_tag};
use custody::GRACE;
use domain::audit::AuditRecord;
use domain::integration::{Masked, Owner, PreviousRoute, Status};
use domain::opening::Reason;
use domain::seal::Sealed;
use domain::{Credentials, Given, Integration, IntegrationId};
use edge::Problem;
use edge::http::HttpReply;
use providers::field::Form;
use providers::form::Filled;
use providers::{Checked, Provider};
use secrecy::ExposeSecret;
use serde_json::Map;
use store::changes::Previous;
use store::integrations::roster_key;
use store::previous::PreviousCredentials;
use store::routes::WebhookRoute;
use vault::OpenError;

use super::sealing::seal_as_next_version;
use super::{problems, resume, sync, webhook};
use crate::ask::Ask;

/// Most integrations of an owner: they stand together in one item.
const MOST_PER_OWNER: usize = 200;

/// What is told if nobody knows whether the provider has heard of the webhook.
const NOT_TOLD: &str = "The provider may not know the webhook's URL: repair the webhook.";

/// What is told if messages that waited for a repair could not be let go.
const STILL_WAITING: &str =
    "Some messages still wait for this integration: save it once more to send them.";

/// Who changes what; `before` is `None` for a new integration.
pub(crate) struct Change<'a> {
    pub(crate) ask: Ask<'a>,
    pub(crate) provider: &'static dyn Provider,
    pub(crate) before: Option<Integration>,
}

/// What a change has led to.
pub(crate) struct Saved {
    pub(crate) integration: Integration,
    pub(crate) warnings: Vec<String>,
    pub(crate) is_new: bool,
}

impl Saved {
    /// The integration as it is now.
    pub(crate) fn reply(&self, ask: &Ask<'_>) -> HttpReply {
        let status = if self.is_new { 201 } else { 200 };
        let view = super::view(ask, &self.integration).warnings(&self.warnings);
        HttpReply::data(status, &view).header("etag", entity_tag(self.integration.revision))
    }
}

impl Change<'_> {
    /// Makes the change: `about` is said of every integration, `fields` are the provider's.
    pub(crate) async fn save(&self, about: About, fields: Given) -> Result<Saved, Problem> {
        let keep_previous = about.keep_previous.unwrap_or(true);
        let mut after = self.draft(about).await?;
        if self.before.is_some() && fields.is_empty() {
            if !keep_previous {
                after.returns_until = None;
            }
            self.store(&after, None, &[], "integration.change").await?;
            return self.saved(after, Vec::new()).await;
        }
        let stored = self.open().await?;
        let mut filled = self.fill_in(fields, stored.as_ref())?;
        let checked = self.test(&filled).await?;
        let routes = self.seal(&mut after, &mut filled, &checked).await?;
        let webhook_lives_on = stored.as_ref().is_some_and(|stored| {
            webhook::lives_on(self.provider, &stored.credentials, &filled.credentials)
        });
        let replaced = stored.map_or(Replaced::Unopened, |stored| Replaced::of(&stored, &filled));
        let keep = keep_previous && webhook_lives_on;
        let previous = self.previous(&mut after, replaced, keep);
        let action = "integration.configure";
        self.store(&after, previous.as_ref(), &routes, action)
            .await?;
        let context = self.ask.context;
        let mut warnings = checked.warnings;
        if let Some(before) = self
            .before
            .as_ref()
            .filter(|b| b.accounts != after.accounts)
        {
            webhook::deregister(context, before, &filled.credentials).await;
        }
        if !routes.is_empty() {
            let (provider, credentials) = (self.provider, &filled.credentials);
            let action = "webhook.register";
            let told = webhook::register(&self.ask, provider, &mut after, credentials, action);
            if let Err(problem) = told.await {
                tracing::warn!(code = problem.code(), "a webhook was not told for certain");
                warnings.push(NOT_TOLD.to_owned());
            }
        }
        warnings.extend(
            sync::after_a_save(&self.ask, self.provider, &after, &filled.credentials).await,
        );
        self.saved(after, warnings).await
    }

    /// The record as it will be, as far as the provider has no say in it.
    async fn draft(&self, about: About) -> Result<Integration, Problem> {
        let now = self.ask.context.clock.now();
        let owner = about.owner.map(|owner| match owner {
            Ownership::Tenant => Owner::Tenant,
            Ownership::User => Owner::User(self.ask.caller.user.clone()),
        });
        let mut after = match (&self.before, owner) {
            (Some(before), Some(owner)) if before.owner != owner => {
                return Err(Problem::invalid_field("owner", "cannot be changed"));
            }
            (Some(before), _) => {
                super::check_may_change(self.ask.caller, &before.owner)?;
                self.ask.check_precondition(before.revision)?;
                before.clone()
            }
            (None, owner) => {
                let owner = owner.unwrap_or(Owner::Tenant);
                super::check_may_change(self.ask.caller, &owner)?;
                self.check_room(&owner).await?;
                if self.ask.request.header("if-match").is_some() {
                    return Err(problems::nothing_to_match());
                }
                self.blank(owner)
            }
        };
        after.name = about.name.map_or(after.name, Into::into);
        let priority = about
            .priority
            .and_then(|priority| u32::try_from(priority.get()).ok());
        after.priority = priority.unwrap_or(after.priority);
        after.enabled = about.enabled.unwrap_or(after.enabled);
        after.revision += 1;
        after.updated_at = now;
        after.updated_by = self.ask.caller.user.clone();
        Ok(after)
    }

    /// That the owner may have one more.
    async fn check_room(&self, owner: &Owner) -> Result<(), Problem> {
        let key = roster_key(&self.ask.caller.tenant, owner);
        let rosters = self.ask.context.integrations.find_rosters(&[key]).await?;
        let count = rosters.values().map(|roster| roster.candidates.len()).sum();
        if MOST_PER_OWNER > count {
            return Ok(());
        }
        let detail = format!("Nobody has more than {MOST_PER_OWNER} integrations.");
        Err(Problem::new(409, "too_many_integrations", detail)
            .hint("Remove one that is not needed any more."))
    }

    fn blank(&self, owner: Owner) -> Integration {
        let now = self.ask.context.clock.now();
        Integration {
            id: IntegrationId::make(),
            tenant: self.ask.caller.tenant.clone(),
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
            created_by: self.ask.caller.user.clone(),
            updated_at: now,
            updated_by: self.ask.caller.user.clone(),
        }
    }

    /// The given values over those that are stored, over the operator's defaults.
    fn fill_in(&self, given: Given, stored: Option<&Filled>) -> Result<Filled, Problem> {
        let defaults = self.ask.context.custody.overrides().settings(self.provider);
        filled::read(self.provider, given, stored, defaults)
    }

    /// What is stored, if there is anything.
    async fn open(&self) -> Result<Option<Filled>, Problem> {
        let Some(integration) = &self.before else {
            return Ok(None);
        };
        let by = self.ask.opens_for(Reason::Change);
        let credentials = match self.ask.context.custody.open(integration, None, by).await {
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
        let custody = &self.ask.context.custody;
        let connection = custody.connect(self.provider, settings, credentials);
        match providers::check(self.provider, connection).await {
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
    ) -> Result<Vec<WebhookRoute>, Problem> {
        filled.settings.extend(checked.discovered.clone());
        after.settings = filled.settings.clone();
        after.masked = self.mask(&filled.credentials).await?;
        after.accounts = self.provider.accounts(&after.settings).exclusive;
        after.facts = checked.facts.clone();
        after.expires_at = checked.expires_at;
        after.status = Status::Connected;
        after.verified_at = Some(self.ask.context.clock.now());
        after.last_error = None;
        webhook::ensure_tokens(&mut filled.credentials);
        seal_as_next_version(self.ask.context, after, &filled.credentials).await?;
        let (routes, webhook) = webhook::routes(
            self.ask.context,
            self.provider,
            after,
            &filled.credentials,
            self.previous_route(after),
        )
        .await?;
        after.webhook = webhook;
        Ok(routes)
    }

    /// The route of a URL that was rotated out and goes on being answered; not for another account, which has never
    /// been told of it.
    fn previous_route(&self, after: &Integration) -> Option<PreviousRoute> {
        let before = self.before.as_ref()?;
        let now = self.ask.context.clock.now();
        let same_account = before.accounts == after.accounts;
        webhook::previous(before, now)
            .filter(|_| same_account)
            .cloned()
    }

    /// How the tenant's own secrets are shown.
    async fn mask(&self, credentials: &Credentials) -> Result<BTreeMap<String, Masked>, Problem> {
        let mut masks = BTreeMap::new();
        for (name, value) in credentials
            .iter()
            .filter(|(name, _)| !webhook::is_ours(name))
        {
            let value = value.expose_secret();
            let sealer = &self.ask.context.sealer;
            let fingerprint = sealer
                .fingerprint(&self.ask.caller.tenant, name, value)
                .await;
            let fingerprint = Some(fingerprint.map_err(problems::vault_unavailable)?);
            // The end of an object is no help to recognise it, and may be the end of a short secret.
            let last4 = Masked::of(value).last4.filter(|_| !self.is_object(name));
            let mask = Masked {
                set: true,
                last4,
                fingerprint,
            };
            masks.insert(name.to_owned(), mask);
        }
        Ok(masks)
    }

    fn is_object(&self, name: &str) -> bool {
        let mut fields = self.provider.descriptor().fields.iter();
        fields.any(|field| field.name == name && field.form == Form::Object)
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
            (keep && same_account && worked).then(|| self.ask.context.clock.now().after(GRACE));
        after.returns_until.map(|_| PreviousCredentials::of(before))
    }

    async fn store(
        &self,
        after: &Integration,
        previous: Option<&PreviousCredentials>,
        routes: &[WebhookRoute],
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
        let changes = &self.ask.context.changes;
        let saved = changes.save(before, after, previous, routes, &record).await;
        match saved.map_err(problems::write_problem) {
            Ok(()) => Ok(()),
            Err(problem) => {
                self.refused(action, problem.code()).await?;
                Err(problem)
            }
        }
    }

    fn record(&self, action: &'static str, integration: Option<&Integration>) -> AuditRecord {
        let id = integration.map(|integration| &integration.id);
        self.ask
            .record(action, (&providers::id_of(self.provider), id))
    }

    async fn refused(&self, action: &'static str, why: &'static str) -> Result<(), Problem> {
        let record = self.record(action, self.before.as_ref());
        self.ask.refused(record, why).await
    }

    /// Lets go what waited for this change.
    async fn saved(
        &self,
        integration: Integration,
        mut warnings: Vec<String>,
    ) -> Result<Saved, Problem> {
        let is_new = self.before.is_none();
        // It is saved, whatever becomes of what waited for it.
        if !is_new
            && resume::resume(self.ask.context, &integration)
                .await
                .is_err()
        {
            warnings.push(STILL_WAITING.to_owned());
        }
        Ok(Saved {
            integration,
            warnings,
            is_new,
        })
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
