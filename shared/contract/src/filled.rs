//! What somebody filled into a provider's form, read, or refused by field.

use domain::Given;
use domain::text::snake_case;
use edge::Problem;
use edge::problem::FieldError;
use providers::descriptor::Availability;
use providers::form::{self, Filled, Objection};
use providers::{Provider, Settings};

/// Reads a form over what is stored, over an operator's defaults.
///
/// # Errors
/// 422: the type cannot be connected yet, or some fields are wrong, all of them at once.
pub fn read(
    provider: &dyn Provider,
    given: Given,
    stored: Option<&Filled>,
    defaults: Option<&Settings>,
) -> Result<Filled, Problem> {
    let descriptor = provider.descriptor();
    if descriptor.availability != Availability::Ready {
        let detail = format!("{} cannot be connected yet.", descriptor.name);
        return Err(Problem::new(422, "provider_not_available", detail)
            .hint("Which types can be connected is told by GET /api/v1/providers."));
    }
    let given = with_defaults(provider, given, stored, defaults);
    form::read(provider, given, stored).map_err(|objections| {
        let errors = objections
            .into_iter()
            .map(|Objection { field, says }| FieldError {
                field,
                detail: says,
            });
        Problem::invalid_fields(errors.collect())
    })
}

/// With the operator's values for what is neither given, under any of its names, nor stored.
fn with_defaults(
    provider: &dyn Provider,
    mut given: Given,
    stored: Option<&Filled>,
    defaults: Option<&Settings>,
) -> Given {
    let fields = provider.descriptor().fields;
    for (name, value) in defaults.into_iter().flatten() {
        let known = stored.is_some_and(|stored| stored.settings.contains_key(name));
        let field = fields.iter().find(|field| field.name == name);
        let named = given
            .keys()
            .any(|given| field.is_some_and(|field| field.is_called(&snake_case(given))));
        if !known && !named {
            given.insert(name.clone(), value.clone());
        }
    }
    given
}
