//! What the document promises of a reply, and whether it is kept. Other suites hold their replies against it too.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use contract::document::document;
use contract::lookup;
use jsonschema::Validator;
use serde_json::{Value, json};

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| document("https://switchboard.example"));

/// By the place of a schema in the document. Each is compiled once, when it is first needed.
static VALIDATORS: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);

/// What an event and the reply to it break of the document; nothing if all is well.
pub(crate) fn broken(event: &Value, reply: &Value) -> Vec<String> {
    let method = &event["requestContext"]["http"]["method"];
    let method = method.as_str().unwrap_or_default();
    let path = event["rawPath"].as_str().unwrap_or_default();
    let status = &reply["statusCode"];
    let Ok(found) = lookup::find(method, path) else {
        return broken_problem(reply);
    };
    let path = found.route.path.replace('/', "~1");
    let method = method.to_lowercase();
    let mut place = format!("/paths/{path}/{method}/responses/{status}");
    let Some(promised) = DOCUMENT.pointer(&place) else {
        return vec![format!("{place}: nobody was told of it: {reply}")];
    };
    if let Some(shared) = promised["$ref"].as_str() {
        shared[1..].clone_into(&mut place);
    }
    broken_body(&place, reply)
}

/// What a reply breaks that is to be a problem.
pub(crate) fn broken_problem(reply: &Value) -> Vec<String> {
    broken_body("/components/responses/Problem", reply)
}

/// What a body breaks of the response that stands at a place of the document.
fn broken_body(place: &str, reply: &Value) -> Vec<String> {
    let promised = DOCUMENT.pointer(place).expect("a response");
    let mut found = Vec::new();
    for (name, header) in promised["headers"].as_object().into_iter().flatten() {
        let is_there = reply["headers"].get(name.to_lowercase()).is_some();
        if header["required"] == true && !is_there {
            found.push(format!("{place}: {name} is missing"));
        }
    }
    let given = reply["headers"]["content-type"]
        .as_str()
        .unwrap_or_default();
    if promised["content"].get(given).is_none() {
        found.push(format!("{place}: nobody was told of the type {given:?}"));
        return found;
    }
    let text = reply["body"].as_str().unwrap_or_default();
    let body = if given.ends_with("json") {
        serde_json::from_str(text).unwrap_or_default()
    } else {
        Value::from(text)
    };
    let schema = format!("{place}/content/{}/schema", given.replace('/', "~1"));
    found.extend(broken_schema(&schema, &body));
    found
}

/// What a value breaks of the schema that stands at a place of the document.
pub(crate) fn broken_schema(place: &str, value: &Value) -> Vec<String> {
    let validator = {
        let mut validators = VALIDATORS.lock().expect("nobody panics with it");
        let compiled = validators.entry(place.to_owned());
        compiled.or_insert_with(|| Arc::new(compile(place))).clone()
    };
    let errors = validator.iter_errors(value);
    errors
        .map(|error| format!("{place}: {}: {error}", error.instance_path()))
        .collect()
}

fn compile(place: &str) -> Validator {
    let schema = DOCUMENT.pointer(place).expect("a schema");
    let schema = json!({"allOf": [schema], "components": DOCUMENT["components"]});
    jsonschema::draft202012::new(&schema).expect("a schema")
}
