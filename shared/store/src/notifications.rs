//! Things an admin of the tenant should know.

use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use domain::failure::StoreError;
use domain::ids::{IntegrationId, TenantId};
use domain::time::Timestamp;
use domain::{Failure, Integration};

use crate::item::{keyed, text, time};
use crate::keys;

/// One notification.
#[derive(Debug, Clone)]
pub struct Notification {
    /// Whom it concerns.
    pub tenant: TenantId,
    /// Which integration.
    pub integration: IntegrationId,
    /// When.
    pub at: Timestamp,
    /// A stable code, such as `integration_invalid`.
    pub code: &'static str,
    /// What happened.
    pub detail: String,
    /// What to do.
    pub hint: String,
}

impl Notification {
    /// That an integration can send no more, and why.
    pub fn integration_invalid(integration: &Integration, why: &Failure, at: Timestamp) -> Self {
        Self {
            tenant: integration.tenant.clone(),
            integration: integration.id.clone(),
            at,
            code: "integration_invalid",
            detail: format!("{} can send no more: {}", integration.name, why.detail),
            hint: why.hint.clone(),
        }
    }

    /// That an integration went back to the credentials it had before, and why.
    pub fn credentials_returned(integration: &Integration, why: &Failure, at: Timestamp) -> Self {
        Self {
            tenant: integration.tenant.clone(),
            integration: integration.id.clone(),
            at,
            code: "credentials_returned",
            detail: format!(
                "{} went back to the credentials it had before: {}",
                integration.name, why.detail
            ),
            hint: why.hint.clone(),
        }
    }

    /// The write, to be made together with the change it tells of.
    pub(crate) fn put(&self, table: &str) -> Result<TransactWriteItem, StoreError> {
        let mut item = keyed(self.tenant.as_str(), keys::notification(self.at));
        item.insert("at".into(), time(self.at));
        item.insert("integration".into(), text(self.integration.as_str()));
        item.insert("code".into(), text(self.code));
        item.insert("detail".into(), text(&self.detail));
        item.insert("hint".into(), text(&self.hint));
        let put = Put::builder()
            .table_name(table)
            .set_item(Some(item))
            .build()
            .map_err(|_| StoreError::Malformed("notification"))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }
}
