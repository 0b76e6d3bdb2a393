//! The bodies that set up an integration: what is said of every one ([`About`]) and the fields of the provider's
//! descriptor. No field is described here.

use domain::text::{camel_case, snake_case};
use providers::Provider;
use providers::descriptor::{Availability, Category};
use providers::field::{Field, Form};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use crate::integrations::About;
use crate::text::{LINE, PLAIN};

/// How the secrets of a form are shown; posted back it means "unchanged".
const MASK: &str = r"^••••[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]*$";

/// A further integration of a type, which the body names.
pub fn add(generator: &mut SchemaGenerator) -> Schema {
    any_of("Add", generator, |provider, generator| {
        let descriptor = provider.descriptor();
        let mut schema = of_fields(descriptor.fields, Stored::Nothing, str::to_owned);
        name_provider(&mut schema, &json!({"const": descriptor.id}));
        Some(with_about(schema, generator))
    })
}

/// An integration of the type that the path names, or new values for one.
pub fn configure(generator: &mut SchemaGenerator) -> Schema {
    any_of("Configure", generator, |provider, generator| {
        let fields = provider.descriptor().fields;
        let schema = of_fields(fields, Stored::Perhaps, str::to_owned);
        Some(with_about(schema, generator))
    })
}

/// Some new values: nothing is required.
pub fn change(generator: &mut SchemaGenerator) -> Schema {
    any_of("Change", generator, |provider, generator| {
        let fields = provider.descriptor().fields;
        let schema = of_fields(fields, Stored::Something, str::to_owned);
        Some(with_about(schema, generator))
    })
}

/// Some values to try.
pub fn values(generator: &mut SchemaGenerator) -> Schema {
    any_of("Values", generator, |provider, _| {
        let fields = provider.descriptor().fields;
        Some(of_fields(fields, Stored::Something, str::to_owned))
    })
}

/// The providers that can be connected.
pub fn ready() -> impl Iterator<Item = &'static dyn Provider> {
    let all = providers::ALL.iter().copied();
    all.filter(|provider| provider.descriptor().availability == Availability::Ready)
}

/// As the older paths have a form: names in camelCase, flags under `features` or beside it.
pub(crate) fn older(category: Category, generator: &mut SchemaGenerator) -> Schema {
    any_of("Configuration", generator, |provider, _| {
        let descriptor = provider.descriptor();
        if descriptor.category != category {
            return None;
        }
        let mut schema = of_fields(descriptor.fields, Stored::Nothing, camel_case);
        let flags = descriptor
            .fields
            .iter()
            .filter(|field| field.form == Form::Flag);
        let flags = properties(flags, Stored::Nothing, camel_case);
        schema["properties"]["features"] = json!({
            "type": "object", "properties": flags, "additionalProperties": false,
            "description": "What to do by itself: flags of the form.",
        });
        name_provider(
            &mut schema,
            &json!({"enum": [descriptor.id.to_uppercase(), descriptor.id]}),
        );
        Some(schema)
    })
}

/// Describes the properties that are fields of the provider's form as the form does. All may be left out.
pub(crate) fn as_fields_of(provider: &str) -> impl Fn(&mut Schema) {
    let fields = providers::find(provider).map_or(&[][..], |provider| provider.descriptor().fields);
    move |schema| {
        let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
        for (name, property) in properties.into_iter().flatten() {
            let name = snake_case(name);
            let Some(field) = fields.iter().find(|field| field.is_called(&name)) else {
                continue;
            };
            let description = property["description"].take();
            *property = of_field(field, Stored::Something);
            property["description"] = description;
        }
    }
}

/// What a form is filled in over.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stored {
    /// Nothing: all that is required must be given.
    Nothing,
    /// Nothing, or values that masks stand for.
    Perhaps,
    /// Values that stay where nothing is given.
    Something,
}

