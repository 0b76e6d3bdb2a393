//! Keys: which attributes make one, and their values, whose order is the order of a query.

use super::value::{Attribute, Binary, Item, Number};
use crate::cloud::wire::Refusal;

const HASH_LIMIT: usize = 2048;
const RANGE_LIMIT: usize = 1024;

/// A key attribute of a table or an index: its name and type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyAttribute {
    pub(super) name: String,
    pub(super) kind: &'static str,
}

impl KeyAttribute {
    /// A text, the same as `name.into()`.
    pub fn text(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            kind: "S",
        }
    }

    /// A number.
    pub fn number(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            kind: "N",
        }
    }

    /// Bytes.
    pub fn binary(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            kind: "B",
        }
    }
}

impl From<&str> for KeyAttribute {
    fn from(name: &str) -> Self {
        Self::text(name)
    }
}

/// The value of a key attribute.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum KeyValue {
    S(String),
    N(Number),
    B(Binary),
}

impl KeyValue {
    /// The key value that an attribute is, if its type can be one.
    pub(super) fn of(value: &Attribute) -> Option<Self> {
        match value {
            Attribute::S(text) => Some(Self::S(text.clone())),
            Attribute::N(number) => Some(Self::N(*number)),
            Attribute::B(bytes) => Some(Self::B(bytes.clone())),
            _ => None,
        }
    }
}

/// Partition and sort key of an item.
pub(super) type Key = (KeyValue, Option<KeyValue>);

/// The key attributes of a table or an index.
#[derive(Debug, Clone)]
pub(super) struct Schema {
    pub(super) hash: KeyAttribute,
    pub(super) range: Option<KeyAttribute>,
}

impl Schema {
    /// The key of an item that must have one.
    pub(super) fn key_of(&self, item: &Item) -> Result<Key, Refusal> {
        let hash = key_value(&self.hash, item, HASH_LIMIT)?;
        let range = self
            .range
            .as_ref()
            .map(|range| key_value(range, item, RANGE_LIMIT))
            .transpose()?;
        Ok((hash, range))
    }

    /// The key of an item that may lack one.
    pub(super) fn find_key(&self, item: &Item) -> Option<Key> {
        let value = |key: &KeyAttribute| {
            let value = item.get(&key.name)?;
            KeyValue::of(value).filter(|_| value.kind() == key.kind)
        };
        let range = match &self.range {
            Some(range) => Some(value(range)?),
            None => None,
        };
        Some((value(&self.hash)?, range))
    }

    pub(super) fn is_key(&self, name: &str) -> bool {
        self.attributes().any(|(key, _)| key.name == name)
    }

    /// The attributes, each with the number of bytes that its value may have.
    pub(super) fn attributes(&self) -> impl Iterator<Item = (&KeyAttribute, usize)> {
        let range = self.range.iter().map(|range| (range, RANGE_LIMIT));
        std::iter::once((&self.hash, HASH_LIMIT)).chain(range)
    }
}

/// The attributes of an item that are part of one of these keys.
pub(super) fn key_attributes(item: &Item, schemas: [&Schema; 2]) -> Item {
    item.iter()
        .filter(|(name, _)| schemas.into_iter().any(|schema| schema.is_key(name)))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

fn key_value(attribute: &KeyAttribute, item: &Item, limit: usize) -> Result<KeyValue, Refusal> {
    let KeyAttribute { name, kind } = attribute;
    let invalid = |reason: String| {
        Err(Refusal::validation(format!(
            "One or more parameter values were invalid: {reason}"
        )))
    };
    let Some(value) = item.get(name) else {
        return invalid(format!("Missing the key {name} in the item"));
    };
    if value.kind() != *kind {
        let actual = value.kind();
        return invalid(format!(
            "Type mismatch for key {name} expected: {kind} actual: {actual}"
        ));
    }
    if value.size() > limit {
        return invalid(format!(
            "Size of key {name} has exceeded the maximum size limit of {limit} bytes"
        ));
    }
    KeyValue::of(value).filter(|_| value.size() > 0).map_or_else(
        || invalid(format!("The AttributeValue for a key attribute cannot contain an empty value. Key: {name}")),
        Ok,
    )
}
