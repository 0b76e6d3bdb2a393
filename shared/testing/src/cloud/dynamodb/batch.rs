//! Batches: each entry succeeds or fails by itself.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::Tables;
use super::partiql;
use super::placeholders::{Names, Values};
use super::value::{Attribute, Item, size};
use super::write::{Put, Write};
use crate::cloud::wire::{Refusal, read};

const WRITES: usize = 25;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct BatchWriteItem {
    request_items: BTreeMap<String, Vec<Value>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
enum BatchWrite {
    #[serde(rename = "PutRequest")]
    Put {
        #[serde(rename = "Item")]
        item: Item,
    },
    #[serde(rename = "DeleteRequest")]
    Delete {
        #[serde(rename = "Key")]
        key: Item,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct BatchExecuteStatement {
    statements: Vec<Statement>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Statement {
    statement: String,
    #[serde(default)]
    parameters: Vec<Attribute>,
}

impl Tables {
    /// Writes the first `keep` and hands the others back.
    pub(super) fn batch_write(&mut self, body: Value, keep: usize) -> Result<Value, Refusal> {
        let request: BatchWriteItem = read(body)?;
        let entries: Vec<(String, Value)> = request
            .request_items
            .into_iter()
            .flat_map(|(table, writes)| writes.into_iter().map(move |write| (table.clone(), write)))
            .collect();
        check_count(entries.len())?;
        let mut writes = Vec::new();
        let mut places = Vec::new();
        for (name, entry) in &entries {
            let table = self.table(name)?;
            let (key, item) = match read(entry.clone())? {
                BatchWrite::Put { item } => {
                    table.check_indexed(&item)?;
                    (table.schema.key_of(&item)?, Some(item))
                }
                BatchWrite::Delete { key } => (table.exact_key(&key)?, None),
            };
            places.push((name.clone(), key.clone()));
            writes.push((key, item));
        }
        check_distinct(places)?;
        let mut unprocessed: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for (number, ((name, entry), (key, item))) in entries.into_iter().zip(writes).enumerate() {
            if number >= keep {
                unprocessed.entry(name).or_default().push(entry);
                continue;
            }
            let write = match item {
                Some(item) => Write::Put(plain_put(name, item)),
                None => {
                    let before = self.table(&name)?.find(&key).map_or(0, size);
                    self.bill_write(before, 1);
                    self.set(&name, key, None);
                    continue;
                }
            };
            self.write(&write)?;
        }
        Ok(json!({"UnprocessedItems": unprocessed}))
    }

    /// Carries out `INSERT`s; those after the first `keep` are throttled.
    pub(super) fn batch_execute(&mut self, body: Value, keep: usize) -> Result<Value, Refusal> {
        let request: BatchExecuteStatement = read(body)?;
        check_count(request.statements.len())?;
        let mut puts = Vec::new();
        for statement in request.statements {
            puts.push(partiql::insert(&statement.statement, statement.parameters)?);
        }
        // AWS does not say what becomes of two inserts of one item in one batch, so nobody may rely on it.
        let mut places = Vec::new();
        for write in &puts {
            if let Write::Put(put) = write
                && let Ok(table) = self.table(&put.table_name)
            {
                places.push((put.table_name.clone(), table.schema.key_of(&put.item)?));
            }
        }
        check_distinct(places)?;
        let mut responses = Vec::new();
        for (number, write) in puts.iter().enumerate() {
            responses.push(if number >= keep {
                failed("ThrottlingError", "Throughput exceeds the current capacity")
            } else {
                self.insert(write)
            });
        }
        Ok(json!({"Responses": responses}))
    }

    fn insert(&mut self, write: &Write) -> Value {
        let Write::Put(put) = write else {
            return failed("ValidationError", "not an INSERT");
        };
        let exists = match self.table(&put.table_name) {
            Ok(table) => table
                .schema
                .key_of(&put.item)
                .map(|key| table.find(&key).is_some()),
            Err(refusal) => return failed("ResourceNotFound", refusal.message()),
        };
        match exists {
            Ok(true) => {
                self.bill_write(size(&put.item), 1);
                failed("DuplicateItem", "Duplicate primary key exists in table")
            }
            Ok(false) => match self.write(write) {
                Ok(_) => json!({"TableName": put.table_name}),
                Err(refusal) => failed("ValidationError", refusal.message()),
            },
            Err(refusal) => failed("ValidationError", refusal.message()),
        }
    }
}

fn failed(code: &str, message: &str) -> Value {
    json!({"Error": {"Code": code, "Message": message}})
}

fn plain_put(table_name: String, item: Item) -> Put {
    Put {
        table_name,
        item,
        condition_expression: None,
        expression_attribute_names: Names::new(),
        expression_attribute_values: Values::new(),
        return_values_on_condition_check_failure: None,
        return_values: None,
    }
}

fn check_count(count: usize) -> Result<(), Refusal> {
    if (1..=WRITES).contains(&count) {
        Ok(())
    } else {
        Err(Refusal::validation(format!(
            "1 to {WRITES} entries make a batch, not {count}"
        )))
    }
}

pub(super) fn check_distinct<T: Ord>(mut places: Vec<T>) -> Result<(), Refusal> {
    places.sort();
    if places.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(Refusal::validation(
            "Provided list of item keys contains duplicates",
        ));
    }
    Ok(())
}
