//! `/api/settings/whatsapp`: the caller's own WhatsApp (S0-35 to S0-39).

use contract::messages::Metadata;
use contract::older::{SendTemplate, WhatsAppSettings, WhatsAppSettingsView};
use domain::Integration;
use domain::integration::Owner;
use domain::phone::E164;
use edge::http::HttpReply;
use edge::{Problem, input};
use serde_json::{Map, Value, json};

use super::{default_of, is_connected, mask, provider, setting};
use crate::ask::Ask;
use crate::integrations::templates as of_account;
use crate::messages::asked::Asked;
use crate::messages::send;

const PROVIDER: &str = "whatsapp";

fn own(ask: &Ask<'_>) -> Owner {
    Owner::User(ask.caller.user.clone())
}

pub(crate) async fn show(ask: &Ask<'_>) -> Result<HttpReply, Problem> {
    let found = default_of(ask, provider(PROVIDER)?, own(ask)).await?;
    Ok(HttpReply::data(
        200,
        &found.as_ref().map(view).unwrap_or_default(),
    ))
}

pub(crate) async fn save(ask: &Ask<'_>) -> Result<HttpReply, Problem> {
    let given: WhatsAppSettings = input::read(ask.request.json_object()?)?;
    let saved = super::save(
        ask,
        provider(PROVIDER)?,
        own(ask),
        given.enabled,
        given.fields(),
    )
    .await?;
    Ok(HttpReply::data(200, &view(&saved.integration)))
}

/// Of the caller's own account, else of the organisation's.
pub(crate) async fn templates(ask: &Ask<'_>) -> Result<HttpReply, Problem> {
    of_account::list(ask, PROVIDER).await
}

pub(crate) async fn send(ask: &Ask<'_>) -> Result<HttpReply, Problem> {
    let given: SendTemplate = input::read(ask.request.json_object()?)?;
    let to = E164::parse(&String::from(given.to), None).ok_or_else(|| {
        let says = "must be a phone number with its country code, such as +919876543210";
        Problem::invalid_field("to", says)
    })?;
    let language = given
        .language_code
        .map_or_else(|| "en_US".to_owned(), Into::into);
    let mut template =
        json!({"name": String::from(given.template_name), "language": {"code": language}});
    if let Some(components) = given.components {
        template["components"] = components.into();
    }
    let payload: Map<String, Value> = [
        ("to".to_owned(), to.as_str().into()),
        ("type".to_owned(), "template".into()),
        ("template".to_owned(), template),
    ]
    .into_iter()
    .collect();
    let metadata = Metadata {
        user_id: Some(ask.caller.user.clone()),
        ..Metadata::default()
    };
    send::one(ask, Asked { metadata, payload }).await
}

fn view(integration: &Integration) -> WhatsAppSettingsView {
    WhatsAppSettingsView {
        enabled: integration.enabled,
        is_connected: is_connected(integration),
        access_token: mask(integration, "access_token"),
        phone_number_id: setting(integration, "phone_number_id"),
        business_account_id: setting(integration, "waba_id"),
    }
}