/// One of a schema for each provider that is ready; `of` leaves some out.
fn any_of(
    verb: &str,
    generator: &mut SchemaGenerator,
    of: impl Fn(&dyn Provider, &mut SchemaGenerator) -> Option<Value>,
) -> Schema {
    let mut options = Vec::new();
    for provider in ready() {
        let descriptor = provider.descriptor();
        let Some(mut schema) = of(provider, generator) else {
            continue;
        };
        schema["title"] = descriptor.name.into();
        schema["description"] = descriptor.description.into();
        let name = format!("{verb}_{}", descriptor.id);
        options.push(json!({"$ref": format!("#/components/schemas/{name}")}));
        generator.definitions_mut().insert(name, schema);
    }
    json_schema!({"anyOf": options})
}

/// With what is said of every integration.
fn with_about(mut schema: Value, generator: &mut SchemaGenerator) -> Value {
    let about = About::json_schema(generator);
    let about = about.get("properties").and_then(Value::as_object).cloned();
    if let Some(properties) = schema["properties"].as_object_mut() {
        properties.extend(about.into_iter().flatten());
    }
    schema
}

fn name_provider(schema: &mut Value, name: &Value) {
    schema["properties"]["provider"] = name.clone();
    schema["properties"]["provider"]["description"] = "Provider type.".into();
    if let Some(required) = schema["required"].as_array_mut() {
        required.push("provider".into());
    }
}

fn of_fields(fields: &[Field], stored: Stored, name: fn(&str) -> String) -> Value {
    let required = fields
        .iter()
        .filter(|field| field.required && stored != Stored::Something);
    let required: Vec<String> = required.map(|field| name(field.name)).collect();
    json!({
        "type": "object", "properties": properties(fields, stored, name), "required": required,
        "additionalProperties": false,
    })
}

fn properties<'f>(
    fields: impl IntoIterator<Item = &'f Field>,
    stored: Stored,
    name: fn(&str) -> String,
) -> Map<String, Value> {
    let fields = fields.into_iter();
    fields
        .map(|field| (name(field.name), of_field(field, stored)))
        .collect()
}

fn of_field(field: &Field, stored: Stored) -> Value {
    let mut schema = of_form(field.form);
    schema["title"] = field.label.into();
    schema["description"] = field.help.into();
    let example = match field.form {
        Form::Flag => (field.example == "true").into(),
        Form::Object => serde_json::from_str(field.example).unwrap_or_default(),
        _ => Value::from(field.example),
    };
    schema["examples"] = json!([example]);
    if let Some(default) = field.default {
        schema["default"] = match field.form {
            Form::Flag => (default == "true").into(),
            _ => default.into(),
        };
    }
    if field.secret {
        schema["writeOnly"] = true.into();
    }
    if field.secret
        && stored != Stored::Nothing
        && let Some(pattern) = field.form.pattern()
    {
        schema["pattern"] = format!("{pattern}|{MASK}").into();
    }
    if !field.required || stored == Stored::Something {
        allow_null(&mut schema);
    }
    schema
}

/// `null` removes a value, or says that there is none.
fn allow_null(schema: &mut Value) {
    schema["type"] = json!([schema["type"].take(), "null"]);
    if let Some(words) = schema.get_mut("enum").and_then(Value::as_array_mut) {
        words.push(Value::Null);
    }
}

fn of_form(form: Form) -> Value {
    match form {
        Form::Flag => json!({"type": "boolean"}),
        Form::Object => json!({
            "type": "object", "minProperties": 1, "maxProperties": 32,
            "propertyNames": {"minLength": 1, "maxLength": 256, "pattern": LINE},
            "additionalProperties": {"type": "string", "pattern": PLAIN},
        }),
        Form::Choice { of } => json!({"type": "string", "enum": of}),
        Form::Text { max } => {
            json!({"type": "string", "minLength": 1, "maxLength": max, "pattern": LINE})
        }
        Form::Phone => json!({"type": "string", "pattern": r"^[-+0-9 .()\u00a0]{7,40}$"}),
        other => json!({"type": "string", "pattern": other.pattern()}),
    }
}
