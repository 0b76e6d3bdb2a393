//! Reading what the control API is given, with errors that name the field.

use std::collections::HashMap;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::provider::Provider;
use crate::state::State;

/// Why a request to the control API is refused.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    field: Option<String>,
    error: String,
}

impl Refusal {
    /// A field is wrong.
    pub(crate) fn field(name: &str, error: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            field: Some(name.to_owned()),
            error: format!("{name}: {}", error.into()),
        }
    }

    /// The request is fine, but the state of things does not allow it.
    pub(crate) fn conflict(error: impl Into<String>) -> Self {
        Self {
            status: StatusCode::CONFLICT,
            field: None,
            error: error.into(),
        }
    }

    fn body(error: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            field: None,
            error: error.into(),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (
            self.status,
            Json(json!({ "error": self.error, "field": self.field })),
        )
            .into_response()
    }
}

/// A JSON object, read field by field.
#[derive(Debug)]
pub(crate) struct Input<'a> {
    pub(super) fields: &'a Map<String, Value>,
}

/// Parses a body that has to be a JSON object; an empty one counts as `{}`.
pub(crate) fn object(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    if body.is_empty() {
        return Ok(Map::new());
    }
    serde_json::from_slice(body)
        .map_err(|error| Refusal::body(format!("the body is not a JSON object: {error}")))
}

impl<'a> Input<'a> {
    /// Refuses names that are not among the `known` ones.
    pub(crate) fn new(fields: &'a Map<String, Value>, known: &[&str]) -> Result<Self, Refusal> {
        match fields.keys().find(|name| !known.contains(&name.as_str())) {
            Some(name) => Err(Refusal::field(
                name,
                format!("is not known here; known are {}", known.join(", ")),
            )),
            None => Ok(Self { fields }),
        }
    }

    /// A field that may be absent or null.
    pub(crate) fn get(&self, name: &str) -> Option<&'a Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    pub(crate) fn text(&self, name: &str) -> Result<Option<&'a str>, Refusal> {
        let read = |value: &'a Value| {
            value
                .as_str()
                .ok_or_else(|| Refusal::field(name, "must be a string"))
        };
        self.get(name).map(read).transpose()
    }

    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, Refusal> {
        let read = |value: &Value| {
            value
                .as_bool()
                .ok_or_else(|| Refusal::field(name, "must be true or false"))
        };
        self.get(name).map(read).transpose()
    }

    pub(crate) fn object(&self, name: &str) -> Result<Option<&'a Map<String, Value>>, Refusal> {
        let read = |value: &'a Value| {
            value
                .as_object()
                .ok_or_else(|| Refusal::field(name, "must be an object"))
        };
        self.get(name).map(read).transpose()
    }

    /// A whole number within limits, both included.
    pub(crate) fn number(&self, name: &str, least: u64, most: u64) -> Result<Option<u64>, Refusal> {
        let read = |value: &Value| {
            let number = value
                .as_u64()
                .filter(|number| (least..=most).contains(number));
            number.ok_or_else(|| {
                Refusal::field(
                    name,
                    format!("must be a whole number from {least} to {most}"),
                )
            })
        };
        self.get(name).map(read).transpose()
    }

    /// The field `provider`, which has to be there.
    pub(crate) fn provider<'s>(&self, state: &'s State) -> Result<&'s dyn Provider, Refusal> {
        let id = self
            .text("provider")?
            .ok_or_else(|| Refusal::field("provider", "is missing"))?;
        known_provider(state, id)
    }
}

/// The parameter `provider` of a query, which may be absent.
pub(crate) fn provider_filter<'q>(
    state: &State,
    query: &'q HashMap<String, String>,
) -> Result<Option<&'q str>, Refusal> {
    let id = query.get("provider").map(String::as_str);
    id.map(|id| known_provider(state, id).map(|_| id))
        .transpose()
}

fn known_provider<'s>(state: &'s State, id: &str) -> Result<&'s dyn Provider, Refusal> {
    state.provider(id).ok_or_else(|| {
        let known: Vec<_> = state
            .providers
            .iter()
            .map(|provider| provider.id())
            .collect();
        Refusal::field(
            "provider",
            format!("the sandbox has no {id:?}; it has {}", known.join(", ")),
        )
    })
}
