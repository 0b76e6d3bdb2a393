//! The control API, `/_sandbox/…`: tests steer the sandbox and look at what happened.
//!
//! | route | does |
//! | --- | --- |
//! | `GET health` | 200 |
//! | `GET credentials?account=` | a configuration per provider; of `one` by default |
//! | `POST accounts` | makes further accounts, or gives one further secrets |
//! | `GET requests?provider=&account=&path=` | what arrived, oldest first; `DELETE` forgets it |
//! | `POST faults` | makes coming requests go wrong; `GET` lists, `DELETE` removes |
//! | `POST send` | makes a provider send us an event, and tells what we answered |
//! | `GET webhooks?provider=&account=` | what was delivered to us, oldest first |
//! | `GET settings`, `POST settings` | pace of status webhooks, and whether there are any |
//! | `POST reset` | forgets requests, faults, registrations, deliveries, settings |
//!
//! A request that makes no sense is answered 400 `{"error": sentence, "field": name}`.

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use crate::state::State;

mod accounts;
mod faults;
mod input;
mod records;
mod send;
mod settings;

pub(crate) use input::{Input, Refusal};

/// All routes, below `/_sandbox`.
pub(crate) fn routes() -> Router<Arc<State>> {
    Router::new()
        .route("/health", get(records::health))
        .route("/credentials", get(accounts::credentials))
        .route("/accounts", post(accounts::make))
        .route(
            "/requests",
            get(records::requests).delete(records::forget_requests),
        )
        .route(
            "/faults",
            get(faults::list).post(faults::add).delete(faults::clear),
        )
        .route("/send", post(send::send))
        .route("/webhooks", get(records::webhooks))
        .route("/settings", get(settings::show).post(settings::change))
        .route("/reset", post(records::reset))
        .fallback(records::unknown)
}
