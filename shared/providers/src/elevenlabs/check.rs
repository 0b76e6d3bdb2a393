//! The connection test: the agent proves the key, its scope and the workspace; then the number. All are free reads, and
//! none of them proves that the key may also call.

use domain::Failure;
use http::{HeaderName, Method};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::SERVICE;
use super::errors::{self, Asked};
use crate::http::Outgoing;
use crate::{Checked, Connection, reading};

const API_KEY: HeaderName = HeaderName::from_static("xi-api-key");

#[derive(Deserialize)]
struct Agent {
    /// Not read, but its absence shows that the answer is none of ElevenLabs'.
    #[serde(rename = "agent_id")]
    _id: String,
    name: Option<String>,
    phone_numbers: Option<Vec<Number>>,
}

#[derive(Deserialize)]
struct Number {
    phone_number_id: String,
    phone_number: Option<String>,
    /// Whose line it is (`twilio`, `exotel`, `sip_trunk`); it decides how a call is placed.
    provider: Option<String>,
    supports_outbound: Option<bool>,
}

#[derive(Deserialize)]
struct User {
    subscription: Subscription,
}

#[derive(Deserialize)]
struct Subscription {
    tier: Option<String>,
    status: Option<String>,
}

pub(super) async fn check(connection: Connection<'_>) -> Result<Checked, Failure> {
    let mut checked = Checked::default();
    let agent_id = connection.setting("agent_id").unwrap_or_default();
    let path = ["v1", "convai", "agents", agent_id];
    let agent: Agent = get(connection, &path, Asked::Agent).await?;
    tell(&mut checked.facts, "agent_name", agent.name);
    let number = match connection.setting("phone_number_id") {
        Some(id) => {
            let path = ["v1", "convai", "phone-numbers", id];
            Some(get(connection, &path, Asked::PhoneNumber).await?)
        }
        None => only_number(agent.phone_numbers.unwrap_or_default(), &mut checked),
    };
    if let Some(number) = number {
        tell_number(number, &mut checked);
    }
    // What only some keys may read never fails the test.
    if let Ok(user) = get(connection, &["v1", "user"], Asked::User).await {
        tell_plan(user, &mut checked);
    }
    Ok(checked)
}

/// Reads one thing with the tenant's key.
async fn get<T: DeserializeOwned>(
    connection: Connection<'_>,
    path: &[&str],
    asked: Asked,
) -> Result<T, Failure> {
    let mut request = Outgoing::new(Method::GET, reading::url(connection, path)?);
    if let Some(key) = connection.credentials.get("api_key") {
        request = request.secret_header(API_KEY, key);
    }
    let answer = reading::read(connection, SERVICE, request).await?;
    if answer.status != 200 {
        return Err(errors::failure_of(answer.status, &answer.body, asked));
    }
    reading::json(SERVICE, &answer)
}

/// The number of an agent that has just one, which then need not be entered.
fn only_number(mut numbers: Vec<Number>, checked: &mut Checked) -> Option<Number> {
    if numbers.len() == 1 {
        let number = numbers.pop()?;
        let id = number.phone_number_id.as_str().into();
        checked.discovered.insert("phone_number_id".into(), id);
        return Some(number);
    }
    checked.warnings.push(if numbers.is_empty() {
        "The agent has no phone number: enter the phone number ID of one, or no calls can be made.".into()
    } else {
        "The agent has several phone numbers: enter the ID of the one that calls, or no calls can be made.".into()
    });
    None
}

fn tell_number(number: Number, checked: &mut Checked) {
    tell(&mut checked.facts, "phone_number", number.phone_number);
    tell(&mut checked.facts, "phone_provider", number.provider);
    if number.supports_outbound == Some(false) {
        checked.warnings.push(
            "No calls can be made from the phone number: allow outbound calls in ElevenLabs → Agents → Phone Numbers."
                .into(),
        );
    }
}

fn tell_plan(user: User, checked: &mut Checked) {
    let unpaid = ["free_disabled", "incomplete", "past_due", "unpaid"];
    let status = user.subscription.status;
    if status
        .as_deref()
        .is_some_and(|status| unpaid.contains(&status))
    {
        checked.warnings.push(
            "The ElevenLabs subscription is not in good standing, so calls may be refused: see ElevenLabs → Subscription."
                .into(),
        );
    }
    tell(&mut checked.facts, "plan", user.subscription.tier);
    tell(&mut checked.facts, "plan_status", status);
}

fn tell(facts: &mut Map<String, Value>, name: &str, value: Option<String>) {
    if let Some(value) = value {
        facts.insert(name.to_owned(), value.into());
    }
}
