//! The document as a page to read: no script, nothing loaded from elsewhere.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::Value;

/// What the page may load: nothing but its own style.
pub const SECURITY_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'";

const STYLE: &str = "
body{font:16px/1.5 system-ui,sans-serif;color:#1c2024;max-width:60rem;margin:0 auto;padding:1rem}
code,pre{font-family:ui-monospace,monospace;font-size:.875rem}
pre{background:#f4f5f7;padding:.75rem;overflow:auto;border-radius:.375rem}
details{border:1px solid #d9dce1;border-radius:.375rem;margin:.5rem 0;padding:.5rem .75rem}
summary{cursor:pointer}
.method{display:inline-block;min-width:4.5rem;font-weight:600}
.who{color:#5c636e}
table{border-collapse:collapse;width:100%}
td,th{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;border-top:1px solid #e8eaed}
@media(prefers-color-scheme:dark){body{background:#16181c;color:#e6e8eb}pre{background:#22262c}
details{border-color:#3a3f47}td,th{border-color:#2b3037}.who{color:#9aa2ad}}
";

/// The page of a document.
pub fn page(document: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let title = text(&document["info"]["title"]);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " API" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { (title) " API" }
                p { (text(&document["info"]["description"])) }
                p { "For programs: " a href="/openapi.json" { "openapi.json" } "." }
                @for tag in document["tags"].as_array().into_iter().flatten() {
                    h2 { (text(&tag["name"])) }
                    @for (path, method, operation) in operations(document, &tag["name"]) {
                        (described(document, path, method, operation))
                    }
                }
            }
        }
    }
    .into_string()
}

type Operation<'d> = (&'d str, &'d str, &'d Value);

fn operations<'d>(document: &'d Value, tag: &Value) -> Vec<Operation<'d>> {
    let mut found = Vec::new();
    for (path, methods) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            if operation["tags"][0] == *tag {
                found.push((path.as_str(), method.as_str(), operation));
            }
        }
    }
    found
}

fn described(document: &Value, path: &str, method: &str, operation: &Value) -> Markup {
    let body = &operation["requestBody"]["content"]["application/json"];
    let answers = operation["responses"].as_object();
    html! {
        details id=(operation["operationId"].as_str().unwrap_or_default()) {
            summary {
                code { span.method { (method.to_uppercase()) } (path) }
                " " (operation["summary"].as_str().unwrap_or_default())
            }
            p.who { (operation["description"].as_str().unwrap_or_default()) }
            @if let Some(parameters) = operation["parameters"].as_array().filter(|all| !all.is_empty()) {
                table {
                    @for parameter in parameters {
                        tr {
                            td { code { (parameter["name"].as_str().unwrap_or_default()) } }
                            td { (parameter["in"].as_str().unwrap_or_default()) }
                            td { (parameter["description"].as_str().unwrap_or_default()) }
                        }
                    }
                }
            }
            @if !body.is_null() {
                p { "Body" }
                pre { (pretty(&body["example"])) }
                (fields(document, &body["schema"]))
            }
            @for (status, answer) in answers.into_iter().flatten() {
                @if status.starts_with('2') {
                    p { code { (status) } " " (answer["description"].as_str().unwrap_or_default()) }
                    @for media in answer["content"].as_object().into_iter().flatten().map(|(_, media)| media) {
                        (fields(document, &media["schema"]["properties"]["data"]))
                    }
                }
            }
        }
    }
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// A table of an object's fields; of each, where there are several kinds of object.
fn fields(document: &Value, schema: &Value) -> Markup {
    let schema = resolved(document, schema);
    let options = schema["anyOf"].as_array();
    let items = &schema["items"];
    html! {
        @if let Some(options) = options {
            @for option in options {
                @let option = resolved(document, option);
                @if let Some(title) = option["title"].as_str() { p { strong { (title) } } }
                (table(option))
            }
        } @else if items.is_object() {
            (table(resolved(document, items)))
        } @else {
            (table(schema))
        }
    }
}

fn table(schema: &Value) -> Markup {
    let required = schema["required"].as_array();
    let is_required = |name: &str| required.is_some_and(|all| all.iter().any(|one| one == name));
    html! {
        @if let Some(properties) = schema["properties"].as_object() {
            table {
                @for (name, property) in properties {
                    tr {
                        td { code { (name) } @if is_required(name) { " *" } }
                        td { (property["description"].as_str().unwrap_or_default()) }
                        td { @if let Some(pattern) = property["pattern"].as_str() { code { (pattern) } } }
                    }
                }
            }
        }
    }
}

fn resolved<'d>(document: &'d Value, schema: &'d Value) -> &'d Value {
    let name = schema["$ref"].as_str().and_then(|of| of.rsplit('/').next());
    name.map_or(schema, |name| &document["components"]["schemas"][name])
}
