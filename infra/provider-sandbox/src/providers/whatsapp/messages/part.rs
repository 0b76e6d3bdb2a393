//! An object within a message, with the checks that Graph makes and the errors it makes them with.

use serde_json::{Map, Value};

use crate::providers::whatsapp::error::{Graph, GraphError};

/// How a value that is too long, or of a wrong set, is refused.
#[derive(Debug, Clone, Copy)]
pub(super) enum Limits {
    /// Code 100, as parameters are.
    Parameter,
    /// Code 131009, as interactive messages and templates are.
    Value,
}

/// One object and where it is.
#[derive(Debug)]
pub(super) struct Part<'a> {
    /// `interactive['body']`; empty for the envelope.
    path: String,
    fields: &'a Map<String, Value>,
    limits: Limits,
}

impl<'a> Part<'a> {
    pub(super) fn envelope(fields: &'a Map<String, Value>) -> Self {
        Self {
            path: String::new(),
            fields,
            limits: Limits::Parameter,
        }
    }

    pub(super) fn limited_by(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Where a field is.
    pub(super) fn at(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}['{name}']", self.path)
        }
    }

    /// Refuses fields that are not known.
    pub(super) fn only(&self, known: &[&str]) -> Graph<()> {
        match self
            .fields
            .keys()
            .find(|name| !known.contains(&name.as_str()))
        {
            None => Ok(()),
            Some(name) => {
                let place = if self.path.is_empty() {
                    "message"
                } else {
                    &self.path
                };
                Err(GraphError::parameter(format!(
                    "Unexpected key \"{name}\" on param \"{place}\"."
                )))
            }
        }
    }

    /// A field that may be absent or null.
    pub(super) fn optional(&self, name: &str) -> Option<&'a Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn value(&self, name: &str) -> Graph<&'a Value> {
        self.optional(name)
            .ok_or_else(|| GraphError::missing(format!("{} is missing.", self.at(name))))
    }

    /// Text of 1 to `most` characters.
    pub(super) fn text(&self, name: &str, most: usize) -> Graph<&'a str> {
        let text = self
            .value(name)?
            .as_str()
            .ok_or_else(|| self.wrong(name, "must be a string."))?;
        match text.chars().count() {
            0 => Err(GraphError::missing(format!("{} is empty.", self.at(name)))),
            length if length > most => {
                Err(self.wrong(name, &format!("must be at most {most} characters long.")))
            }
            _ => Ok(text),
        }
    }

    pub(super) fn optional_text(&self, name: &str, most: usize) -> Graph<Option<&'a str>> {
        self.optional(name)
            .map(|_| self.text(name, most))
            .transpose()
    }

    /// Text that is one of a set.
    pub(super) fn one_of(&self, name: &str, known: &[&str]) -> Graph<&'a str> {
        let text = self.text(name, usize::MAX)?;
        if known.contains(&text) {
            return Ok(text);
        }
        let all = known.join(", ");
        Err(GraphError::parameter(format!(
            "Param {} must be one of {{{all}}} - got \"{text}\".",
            self.at(name)
        )))
    }

    pub(super) fn optional_flag(&self, name: &str) -> Graph<()> {
        match self.optional(name) {
            Some(value) if !value.is_boolean() => Err(self.wrong(name, "must be a boolean.")),
            _ => Ok(()),
        }
    }

    pub(super) fn part(&self, name: &str) -> Graph<Self> {
        self.object(self.at(name), self.value(name)?)
    }

    pub(super) fn optional_part(&self, name: &str) -> Graph<Option<Self>> {
        self.optional(name)
            .map(|value| self.object(self.at(name), value))
            .transpose()
    }

    /// The objects of a list of 1 to `most` items.
    pub(super) fn parts(&self, name: &str, most: usize) -> Graph<Vec<Self>> {
        let path = self.at(name);
        let items = self
            .value(name)?
            .as_array()
            .ok_or_else(|| self.wrong(name, "must be an array."))?;
        if items.is_empty() || items.len() > most {
            return Err(self.wrong(name, &format!("must have 1 to {most} items.")));
        }
        items
            .iter()
            .zip(0..)
            .map(|(item, place)| self.object(format!("{path}[{place}]"), item))
            .collect()
    }

    /// The same for a list that may be absent or empty.
    pub(super) fn optional_parts(&self, name: &str, most: usize) -> Graph<Vec<Self>> {
        match self.optional(name) {
            Some(Value::Array(items)) if items.is_empty() => Ok(Vec::new()),
            Some(_) => self.parts(name, most),
            None => Ok(Vec::new()),
        }
    }

    /// A refusal of a field's value.
    pub(super) fn wrong(&self, name: &str, reason: &str) -> GraphError {
        match self.limits {
            Limits::Parameter => GraphError::parameter(format!("Param {} {reason}", self.at(name))),
            Limits::Value => GraphError::invalid(format!("{} {reason}", self.at(name))),
        }
    }

    fn object(&self, path: String, value: &'a Value) -> Graph<Self> {
        match value.as_object() {
            Some(fields) => Ok(Self {
                path,
                fields,
                limits: self.limits,
            }),
            None => Err(GraphError::parameter(format!(
                "Param {path} must be a JSON object."
            ))),
        }
    }
}
