//! Wrapped ring keys.

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use domain::failure::StoreError;
use domain::key_ring::{KeyRings, WrappedRingKey};

use crate::error::{is_conditional_failure, unavailable};
use crate::item::{Attributes, Reader, binary, number, text, time};

/// The KeyRings table.
#[derive(Debug, Clone)]
pub struct KeyRingsTable {
    client: Client,
    table: String,
}

impl KeyRingsTable {
    /// Opens the table of that name.
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }
}

#[async_trait]
impl KeyRings for KeyRingsTable {
    async fn find(&self, ring: &str, version: u32) -> Result<Option<WrappedRingKey>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("ring", text(ring))
            .key("version", number(version))
            .consistent_read(true)
            .send()
            .await
            .map_err(unavailable)?;
        answer.item.as_ref().map(read).transpose()
    }

    async fn find_newest(&self, ring: &str) -> Result<Option<WrappedRingKey>, StoreError> {
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("ring = :ring")
            .expression_attribute_values(":ring", text(ring))
            .scan_index_forward(false)
            .limit(1)
            .consistent_read(true)
            .send()
            .await
            .map_err(unavailable)?;
        answer.items().first().map(read).transpose()
    }

    async fn add(&self, key: &WrappedRingKey) -> Result<bool, StoreError> {
        let answer = self
            .client
            .put_item()
            .table_name(&self.table)
            .item("ring", text(&key.ring))
            .item("version", number(key.version))
            .item("kms_key", text(&key.kms_key))
            .item("wrapped", binary(&key.wrapped))
            .item("created_at", time(key.created_at))
            .condition_expression("attribute_not_exists(ring)")
            .send()
            .await;
        match answer {
            Ok(_) => Ok(true),
            Err(error) if is_conditional_failure(&error) => Ok(false),
            Err(error) => Err(unavailable(error)),
        }
    }
}

fn read(item: &Attributes) -> Result<WrappedRingKey, StoreError> {
    let item = Reader(item);
    Ok(WrappedRingKey {
        ring: item.text("ring")?.to_owned(),
        version: item.number("version")?,
        kms_key: item.text("kms_key")?.to_owned(),
        wrapped: item.binary("wrapped")?.to_vec(),
        created_at: item.time("created_at")?,
    })
}
