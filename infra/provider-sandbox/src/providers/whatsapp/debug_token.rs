//! `GET /debug_token?input_token=…`: what a token is and may do.
//!
//! Asked with the app token of the same app, or with the very token that is asked about.

use http::StatusCode;
use serde_json::{Value, json};

use super::access::Caller;
use super::accounts::{Account, Directory};
use super::call::Call;
use super::error::{Graph, GraphError};

/// When all tokens were made: 1 January 2025, Unix seconds.
const ISSUED_AT: i64 = 1_735_689_600;

pub(super) fn read(call: &Call<'_>, directory: &Directory) -> Graph<Value> {
    let input = call
        .text("input_token")
        .ok_or_else(|| GraphError::required("input_token"))?;
    let caller = Caller::of(call, directory)?.ok_or_else(GraphError::no_current_user)?;
    let asked = directory
        .by_token(&input)
        .or_else(|| directory.by_app_token(&input));
    match &caller {
        Caller::User(_) if call.token != Some(input.as_str()) => Err(not_an_owner()),
        _ => match asked {
            None => Ok(unusable(caller.account())),
            Some(account) if account.app_id != caller.account().app_id => {
                let message = "The App_id in the input_token did not match the Viewing App";
                Err(GraphError::new(StatusCode::BAD_REQUEST, 100, message))
            }
            Some(account) if input.contains('|') => Ok(of_app(&account)),
            Some(account) => Ok(of_user(&account)),
        },
    }
}

fn not_an_owner() -> GraphError {
    GraphError::parameter(
        "You must provide an app access token, or a user access token that is an owner or developer of the app",
    )
}

/// A token that Graph cannot read: no error of the call, but news about the token.
fn unusable(viewer: &Account) -> Value {
    json!({ "data": {
        "app_id": viewer.app_id,
        "is_valid": false,
        "scopes": [],
        "error": GraphError::bad_token().brief(),
    }})
}

fn of_app(account: &Account) -> Value {
    json!({ "data": {
        "app_id": account.app_id,
        "type": "APP",
        "application": account.app_name(),
        "is_valid": true,
        "scopes": [],
    }})
}

fn of_user(account: &Account) -> Value {
    let grants: Vec<Value> = account
        .scopes()
        .iter()
        .map(|scope| json!({ "scope": scope, "target_ids": [account.waba_id] }))
        .collect();
    let mut data = json!({
        "app_id": account.app_id,
        "type": "SYSTEM_USER",
        "application": account.app_name(),
        "is_valid": account.expired_at().is_none(),
        "issued_at": ISSUED_AT,
        "expires_at": account.expired_at().unwrap_or(0),
        "data_access_expires_at": 0,
        "scopes": account.scopes(),
        "granular_scopes": grants,
        "user_id": account.user_id,
    });
    if let (Some(_), Some(data)) = (account.expired_at(), data.as_object_mut()) {
        data.insert("error".to_owned(), GraphError::expired_token().brief());
    }
    json!({ "data": data })
}
