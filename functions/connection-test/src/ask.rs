//! One test that somebody asks for, and what it is about.

use domain::audit::AuditRecord;
use domain::integration::{Owner, Reference};
use domain::opening::{OpenedBy, Reason};
use domain::{Caller, Failure, Integration, IntegrationId, ProviderId};
use edge::Problem;
use edge::http::HttpRequest;
use providers::form::Filled;
use providers::{Checked, Provider};
use vault::OpenError;

use crate::Context;

/// What every test is given.
pub(crate) struct Ask<'a> {
    pub(crate) context: &'a Context,
    pub(crate) caller: &'a Caller,
    pub(crate) request: &'a HttpRequest,
}

/// What a test is about.
pub(crate) enum Asked<'a> {
    /// The integration of that id, or the default one of that type.
    Named(&'a str),
    /// The owner's default one of that type.
    Default(&'static str, Owner),
    /// None that is stored.
    New(&'static dyn Provider),
}

type Found = (&'static dyn Provider, Option<Integration>);

impl<'a> Ask<'a> {
    /// The provider to ask, and the stored integration if there is one that the caller may know of.
    pub(crate) async fn find(&self, asked: Asked<'_>) -> Result<Found, Problem> {
        let missing = || Problem::not_found("integration");
        let integrations = &self.context.integrations;
        let (kind, existing) = match asked {
            Asked::New(provider) => return Ok((provider, None)),
            Asked::Named(reference) => {
                let parsed = Reference::parse(reference).ok_or_else(missing)?;
                let found = integrations.find_reference(self.caller, &parsed).await?;
                (reference, found)
            }
            Asked::Default(kind, owner) => {
                let provider = providers::find(kind).ok_or_else(missing)?;
                let id = providers::id_of(provider);
                let found = integrations
                    .find_default(self.caller, &id, &[owner])
                    .await?;
                (kind, found)
            }
        };
        let kind = existing.as_ref().map_or(kind, |one| one.provider.as_str());
        Ok((providers::find(kind).ok_or_else(missing)?, existing))
    }

    /// What is stored, opened; `None` if it does not open any more.
    pub(crate) async fn open(&self, integration: &Integration) -> Result<Option<Filled>, Problem> {
        let by = self.opens_for();
        match self.context.custody.open(integration, None, by).await {
            Ok(credentials) => Ok(Some(Filled {
                settings: integration.settings.clone(),
                credentials,
            })),
            Err(OpenError::DoesNotOpen) => Ok(None),
            Err(error @ OpenError::Unavailable(_)) => {
                tracing::error!(error = %error, integration = %integration.id, "credentials did not open");
                Err(Problem::unavailable())
            }
        }
    }

    /// As whom the test opens what is stored.
    pub(crate) fn opens_for(&self) -> OpenedBy<'a> {
        OpenedBy {
            actor: self.caller.user.as_str(),
            reason: Reason::Test,
            request: self.request.id(),
        }
    }

    /// Asks the provider.
    pub(crate) async fn check(
        &self,
        provider: &dyn Provider,
        filled: &Filled,
    ) -> Result<Checked, Failure> {
        let Filled {
            settings,
            credentials,
        } = filled;
        let custody = &self.context.custody;
        let connection = custody.connect(provider, settings, credentials);
        providers::check(provider, connection).await
    }

    /// The line of the audit trail that a test is.
    pub(crate) fn record(
        &self,
        subject: (&ProviderId, Option<&IntegrationId>),
        result: &Result<Checked, Failure>,
    ) -> AuditRecord {
        let outcome = result
            .as_ref()
            .map_or_else(|failure| failure.kind.code(), |_| "ok");
        AuditRecord::of_caller(
            self.caller,
            self.context.clock.now(),
            "integration.test",
            subject,
            outcome,
            self.request.id(),
        )
    }
}
