//! All of a tenant's items of one kind: those whose sort key begins alike, page after page, read consistently.

use aws_sdk_dynamodb::Client;
use domain::failure::StoreError;
use domain::ids::TenantId;

use crate::error::unavailable;
use crate::item::{Attributes, text};

/// Reads them in the order of their sort keys; no further page once there are `most`.
pub(crate) async fn read_all(
    client: &Client,
    table: &str,
    tenant: &TenantId,
    prefix: &str,
    most: usize,
) -> Result<Vec<Attributes>, StoreError> {
    let mut found = Vec::new();
    let mut start = None;
    loop {
        let page = client
            .query()
            .table_name(table)
            .key_condition_expression("pk = :tenant AND begins_with(sk, :prefix)")
            .expression_attribute_values(":tenant", text(tenant.as_str()))
            .expression_attribute_values(":prefix", text(prefix))
            .consistent_read(true)
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(unavailable)?;
        found.extend(page.items.unwrap_or_default());
        start = page.last_evaluated_key;
        if start.is_none() || found.len() >= most {
            return Ok(found);
        }
    }
}
