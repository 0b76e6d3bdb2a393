//! What does not fit. The usual words of readers quote what they failed on; these never hear of it.

use std::fmt;

use serde::de::{Error, Expected, Unexpected};

use crate::problem::FieldError;

/// Why a value cannot be read, without a word of it.
#[derive(Debug)]
pub(super) enum Unfit {
    /// A field that must be there is not.
    Missing(&'static str),
    /// There is no field of that name.
    Unknown(String),
    /// The end of a sentence.
    Says(String),
}

impl Unfit {
    /// As it is told; `path` is where reading stopped. Of what stands in a list the list is named.
    pub(super) fn at(self, path: &str) -> FieldError {
        let path = &without_places(path);
        let inside = |name: &str| match path.as_str() {
            "." | "" => name.to_owned(),
            path => format!("{path}.{name}"),
        };
        let (field, detail) = match self {
            Self::Missing(name) => (inside(name), "is required".to_owned()),
            Self::Unknown(name) => {
                // The path may end with the unknown name itself.
                let field = if path.ends_with(&name) {
                    path.clone()
                } else {
                    inside(&name)
                };
                (field, "is not a field of this request".to_owned())
            }
            Self::Says(says) => (path.clone(), says),
        };
        FieldError { field, detail }
    }

    fn must_be(expected: &dyn Expected) -> Self {
        let expected = expected.to_string();
        let form = match expected.as_str() {
            "a boolean" => "true or false",
            "i64" | "u64" | "i32" | "u32" | "usize" => "a whole number",
            "a string" | "a borrowed string" => "text",
            "a sequence" => "a list",
            _ if expected.starts_with("enum ") => "one of the words that are listed for it",
            _ => "an object",
        };
        Self::Says(format!("must be {form}"))
    }
}

/// `a[3].b` as `a.b`: names of fields have no digits.
fn without_places(path: &str) -> String {
    let mut names = String::with_capacity(path.len());
    for part in path.split('[') {
        names.push_str(part.split_once(']').map_or(part, |(_, rest)| rest));
    }
    names
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value does not fit")
    }
}

impl std::error::Error for Unfit {}

impl Error for Unfit {
    fn custom<T: fmt::Display>(says: T) -> Self {
        let says = says.to_string();
        Self::Says(if is_a_rule(&says) {
            says
        } else {
            "has the wrong form".to_owned()
        })
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::must_be(expected)
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::must_be(expected)
    }

    fn invalid_length(_: usize, expected: &dyn Expected) -> Self {
        Self::must_be(expected)
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        let words: Vec<String> = expected.iter().map(|word| format!("'{word}'")).collect();
        Self::Says(match words.as_slice() {
            [one] => format!("must be {one}"),
            [one, other] => format!("must be {one} or {other}"),
            all => format!("must be one of {}", all.join(", ")),
        })
    }

    fn unknown_field(name: &str, _: &'static [&'static str]) -> Self {
        Self::Unknown(name.to_owned())
    }

    fn missing_field(name: &'static str) -> Self {
        Self::Missing(name)
    }

    fn duplicate_field(_: &'static str) -> Self {
        Self::Says("is given twice, under two names".to_owned())
    }
}

/// Rules of our own types: "must be …", "an agent id must be …".
fn is_a_rule(says: &str) -> bool {
    says.starts_with("must ") || (says.starts_with('a') && says.contains(" must be "))
}
