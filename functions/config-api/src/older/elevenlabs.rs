//! `/api/integrations/elevenlabs`: the organisation's ElevenLabs (S0-31 to S0-34).

use contract::older::{ElevenLabsConfig, ElevenLabsView};
use domain::Integration;
use domain::integration::Owner;
use edge::http::HttpReply;
use edge::{Problem, input};

use super::{default_of, is_connected, mask, provider, setting};
use crate::ask::Ask;
use crate::integrations::{check_may_change, delete};

const PROVIDER: &str = "elevenlabs";

pub(crate) async fn show(ask: &Ask<'_>) -> Result<HttpReply, Problem> {
    check_may_change(ask.caller, &Owner::Tenant)?;
    let found = default_of(ask, provider(PROVIDER)?, Owner::Tenant).await?;
    Ok(HttpReply::data(
        200,
        &found.as_ref().map(view).unwrap_or_default(),
    ))
}

pub(crate) async fn save(ask: &Ask<'_>) -> Result<HttpReply, Problem> {
    let given: ElevenLabsConfig = input::read(ask.request.json_object()?)?;
    let saved = super::save(
        ask,
        provider(PROVIDER)?,
        Owner::Tenant,
        None,
        given.fields(),
    )
    .await?;
    Ok(HttpReply::data(200, &view(&saved.integration)))
}

pub(crate) async fn disconnect(ask: &Ask<'_>) -> Result<HttpReply, Problem> {
    check_may_change(ask.caller, &Owner::Tenant)?;
    let found = default_of(ask, provider(PROVIDER)?, Owner::Tenant).await?;
    let integration = found.ok_or_else(|| Problem::not_found("integration"))?;
    delete::remove(ask, &integration).await
}

fn view(integration: &Integration) -> ElevenLabsView {
    ElevenLabsView {
        is_connected: is_connected(integration),
        api_key: mask(integration, "api_key"),
        agent_id: setting(integration, "agent_id"),
        phone_number_id: setting(integration, "phone_number_id"),
    }
}
