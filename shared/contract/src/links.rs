//! Which operations go on with what an answer names.

use serde_json::{Map, Value, json};

use crate::route::Route;
use crate::routes::ROUTES;

/// The links (OpenAPI 3.1, section 4.8.20) of a route's answer: to the routes below it whose only value is an id.
pub(crate) fn of(route: &Route) -> Map<String, Value> {
    let id = match route.method {
        "POST" => "$response.body#/data/id",
        _ => "$response.body#/data/0/id",
    };
    let mut links = Map::new();
    for other in ROUTES.iter().filter(|other| is_below(other, route)) {
        for name in other.names() {
            let operation = format!("{:?}", other.operation);
            let link = json!({"operationId": operation, "parameters": {name: id}});
            links.insert(operation, link);
        }
    }
    links
}

fn is_below(route: &Route, above: &Route) -> bool {
    let names: Vec<&str> = route.names().collect();
    let rest = route.path.strip_prefix(above.path);
    // Of a provider there are types, and no ids.
    matches!(names[..], [name] if name != "provider")
        && rest.is_some_and(|rest| rest.starts_with("/{"))
}
