//! An integration's webhook: shown, rotated, repaired.

use contract::credentials::Exposed;
use contract::webhooks::{PreviousWebhook, WebhookView};
use domain::integration::{PreviousRoute, Webhook, WebhookStatus};
use domain::opening::Reason;
use domain::{Credentials, Integration};
use edge::Problem;
use edge::http::HttpReply;
use providers::{Provider, Webhooks};
use secrecy::{ExposeSecret, SecretString};
use store::changes::Previous;
use store::previous::PreviousCredentials;
use store::routes::WebhookRoute;
use vault::OpenError;

use super::sealing::{seal, seal_as_next_version};
use super::{problems, webhook};
use crate::ask::Ask;

/// `GET …/webhook`.
pub(crate) async fn show(ask: &Ask<'_>, reference: &str) -> Result<HttpReply, Problem> {
    let subject = Subject::find(ask, reference).await?;
    let Some(webhook) = subject.configured() else {
        return Ok(subject.not_configured());
    };
    let credentials = webhook::open(ask, &subject.integration).await?;
    Ok(subject.reply(webhook, &credentials))
}

/// `POST …/webhook/rotate`: a new URL. The one before is answered until the provider has taken it and a while longer.
pub(crate) async fn rotate(ask: &Ask<'_>, reference: &str) -> Result<HttpReply, Problem> {
    let mut subject = Subject::find(ask, reference).await?;
    let before = subject
        .configured()
        .ok_or_else(|| subject.nothing_set_up())?;
    // The URL before is the one that the provider is known to call, as long as it has not taken the present one. A
    // third would push it out.
    if before
        .previous
        .as_ref()
        .is_some_and(|it| it.until.is_none())
    {
        return Err(not_taken_yet());
    }
    let retiring = PreviousRoute {
        route: before.route.clone(),
        until: None,
    };
    let mut credentials = webhook::open(ask, &subject.integration).await?;
    let url_token = webhook::new_token();
    credentials.set(webhook::URL_TOKEN, url_token.clone());
    let kept = subject.kept_with(&url_token).await?;
    let mut after = subject.touched();
    after.returns_until = after.returns_until.filter(|_| kept.is_some());
    // A new version, though the tenant's own secrets are the same: else the record before would pass for this one, and a
    // repair of that would open the URL that was rotated out.
    seal_as_next_version(ask.context, &mut after, &credentials).await?;
    let (routes, webhook) = subject.routes(&after, &credentials, Some(retiring)).await?;
    after.webhook = Some(webhook);
    let kept = kept.as_ref().zip(after.returns_until);
    let kept = kept.map_or(Previous::Forget, |(kept, until)| {
        Previous::Keep(kept, until)
    });
    subject
        .store(after, kept, &routes, "webhook.rotate")
        .await?;
    subject.register(&credentials, "webhook.register").await
}

/// `POST …/webhook/repair`: the routes as they should be, and the provider told once more.
pub(crate) async fn repair(ask: &Ask<'_>, reference: &str) -> Result<HttpReply, Problem> {
    let mut subject = Subject::find(ask, reference).await?;
    let credentials = webhook::open(ask, &subject.integration).await?;
    let mut after = subject.touched();
    let retiring = webhook::previous(&after, ask.context.clock.now()).cloned();
    let (routes, pending) = subject.routes(&after, &credentials, retiring).await?;
    // What is known of the present URL stays true until the provider has answered.
    after.webhook = Some(match after.webhook.take() {
        Some(before) if before.route == pending.route => Webhook {
            previous: pending.previous,
            ..before
        },
        _ => pending,
    });
    let untouched = Previous::Untouched;
    subject
        .store(after, untouched, &routes, "webhook.restore")
        .await?;
    subject.register(&credentials, "webhook.repair").await
}

/// An integration whose webhook the caller may see and change.
struct Subject<'a> {
    ask: Ask<'a>,
    integration: Integration,
    provider: &'static dyn Provider,
    webhooks: &'static dyn Webhooks,
}

impl<'a> Subject<'a> {
    async fn find(ask: &Ask<'a>, reference: &str) -> Result<Self, Problem> {
        let (integration, provider) = super::find_to_change(ask, reference).await?;
        let webhooks = provider.webhooks();
        Ok(Self {
            ask: *ask,
            integration,
            provider,
            webhooks: webhooks.ok_or_else(|| problems::not_able(provider, "webhooks"))?,
        })
    }

    /// The webhook, if the tenant gave what it takes.
    fn configured(&self) -> Option<&Webhook> {
        let webhook = self.integration.webhook.as_ref()?;
        (webhook.status != WebhookStatus::NotConfigured).then_some(webhook)
    }

    /// The integration as it is after a change by the caller.
    fn touched(&self) -> Integration {
        let mut after = self.integration.clone();
        after.revision += 1;
        after.updated_at = self.ask.context.clock.now();
        after.updated_by = self.ask.caller.user.clone();
        after
    }

