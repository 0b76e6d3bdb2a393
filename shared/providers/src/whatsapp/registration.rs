//! Telling Meta to call our URL: subscribe the app to the account, then override the URL for the one number.
//!
//! Source: <https://developers.facebook.com/docs/whatsapp/embedded-signup/webhooks/override>. A subscribe call
//! without a body also *removes* an override of the whole account, so it is made only where the app is not
//! subscribed yet. The number's override leaves the account's other numbers alone.

use domain::Failure;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use super::graph::Graph;
use crate::Connection;

#[derive(Deserialize)]
struct Subscriptions {
    #[serde(default)]
    data: Vec<Subscription>,
}

#[derive(Deserialize)]
struct Subscription {
    whatsapp_business_api_data: Option<App>,
}

#[derive(Deserialize)]
struct App {
    id: String,
}

pub(super) async fn register(
    connection: Connection<'_>,
    url: &str,
    verify_token: &SecretString,
) -> Result<(), Failure> {
    let graph = Graph::new(connection);
    if let Some(waba) = connection.setting("waba_id") {
        let path = format!("{waba}/subscribed_apps");
        let current: Subscriptions = graph.get(&path, &[]).await?;
        let app = connection.setting("app_id");
        let subscribed = current
            .data
            .iter()
            .filter_map(|subscription| subscription.whatsapp_business_api_data.as_ref())
            .any(|subscribed| app.is_none_or(|app| app == subscribed.id));
        if !subscribed {
            let _: Value = graph.post(&path, Vec::new()).await?;
        }
    }
    set_override(connection, &graph, url, Some(verify_token)).await
}

/// Clears the number's override. The account stays subscribed: other numbers of it may depend on that.
pub(super) async fn deregister(connection: Connection<'_>) -> Result<(), Failure> {
    set_override(connection, &Graph::new(connection), "", None).await
}

async fn set_override(
    connection: Connection<'_>,
    graph: &Graph<'_>,
    url: &str,
    verify_token: Option<&SecretString>,
) -> Result<(), Failure> {
    let mut configuration = json!({ "override_callback_uri": url });
    if let Some(token) = verify_token {
        configuration["verify_token"] = token.expose_secret().into();
    }
    let body = json!({ "webhook_configuration": configuration })
        .to_string()
        .into_bytes();
    let phone = connection.setting("phone_number_id").unwrap_or_default();
    let _: Value = graph.post(phone, body).await?;
    Ok(())
}
