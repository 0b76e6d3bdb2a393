//! What has happened before the first request, so that there is something of everything to ask for.

use edge::StartError;
use http::Method;
use serde_json::{Value, json};

use crate::people::{ADMIN, TENANT};
use crate::switchboard::Switchboard;

const INTEGRATIONS: &str = "/api/v1/settings/integrations";

/// Lives it: accounts of several types are connected, agents made, a message sent and one received, and credentials
/// revealed.
///
/// # Errors
/// What was refused.
pub async fn live(switchboard: &Switchboard) -> Result<(), StartError> {
    let forms = switchboard
        .control(Method::GET, "credentials", None)
        .await?;
    for provider in ["whatsapp", "chatwoot", "elevenlabs", "exotel_phone"] {
        let path = format!("{INTEGRATIONS}/{provider}");
        call(switchboard, "POST", &path, forms[provider].clone()).await?;
    }
    let mut own = forms["custom_crm"].clone();
    own["provider"] = "custom_crm".into();
    own["owner"] = "user".into();
    call(switchboard, "POST", INTEGRATIONS, own).await?;
    let whatsapp = format!("{INTEGRATIONS}/whatsapp");
    let whatsapp = call(switchboard, "GET", &whatsapp, Value::Null).await?;
    let agent = json!({"name": "Front desk", "whatsapp": {"integration_id": whatsapp["id"]}});
    for agent in [agent, json!({"name": "Night shift", "is_default": true})] {
        call(switchboard, "POST", "/api/v1/agents", agent).await?;
    }
    let permission = format!("{INTEGRATIONS}/whatsapp/permissions/user-17");
    call(switchboard, "PUT", &permission, Value::Null).await?;
    let reveal = format!("{INTEGRATIONS}/whatsapp/credentials?reason=moving");
    call(switchboard, "GET", &reveal, Value::Null).await?;
    let message = json!({
        "metadata": {"messageId": "order-17"},
        "wabaPayload": {"to": "+919876543220", "type": "text", "text": {"body": "Hello!"}},
    });
    call(switchboard, "POST", "/api/v1/messages", message).await?;
    switchboard.send_messages().await;
    let inbound = json!({"provider": "whatsapp", "text": "When do you open?"});
    switchboard
        .control(Method::POST, "send", Some(inbound))
        .await?;
    switchboard.keep_events().await;
    Ok(())
}

/// What an admin gets; a refusal is an error.
async fn call(
    switchboard: &Switchboard,
    method: &str,
    path: &str,
    body: Value,
) -> Result<Value, StartError> {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let event = json!({
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"content-type": "application/json"},
        "requestContext": {
            "http": {"method": method},
            "requestId": format!("life-of-{TENANT}"),
            "authorizer": {"jwt": {"claims": ADMIN.claims()}},
        },
        "body": Some(&body).filter(|body| !body.is_null()).map(Value::to_string),
    });
    let reply = switchboard.answer(event).await;
    let text = reply["body"].as_str().unwrap_or_default();
    let is_success = reply["statusCode"]
        .as_u64()
        .is_some_and(|status| status < 300);
    if !is_success {
        return Err(format!("{method} {path}: {} {text}", reply["statusCode"]).into());
    }
    let mut answer: Value = serde_json::from_str(text)?;
    Ok(answer["data"].take())
}
