//! Where webhooks go: the app's subscription to a WABA, the WABA's override URL and those of single
//! phone numbers.
//!
//! A URL counts only once it has answered the verification: `GET` with `hub.mode`, `hub.challenge`
//! and `hub.verify_token`, to which the answer has to be 200 with the challenge and nothing else.

use std::collections::HashMap;
use std::sync::Mutex;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Map, Value, json};
use url::Url;

use super::accounts::{Account, Phone};
use super::call::Call;
use super::error::{Graph, GraphError};
use crate::callback;
use crate::random;
use crate::sync::lock;

/// Longest callback URL, in characters.
const MAX_URL: usize = 200;

/// Parameters of `POST /{phone_number_id}` that are taken and have no effect here.
const OTHER_SETTINGS: [&str; 6] = [
    "connection_status",
    "new_display_name",
    "pin",
    "search_visibility",
    "username",
    "whatsapp_business_api_data",
];

/// The registrations of all accounts.
#[derive(Debug, Default)]
pub(super) struct Registrations {
    by_waba: Mutex<HashMap<String, Registration>>,
}

/// What is registered for one WABA by its app.
#[derive(Debug, Clone, Default)]
pub(super) struct Registration {
    subscribed: bool,
    waba_override: Option<Url>,
    /// By phone number id. They outlive the subscription, but count only under one.
    phone_overrides: HashMap<String, Url>,
}

impl Registration {
    /// Where events of a phone number go: its own URL, else the WABA's; nowhere without a
    /// subscription.
    pub(super) fn target(&self, phone_id: &str) -> Option<&Url> {
        let url = self
            .phone_overrides
            .get(phone_id)
            .or(self.waba_override.as_ref());
        url.filter(|_| self.subscribed)
    }

    /// The field `webhook_configuration` of a phone number. The app has no callback of its own
    /// here.
    pub(super) fn configuration(&self, phone_id: &str) -> Value {
        let named = [
            ("phone_number", self.phone_overrides.get(phone_id)),
            ("whatsapp_business_account", self.waba_override.as_ref()),
        ];
        named
            .into_iter()
            .filter_map(|(name, url)| Some((name.to_owned(), Value::from(url?.as_str()))))
            .collect()
    }

    /// `GET /{waba_id}/subscribed_apps`.
    pub(super) fn subscribed_apps(&self, account: &Account) -> Value {
        let mut app = json!({ "whatsapp_business_api_data": {
            "id": account.app_id,
            "name": account.app_name(),
            "link": format!("https://apps.example/{}", account.app_id),
        }});
        if let (Some(url), Some(app)) = (&self.waba_override, app.as_object_mut()) {
            app.insert("override_callback_uri".to_owned(), url.as_str().into());
        }
        json!({ "data": if self.subscribed { vec![app] } else { Vec::new() } })
    }
}

impl Registrations {
    pub(super) fn of(&self, account: &Account) -> Registration {
        lock(&self.by_waba)
            .get(&account.waba_id)
            .cloned()
            .unwrap_or_default()
    }

    pub(super) fn clear(&self) {
        lock(&self.by_waba).clear();
    }

    fn change(&self, account: &Account, change: impl FnOnce(&mut Registration)) {
        change(
            lock(&self.by_waba)
                .entry(account.waba_id.clone())
                .or_default(),
        );
    }

    /// `POST /{waba_id}/subscribed_apps`.
    ///
    /// With a URL it sets the override of a subscription that is there. Without one it subscribes,
    /// which removes an override.
    pub(super) async fn subscribe(&self, call: &Call<'_>, account: &Account) -> Graph<Value> {
        only(
            &call.params,
            "subscribed_apps",
            &["override_callback_uri", "verify_token"],
        )?;
        let url = call.params.get("override_callback_uri");
        if let Some(url) = url {
            self.require_subscription(account)?;
            let url = verified(url, call.params.get("verify_token")).await?;
            self.change(account, |registration| {
                registration.waba_override = Some(url)
            });
        } else if call.params.contains_key("verify_token") {
            return Err(GraphError::required("override_callback_uri"));
        } else {
            self.change(account, |registration| {
                registration.subscribed = true;
                registration.waba_override = None;
            });
        }
        Ok(json!({ "success": true }))
    }

    /// `DELETE /{waba_id}/subscribed_apps`: ends webhooks for all numbers of the WABA.
    pub(super) fn unsubscribe(&self, account: &Account) -> Value {
        self.change(account, |registration| {
            registration.subscribed = false;
            registration.waba_override = None;
        });
        json!({ "success": true })
    }

