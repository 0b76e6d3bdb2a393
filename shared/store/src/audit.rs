//! The audit trail: records are added, never changed.

use aws_sdk_dynamodb::Client;
use domain::audit::AuditRecord;
use domain::failure::StoreError;

use crate::error::unavailable;
use crate::item::{keyed, text, time};
use crate::keys;

/// The Audit table.
#[derive(Debug, Clone)]
pub struct AuditTable {
    client: Client,
    table: String,
}

impl AuditTable {
    /// Opens the table of that name.
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Adds a record.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: then what was to be recorded must not be reported as done.
    pub async fn append(&self, record: &AuditRecord) -> Result<(), StoreError> {
        let mut item = keyed(record.tenant.as_str(), keys::audit(record.at));
        item.insert("at".into(), time(record.at));
        item.insert("actor".into(), text(&record.actor));
        item.insert("action".into(), text(record.action));
        item.insert("outcome".into(), text(&record.outcome));
        item.insert("request".into(), text(&record.request));
        if let Some(provider) = &record.provider {
            item.insert("provider".into(), text(provider.as_str()));
        }
        if let Some(integration) = &record.integration {
            item.insert("integration".into(), text(integration.as_str()));
        }
        self.client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)")
            .send()
            .await
            .map_err(unavailable)?;
        Ok(())
    }
}
