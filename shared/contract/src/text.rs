//! What texts may hold, as patterns (ECMA-262) that the document gives.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

/// One line without control characters and marks that deceive (`domain::text::is_label`).
pub(crate) const LINE: &str = r"^[^\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufdd0-\ufdef\ufeff\ufff9-\ufffb\ufffe\uffff]*$";

/// What every text of a body must keep to: no control characters but line breaks and tabs (`edge::limits`).
pub(crate) const PLAIN: &str = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]*$";

/// Any text that a body may hold.
pub(crate) struct Plain;

impl JsonSchema for Plain {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Plain".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "maxLength": 16384, "pattern": PLAIN})
    }
}

/// Any JSON value that a body may hold, in the provider's own form.
pub(crate) struct Json;

impl JsonSchema for Json {
    fn schema_name() -> Cow<'static, str> {
        "Json".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (text, object) = (
            Plain::json_schema(generator),
            generator.subschema_for::<Object>(),
        );
        json_schema!({
            "description": "Any JSON value: texts without control characters but line breaks and tabs, numbers within 64 bits.",
            "anyOf": [
                {"type": ["null", "boolean"]},
                {"type": "number", "minimum": i64::MIN, "maximum": i64::MAX},
                text,
                {"type": "array", "maxItems": 1000, "items": generator.subschema_for::<Self>()},
                object,
            ],
        })
    }
}

/// An object of such values.
pub(crate) struct Object;

impl JsonSchema for Object {
    fn schema_name() -> Cow<'static, str> {
        "Object".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object", "maxProperties": 256,
            "propertyNames": {"maxLength": 256, "pattern": PLAIN},
            "additionalProperties": generator.subschema_for::<Json>(),
        })
    }
}