    /// `POST /{phone_number_id}`: sets or, with an empty URL, removes the number's own override.
    pub(super) async fn configure_phone(
        &self,
        call: &Call<'_>,
        account: &Account,
        phone: &Phone,
    ) -> Graph<Value> {
        only(
            &call.params,
            "phone number",
            &[["webhook_configuration"].as_slice(), &OTHER_SETTINGS].concat(),
        )?;
        if call.params.is_empty() {
            return Err(GraphError::parameter("One setting must be specified"));
        }
        if let Some(pin) = call.params.get("pin") {
            let is_pin =
                |pin: &str| pin.len() == 6 && pin.bytes().all(|byte| byte.is_ascii_digit());
            if !pin.as_str().is_some_and(is_pin) {
                return Err(GraphError::parameter(
                    "Param pin must be a string of 6 digits.",
                ));
            }
        }
        if let Some(configuration) = call.params.get("webhook_configuration") {
            let configuration = configuration.as_object().ok_or_else(|| {
                GraphError::parameter("Param webhook_configuration must be a JSON object.")
            })?;
            only(
                configuration,
                "webhook_configuration",
                &["override_callback_uri", "verify_token"],
            )?;
            let url = configuration.get("override_callback_uri").ok_or_else(|| {
                GraphError::required("webhook_configuration['override_callback_uri']")
            })?;
            if url.as_str() == Some("") {
                self.change(account, |registration| {
                    drop(registration.phone_overrides.remove(&phone.id))
                });
            } else {
                self.require_subscription(account)?;
                let url = verified(url, configuration.get("verify_token")).await?;
                self.change(account, |registration| {
                    drop(registration.phone_overrides.insert(phone.id.clone(), url))
                });
            }
        }
        Ok(json!({ "success": true }))
    }

    fn require_subscription(&self, account: &Account) -> Graph<()> {
        if self.of(account).subscribed {
            return Ok(());
        }
        Err(GraphError::parameter(
            "The app must be subscribed to receive messages for the account before it overrides the callback",
        ))
    }
}

fn only(params: &Map<String, Value>, place: &str, known: &[&str]) -> Graph<()> {
    match params.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(GraphError::parameter(format!(
            "Unexpected key \"{name}\" on param \"{place}\"."
        ))),
        None => Ok(()),
    }
}

/// A callback URL that may be set and that answers the verification.
async fn verified(url: &Value, verify_token: Option<&Value>) -> Graph<Url> {
    let url = acceptable(url)?;
    let token = verify_token
        .and_then(Value::as_str)
        .filter(|token| !token.is_empty());
    let token = token.ok_or_else(|| GraphError::required("verify_token"))?;
    let challenge =
        (u64::from_le_bytes(random::bytes()) % 9_000_000_000 + 1_000_000_000).to_string();

    let mut asked = url.clone();
    asked
        .query_pairs_mut()
        .append_pair("hub.mode", "subscribe")
        .append_pair("hub.challenge", &challenge)
        .append_pair("hub.verify_token", token);
    let answer = callback::request(Method::GET, &asked, HeaderMap::new(), Bytes::new()).await;
    let answer = answer.map_err(|reason| GraphError::verification(&reason))?;
    match answer.status() {
        StatusCode::OK if answer.body() == challenge.as_bytes() => Ok(url),
        StatusCode::OK => Err(GraphError::verification("the answer is not the challenge")),
        status => {
            let message = status.canonical_reason().unwrap_or_default();
            let reason = format!(
                "HTTP Status Code = {}; HTTP Message = {message}",
                status.as_u16()
            );
            Err(GraphError::verification(&reason))
        }
    }
}

/// A URL has to be https and of limited length. One leniency, for the local cloud: http to this
/// machine.
fn acceptable(value: &Value) -> Graph<Url> {
    let refused = |reason: &str| {
        Err(GraphError::parameter(format!(
            "Param override_callback_uri {reason}"
        )))
    };
    let Some(text) = value.as_str().filter(|text| !text.is_empty()) else {
        return refused("must be a URL");
    };
    if text.chars().count() > MAX_URL {
        return refused("must be at most 200 characters long.");
    }
    match Url::parse(text) {
        Ok(url) if url.scheme() == "https" => Ok(url),
        Ok(url) if url.scheme() == "http" && callback::is_loopback(&url) => Ok(url),
        Ok(_) => refused("must use https"),
        Err(_) => refused("must be a URL"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callback_urls_are_https_or_on_this_machine() {
        let long = |length: usize| format!("https://a.example/{}", "x".repeat(length - 18));
        let cases = [
            ("https://a.example/hook", true),
            (long(200).as_str(), true),
            (long(201).as_str(), false),
            ("http://a.example/hook", false),
            ("http://127.0.0.1:9/hook", true),
            ("http://localhost/hook", true),
            ("http://ab12.execute-api.localhost:4566/hook", true),
            ("http://notlocalhost/hook", false),
            ("http://localhost.example/hook", false),
            ("ftp://localhost/hook", false),
            ("/hook", false),
            ("", false),
        ]
        .map(|(url, accepted)| (url.to_owned(), accepted));
        for (url, accepted) in cases {
            assert_eq!(acceptable(&url.as_str().into()).is_ok(), accepted, "{url}");
        }
    }
}
