//! DynamoDB: tables with a partition key and an optional sort key; global secondary indexes; no scans, no expiry.

mod access;
mod batch;
mod condition;
mod create;
mod index;
mod key;
mod partiql;
mod placeholders;
mod query;
mod read;
mod span;
mod syntax;
mod table;
mod transaction;
mod update;
mod value;
mod walk;
mod write;

use std::collections::BTreeMap;

use domain::time::Timestamp;
use serde_json::{Value, json};

pub(super) use access::Access;
pub use index::Projection;
pub use key::KeyAttribute;

use super::unknown;
use super::wire::{Refusal, read};
use index::Index;
use key::Schema;
use table::Table;
use write::Write;

/// What DynamoDB would bill on demand.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Units {
    /// Read request units; an eventually consistent read of up to 4 KB is half a unit.
    pub read: f64,
    /// Write request units; in a transaction each write counts twice.
    pub write: f64,
}

/// All tables.
#[derive(Debug, Default)]
pub(super) struct Tables {
    tables: BTreeMap<String, Table>,
    committed: Vec<transaction::Committed>,
    units: Units,
}

impl Tables {
    pub(super) fn call(
        &mut self,
        operation: &str,
        mut body: Value,
        now: Timestamp,
        keep: usize,
    ) -> Result<Value, Refusal> {
        if let Some(members) = body.as_object_mut() {
            // Asks for figures that nobody here reads.
            members.remove("ReturnConsumedCapacity");
            members.remove("ReturnItemCollectionMetrics");
        }
        match operation {
            "CreateTable" => self.create_table(body),
            "GetItem" => self.get(body),
            "BatchGetItem" => self.batch_get(body, keep),
            "Query" => self.query(body),
            "PutItem" => self.write(&Write::Put(read(body)?)),
            "UpdateItem" => self.write(&Write::Update(read(body)?)),
            "DeleteItem" => self.write(&Write::Delete(read(body)?)),
            "BatchWriteItem" => self.batch_write(body, keep),
            "BatchExecuteStatement" => self.batch_execute(body, keep),
            "TransactWriteItems" => self.transact_write(body, now),
            _ => Err(unknown(operation)),
        }
    }

    pub(super) fn create(&mut self, name: &str, hash: KeyAttribute, range: Option<KeyAttribute>) {
        let table = Table::new(Schema { hash, range });
        self.tables.insert(name.to_owned(), table);
    }

    /// Adds an index to a table; whether there is that table.
    pub(super) fn create_index(
        &mut self,
        table: &str,
        name: &str,
        (hash, range): (KeyAttribute, Option<KeyAttribute>),
        projection: Projection,
    ) -> bool {
        let table = self.tables.get_mut(table);
        let index = Index::new(name, Schema { hash, range }, projection);
        table.map(|table| table.add_index(index)).is_some()
    }

    pub(super) fn dump(&self, name: &str) -> Vec<Value> {
        let partitions = self
            .tables
            .get(name)
            .into_iter()
            .flat_map(|table| table.partitions.values());
        partitions
            .flat_map(BTreeMap::values)
            .map(|item| json!(item))
            .collect()
    }

    pub(super) fn units(&self) -> Units {
        self.units
    }

    pub(super) fn reset_units(&mut self) {
        self.units = Units::default();
    }

    fn table(&self, name: &str) -> Result<&Table, Refusal> {
        self.tables.get(name).ok_or_else(no_table)
    }

    fn bill_write(&mut self, bytes: usize, factor: usize) {
        self.units.write += (bytes.div_ceil(1024).max(1) * factor) as f64;
    }

    fn bill_read(&mut self, bytes: usize, consistent: bool) {
        let units = bytes.div_ceil(4096).max(1) as f64;
        self.units.read += if consistent { units } else { units / 2.0 };
    }
}

fn no_table() -> Refusal {
    Refusal::new("ResourceNotFoundException", "Requested resource not found")
}
