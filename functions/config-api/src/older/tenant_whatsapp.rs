//! An organisation's WhatsApp by the organisation's id (S4-18, S4-20, S4-26). The id in the path must be the caller's own.

use contract::credentials::{AccessToken, Exposed};
use contract::older::{Signup, TenantWhatsApp, TenantWhatsAppView};
use domain::integration::Owner;
use domain::{Integration, TenantId};
use edge::http::HttpReply;
use edge::{Problem, input};
use serde_json::Value;

use super::{default_of, is_connected, mask, provider, setting};
use crate::ask::Ask;
use crate::integrations::reveal;

const PROVIDER: &str = "whatsapp";

pub(crate) async fn configure(ask: &Ask<'_>, tenant: &str) -> Result<HttpReply, Problem> {
    check_own(ask, tenant)?;
    let given: TenantWhatsApp = input::read(ask.request.json_object()?)?;
    let saved = super::save(
        ask,
        provider(PROVIDER)?,
        Owner::Tenant,
        given.is_active,
        given.fields(),
    )
    .await?;
    let view = view(&saved.integration, &ask.caller.tenant);
    Ok(HttpReply::data(200, &view))
}

/// What Meta's dialogue gave is checked for its form and goes no further: the exchange of the code needs the platform's
/// own Meta app, a state of our making, and comes with the other OAuth flows.
pub(crate) fn sign_up(ask: &Ask<'_>) -> Result<HttpReply, Problem> {
    let _: Signup = input::read(ask.request.json_object()?)?;
    Err(Problem::new(
        409,
        "signup_not_available",
        "Meta's signup dialogue cannot be finished here yet.",
    )
    .hint("Enter the access token by PUT /api/tenants/{tenant}/whatsapp/config instead."))
}

pub(crate) async fn access_token(ask: &Ask<'_>, tenant: &str) -> Result<HttpReply, Problem> {
    check_own(ask, tenant)?;
    let missing = || Problem::not_found("credential");
    let found = default_of(ask, provider(PROVIDER)?, Owner::Tenant).await?;
    let integration = found.filter(Integration::is_usable).ok_or_else(missing)?;
    let credentials = reveal::open(ask, &integration, "service").await?;
    let token = credentials.get("access_token").ok_or_else(missing)?;
    let access_token = Exposed::of(token);
    Ok(HttpReply::json(200, &AccessToken { access_token }))
}

/// A tenant that is not the caller's is answered as one that does not exist.
fn check_own(ask: &Ask<'_>, tenant: &str) -> Result<(), Problem> {
    if tenant == ask.caller.tenant.as_str() {
        return Ok(());
    }
    Err(Problem::not_found("tenant"))
}

fn view<'a>(integration: &Integration, tenant_id: &'a TenantId) -> TenantWhatsAppView<'a> {
    let fact = |name: &str| integration.facts.get(name).cloned();
    let fact = |name: &str| fact(name).filter(|fact| *fact != Value::Null);
    TenantWhatsAppView {
        tenant_id,
        waba_id: setting(integration, "waba_id"),
        phone_number_id: setting(integration, "phone_number_id"),
        access_token: mask(integration, "access_token"),
        display_phone_number: fact("display_phone_number"),
        quality_rating: fact("quality_rating"),
        is_active: integration.enabled,
        configured: is_connected(integration),
        created_at: integration.created_at,
        updated_at: integration.updated_at,
    }
}
