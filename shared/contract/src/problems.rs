//! The problems that a route can end in, as the document tells of them.

use edge::Problem;
use schemars::SchemaGenerator;
use serde_json::{Value, json};

use crate::route::{Access, Route};

/// The statuses of the problems that a route can end in.
pub(crate) fn of(route: &Route) -> Vec<u16> {
    // A parameter that the route does not take, and, from the gateway, too many requests or no answer in time.
    let mut statuses = vec![400, 429, 503];
    if route.access != Access::Public {
        statuses.extend([401, 403]);
    }
    let names_something = route.names().next().is_some();
    if names_something || route.path.ends_with("/templates") {
        statuses.extend([404, 409, 422]);
    }
    if route.body.is_some() {
        statuses.extend([404, 409, 413, 415, 422]);
    }
    if route.method != "GET" {
        // An If-Match counts also where it is of no use: there is nothing yet that it could name.
        statuses.extend([404, 409, 412, 422]);
    }
    statuses.sort_unstable();
    statuses.dedup();
    statuses
}

/// The response of a status.
pub(crate) fn response(status: u16) -> Value {
    let kind = if by_gateway(status) {
        "Refusal"
    } else {
        "Problem"
    };
    json!({"$ref": format!("#/components/responses/{kind}"), "description": meaning(status)})
}

/// What [`response`] refers to.
pub(crate) fn responses(generator: &mut SchemaGenerator) -> Value {
    let schema = generator.subschema_for::<Problem>();
    let example = Problem::not_found("integration").of_request("JKJaXmPLvHcESHA=");
    let problem = json!({"schema": schema, "example": example});
    let message = json!({
        "schema": {
            "type": "object", "properties": {"message": {"type": "string"}}, "required": ["message"],
        },
        "example": {"message": "Unauthorized"},
    });
    json!({
        "Problem": {
            "description": "What went wrong and what to do about it.",
            "content": {"application/problem+json": problem},
        },
        "Refusal": {
            "description": "What went wrong and what to do about it; the gateway itself says no more than a sentence.",
            "content": {"application/problem+json": problem, "application/json": message},
        },
    })
}

/// Whether the gateway answers so before a function is asked.
const fn by_gateway(status: u16) -> bool {
    matches!(status, 401 | 413 | 429 | 503)
}

const fn meaning(status: u16) -> &'static str {
    match status {
        400 => "The query, a header or the body cannot be used.",
        401 => "The request carries no valid token.",
        403 => "The caller may not do this.",
        404 => "There is no such thing for this caller.",
        409 => "What is there does not allow it.",
        412 => "It was changed since it was read.",
        413 => "The body is too large.",
        415 => "The body is not JSON.",
        422 => "Fields are missing or wrong, or the provider refuses.",
        429 => "Too many requests.",
        _ => "It cannot be done at present; try again.",
    }
}
