//! A table: its key and its items, ordered by it.

use std::collections::BTreeMap;

use super::value::{Attribute, Binary, Item, Number};
use crate::cloud::wire::Refusal;

/// A key attribute of a table: its name and type.
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

/// The value of a key attribute; its order is the order of a query.
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

/// The items of one partition in order.
pub(super) type Partition = BTreeMap<Option<KeyValue>, Item>;

#[derive(Debug)]
pub(super) struct Table {
    pub(super) hash: KeyAttribute,
    pub(super) range: Option<KeyAttribute>,
    pub(super) partitions: BTreeMap<KeyValue, Partition>,
}

impl Table {
    pub(super) fn new(hash: KeyAttribute, range: Option<KeyAttribute>) -> Self {
        Self {
            hash,
            range,
            partitions: BTreeMap::new(),
        }
    }

    /// The key of a whole item.
    pub(super) fn key_of(&self, item: &Item) -> Result<Key, Refusal> {
        let hash = key_value(&self.hash, item, 2048)?;
        let range = self
            .range
            .as_ref()
            .map(|range| key_value(range, item, 1024))
            .transpose()?;
        Ok((hash, range))
    }

    /// The key that a request gives, which is nothing but the key.
    pub(super) fn exact_key(&self, key: &Item) -> Result<Key, Refusal> {
        if key.len() != 1 + usize::from(self.range.is_some()) {
            return Err(Refusal::validation(
                "The provided key element does not match the schema",
            ));
        }
        self.key_of(key)
    }

    pub(super) fn is_key(&self, name: &str) -> bool {
        self.hash.name == name || self.range.as_ref().is_some_and(|range| range.name == name)
    }

    pub(super) fn find(&self, key: &Key) -> Option<&Item> {
        self.partitions.get(&key.0)?.get(&key.1)
    }

    pub(super) fn set(&mut self, key: Key, item: Option<Item>) {
        match item {
            Some(item) => {
                self.partitions
                    .entry(key.0)
                    .or_default()
                    .insert(key.1, item);
            }
            None => {
                if let Some(partition) = self.partitions.get_mut(&key.0) {
                    partition.remove(&key.1);
                }
            }
        }
    }

    /// The attributes of an item's key alone.
    pub(super) fn key_attributes(&self, item: &Item) -> Item {
        item.iter()
            .filter(|(name, _)| self.is_key(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }
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
