//! A body that sets up or changes an integration, taken apart: what is said of every one, and the provider's fields.

use contract::integrations::About;
use domain::Given;
use domain::text::snake_case;
use edge::{Problem, input};

/// Takes what is said of every integration out of the body; what remains are the provider's fields.
pub(crate) fn take_about(body: &mut Given) -> Result<About, Problem> {
    let mut about = Given::default();
    let names: Vec<String> = body.keys().cloned().collect();
    for given in names {
        let Some(field) = About::field(&snake_case(&given)) else {
            continue;
        };
        if let Some(value) = body.remove(&given)
            && about.insert(field.to_owned(), value).is_some()
        {
            return Err(Problem::invalid_field(
                field,
                "is given twice, under two names",
            ));
        }
    }
    input::read(about)
}
