//! What a tenant filled in, held against the descriptor: split into settings and secrets, or refused by field.

use std::collections::HashSet;

use domain::text::snake_case;
use domain::{Credentials, Given};
use serde_json::{Map, Value};

use crate::Provider;
use crate::field::Form;

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
/// removes it. Field names may be snake_case or camelCase. A secret is kept for the address only that it was entered
/// for: with another address it must be entered again (B5).
///
/// # Errors
/// All objections at once.
pub fn read(
    provider: &dyn Provider,
    given: impl Into<Given>,
    stored: Option<&Filled>,
) -> Result<Filled, Vec<Objection>> {
    let fields = provider.descriptor().fields;
    let mut filled = stored.cloned().unwrap_or_else(|| Filled {
        settings: Map::new(),
        credentials: Credentials::default(),
    });
    let mut entered = Vec::new();
    let mut objections = Vec::new();
    let mut object = |field: &str, says: String| {
        let field = field.to_owned();
        objections.push(Objection { field, says });
    };
    // Read where it stands: what is not moved out is wiped with the rest.
    let given = given.into();
    let mut named = HashSet::with_capacity(given.len());
    for (given_name, value) in given.iter() {
        let name = snake_case(given_name);
        let Some(field) = fields.iter().find(|field| field.is_called(&name)) else {
            object(given_name, "is not a field of this provider".into());
            continue;
        };
        if !named.insert(field.name) {
            object(given_name, "is given twice, under two names".into());
            continue;
        }
        match value {
            Value::Null => {
                filled.settings.remove(field.name);
                filled.credentials.remove(field.name);
            }
            Value::String(text) if field.secret && text.starts_with("••••") => {}
            Value::String(text) if field.secret && !text.is_ascii() => {
                object(field.name, field.form.rule());
            }
            _ => match field.form.read(value) {
                Err(says) => object(field.name, says),
                Ok(Value::String(kept)) if field.secret => {
                    entered.push(field.name);
                    filled
                        .credentials
                        .set(field.name, domain::secret::take(kept));
                }
                Ok(kept) => {
                    filled.settings.insert(field.name.to_owned(), kept);
                }
            },
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
                let default = match field.form {
                    Form::Flag => Value::Bool(default == "true"),
                    _ => default.into(),
                };
                filled.settings.insert(field.name.to_owned(), default);
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
    if let Some(stored) = stored {
        objections.extend(left_for_another_address(
            provider, stored, &filled, &entered,
        ));
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

/// The secrets that were not entered again though the address they would be sent to is another.
fn left_for_another_address(
    provider: &dyn Provider,
    stored: &Filled,
    filled: &Filled,
    entered: &[&str],
) -> Vec<Objection> {
    let address =
        |filled: &Filled| crate::chosen_address(provider, &filled.settings).map(str::to_owned);
    if address(stored) == address(filled) {
        return Vec::new();
    }
    let fields = provider.descriptor().fields.iter();
    fields
        .filter(|field| {
            filled.credentials.get(field.name).is_some() && !entered.contains(&field.name)
        })
        .map(|field| Objection {
            field: field.name.to_owned(),
            says: "must be entered again, for the address has changed".to_owned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;
    use serde_json::json;

    use super::*;
    use crate::descriptor::{Availability, Category, Descriptor};
    use crate::field::Field;

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

    struct OwnServer;

    #[async_trait::async_trait]
    impl Provider for OwnServer {
        fn descriptor(&self) -> &'static Descriptor {
            const TOKEN: Form = Form::Token { min: 1, max: 99 };
            const FIELDS: &[Field] = &[
                Field::setting("server", "-", "-", Form::Address, "-"),
                Field::secret("token", "-", "-", TOKEN, "-"),
                Field::secret("secret", "-", "-", TOKEN, "-"),
                Field::setting("inbox", "-", "-", TOKEN, "-"),
            ];
            &Descriptor {
                id: "own_server",
                name: "-",
                description: "-",
                icon: "-",
                category: Category::Crm,
                availability: Availability::Ready,
                requires_oauth: false,
                base_url: "",
                documentation: "-",
                capabilities: &[],
                fields: FIELDS,
            }
        }
        fn accounts(&self, _: &Map<String, Value>) -> crate::Accounts {
            crate::Accounts::default()
        }
        async fn check(&self, _: crate::Connection<'_>) -> Result<crate::Checked, domain::Failure> {
            Ok(crate::Checked::default())
        }
    }

    #[test]
    fn b5_another_address_asks_for_every_secret_again() {
        let first = json!({"server": "https://chat.example.com", "token": "CANARY-1",
            "secret": "CANARY-2", "inbox": "7"});
        let stored = read(&OwnServer, form(first), None).expect("valid");
        let moved = "https://chat.example.net";
        for (given, refused) in [
            (json!({"server": moved}), vec!["token", "secret"]),
            (
                json!({"server": moved, "token": "••••RY-1"}),
                vec!["token", "secret"],
            ),
            (
                json!({"server": moved, "token": "CANARY-1"}),
                vec!["secret"],
            ),
            (
                json!({"server": moved, "token": "CANARY-1", "secret": "CANARY-2"}),
                vec![],
            ),
            (
                json!({"server": "https://chat.example.com.example.net"}),
                vec!["token", "secret"],
            ),
            (
                json!({"server": "https://chat.example.com", "inbox": "8"}),
                vec![],
            ),
        ] {
            let objections = read(&OwnServer, form(given.clone()), Some(&stored)).err();
            let objections = objections.unwrap_or_default();
            let fields: Vec<&str> = objections.iter().map(|o| o.field.as_str()).collect();
            assert_eq!(fields, refused, "{given}");
        }
    }

    #[test]
    fn one_number_for_two_kinds_of_id_is_refused() {
        let mut given = complete();
        given["waba_id"] = "106540352242922".into();
        let objections = read(whatsapp(), form(given), None).expect_err("invalid");
        assert_eq!(objections[0].field, "waba_id");
    }
}
