//! The integration's own webhook: its URL, its secrets, and the provider's knowledge of it.

use std::time::Duration;

use domain::integration::{PreviousRoute, Webhook, WebhookStatus};
use domain::opening::Reason;
use domain::{Credentials, Failure, FailureKind, Integration, Timestamp, random};
use edge::Problem;
use providers::Provider;
use secrecy::{ExposeSecret, SecretString};
use store::routes::WebhookRoute;

use super::problems;
use crate::Context;
use crate::ask::Ask;

/// Sealed with the credentials, under names that no provider's field may have.
pub(crate) const URL_TOKEN: &str = "webhook_url_token";
pub(crate) const VERIFY_TOKEN: &str = "webhook_verify_token";

/// How long a URL is answered after the provider has taken the one that follows it.
const OVERLAP: Duration = Duration::from_secs(24 * 3600);

/// How often a provider is told again because somebody changed the webhook meanwhile.
const MOST_RETELLINGS: usize = 3;

/// What the tenant is told if the provider may go on calling.
pub(crate) const LEFT_BEHIND: &str = "Removed. The provider could not be told to stop calling the webhook URL; what it sends there is refused.";
const REMOVED: &str = "Removed, with its credentials and its webhook.";

/// A new token, 256 random bits.
pub(crate) fn new_token() -> SecretString {
    domain::secret::take(random::base32(&random::bytes::<32>()))
}

/// Makes the URL's token and the verify token where there are none yet.
pub(crate) fn ensure_tokens(credentials: &mut Credentials) {
    for name in [URL_TOKEN, VERIFY_TOKEN] {
        if credentials.get(name).is_none() {
            credentials.set(name, new_token());
        }
    }
}

/// Whether the name is of a value that is ours and not the tenant's.
pub(crate) fn is_ours(field: &str) -> bool {
    field == URL_TOKEN || field == VERIFY_TOKEN
}

/// Whether the webhook of secrets that are replaced lives on beside the new ones, if it had one: after a return to others
/// its provider's signatures would be refused.
pub(crate) fn lives_on(provider: &dyn Provider, before: &Credentials, after: &Credentials) -> bool {
    let secret = |credentials: &Credentials| {
        let verify_token = credentials.get(VERIFY_TOKEN)?;
        provider.webhooks()?.secret(credentials, verify_token)
    };
    match (secret(before), secret(after)) {
        (None, _) => true,
        (Some(before), Some(after)) => before.is_same(&after, |_| true),
        (Some(_), None) => false,
    }
}

/// The route of the URL before the present one, if it is still answered.
pub(crate) fn previous(integration: &Integration, now: Timestamp) -> Option<&PreviousRoute> {
    let previous = integration.webhook.as_ref()?.previous.as_ref()?;
    previous.is_answered_at(now).then_some(previous)
}

/// The routes of the integration's webhook with its sealed secret, and how it stands before the provider was told: that
/// of the present URL, and `previous`, which has to verify what the same account sends.
pub(crate) async fn routes(
    context: &Context,
    provider: &dyn Provider,
    integration: &Integration,
    credentials: &Credentials,
    previous: Option<PreviousRoute>,
) -> Result<(Vec<WebhookRoute>, Option<Webhook>), Problem> {
    let Some(webhooks) = provider.webhooks() else {
        return Ok((Vec::new(), None));
    };
    let (Some(url_token), Some(verify_token)) =
        (credentials.get(URL_TOKEN), credentials.get(VERIFY_TOKEN))
    else {
        return Ok((Vec::new(), None));
    };
    let key = store::keys::route(url_token.expose_secret());
    let Some(secret) = webhooks.secret(credentials, verify_token) else {
        let error = Failure::new(
            FailureKind::PermissionMissing,
            "No webhook is set up for this integration.",
            webhooks.missing_secret_hint(),
        );
        let webhook = Webhook {
            route: key,
            status: WebhookStatus::NotConfigured,
            error: Some(error),
            previous: None,
        };
        return Ok((Vec::new(), Some(webhook)));
    };
    let secret = context
        .webhook_sealer
        .seal(
            &integration.webhook_secret_place(),
            secret.to_plaintext().expose(),
        )
        .await
        .map_err(problems::vault_unavailable)?;
    let accounts = provider.accounts(&integration.settings);
    let present = WebhookRoute {
        key: key.clone(),
        tenant: integration.tenant.clone(),
        integration: integration.id.clone(),
        provider: integration.provider.clone(),
        accounts: accounts
            .exclusive
            .into_iter()
            .chain(accounts.shared)
            .collect(),
        secret,
        secret_version: integration.credential_version,
        ends_at: None,
    };
    let before = previous.as_ref().map(|previous| WebhookRoute {
        key: previous.route.clone(),
        ends_at: previous.until,
        ..present.clone()
    });
    let pending = Webhook {
        route: key,
        status: WebhookStatus::Failed,
        error: Some(not_told_yet()),
        previous,
    };
    Ok(([present].into_iter().chain(before).collect(), Some(pending)))
}

