//! Which partitions a request names, for those who watch.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Tables;
use super::condition::Condition;
use super::key::{KeyValue, Schema};
use super::partiql;
use super::placeholders::{Names, Placeholders, Values};
use super::span::Span;
use super::value::Attribute;
use super::write::Write;
use crate::cloud::wire::Refusal;

/// A partition that a request reads or writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cloud) struct Access {
    pub(in crate::cloud) table: String,
    pub(in crate::cloud) index: Option<String>,
    pub(in crate::cloud) partition: String,
}

impl Tables {
    /// All partitions that a request names, at least one; or why that cannot be told.
    pub(in crate::cloud) fn accesses(
        &self,
        operation: &str,
        body: &Value,
    ) -> Result<Vec<Access>, String> {
        let found: Result<Vec<Access>, String> = match operation {
            "GetItem" | "UpdateItem" | "DeleteItem" => {
                self.of_item(text(body, "TableName"), &body["Key"]).map(one)
            }
            "PutItem" => self
                .of_item(text(body, "TableName"), &body["Item"])
                .map(one),
            "Query" => self.of_query(body).map(one),
            "BatchGetItem" => members(&body["RequestItems"])
                .flat_map(|(table, wanted)| list(&wanted["Keys"]).map(move |key| (table, key)))
                .map(|(table, key)| self.of_item(table, key))
                .collect(),
            "BatchWriteItem" => members(&body["RequestItems"])
                .flat_map(|(table, writes)| list(writes).map(move |write| (table, write)))
                .flat_map(|(table, write)| members(write).map(move |write| (table, write)))
                .map(|(table, (kind, write))| self.of_item(table, &write[item_in(kind)]))
                .collect(),
            "TransactWriteItems" => list(&body["TransactItems"])
                .flat_map(members)
                .map(|(kind, write)| self.of_item(text(write, "TableName"), &write[item_in(kind)]))
                .collect(),
            "BatchExecuteStatement" => list(&body["Statements"])
                .map(|statement| self.of_insert(statement))
                .collect(),
            _ => Err("an operation that names no partition".to_owned()),
        };
        let found = found?;
        if found.is_empty() {
            return Err("names no partition".to_owned());
        }
        Ok(found)
    }

    fn of_item(&self, table: &str, item: &Value) -> Result<Access, String> {
        let hash = &self.schema(table)?.hash.name;
        access(table, None, item[hash]["S"].as_str())
    }

    fn of_insert(&self, statement: &Value) -> Result<Access, String> {
        let parameters: Vec<Attribute> = member(statement, "Parameters")?;
        let write = partiql::insert(text(statement, "Statement"), parameters).map_err(told)?;
        let Write::Put(put) = write else {
            return Err("not an INSERT".to_owned());
        };
        let hash = &self.schema(&put.table_name)?.hash.name;
        let partition = match put.item.get(hash) {
            Some(Attribute::S(partition)) => Some(partition.as_str()),
            _ => None,
        };
        access(&put.table_name, None, partition)
    }

    fn of_query(&self, body: &Value) -> Result<Access, String> {
        let table = text(body, "TableName");
        let index = body["IndexName"].as_str();
        let schema = match index {
            Some(index) => {
                let table = self.table(table).map_err(told)?;
                &table.index(index).map_err(told)?.schema
            }
            None => self.schema(table)?,
        };
        let names: Names = member(body, "ExpressionAttributeNames")?;
        let values: Values = member(body, "ExpressionAttributeValues")?;
        let placeholders = Placeholders::new(&names, &values);
        let condition = text(body, "KeyConditionExpression");
        let span = Condition::parse(condition, &placeholders)
            .and_then(|condition| Span::of(schema, &condition))
            .map_err(told)?;
        match span.hash {
            KeyValue::S(partition) => access(table, index, Some(&partition)),
            _ => access(table, index, None),
        }
    }

    fn schema(&self, table: &str) -> Result<&Schema, String> {
        let found = self.table(table).map_err(|_| format!("no table {table:?}"));
        found.map(|table| &table.schema)
    }
}

fn access(table: &str, index: Option<&str>, partition: Option<&str>) -> Result<Access, String> {
    let partition = partition.ok_or_else(|| format!("{table}: no text as its partition key"))?;
    Ok(Access {
        table: table.to_owned(),
        index: index.map(str::to_owned),
        partition: partition.to_owned(),
    })
}

/// The member of a write that holds its key.
fn item_in(kind: &str) -> &'static str {
    match kind {
        "Put" | "PutRequest" => "Item",
        _ => "Key",
    }
}

fn one(access: Access) -> Vec<Access> {
    vec![access]
}

fn told(refusal: Refusal) -> String {
    refusal.message().to_owned()
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_default()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let members = value.as_object().into_iter().flatten();
    members.map(|(name, value)| (name.as_str(), value))
}

/// A member that may be absent.
fn member<T: DeserializeOwned + Default>(value: &Value, name: &str) -> Result<T, String> {
    match value.get(name) {
        None | Some(Value::Null) => Ok(T::default()),
        Some(member) => T::deserialize(member).map_err(|error| format!("{name}: {error}")),
    }
}
