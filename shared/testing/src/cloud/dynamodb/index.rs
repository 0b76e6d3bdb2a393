//! Global secondary indexes: the items that have the index's key attributes, in the order of these.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::key::{Key, KeyValue, Schema, key_attributes};
use super::value::{Item, size};
use super::write::Objection;
use crate::cloud::wire::Refusal;

/// Which attributes of its items an index holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Projection {
    /// All of them.
    All,
    /// The keys of the table and of the index.
    KeysOnly,
}

/// Keys of the table by the index's sort key. Items that share it stand in the order of their own keys.
pub(super) type Places = BTreeMap<Option<KeyValue>, BTreeSet<Key>>;

#[derive(Debug)]
pub(super) struct Index {
    pub(super) name: String,
    pub(super) schema: Schema,
    pub(super) projection: Projection,
    pub(super) partitions: BTreeMap<KeyValue, Places>,
}

impl Index {
    pub(super) fn new(name: &str, schema: Schema, projection: Projection) -> Self {
        Self {
            name: name.to_owned(),
            schema,
            projection,
            partitions: BTreeMap::new(),
        }
    }

    /// Objects to an item whose key attributes cannot be keys. It may well lack them.
    pub(super) fn check(&self, item: &Item) -> Result<(), Objection> {
        let index = &self.name;
        for (key, limit) in self.schema.attributes() {
            let name = &key.name;
            let Some(value) = item.get(name) else {
                continue;
            };
            if value.kind() != key.kind {
                let (expected, actual) = (key.kind, value.kind());
                return Err(Objection::Item(Refusal::validation(format!(
                    "One or more parameter values were invalid: Type mismatch for Index Key {name} Expected: {expected} Actual: {actual} IndexName: {index}"
                ))));
            }
            if value.size() > limit {
                return Err(Objection::Item(Refusal::validation(format!(
                    "One or more parameter values were invalid: Size of Index Key {name} has exceeded the maximum size limit of {limit} bytes IndexName: {index}"
                ))));
            }
            if value.size() == 0 {
                return Err(Objection::Request(Refusal::validation(format!(
                    "One or more parameter values are not valid. A value specified for a secondary index key is not supported. The AttributeValue for a key attribute cannot contain an empty value. IndexName: {index}, IndexKey: {name}"
                ))));
            }
        }
        Ok(())
    }

    /// What the index holds of an item.
    pub(super) fn entry<'i>(&self, table: &Schema, item: &'i Item) -> Cow<'i, Item> {
        match self.projection {
            Projection::All => Cow::Borrowed(item),
            Projection::KeysOnly => Cow::Owned(key_attributes(item, [table, &self.schema])),
        }
    }

    /// Follows the change of one item; the size of each entry that is written. A move is two writes.
    pub(super) fn replace(
        &mut self,
        table: &Schema,
        key: &Key,
        before: Option<&Item>,
        after: Option<&Item>,
    ) -> Vec<usize> {
        let placed = |item| Some((self.schema.find_key(item)?, self.entry(table, item)));
        let (old, new) = (before.and_then(placed), after.and_then(placed));
        match (old, new) {
            (Some((place, old)), Some((same, new))) if place == same => {
                let changed = old != new;
                changed
                    .then(|| size(&old).max(size(&new)))
                    .into_iter()
                    .collect()
            }
            (old, new) => {
                let entries = [&old, &new].into_iter().flatten();
                let written = entries.map(|(_, entry)| size(entry)).collect();
                if let Some((place, _)) = old {
                    self.remove(&place, key);
                }
                if let Some(((hash, range), _)) = new {
                    let places = self.partitions.entry(hash).or_default();
                    places.entry(range).or_default().insert(key.clone());
                }
                written
            }
        }
    }

    fn remove(&mut self, (hash, range): &Key, key: &Key) {
        if let Some(places) = self.partitions.get_mut(hash)
            && let Some(keys) = places.get_mut(range)
        {
            keys.remove(key);
            if keys.is_empty() {
                places.remove(range);
            }
        }
    }
}
