//! What is said of an integration besides the provider's own fields: its name, priority, owner, and whether it is on.

use domain::Caller;
use domain::integration::Owner;
use edge::Problem;
use edge::problem::FieldError;
use providers::form::snake_case;
use serde_json::{Map, Value};

/// What was said; what was not is `None`.
pub(super) struct About {
    pub(super) name: Option<String>,
    pub(super) priority: Option<u32>,
    pub(super) enabled: Option<bool>,
    pub(super) owner: Option<Owner>,
    /// Whether the secrets that are replaced may serve again if the new ones fail in use.
    pub(super) keep_previous: Option<bool>,
}

impl About {
    /// Takes its fields out of the body; what remains are the provider's.
    pub(super) fn take(body: &mut Map<String, Value>, caller: &Caller) -> Result<Self, Problem> {
        let mut errors = Vec::new();
        let mut object = |field: &str, detail: &str| {
            errors.push(FieldError {
                field: field.into(),
                detail: detail.into(),
            });
        };
        let mut about = Self {
            name: None,
            priority: None,
            enabled: None,
            owner: None,
            keep_previous: None,
        };
        let names: Vec<String> = body.keys().cloned().collect();
        for given in names {
            match snake_case(&given).as_str() {
                "name" | "display_name" => match body.remove(&given) {
                    Some(Value::String(name)) if is_label(&name) => {
                        about.name = Some(name.trim().to_owned())
                    }
                    _ => object(
                        &given,
                        "must be 1 to 100 characters without control characters",
                    ),
                },
                "priority" => {
                    about.priority = body
                        .remove(&given)
                        .and_then(|value| u32::try_from(value.as_u64()?).ok())
                        .filter(|priority| *priority <= 1000);
                    if about.priority.is_none() {
                        object(&given, "must be a whole number from 0 to 1000");
                    }
                }
                "enabled" | "is_active" => match body.remove(&given) {
                    Some(Value::Bool(enabled)) => about.enabled = Some(enabled),
                    _ => object(&given, "must be true or false"),
                },
                "keep_previous" => match body.remove(&given) {
                    Some(Value::Bool(keep)) => about.keep_previous = Some(keep),
                    _ => object(&given, "must be true or false"),
                },
                "owner" => match body.remove(&given).as_ref().and_then(Value::as_str) {
                    Some("tenant") => about.owner = Some(Owner::Tenant),
                    Some("user") => about.owner = Some(Owner::User(caller.user.clone())),
                    _ => object(&given, "must be 'tenant' or 'user'"),
                },
                _ => {}
            }
        }
        if errors.is_empty() {
            Ok(about)
        } else {
            Err(Problem::invalid_fields(errors))
        }
    }
}

fn is_label(text: &str) -> bool {
    let text = text.trim();
    (1..=100).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}
