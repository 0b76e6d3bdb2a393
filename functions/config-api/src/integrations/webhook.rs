//! The integration's own webhook: its URL, its secrets, and the provider's knowledge of it.

use domain::integration::{Webhook, WebhookStatus};
use domain::{Credentials, Integration, random};
use edge::Problem;
use providers::Provider;
use secrecy::ExposeSecret;
use store::routes::WebhookRoute;

use crate::Context;

/// Sealed with the credentials, under names that no provider's field may have.
const URL_TOKEN: &str = "webhook_url_token";
const VERIFY_TOKEN: &str = "webhook_verify_token";

/// What the tenant is told if the provider may go on calling.
pub(super) const LEFT_BEHIND: &str = "Removed. The provider could not be told to stop calling the webhook URL; what it sends there is refused.";
const REMOVED: &str = "Removed, with its credentials and its webhook.";

/// Makes the URL's token and the verify token, 256 random bits each, where there are none yet.
pub(super) fn ensure_tokens(credentials: &mut Credentials) {
    for name in [URL_TOKEN, VERIFY_TOKEN] {
        if credentials.get(name).is_none() {
            let token = random::base32(&random::bytes::<32>());
            credentials.set(name, domain::secret::take(token));
        }
    }
}

/// Whether the name is of a value that is ours and not the tenant's.
pub(super) fn is_ours(field: &str) -> bool {
    field == URL_TOKEN || field == VERIFY_TOKEN
}

/// Whether the webhook of secrets that are replaced lives on beside the new ones, if it had one: after a return to others its
/// provider's signatures would be refused.
pub(super) fn lives_on(provider: &dyn Provider, before: &Credentials, after: &Credentials) -> bool {
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

/// The route of the integration's webhook with its sealed secret, and how it stands before the provider was told.
pub(super) async fn route(
    context: &Context,
    provider: &dyn Provider,
    integration: &Integration,
    credentials: &Credentials,
) -> Result<(Option<WebhookRoute>, Option<Webhook>), Problem> {
    let Some(webhooks) = provider.webhooks() else {
        return Ok((None, None));
    };
    let (Some(url_token), Some(verify_token)) =
        (credentials.get(URL_TOKEN), credentials.get(VERIFY_TOKEN))
    else {
        return Ok((None, None));
    };
    let key = store::keys::route(url_token.expose_secret());
    let Some(secret) = webhooks.secret(credentials, verify_token) else {
        let error = domain::Failure::new(
            domain::FailureKind::PermissionMissing,
            "No webhook is set up for this integration.",
            webhooks.missing_secret_hint(),
        );
        let status = WebhookStatus::NotConfigured;
        return Ok((
            None,
            Some(Webhook {
                route: key,
                status,
                error: Some(error),
            }),
        ));
    };
    let secret = context
        .webhook_sealer
        .seal(
            &integration.webhook_secret_place(),
            secret.to_plaintext().expose(),
        )
        .await
        .map_err(super::problems::vault_unavailable)?;
    let accounts = provider.accounts(&integration.settings);
    let route = WebhookRoute {
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
    };
    let pending = Webhook {
        route: key,
        status: WebhookStatus::Failed,
        error: None,
    };
    Ok((Some(route), Some(pending)))
}

/// Tells the provider the URL, and notes in the integration how that ended; the code of the failure if it failed. The
/// route must be stored before: providers call the URL while they are told of it.
pub(super) async fn register(
    context: &Context,
    provider: &dyn Provider,
    integration: &mut Integration,
    credentials: &Credentials,
) -> Option<&'static str> {
    let (Some(webhooks), Some(url_token), Some(verify_token)) = (
        provider.webhooks(),
        credentials.get(URL_TOKEN),
        credentials.get(VERIFY_TOKEN),
    ) else {
        return None;
    };
    let url = format!(
        "{}/webhooks/{}/{}",
        context.public_base_url,
        integration.provider,
        url_token.expose_secret()
    );
    let custody = &context.custody;
    let connection = custody.connect(provider, &integration.settings, credentials);
    let result = webhooks.register(connection, &url, verify_token).await;
    let webhook = integration.webhook.as_mut()?;
    (webhook.status, webhook.error) = match result {
        Ok(()) => (WebhookStatus::Registered, None),
        Err(failure) => (WebhookStatus::Failed, Some(failure)),
    };
    let failure = webhook.error.as_ref()?;
    Some(failure.kind.code())
}

/// Tells the provider to stop; the sentence that the tenant is told.
pub(super) async fn deregister(
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
