//! Looking at what happened, and forgetting it.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State as Shared};
use http::{StatusCode, Uri};
use serde_json::{Value, json};

use super::Refusal;
use super::input::provider_filter;
use crate::delivery::Delivery;
use crate::state::{Arrival, State};

type Filter = Query<HashMap<String, String>>;

pub(super) async fn health() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

pub(super) async fn requests(
    Shared(state): Shared<Arc<State>>,
    Query(query): Filter,
) -> Result<Json<Vec<Arrival>>, Refusal> {
    let provider = provider_filter(&state, &query)?;
    let (account, path) = (query.get("account"), query.get("path"));
    Ok(Json(state.requests.list(|arrival| {
        provider.is_none_or(|id| arrival.provider == Some(id))
            && account.is_none_or(|name| arrival.account.as_ref() == Some(name))
            && path.is_none_or(|part| arrival.path.contains(part))
    })))
}

pub(super) async fn forget_requests(Shared(state): Shared<Arc<State>>) -> Json<Value> {
    state.requests.clear();
    Json(json!({ "success": true }))
}

pub(super) async fn webhooks(
    Shared(state): Shared<Arc<State>>,
    Query(query): Filter,
) -> Result<Json<Vec<Delivery>>, Refusal> {
    let provider = provider_filter(&state, &query)?;
    let account = query.get("account");
    Ok(Json(state.deliveries.list(|delivery| {
        provider.is_none_or(|id| delivery.provider == id)
            && account.is_none_or(|name| delivery.account == *name)
    })))
}

pub(super) async fn reset(Shared(state): Shared<Arc<State>>) -> Json<Value> {
    state.reset();
    Json(json!({ "success": true }))
}

pub(super) async fn unknown(uri: Uri) -> (StatusCode, Json<Value>) {
    (
        StatusCode::NOT_FOUND,
        Json(json!({ "error": format!("the control API has no {}", uri.path()), "field": null })),
    )
}
