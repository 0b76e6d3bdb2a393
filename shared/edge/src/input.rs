//! Bodies and queries as values of our own types. What does not fit is told by field, and no value is repeated. What was
//! given is wiped, whether it fits or not.

mod reader;
mod unfit;

use domain::Given;
use domain::text::snake_case;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::Problem;
use crate::problem::FieldError;

/// Reads fields, named in snake_case or camelCase, as a value of that type.
///
/// # Errors
/// 422 with the name of the field that does not fit.
pub fn read<T: DeserializeOwned>(given: Given) -> Result<T, Problem> {
    read_at("", given)
}

/// As [`read`], of the fields of an object that is itself the field of that name.
///
/// # Errors
/// As [`read`], with the names from the outside in.
pub fn read_at<T: DeserializeOwned>(place: &str, mut given: Given) -> Result<T, Problem> {
    rename(&mut given, place)?;
    serde_path_to_error::deserialize(reader::fields(&given)).map_err(|error| {
        let path = error.path().to_string();
        let mut error = error.into_inner().at(&path);
        if !place.is_empty() {
            error.field = format!("{place}.{}", error.field);
        }
        Problem::invalid_fields(vec![error])
    })
}

/// Gives all fields names in snake_case, all the way down.
fn rename(fields: &mut Map<String, Value>, place: &str) -> Result<(), Problem> {
    let names: Vec<String> = fields.keys().cloned().collect();
    for given in names {
        let name = snake_case(&given);
        let place = if place.is_empty() {
            name.clone()
        } else {
            format!("{place}.{name}")
        };
        if let Some(Value::Object(inner)) = fields.get_mut(&given) {
            rename(inner, &place)?;
        }
        if name == given {
            continue;
        }
        if fields.contains_key(&name) {
            let detail = "is given twice, under two names".into();
            return Err(Problem::invalid_fields(vec![FieldError {
                field: place,
                detail,
            }]));
        }
        if let Some(value) = fields.remove(&given) {
            fields.insert(name, value);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only whether it can be read counts")]
    struct Outer {
        phone_number: domain::phone::E164,
        #[serde(default)]
        inner: Option<Inner>,
        #[serde(default)]
        all: Vec<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only whether it can be read counts")]
    struct Inner {
        is_on: bool,
    }

    fn errors(body: Value) -> Value {
        let given: Given = serde_json::from_value(body).unwrap();
        let problem = read::<Outer>(given).unwrap_err();
        serde_json::to_value(problem).unwrap()["errors"].clone()
    }

    #[test]
    fn both_spellings_are_read() {
        for body in [
            json!({"phone_number": "+919876543210", "inner": {"is_on": true}}),
            json!({"phoneNumber": "+919876543210", "inner": {"isOn": true}}),
        ] {
            read::<Outer>(serde_json::from_value(body).unwrap()).unwrap();
        }
    }

    #[test]
    fn e2_what_does_not_fit_is_told_by_field_and_not_repeated() {
        const CANARY: &str = "CANARY0123456789";
        let number = "+919876543210";
        for (body, field, detail) in [
            (json!({}), "phone_number", "is required"),
            (
                json!({"phone_number": CANARY}),
                "phone_number",
                "must be a phone number",
            ),
            (
                json!({"phone_number": [CANARY]}),
                "phone_number",
                "must be text",
            ),
            (
                json!({"phoneNumber": number, "inner": {}}),
                "inner.is_on",
                "is required",
            ),
            (
                json!({"phoneNumber": number, "inner": {"isOn": CANARY}}),
                "inner.is_on",
                "must be true or false",
            ),
            (
                json!({"phoneNumber": number, "inner": {"isOn": true, "x": 1}}),
                "inner.x",
                "is not a field",
            ),
            (
                json!({"phoneNumber": number, "all": [{"is_on": true}, {"is_on": CANARY}]}),
                "all.is_on",
                "must be true or false",
            ),
            (
                json!({"phoneNumber": number, "all": [CANARY]}),
                "all",
                "must be an object",
            ),
            (
                json!({"phoneNumber": number, "colour": CANARY}),
                "colour",
                "is not a field",
            ),
            (
                json!({"phoneNumber": number, "phone_number": number}),
                "phone_number",
                "twice",
            ),
        ] {
            let errors = errors(body.clone());
            assert_eq!(errors[0]["field"], field, "{body} {errors}");
            assert!(
                errors[0]["detail"].as_str().unwrap().contains(detail),
                "{errors}"
            );
            assert!(!errors.to_string().contains("CANARY"), "{errors}");
        }
    }
}
