//! Makes a provider send us an event now, and tells what we answered.

use std::sync::Arc;

use axum::Json;
use axum::extract::State as Shared;
use bytes::Bytes;
use serde_json::{Value, json};

use super::input::{Input, Refusal, object};
use crate::state::State;

/// `{provider, …}`, the rest as the provider's `compose` takes it → `{url, status, error, answer}`
/// and the ids that the event carries.
///
/// `status` is null, and `error` says why, when our side could not be reached.
pub(super) async fn send(
    Shared(state): Shared<Arc<State>>,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let mut fields = object(&body)?;
    let provider = Input { fields: &fields }.provider(&state)?;
    fields.remove("provider");
    let event = provider.compose(&fields)?;
    let (delivery, answer) = state
        .deliveries
        .post(provider.id(), &event.account, &event.url, &event.payload)
        .await;
    let mut told = event.ids;
    let outcome = json!({
        "url": delivery.url,
        "status": delivery.status,
        "error": delivery.error,
        "answer": String::from_utf8_lossy(&answer),
    });
    if let Value::Object(outcome) = outcome {
        told.extend(outcome);
    }
    Ok(Json(told.into()))
}
