//! Integrations that are gone: whose they were, for as long as there are events of them.

use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
use domain::Integration;
use domain::failure::StoreError;
use domain::ids::{IntegrationId, TenantId};
use domain::integration::Owner;
use domain::time::Timestamp;

use crate::activity::RETENTION;
use crate::error::unavailable;
use crate::integrations::{self, Integrations};
use crate::item::{Reader, number, text};
use crate::keys::{self, PK, SK, TTL};

impl Integrations {
    /// An owner's integrations that are gone, of the last thirty days, as far as a page of DynamoDB's shows (1 MB).
    ///
    /// # Errors
    /// [`StoreError`] if the table does not answer or a record is malformed.
    pub async fn list_removed(
        &self,
        tenant: &TenantId,
        owner: &Owner,
    ) -> Result<Vec<IntegrationId>, StoreError> {
        let prefix = keys::removed_of(owner);
        let page = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :tenant AND begins_with(sk, :prefix)")
            .expression_attribute_values(":tenant", text(tenant.as_str()))
            .expression_attribute_values(":prefix", text(&prefix))
            .consistent_read(true)
            .send()
            .await
            .map_err(unavailable)?;
        page.items()
            .iter()
            .map(|item| {
                let item = Reader(item);
                let id = item.text(SK)?.strip_prefix(&prefix).unwrap_or_default();
                IntegrationId::parse(id).map_err(|_| StoreError::Malformed(SK))
            })
            .collect()
    }
}

/// Takes down whose an integration was, to be written together with its removal.
pub(crate) fn note(
    integration: &Integration,
    at: Timestamp,
    table: &str,
) -> Result<TransactWriteItem, StoreError> {
    let note = Update::builder()
        .table_name(table)
        .key(PK, text(integration.tenant.as_str()))
        .key(SK, text(keys::removed(&integration.owner, &integration.id)))
        .update_expression("SET #until = :until")
        .expression_attribute_names("#until", TTL)
        .expression_attribute_values(":until", number(at.after(RETENTION).seconds()));
    integrations::updated(note)
}
