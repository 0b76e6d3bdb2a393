//! The document describes every route, and its examples are examples of what they stand at.

use std::collections::HashSet;

use contract::document::document;
use contract::page::page;
use contract::routes::ROUTES;
use serde_json::Value;

use crate::promises::broken_schema;

fn made() -> Value {
    document("https://switchboard.example")
}

/// Every operation with its place.
fn operations(document: &Value) -> Vec<(String, &Value)> {
    let mut found = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let path = path.replace('/', "~1");
            found.push((format!("/paths/{path}/{method}"), operation));
        }
    }
    found
}

#[test]
fn every_route_is_described_once() {
    let document = made();
    let operations = operations(&document);
    assert_eq!(operations.len(), ROUTES.len());
    let ids: HashSet<&str> = operations
        .iter()
        .filter_map(|(_, operation)| operation["operationId"].as_str())
        .collect();
    assert_eq!(ids.len(), ROUTES.len());
    for (place, operation) in operations {
        assert!(
            operation["summary"]
                .as_str()
                .is_some_and(|text| !text.is_empty()),
            "{place}"
        );
        let answers = operation["responses"].as_object().expect("answers");
        assert!(
            answers.keys().any(|status| status.starts_with('2')),
            "{place}"
        );
    }
}

#[test]
fn every_value_in_a_path_is_a_parameter() {
    let document = made();
    for route in ROUTES {
        let parameters = &document["paths"][route.path][route.method.to_lowercase()]["parameters"];
        let in_path = parameters.as_array().expect("a list").iter();
        let in_path: Vec<&str> = in_path
            .filter(|parameter| parameter["in"] == "path" && parameter["required"] == true)
            .filter_map(|parameter| parameter["name"].as_str())
            .collect();
        assert_eq!(in_path, route.names().collect::<Vec<_>>(), "{}", route.path);
    }
}

#[test]
fn examples_fit_their_schemas() {
    let document = made();
    for (place, operation) in operations(&document) {
        let body = &operation["requestBody"]["content"]["application/json"];
        if !body.is_null() {
            assert!(body["example"].is_object(), "{place}");
            let schema = format!("{place}/requestBody/content/application~1json/schema");
            assert_eq!(
                broken_schema(&schema, &body["example"]),
                Vec::<String>::new()
            );
        }
        for (number, parameter) in operation["parameters"]
            .as_array()
            .expect("a list")
            .iter()
            .enumerate()
        {
            if let Some(example) = parameter.get("example") {
                let schema = format!("{place}/parameters/{number}/schema");
                assert_eq!(broken_schema(&schema, example), Vec::<String>::new());
            }
        }
    }
    let mut examples = 0;
    each(
        &document["components"]["schemas"],
        "/components/schemas",
        &mut |place, schema| {
            for example in schema["examples"].as_array().into_iter().flatten() {
                examples += 1;
                assert_eq!(broken_schema(place, example), Vec::<String>::new());
            }
        },
    );
    assert!(examples > 0);
    let problem = "/components/responses/Problem/content/application~1problem+json";
    let example = document
        .pointer(&format!("{problem}/example"))
        .expect("an example");
    assert_eq!(
        broken_schema(&format!("{problem}/schema"), example),
        Vec::<String>::new()
    );
}

#[test]
fn an_example_that_does_not_fit_is_found() {
    let place = "/components/schemas/NewAgent";
    assert!(!broken_schema(place, &serde_json::json!({"name": 5})).is_empty());
    assert!(!broken_schema(place, &serde_json::json!({"name": "a", "colour": "red"})).is_empty());
}

#[test]
fn every_reference_leads_somewhere() {
    let document = made();
    let mut references = 0;
    each(&document, "", &mut |place, value| {
        if let Some(to) = value["$ref"].as_str() {
            references += 1;
            let to = to.strip_prefix('#').expect("within the document");
            assert!(document.pointer(to).is_some(), "{place}: {to}");
        }
    });
    assert!(references > 0);
}

#[test]
fn every_link_leads_to_an_operation_and_names_its_values() {
    let document = made();
    let mut links = 0;
    for (place, operation) in operations(&document) {
        for answer in operation["responses"]
            .as_object()
            .expect("answers")
            .values()
        {
            for link in answer["links"]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(_, link)| link)
            {
                links += 1;
                let to = ROUTES
                    .iter()
                    .find(|route| link["operationId"] == format!("{:?}", route.operation))
                    .unwrap_or_else(|| panic!("{place}: {link}"));
                let given = link["parameters"].as_object().expect("values");
                assert!(to.names().eq(given.keys()), "{place}: {link}");
            }
        }
    }
    assert!(links > 0);
}

#[test]
fn the_page_shows_every_operation_and_loads_nothing() {
    let page = page(&made());
    for route in ROUTES {
        assert!(
            page.contains(&format!("id=\"{:?}\"", route.operation)),
            "{}",
            route.path
        );
    }
    for loading in ["<script", "src=", "<link", "@import", "url("] {
        assert!(!page.contains(loading), "{loading}");
    }
}

/// Shows every object with its place, the outer ones first.
fn each(value: &Value, place: &str, show: &mut impl FnMut(&str, &Value)) {
    match value {
        Value::Object(fields) => {
            show(place, value);
            for (name, inner) in fields {
                let name = name.replace('~', "~0").replace('/', "~1");
                each(inner, &format!("{place}/{name}"), show);
            }
        }
        Value::Array(items) => {
            for (number, inner) in items.iter().enumerate() {
                each(inner, &format!("{place}/{number}"), show);
            }
        }
        _ => {}
    }
}
