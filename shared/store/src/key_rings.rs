//! Wrapped ring keys.

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::failure::StoreError;
use domain::key_ring::{KeyRingUpkeep, KeyRings, OwnRing, RowName, RowPage, WrappedRingKey};

use crate::error::{is_conditional_failure, unavailable};
use crate::item::{Attributes, Reader, binary, number, text, time};

/// The index of rows by the KMS key that wrapped them: `kms_key`, then `ring`; keys only.
pub const BY_KMS_KEY: &str = "ByKmsKey";

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
            .item("seals", AttributeValue::Bool(key.seals))
            .item("created_at", time(key.created_at))
            .condition_expression("attribute_not_exists(ring)")
            .send()
            .await;
        written(answer)
    }
}

#[async_trait]
impl KeyRingUpkeep for KeyRingsTable {
    async fn replace_wrapped(
        &self,
        row: &WrappedRingKey,
        kms_key: &str,
        wrapped: &[u8],
    ) -> Result<bool, StoreError> {
        let answer = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("ring", text(&row.ring))
            .key("version", number(row.version))
            .update_expression("SET #wrapped = :new, kms_key = :kms_key")
            .condition_expression("#wrapped = :old")
            // A word that DynamoDB keeps for itself.
            .expression_attribute_names("#wrapped", "wrapped")
            .expression_attribute_values(":old", binary(&row.wrapped))
            .expression_attribute_values(":new", binary(wrapped))
            .expression_attribute_values(":kms_key", text(kms_key))
            .send()
            .await;
        written(answer)
    }

    async fn set_seals(&self, ring: &str, version: u32, seals: bool) -> Result<bool, StoreError> {
        let answer = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("ring", text(ring))
            .key("version", number(version))
            .update_expression("SET seals = :seals")
            .condition_expression("attribute_exists(ring)")
            .expression_attribute_values(":seals", AttributeValue::Bool(seals))
            .send()
            .await;
        written(answer)
    }

    async fn list_versions(&self, ring: &str) -> Result<Vec<WrappedRingKey>, StoreError> {
        let mut rows = Vec::new();
        let mut start = None;
        loop {
            let page = self
                .client
                .query()
                .table_name(&self.table)
                .key_condition_expression("ring = :ring")
                .expression_attribute_values(":ring", text(ring))
                .consistent_read(true)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(unavailable)?;
            for item in page.items() {
                rows.push(read(item)?);
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(rows);
            }
        }
    }

    async fn list_under(
        &self,
        kms_key: &str,
        after: Option<&RowName>,
    ) -> Result<RowPage, StoreError> {
        let start = after.map(|row| {
            Attributes::from([
                ("kms_key".to_owned(), text(kms_key)),
                ("ring".to_owned(), text(&row.ring)),
                ("version".to_owned(), number(row.version)),
            ])
        });
        let page = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(BY_KMS_KEY)
            .key_condition_expression("kms_key = :kms_key")
            .expression_attribute_values(":kms_key", text(kms_key))
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(unavailable)?;
        Ok(RowPage {
            rows: page.items().iter().map(name).collect::<Result<_, _>>()?,
            next: page.last_evaluated_key().map(name).transpose()?,
        })
    }

    async fn destroy(&self, ring: &OwnRing) -> Result<usize, StoreError> {
        let mut destroyed = 0;
        loop {
            // Once more after the last: a version may have been added meanwhile.
            let rows = self.list_versions(ring.as_str()).await?;
            if rows.is_empty() {
                return Ok(destroyed);
            }
            for row in rows {
                self.client
                    .delete_item()
                    .table_name(&self.table)
                    .key("ring", text(row.ring))
                    .key("version", number(row.version))
                    .send()
                    .await
                    .map_err(unavailable)?;
                destroyed += 1;
            }
        }
    }
}

/// Whether a conditional write was made.
fn written<T, E: ProvideErrorMetadata>(answer: Result<T, SdkError<E>>) -> Result<bool, StoreError> {
    match answer {
        Ok(_) => Ok(true),
        Err(error) if is_conditional_failure(&error) => Ok(false),
        Err(error) => Err(unavailable(error)),
    }
}

fn read(item: &Attributes) -> Result<WrappedRingKey, StoreError> {
    let RowName { ring, version } = name(item)?;
    let item = Reader(item);
    Ok(WrappedRingKey {
        ring,
        version,
        kms_key: item.text("kms_key")?.to_owned(),
        wrapped: item.binary("wrapped")?.to_vec(),
        // Rows from before a tenant could have a ring of its own do not say.
        seals: !item.0.contains_key("seals") || item.flag("seals")?,
        created_at: item.time("created_at")?,
    })
}

fn name(item: &Attributes) -> Result<RowName, StoreError> {
    let item = Reader(item);
    Ok(RowName {
        ring: item.text("ring")?.to_owned(),
        version: item.number("version")?,
    })
}
