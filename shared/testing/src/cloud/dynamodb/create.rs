//! Making a table over the wire.

use serde::Deserialize;
use serde_json::{Value, json};

use super::Tables;
use super::index::Projection;
use super::key::KeyAttribute;
use crate::cloud::unknown;
use crate::cloud::wire::{Refusal, read};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CreateTable {
    table_name: String,
    key_schema: Vec<KeyElement>,
    attribute_definitions: Vec<Definition>,
    #[serde(default)]
    global_secondary_indexes: Vec<IndexOfTable>,
    #[serde(default)]
    local_secondary_indexes: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct IndexOfTable {
    index_name: String,
    key_schema: Vec<KeyElement>,
    projection: Projected,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Projected {
    projection_type: Option<String>,
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
    pub(super) fn create_table(&mut self, body: Value) -> Result<Value, Refusal> {
        let request: CreateTable = read(body)?;
        let name = &request.table_name;
        if !request.local_secondary_indexes.is_empty() {
            return Err(unknown("local secondary indexes"));
        }
        if self.tables.contains_key(name) {
            return Err(Refusal::new(
                "ResourceInUseException",
                "Table already exists",
            ));
        }
        let (hash, range) = request.keys(&request.key_schema)?;
        let mut indexes = Vec::new();
        for index in &request.global_secondary_indexes {
            indexes.push((
                index.index_name.as_str(),
                request.keys(&index.key_schema)?,
                index.projection.read()?,
            ));
        }
        self.create(name, hash, range);
        for (index, keys, projection) in indexes {
            self.create_index(name, index, keys, projection);
        }
        Ok(json!({"TableDescription": {"TableName": name, "TableStatus": "ACTIVE"}}))
    }
}

impl CreateTable {
    /// Partition and sort key, with the types that the table defines for them.
    fn keys(
        &self,
        elements: &[KeyElement],
    ) -> Result<(KeyAttribute, Option<KeyAttribute>), Refusal> {
        let (mut hash, mut range) = (None, None);
        for KeyElement {
            attribute_name: name,
            key_type,
        } in elements
        {
            let definition = self
                .attribute_definitions
                .iter()
                .find(|definition| definition.attribute_name == *name)
                .ok_or_else(|| Refusal::validation("a key attribute is not defined"))?;
            let key = match definition.attribute_type.as_str() {
                "S" => KeyAttribute::text(name),
                "N" => KeyAttribute::number(name),
                "B" => KeyAttribute::binary(name),
                other => return Err(Refusal::validation(format!("{other} is no type of a key"))),
            };
            match key_type.as_str() {
                "HASH" => hash = Some(key),
                _ => range = Some(key),
            }
        }
        let hash = hash.ok_or_else(|| Refusal::validation("no partition key"))?;
        Ok((hash, range))
    }
}

impl Projected {
    fn read(&self) -> Result<Projection, Refusal> {
        match self.projection_type.as_deref() {
            Some("ALL") => Ok(Projection::All),
            Some("KEYS_ONLY") => Ok(Projection::KeysOnly),
            other => Err(unknown(&format!("a projection of {other:?}"))),
        }
    }
}
