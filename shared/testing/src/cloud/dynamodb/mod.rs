//! DynamoDB: tables with a partition key and an optional sort key; no indexes, no scans, no expiry.

mod batch;
mod condition;
mod partiql;
mod placeholders;
mod query;
mod read;
mod syntax;
mod table;
mod transaction;
mod update;
mod value;
mod write;

use std::collections::BTreeMap;

use domain::time::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

pub use table::KeyAttribute;

use super::unknown;
use super::wire::{Refusal, read};
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

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CreateTable {
    table_name: String,
    key_schema: Vec<KeyElement>,
    attribute_definitions: Vec<Definition>,
    #[serde(default)]
    global_secondary_indexes: Vec<Value>,
    #[serde(default)]
    local_secondary_indexes: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct KeyElement {
    attribute_name: String,
    key_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Definition {
    attribute_name: String,
    attribute_type: String,
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
        self.tables.insert(name.to_owned(), Table::new(hash, range));
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

    fn create_table(&mut self, body: Value) -> Result<Value, Refusal> {
        let request: CreateTable = read(body)?;
        if !request.global_secondary_indexes.is_empty()
            || !request.local_secondary_indexes.is_empty()
        {
            return Err(unknown("secondary indexes"));
        }
        if self.tables.contains_key(&request.table_name) {
            return Err(Refusal::new(
                "ResourceInUseException",
                "Table already exists",
            ));
        }
        let mut keys = BTreeMap::new();
        for element in &request.key_schema {
            let definition = request
                .attribute_definitions
                .iter()
                .find(|definition| definition.attribute_name == element.attribute_name)
                .ok_or_else(|| Refusal::validation("a key attribute is not defined"))?;
            let key = match definition.attribute_type.as_str() {
                "S" => KeyAttribute::text(&element.attribute_name),
                "N" => KeyAttribute::number(&element.attribute_name),
                "B" => KeyAttribute::binary(&element.attribute_name),
                other => return Err(Refusal::validation(format!("{other} is no type of a key"))),
            };
            keys.insert(element.key_type.as_str(), key);
        }
        let hash = keys
            .remove("HASH")
            .ok_or_else(|| Refusal::validation("no partition key"))?;
        self.create(&request.table_name, hash, keys.remove("RANGE"));
        Ok(json!({"TableDescription": {"TableName": request.table_name, "TableStatus": "ACTIVE"}}))
    }

    fn table(&self, name: &str) -> Result<&Table, Refusal> {
        self.tables.get(name).ok_or_else(no_table)
    }

    fn table_mut(&mut self, name: &str) -> Result<&mut Table, Refusal> {
        self.tables.get_mut(name).ok_or_else(no_table)
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
