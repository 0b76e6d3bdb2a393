//! One change to one integration: test first, then seal, store, and tell the provider our webhook URL.

use std::collections::BTreeMap;

use domain::integration::{Masked, Owner, Status};
use domain::seal::Sealed;
use domain::{Caller, Credentials, Integration, IntegrationId};
use edge::Problem;
use edge::http::{HttpReply, HttpRequest};
use providers::form::Filled;
use providers::{Checked, Provider};
use secrecy::ExposeSecret;
use serde_json::{Map, Value};
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
    pub(super) async fn save(&self, mut body: Map<String, Value>) -> Result<HttpReply, Problem> {
        let about = About::take(&mut body, self.caller)?;
        let mut after = self.draft(about)?;
        if self.before.is_some() && body.is_empty() {
            self.store(&after, None, "integration.change").await?;
            return self.answer(&after, &[]).await;
        }
        let mut filled = self.fill_in(body).await?;
        let checked = self.test(&filled).await?;
        let route = self.seal(&mut after, &mut filled, &checked).await?;
        self.store(&after, route.as_ref(), "integration.configure")
            .await?;
        if let Some(before) = self
            .before
            .as_ref()
            .filter(|b| b.accounts != after.accounts)
        {
            webhook::deregister(self.context, before, &filled.credentials).await;
        }
        if route.is_some() {
            webhook::register(self.context, self.provider, &mut after, &filled.credentials).await?;
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
    async fn fill_in(&self, mut given: Map<String, Value>) -> Result<Filled, Problem> {
        let stored = match &self.before {
            Some(before) => Some(self.open(before).await?),
            None => None,
        };
        let defaults = self.context.overrides.settings(self.provider);
        for (name, value) in defaults.into_iter().flatten() {
            let known = stored
                .as_ref()
                .is_some_and(|stored| stored.settings.contains_key(name));
            if !known && !given.contains_key(name) {
                given.insert(name.clone(), value.clone());
            }
        }
        providers::form::read(self.provider, given, stored.as_ref()).map_err(problems::objections)
    }

    async fn open(&self, integration: &Integration) -> Result<Filled, Problem> {
        let place = integration.credentials_place();
        let opened = self
            .context
            .opener
            .open_credentials(&place, &integration.credentials)
            .await;
        let credentials = match opened {
            Ok(credentials) => credentials,
            // What does not open any more can still be replaced by entering everything again.
            Err(OpenError::DoesNotOpen) => Credentials::default(),
            Err(error @ OpenError::Unavailable(_)) => {
                return Err(problems::vault_unavailable(error));
            }
        };
        Ok(Filled {
            settings: integration.settings.clone(),
            credentials,
        })
    }

    /// Asks the provider; what it refuses is not stored.
    async fn test(&self, filled: &Filled) -> Result<Checked, Problem> {
        let Filled {
            settings,
            credentials,
        } = filled;
        let overrides = &self.context.overrides;
        let connection =
            overrides.connect(self.provider, settings, credentials, &self.context.http);
        match self.provider.check(connection).await {
            Ok(checked) => Ok(checked),
            Err(failure) => {
                let before = self.before.as_ref().map(|before| &before.id);
                self.audit("integration.configure", before, failure.kind.code())
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
        after.masked = filled
            .credentials
            .iter()
            .map(|(name, value)| (name.to_owned(), Masked::of(value.expose_secret())))
            .filter(|(name, _)| !webhook::is_ours(name))
            .collect();
        after.accounts = self.provider.accounts(&after.settings).exclusive;
        after.facts = checked.facts.clone();
        after.expires_at = checked.expires_at;
        after.status = Status::Connected;
        after.verified_at = Some(self.context.clock.now());
        after.last_error = None;
        after.credential_version += 1;
        webhook::ensure_tokens(&mut filled.credentials);
        let plaintext = filled.credentials.to_plaintext();
        after.credentials = self
            .context
            .sealer
            .seal(&after.credentials_place(), &plaintext)
            .await
            .map_err(problems::vault_unavailable)?;
        let (route, webhook) =
            webhook::route(self.context, self.provider, after, &filled.credentials).await?;
        after.webhook = webhook;
        Ok(route)
    }

    async fn store(
        &self,
        after: &Integration,
        route: Option<&WebhookRoute>,
        action: &'static str,
    ) -> Result<(), Problem> {
        let saved = self
            .context
            .changes
            .save(self.before.as_ref(), after, route)
            .await;
        match saved.map_err(problems::write_problem) {
            Ok(()) => self.audit(action, Some(&after.id), "ok").await,
            Err(problem) => {
                let before = self.before.as_ref().map(|before| &before.id);
                self.audit(action, before, problem.code()).await?;
                Err(problem)
            }
        }
    }

    async fn audit(
        &self,
        action: &'static str,
        integration: Option<&IntegrationId>,
        outcome: &str,
    ) -> Result<(), Problem> {
        let subject = (&providers::id_of(self.provider), integration);
        self.context
            .audit(self.caller, action, subject, outcome, self.request.id())
            .await
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
