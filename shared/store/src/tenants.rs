//! The end of a tenant: a mark that lets nothing new begin, and the removal of everything else.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{DeleteRequest, Update, WriteRequest};
use domain::audit::AuditRecord;
use domain::failure::StoreError;
use domain::ids::TenantId;
use domain::integration::Owner;
use domain::time::Timestamp;

use crate::audit::AuditTrail;
use crate::error::unavailable;
use crate::integrations;
use crate::item::{Attributes, text, time};
use crate::keys::{self, PK, SK};
use crate::recorded::{Recorded, Refused};
use crate::rosters::REMOVED_AT;

/// How often throttled deletions are made again.
const TRIES: u32 = 10;

/// What is kept of tenants outside of the audit trail.
#[derive(Clone)]
pub struct Tenants {
    client: Client,
    integrations_table: String,
    activity_table: String,
    recorded: Recorded,
}

impl Tenants {
    /// Opens the tables of those names.
    pub fn new(
        client: Client,
        integrations_table: String,
        activity_table: String,
        trail: AuditTrail,
    ) -> Self {
        let recorded = Recorded::new(client.clone(), trail);
        Self {
            client,
            integrations_table,
            activity_table,
            recorded,
        }
    }

    /// Marks a tenant as removed: from now on nothing is saved for it, and within a minute nothing is sent.
    ///
    /// # Errors
    /// [`StoreError`] if the table does not answer.
    pub async fn mark_removed(
        &self,
        tenant: &TenantId,
        at: Timestamp,
        record: &AuditRecord,
    ) -> Result<(), StoreError> {
        let mark = Update::builder()
            .table_name(&self.integrations_table)
            .key(PK, text(tenant.as_str()))
            .key(SK, text(keys::roster(&Owner::Tenant)))
            .update_expression("SET #removed = if_not_exists(#removed, :at)")
            .expression_attribute_names("#removed", REMOVED_AT)
            .expression_attribute_values(":at", time(at));
        let writes = vec![integrations::updated(mark)?];
        match self.recorded.write(tenant, record, writes).await {
            Ok(()) => Ok(()),
            Err(Refused::Store(error)) => Err(error),
            Err(Refused::Condition(_)) => Err(StoreError::Malformed("roster")),
        }
    }

    /// Removes all that is left of a tenant but the mark, a page of each table at a time; how many items and lines of
    /// its roster those were.
    /// 0 says that there is nothing left.
    ///
    /// # Errors
    /// [`StoreError`] if a table does not answer.
    pub async fn sweep(&self, tenant: &TenantId) -> Result<usize, StoreError> {
        let mut swept = 0;
        for table in [&self.integrations_table, &self.activity_table] {
            let left = self.left_in(table, tenant).await?;
            for some in left.chunks(25) {
                self.delete(table, some).await?;
            }
            swept += left.len();
        }
        let lines = self.lines_left(tenant).await?;
        for some in lines.chunks(100) {
            self.strike(tenant, some).await?;
        }
        Ok(swept + lines.len())
    }

    /// How many items of a tenant, and lines of its roster, are left besides the mark, as far as a page of each table
    /// shows.
    ///
    /// # Errors
    /// [`StoreError`] if a table does not answer.
    pub async fn count_left(&self, tenant: &TenantId) -> Result<usize, StoreError> {
        let integrations = self.left_in(&self.integrations_table, tenant).await?;
        let activity = self.left_in(&self.activity_table, tenant).await?;
        let lines = self.lines_left(tenant).await?;
        Ok(integrations.len() + activity.len() + lines.len())
    }

    /// Names of what the tenant's roster holds besides the mark: its agents and grants.
    async fn lines_left(&self, tenant: &TenantId) -> Result<Vec<String>, StoreError> {
        let roster = self
            .client
            .get_item()
            .table_name(&self.integrations_table)
            .key(PK, text(tenant.as_str()))
            .key(SK, text(keys::roster(&Owner::Tenant)))
            .consistent_read(true)
            .send()
            .await
            .map_err(unavailable)?;
        let names = roster.item.unwrap_or_default().into_keys();
        Ok(names
            .filter(|name| ![PK, SK, REMOVED_AT].contains(&name.as_str()))
            .collect())
    }

    /// Takes lines out of the tenant's roster.
    async fn strike(&self, tenant: &TenantId, lines: &[String]) -> Result<(), StoreError> {
        let names: HashMap<String, String> = lines
            .iter()
            .enumerate()
            .map(|(place, name)| (format!("#l{place}"), name.clone()))
            .collect();
        let list: Vec<&str> = names.keys().map(String::as_str).collect();
        self.client
            .update_item()
            .table_name(&self.integrations_table)
            .key(PK, text(tenant.as_str()))
            .key(SK, text(keys::roster(&Owner::Tenant)))
            .update_expression(format!("REMOVE {}", list.join(", ")))
            .set_expression_attribute_names(Some(names))
            .send()
            .await
            .map_err(unavailable)?;
        Ok(())
    }

    /// Keys of a tenant's items but the mark's.
    async fn left_in(&self, table: &str, tenant: &TenantId) -> Result<Vec<Attributes>, StoreError> {
        let page = self
            .client
            .query()
            .table_name(table)
            .key_condition_expression("pk = :tenant")
            .expression_attribute_values(":tenant", text(tenant.as_str()))
            .projection_expression("pk, sk")
            .consistent_read(true)
            .send()
            .await
            .map_err(unavailable)?;
        let mark = text(keys::roster(&Owner::Tenant));
        Ok(page
            .items
            .unwrap_or_default()
            .into_iter()
            .filter(|item| item.get(SK) != Some(&mark))
            .collect())
    }

    async fn delete(&self, table: &str, keys: &[Attributes]) -> Result<(), StoreError> {
        let mut left: Vec<WriteRequest> = keys
            .iter()
            .filter_map(|key| {
                let delete = DeleteRequest::builder().set_key(Some(key.clone())).build();
                Some(WriteRequest::builder().delete_request(delete.ok()?).build())
            })
            .collect();
        for _ in 0..TRIES {
            let answer = self
                .client
                .batch_write_item()
                .request_items(table, left)
                .send()
                .await
                .map_err(unavailable)?;
            left = answer
                .unprocessed_items
                .unwrap_or_default()
                .into_values()
                .flatten()
                .collect();
            if left.is_empty() {
                return Ok(());
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        Err(StoreError::Unavailable("the database (throttled)", None))
    }
}
