//! The made-up accounts: what to post as an integration's configuration.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State as Shared};
use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::input::{Input, Refusal, object, provider_filter};
use crate::state::State;

/// Most accounts that one request can make.
const MOST: u64 = 10_000;

/// `{provider id: configuration}` of one account, of the first by default.
pub(super) async fn credentials(
    Shared(state): Shared<Arc<State>>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Json<Value>, Refusal> {
    let wanted = provider_filter(&state, &query)?;
    let account = query.get("account").map_or("one", String::as_str);
    let providers = state
        .providers
        .iter()
        .filter(|provider| wanted.is_none_or(|id| provider.id() == id));
    let found: Map<String, Value> = providers
        .filter_map(|provider| Some((provider.id().to_owned(), provider.configuration(account)?)))
        .collect();
    if found.is_empty() {
        return Err(Refusal::field(
            "account",
            format!("no provider has an account {account:?}"),
        ));
    }
    Ok(Json(found.into()))
}

/// `{provider, count}` → `{provider, accounts: [{account, configuration}]}`. With `{provider, of, secrets}` it is an
/// account that is there under one more name, with these secrets besides those it has.
pub(super) async fn make(
    Shared(state): Shared<Arc<State>>,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let fields = object(&body)?;
    let input = Input::new(&fields, &["provider", "count", "of", "secrets"])?;
    let provider = input.provider(&state)?;
    let names = if let Some(secrets) = input.object("secrets")? {
        let of = input.text("of")?.unwrap_or("one");
        vec![provider.add_secrets(of, secrets)?]
    } else {
        let count = input.number("count", 1, MOST)?.unwrap_or(1);
        provider.make_accounts(usize::try_from(count).unwrap_or(usize::MAX))
    };
    let account =
        |name: &String| json!({ "account": name, "configuration": provider.configuration(name) });
    Ok(Json(
        json!({ "provider": provider.id(), "accounts": names.iter().map(account).collect::<Vec<_>>() }),
    ))
}
