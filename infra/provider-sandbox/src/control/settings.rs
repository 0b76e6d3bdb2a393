//! `{status_gap_ms, statuses}`: the pace of status webhooks, and whether there are any.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State as Shared;
use bytes::Bytes;
use serde_json::{Value, json};

use super::input::{Input, Refusal, object};
use crate::settings::Values;
use crate::state::State;

pub(super) async fn show(Shared(state): Shared<Arc<State>>) -> Json<Value> {
    let Values {
        status_gap,
        statuses,
    } = state.settings.get();
    let gap = u64::try_from(status_gap.as_millis()).unwrap_or(u64::MAX);
    Json(json!({ "status_gap_ms": gap, "statuses": statuses }))
}

/// What is left out stays as it is.
pub(super) async fn change(
    Shared(state): Shared<Arc<State>>,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let fields = object(&body)?;
    let input = Input::new(&fields, &["status_gap_ms", "statuses"])?;
    let mut values = state.settings.get();
    if let Some(gap) = input.number("status_gap_ms", 0, 600_000)? {
        values.status_gap = Duration::from_millis(gap);
    }
    if let Some(statuses) = input.flag("statuses")? {
        values.statuses = statuses;
    }
    state.settings.set(values);
    Ok(show(Shared(state)).await)
}
