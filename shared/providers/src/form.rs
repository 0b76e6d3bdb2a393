//! What a tenant filled in, held against the descriptor: split into settings and secrets, or refused by field.

use domain::Credentials;
use secrecy::SecretString;
use serde_json::{Map, Value};

use crate::Provider;

/// An objection to one field: its name and a sentence that does not repeat the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objection {
    /// The field, as the descriptor names it, or as it came if the descriptor does not know it.
    pub field: String,
    /// What is wrong.
    pub says: String,
}

/// A form that holds.
#[derive(Debug, Clone)]
pub struct Filled {
    /// Values that are not secret.
    pub settings: Map<String, Value>,
    /// Secret values.
    pub credentials: Credentials,
}

/// Reads a form over what is stored already: a field left out or posted back masked keeps its value, and `null`
/// removes it. Field names may be snake_case or camelCase.
///
/// # Errors
/// All objections at once.
pub fn read(
    provider: &dyn Provider,
    given: Map<String, Value>,
    stored: Option<&Filled>,
) -> Result<Filled, Vec<Objection>> {
    let fields = provider.descriptor().fields;
    let mut filled = stored.cloned().unwrap_or_else(|| Filled {
        settings: Map::new(),
        credentials: Credentials::default(),
    });
    let mut objections = Vec::new();
    let mut object = |field: &str, says: &str| {
        objections.push(Objection {
            field: field.to_owned(),
            says: says.to_owned(),
        });
    };
    for (given_name, value) in given {
        let name = snake_case(&given_name);
        let Some(field) = fields.iter().find(|field| field.name == name) else {
            object(&given_name, "is not a field of this provider");
            continue;
        };
        match value {
            Value::Null => {
                filled.settings.remove(field.name);
                filled.credentials.remove(field.name);
            }
            Value::String(text) if field.secret && text.starts_with("••••") => {}
            Value::String(text) => match field.form.objection(text.trim()) {
                Some(says) => object(field.name, &says),
                None if field.secret => {
                    filled
                        .credentials
                        .set(field.name, SecretString::from(text.trim()));
                }
                None => {
                    filled
                        .settings
                        .insert(field.name.to_owned(), text.trim().into());
                }
            },
            _ => object(field.name, "must be text"),
        }
    }
    for field in fields {
        let present = if field.secret {
            filled.credentials.get(field.name).is_some()
        } else {
            filled.settings.contains_key(field.name)
        };
        match field.default {
            Some(default) if !present && !field.secret => {
                filled
                    .settings
                    .insert(field.name.to_owned(), default.into());
            }
            _ if !present
                && field.required
                && !objections
                    .iter()
                    .any(|objection| objection.field == field.name) =>
            {
                objections.push(Objection {
                    field: field.name.to_owned(),
                    says: "is required".to_owned(),
                });
            }
            _ => {}
        }
    }
    if objections.is_empty() {
        objections.extend(provider.contradictions(&filled.settings).into_iter().map(
            |(field, says)| Objection {
                field: field.to_owned(),
                says: says.to_owned(),
            },
        ));
    }
    if objections.is_empty() {
        Ok(filled)
    } else {
        Err(objections)
    }
}

/// `phoneNumberId` and `phone_number_id` name the same field.
pub fn snake_case(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            out.push('_');
            out.push(letter.to_ascii_lowercase());
        } else {
            out.push(letter);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;
    use serde_json::json;

    use super::*;

    fn form(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap_or_default()
    }

    fn whatsapp() -> &'static dyn Provider {
        crate::find("whatsapp").expect("listed")
    }

    fn complete() -> Value {
        json!({"access_token": "CANARY-EAAG-0123456789abcdef", "phoneNumberId": "106540352242922",
            "waba_id": "102290129340398"})
    }

    #[test]
    fn both_spellings_are_read_and_defaults_filled_in() {
        let filled = read(whatsapp(), form(complete()), None).expect("valid");
        assert_eq!(filled.settings["phone_number_id"], "106540352242922");
        assert_eq!(filled.settings["graph_version"], "v25.0");
        assert!(!filled.settings.contains_key("access_token"));
        assert!(filled.credentials.get("access_token").is_some());
    }

    #[test]
    fn all_objections_come_at_once_and_repeat_no_value() {
        let given =
            json!({"access_token": "CANARY with spaces in it", "waba_id": 5, "colour": "red"});
        let objections = read(whatsapp(), form(given), None).expect_err("invalid");
        let fields: Vec<&str> = objections.iter().map(|o| o.field.as_str()).collect();
        assert_eq!(
            fields,
            ["access_token", "colour", "waba_id", "phone_number_id"]
        );
        assert!(!format!("{objections:?}").contains("CANARY"));
    }

    #[test]
    fn a_mask_posted_back_keeps_the_stored_value() {
        let stored = read(whatsapp(), form(complete()), None).expect("valid");
        let given = json!({"access_token": "••••cdef", "waba_id": "102290129340399"});
        let filled = read(whatsapp(), form(given), Some(&stored)).expect("valid");
        let token = filled.credentials.get("access_token").expect("kept");
        assert_eq!(token.expose_secret(), "CANARY-EAAG-0123456789abcdef");
        assert_eq!(filled.settings["waba_id"], "102290129340399");
    }

    #[test]
    fn one_number_for_two_kinds_of_id_is_refused() {
        let mut given = complete();
        given["waba_id"] = "106540352242922".into();
        let objections = read(whatsapp(), form(given), None).expect_err("invalid");
        assert_eq!(objections[0].field, "waba_id");
    }
}
