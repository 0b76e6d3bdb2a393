//! A table: its items, ordered by their keys, and its indexes, which follow every change.

use std::collections::BTreeMap;

use super::index::Index;
use super::key::{Key, KeyValue, Schema};
use super::value::Item;
use super::write::Objection;
use crate::cloud::wire::Refusal;

/// The items of one partition in order.
pub(super) type Partition = BTreeMap<Option<KeyValue>, Item>;

#[derive(Debug)]
pub(super) struct Table {
    pub(super) schema: Schema,
    pub(super) partitions: BTreeMap<KeyValue, Partition>,
    indexes: Vec<Index>,
}

impl Table {
    pub(super) fn new(schema: Schema) -> Self {
        Self {
            schema,
            partitions: BTreeMap::new(),
            indexes: Vec::new(),
        }
    }

    /// Adds an index of the items that are there and those to come.
    pub(super) fn add_index(&mut self, mut index: Index) {
        for (hash, partition) in &self.partitions {
            for (range, item) in partition {
                let key = (hash.clone(), range.clone());
                index.replace(&self.schema, &key, None, Some(item));
            }
        }
        self.indexes.push(index);
    }

    pub(super) fn index(&self, name: &str) -> Result<&Index, Refusal> {
        self.indexes
            .iter()
            .find(|index| index.name == name)
            .ok_or_else(|| {
                Refusal::validation(format!(
                    "The table does not have the specified index: {name}"
                ))
            })
    }

    /// The key that a request gives, which is nothing but the key.
    pub(super) fn exact_key(&self, key: &Item) -> Result<Key, Refusal> {
        if key.len() != self.schema.attributes().count() {
            return Err(Refusal::validation(
                "The provided key element does not match the schema",
            ));
        }
        self.schema.key_of(key)
    }

    /// Objects to an item that an index cannot hold.
    pub(super) fn check_indexed(&self, item: &Item) -> Result<(), Objection> {
        self.indexes.iter().try_for_each(|index| index.check(item))
    }

    pub(super) fn find(&self, key: &Key) -> Option<&Item> {
        self.partitions.get(&key.0)?.get(&key.1)
    }

    /// Puts or removes an item; the size of each entry that this writes to an index.
    pub(super) fn set(&mut self, key: Key, item: Option<Item>) -> Vec<usize> {
        let partition = self.partitions.entry(key.0.clone()).or_default();
        let before = partition.get(&key.1);
        let written = self
            .indexes
            .iter_mut()
            .flat_map(|index| index.replace(&self.schema, &key, before, item.as_ref()))
            .collect();
        match item {
            Some(item) => partition.insert(key.1, item),
            None => partition.remove(&key.1),
        };
        written
    }
}