/// How a webhook stands until it is noted how telling the provider has ended.
fn not_told_yet() -> Failure {
    Failure::new(
        FailureKind::Unavailable,
        "The provider has not been told the webhook URL yet.",
        "If this does not change within a minute, repair the webhook.",
    )
}

/// The full URL.
pub(crate) fn url(
    context: &Context,
    integration: &Integration,
    url_token: &SecretString,
) -> SecretString {
    domain::secret::take(format!(
        "{}/webhooks/{}/{}",
        context.public_base_url,
        integration.provider,
        url_token.expose_secret()
    ))
}

/// Tells the provider the URL, and notes in the integration and, as `action`, in the trail how that ended. Once the
/// provider has taken it, the URL before has an end. Routes must be stored before: providers call the URL while they
/// are told of it. `false` if somebody gave the webhook another URL meanwhile.
pub(crate) async fn register(
    ask: &Ask<'_>,
    provider: &dyn Provider,
    integration: &mut Integration,
    credentials: &Credentials,
    action: &'static str,
) -> Result<bool, Problem> {
    let route = |of: &Integration| of.webhook.as_ref().map(|webhook| webhook.route.clone());
    let mut told = route(integration);
    if tell_and_note(ask, provider, integration, credentials, action).await? {
        return Ok(true);
    }
    // Whoever gave it another URL may have told the provider before we did: what the provider hears last must be the
    // URL that stays.
    for retelling in 0..MOST_RETELLINGS {
        let Integration { tenant, id, .. } = &*integration;
        let Some(mut now) = ask.context.integrations.find(tenant, id).await? else {
            return Ok(false);
        };
        if route(&now) == told || !route(&now).is_some_and(|route| now.is_called_on(&route)) {
            return Ok(retelling == 0);
        }
        told = route(&now);
        let credentials = open(ask, &now).await?;
        if tell_and_note(ask, provider, &mut now, &credentials, action).await? {
            return Ok(false);
        }
    }
    Err(Problem::new(
        409,
        "changed_meanwhile",
        "The webhook was changed by others again and again while the provider was told of it.",
    )
    .hint("Repair the webhook: the provider may know an older URL."))
}

/// `false` if somebody changed the webhook while the provider was told; the provider was told all the same.
async fn tell_and_note(
    ask: &Ask<'_>,
    provider: &dyn Provider,
    integration: &mut Integration,
    credentials: &Credentials,
    action: &'static str,
) -> Result<bool, Problem> {
    let context = ask.context;
    let Some(told) = integration.webhook.clone() else {
        return Ok(true);
    };
    let failure = tell(context, provider, integration, credentials)
        .await
        .err();
    let mut record = ask.record(action, (&integration.provider, Some(&integration.id)));
    if let Some(failure) = &failure {
        record.outcome = failure.kind.code().into();
    }
    let mut webhook = told.clone();
    webhook.status = match failure {
        None => WebhookStatus::Registered,
        Some(_) => WebhookStatus::Failed,
    };
    if let Some(previous) = &mut webhook.previous
        && failure.is_none()
    {
        let end = context.clock.now().after(OVERLAP);
        previous.until.get_or_insert(end);
    }
    webhook.error = failure;
    integration.webhook = Some(webhook);
    let changes = &context.changes;
    let noted = changes.record_webhook(integration, &told, &record).await?;
    if noted {
        integration.revision += 1;
    } else {
        context.trail.append(&integration.tenant, &record).await?;
    }
    Ok(noted)
}

async fn tell(
    context: &Context,
    provider: &dyn Provider,
    integration: &Integration,
    credentials: &Credentials,
) -> Result<(), Failure> {
    let (Some(webhooks), Some(url_token), Some(verify_token)) = (
        provider.webhooks(),
        credentials.get(URL_TOKEN),
        credentials.get(VERIFY_TOKEN),
    ) else {
        return Err(not_told_yet());
    };
    let url = url(context, integration, url_token);
    let custody = &context.custody;
    let connection = custody.connect(provider, &integration.settings, credentials);
    webhooks
        .register(connection, url.expose_secret(), verify_token)
        .await
}

/// The credentials, opened to show or register the webhook.
pub(crate) async fn open(ask: &Ask<'_>, integration: &Integration) -> Result<Credentials, Problem> {
    let by = ask.opens_for(Reason::Register);
    let custody = &ask.context.custody;
    let opened = custody.open(integration, None, by).await;
    opened.map_err(problems::open_problem)
}

/// Tells the provider to stop; the sentence that the tenant is told.
pub(crate) async fn deregister(
    context: &Context,
    integration: &Integration,
    credentials: &Credentials,
) -> &'static str {
    if context.custody.deregister(integration, credentials).await {
        REMOVED
    } else {
        LEFT_BEHIND
    }
}
