//! Setting faults.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State as Shared;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Map, Value, json};

use super::input::{Input, Refusal, object};
use crate::fault::{Fault, Rule};
use crate::provider::{Failure, Reply, json_reply};
use crate::state::State;

/// Fields of a fault that is more than a name. They may stand beside `fault` too.
const DETAILS: [&str; 4] = ["status", "body", "headers", "delay_ms"];

const KINDS: &str = "rate_limit, bad_credential, missing_scope, reset, truncate, accept_then_reset, \
     {\"delay_ms\": number} or {\"status\": number, \"body\": …, \"headers\": {…}}";

/// Longest delay: ten minutes.
const MAX_DELAY_MS: u64 = 600_000;

pub(super) async fn list(Shared(state): Shared<Arc<State>>) -> Json<Value> {
    Json(state.faults.list().iter().map(Rule::shown).collect())
}

pub(super) async fn clear(Shared(state): Shared<Arc<State>>) -> Json<Value> {
    state.faults.clear();
    Json(json!({ "success": true }))
}

/// `{provider, path?, account?, fault, times?}` → the fault as it was understood.
pub(super) async fn add(
    Shared(state): Shared<Arc<State>>,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let fields = object(&body)?;
    let input = Input::new(
        &fields,
        &[
            ["provider", "path", "account", "fault", "times"].as_slice(),
            &DETAILS,
        ]
        .concat(),
    )?;
    let provider = input.provider(&state)?;
    let account = input.text("account")?;
    if let Some(name) = account.filter(|name| provider.configuration(name).is_none()) {
        return Err(Refusal::field(
            "account",
            format!("{} has no account {name:?}", provider.id()),
        ));
    }
    let rule = Rule {
        provider: provider.id(),
        path: input.text("path")?.map(str::to_owned),
        account: account.map(str::to_owned),
        fault: fault(&fields)?,
        times: input.number("times", 0, 1_000_000)?.unwrap_or(1),
        hits: 0,
    };
    let shown = rule.shown();
    state.faults.add(rule);
    Ok(Json(shown))
}

/// A name, a name with its details beside it, or an object of details that may name itself.
fn fault(fields: &Map<String, Value>) -> Result<Fault, Refusal> {
    let beside = || {
        fields
            .iter()
            .filter(|(name, _)| DETAILS.contains(&name.as_str()))
    };
    let mut details: Map<String, Value> = beside()
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let name = match fields.get("fault") {
        Some(Value::String(name)) => Some(name.clone()),
        Some(Value::Object(inner)) => {
            details.extend(inner.clone());
            let name = details.remove("fault");
            name.map(|name| name.as_str().map(str::to_owned).ok_or_else(unknown))
                .transpose()?
        }
        None | Some(Value::Null) => {
            return Err(Refusal::field(
                "fault",
                format!("is missing; it is one of {KINDS}"),
            ));
        }
        Some(_) => return Err(unknown()),
    };
    let known: &[&str] = match name.as_deref() {
        Some("delay_ms") => &["delay_ms"],
        Some("status") => &["status", "body", "headers"],
        None if details.contains_key("delay_ms") => &["delay_ms"],
        None if details.contains_key("status") => &["status", "body", "headers"],
        None => return Err(unknown()),
        Some(_) => &[],
    };
    let details = Input::new(&details, known)?;
    match name.as_deref() {
        Some("rate_limit") => Ok(Fault::Failure(Failure::RateLimit)),
        Some("bad_credential") => Ok(Fault::Failure(Failure::BadCredential)),
        Some("missing_scope") => Ok(Fault::Failure(Failure::MissingScope)),
        Some("reset") => Ok(Fault::Reset),
        Some("truncate") => Ok(Fault::Truncate),
        Some("accept_then_reset") => Ok(Fault::AcceptThenReset),
        _ if known.contains(&"delay_ms") => delay(&details),
        _ if known.contains(&"status") => answer(&details),
        _ => Err(unknown()),
    }
}

fn unknown() -> Refusal {
    Refusal::field("fault", format!("must be one of {KINDS}"))
}

fn delay(details: &Input<'_>) -> Result<Fault, Refusal> {
    let delay = details.number("delay_ms", 0, MAX_DELAY_MS)?;
    let delay = delay.ok_or_else(|| Refusal::field("delay_ms", "is missing"))?;
    Ok(Fault::Delay(Duration::from_millis(delay)))
}

/// A text body goes out as it is, anything else as JSON.
fn answer(details: &Input<'_>) -> Result<Fault, Refusal> {
    let status = details
        .number("status", 200, 599)?
        .and_then(|status| u16::try_from(status).ok());
    let status = status.and_then(|status| StatusCode::from_u16(status).ok());
    let status = status.ok_or_else(|| Refusal::field("status", "is missing"))?;
    let mut reply = match details.get("body") {
        None => json_reply(status, &json!({})),
        Some(Value::String(text)) => {
            let mut reply = Reply::new(Bytes::from(text.clone()));
            *reply.status_mut() = status;
            reply.headers_mut().insert(
                header::CONTENT_TYPE,
                HeaderValue::from_static("text/plain; charset=UTF-8"),
            );
            reply
        }
        Some(body) => json_reply(status, body),
    };
    for (name, value) in details.object("headers")?.into_iter().flatten() {
        let wrong = || {
            Refusal::field(
                "headers",
                format!("{name} is not a header, or its value not a string"),
            )
        };
        let value = value
            .as_str()
            .and_then(|value| HeaderValue::from_str(value).ok())
            .ok_or_else(wrong)?;
        reply.headers_mut().insert(
            HeaderName::try_from(name.as_str()).map_err(|_| wrong())?,
            value,
        );
    }
    Ok(Fault::Answer(reply))
}
