//! The OpenAPI 3.1 document, made of the table of routes.

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::fields::Label;
use crate::route::{Access, Answer, Parameter, Route};
use crate::routes::ROUTES;
use crate::{links, path, problems};

const ABOUT: &str = "Every tenant of a platform connects its own messaging, calling, CRM and mail accounts. \
    Names may be written in snake_case or camelCase; answers are in snake_case. Success is `{\"success\": true}` with `data` or \
    `message`; errors are problems (RFC 9457) with a stable `code`, a `detail`, a `hint`, and `errors` by field. `{ref}` is the \
    id of an integration, or a provider type for the default one of that type.";

/// The document; `server` is where the API is reached.
pub fn document(server: &str) -> Value {
    let mut generator = SchemaSettings::draft2020_12()
        .with(|settings| settings.definitions_path = "/components/schemas".into())
        .into_generator();
    let mut paths = Map::new();
    for route in ROUTES {
        let methods = paths.entry(route.path).or_insert_with(|| json!({}));
        methods[route.method.to_lowercase()] = operation(route, &mut generator);
    }
    let problems = problems::responses(&mut generator);
    let mut groups: Vec<&str> = ROUTES.iter().map(|route| route.group).collect();
    groups.dedup();
    let tags: Vec<Value> = groups.iter().map(|name| json!({"name": name})).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Switchboard", "version": env!("CARGO_PKG_VERSION"), "description": ABOUT,
        },
        "servers": [{"url": server}],
        "tags": tags,
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": generator.take_definitions(true),
            "securitySchemes": {"token": {
                "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                "description": "The ID token of the identity provider. Platform staff name the tenant to act for in the header \
                    X-Switchboard-Tenant.",
            }},
            "responses": problems,
        },
    })
}

fn operation(route: &Route, generator: &mut SchemaGenerator) -> Value {
    let mut operation = json!({
        "operationId": format!("{:?}", route.operation),
        "summary": route.summary,
        "description": format!("For {}. {}", route.access.who(), route.detail).trim(),
        "tags": [route.group],
        "parameters": parameters(route, generator),
        "responses": responses(route, generator),
    });
    if route.access == Access::Public {
        operation["security"] = json!([]);
    }
    if let Some(body) = route.body {
        let example: Value = serde_json::from_str(body.example).unwrap_or_default();
        operation["requestBody"] = json!({
            "required": !body.optional,
            "content": {"application/json": {"schema": (body.schema)(generator), "example": example}},
        });
    }
    operation
}

fn parameters(route: &Route, generator: &mut SchemaGenerator) -> Vec<Value> {
    let in_path = route.names().filter_map(path::value);
    let mut parameters: Vec<Value> = in_path
        .map(|value| parameter(value, "path", generator))
        .collect();
    for (place, given) in [("query", route.query), ("header", route.headers)] {
        parameters.extend(given.iter().map(|one| parameter(one, place, generator)));
    }
    parameters
}

fn parameter(given: &Parameter, place: &str, generator: &mut SchemaGenerator) -> Value {
    let mut parameter = json!({
        "name": given.name, "in": place, "required": given.required || place == "path", "description": given.detail,
        "schema": (given.schema)(generator),
    });
    if !given.example.is_empty() {
        let number = given
            .example
            .parse::<u64>()
            .ok()
            .filter(|_| place == "query");
        parameter["example"] = number.map_or_else(|| given.example.into(), Value::from);
    }
    parameter
}

fn responses(route: &Route, generator: &mut SchemaGenerator) -> Value {
    let mut responses = Map::new();
    for answer in route.answers {
        let mut response = response(answer, generator);
        let links = links::of(route);
        if !links.is_empty() {
            response["links"] = links.into();
        }
        responses.insert(answer.status.to_string(), response);
    }
    for status in problems::of(route) {
        responses.insert(status.to_string(), problems::response(status));
    }
    Value::Object(responses)
}

fn response(answer: &Answer, generator: &mut SchemaGenerator) -> Value {
    let schema = (answer.schema)(generator);
    let mut response = json!({
        "description": answer.detail,
        "content": {answer.media_type: {"schema": schema}},
    });
    if answer.tagged {
        let schema = generator.subschema_for::<Label<128>>();
        response["headers"] = json!({"ETag": {
            "description": "The revision, for `If-Match`.", "required": true, "schema": schema,
        }});
    }
    response
}