    async fn routes(
        &self,
        after: &Integration,
        credentials: &Credentials,
        retiring: Option<PreviousRoute>,
    ) -> Result<(Vec<WebhookRoute>, Webhook), Problem> {
        let (context, provider) = (self.ask.context, self.provider);
        match webhook::routes(context, provider, after, credentials, retiring).await? {
            (routes, Some(webhook)) if !routes.is_empty() => Ok((routes, webhook)),
            _ => Err(self.nothing_set_up()),
        }
    }

    /// The credentials that the integration may go back to, with this token of the URL: a return must not lead back to
    /// the URL that was rotated out. Those that do not open are not gone back to anyway.
    async fn kept_with(
        &self,
        url_token: &SecretString,
    ) -> Result<Option<PreviousCredentials>, Problem> {
        let (context, before) = (self.ask.context, &self.integration);
        let now = context.clock.now();
        if before.returns_until.is_none_or(|until| until <= now) {
            return Ok(None);
        }
        let Some(kept) = context.integrations.find_previous(before).await? else {
            return Ok(None);
        };
        let by = self.ask.opens_for(Reason::Register);
        let mut credentials = match context.custody.open_previous(before, &kept, by).await {
            Ok(credentials) => credentials,
            Err(OpenError::DoesNotOpen) => return Ok(None),
            Err(error @ OpenError::Unavailable(_)) => {
                return Err(problems::vault_unavailable(error));
            }
        };
        credentials.set(webhook::URL_TOKEN, url_token.clone());
        Ok(Some(PreviousCredentials {
            credentials: seal(context, &kept.restored(before), &credentials).await?,
            ..kept
        }))
    }

    async fn store(
        &mut self,
        after: Integration,
        kept: Previous<'_>,
        routes: &[WebhookRoute],
        action: &'static str,
    ) -> Result<(), Problem> {
        let ask = &self.ask;
        let mut record = ask.record(action, (&after.provider, Some(&after.id)));
        record.credential_version = Some(after.credential_version);
        let changes = &ask.context.changes;
        let before = Some(&self.integration);
        let saved = changes.save(before, &after, kept, routes, &record).await;
        if let Err(problem) = saved.map_err(problems::write_problem) {
            ask.refused(record, problem.code()).await?;
            return Err(problem);
        }
        self.integration = after;
        Ok(())
    }

    /// Tells the provider the URL; how it stands then.
    async fn register(
        mut self,
        credentials: &Credentials,
        action: &'static str,
    ) -> Result<HttpReply, Problem> {
        let (provider, integration) = (self.provider, &mut self.integration);
        let told = webhook::register(&self.ask, provider, integration, credentials, action).await;
        match (told.map_err(unfinished)?, &self.integration.webhook) {
            (true, Some(webhook)) => Ok(self.reply(webhook, credentials)),
            _ => Err(problems::conflict()),
        }
    }

    fn reply(&self, webhook: &Webhook, credentials: &Credentials) -> HttpReply {
        let context = self.ask.context;
        let url_token = credentials.get(webhook::URL_TOKEN);
        let url = url_token.map(|token| webhook::url(context, &self.integration, token));
        let previous = webhook::previous(&self.integration, context.clock.now());
        let view = WebhookView {
            url: url.as_ref().map(Exposed::of),
            verify_token: self.verify_token(credentials).map(Exposed::of),
            status: webhook.status.clone(),
            error: webhook.error.as_ref(),
            previous: previous.map(|it| PreviousWebhook { until: it.until }),
        };
        HttpReply::data(200, &view)
    }

    /// The verify token, where the provider asks for one: there it is part of what verifies its requests.
    fn verify_token<'c>(&self, credentials: &'c Credentials) -> Option<&'c SecretString> {
        let token = credentials.get(webhook::VERIFY_TOKEN)?;
        let secret = self.webhooks.secret(credentials, token)?;
        let mut parts = secret.iter();
        let is_asked_for = parts.any(|(_, part)| part.expose_secret() == token.expose_secret());
        is_asked_for.then_some(token)
    }

    fn not_configured(&self) -> HttpReply {
        let webhook = self.integration.webhook.as_ref();
        let view = WebhookView {
            url: None,
            verify_token: None,
            status: WebhookStatus::NotConfigured,
            error: webhook.and_then(|webhook| webhook.error.as_ref()),
            previous: None,
        };
        HttpReply::data(200, &view)
    }

    fn nothing_set_up(&self) -> Problem {
        let detail = "No webhook is set up for this integration.";
        Problem::new(409, "webhook_not_configured", detail)
            .hint(self.webhooks.missing_secret_hint())
    }
}

fn not_taken_yet() -> Problem {
    Problem::new(
        409,
        "webhook_not_registered",
        "The provider has not taken the present webhook URL yet, and may still call the one before.",
    )
    .hint("Repair the webhook first: then the provider is told the present URL once more.")
}

/// Both URLs are answered by now, but it is not noted whether the provider has taken the present one.
fn unfinished(problem: Problem) -> Problem {
    problem.hint("The webhook is answered. Repair it in a few seconds: the provider is told its URL once more.")
}
