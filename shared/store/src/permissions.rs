//! Who else may send through an integration: one item per integration, one attribute per user, so that removing the
//! integration removes all of them.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
use domain::Integration;
use domain::audit::AuditRecord;
use domain::failure::StoreError;
use domain::ids::{IntegrationId, TenantId, UserId};
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::audit::AuditTrail;
use crate::error::WriteError;
use crate::integrations::{self, Integrations};
use crate::item::{Reader, json, text};
use crate::keys::{self, PK, SK};
use crate::recorded::{Recorded, Refused};

/// Most users to whom one integration may be granted.
pub const MOST_PER_INTEGRATION: usize = 500;

/// That a user may send through an integration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permission {
    /// Who gave it.
    pub granted_by: UserId,
    /// When.
    pub granted_at: Timestamp,
}

/// An integration's permissions.
#[derive(Clone)]
pub struct Permissions {
    integrations: Integrations,
    recorded: Recorded,
}

impl Permissions {
    /// Writes to the table and to the trail.
    pub fn new(integrations: Integrations, trail: AuditTrail) -> Self {
        let recorded = Recorded::new(integrations.client.clone(), trail);
        Self {
            integrations,
            recorded,
        }
    }

    /// Who may send through an integration.
    ///
    /// # Errors
    /// [`StoreError`] if the table does not answer.
    pub async fn list(
        &self,
        tenant: &TenantId,
        integration: &IntegrationId,
    ) -> Result<BTreeMap<UserId, Permission>, StoreError> {
        let place = (tenant.to_string(), keys::permissions(integration));
        let items = self.integrations.get_many(vec![place]).await?;
        let Some(item) = items.first() else {
            return Ok(BTreeMap::new());
        };
        let reader = Reader(item);
        Ok(item
            .keys()
            .filter_map(|name| {
                let user = UserId::parse(name.strip_prefix(USER)?).ok()?;
                Some((user, reader.find_json(name)?))
            })
            .collect())
    }

    /// Through which of some integrations a user may send by permission, in one call per hundred.
    ///
    /// # Errors
    /// [`StoreError`] if the table does not answer for all of them.
    pub async fn held(
        &self,
        tenant: &TenantId,
        user: &UserId,
        integrations: &BTreeSet<IntegrationId>,
    ) -> Result<BTreeSet<IntegrationId>, StoreError> {
        let place = |id: &IntegrationId| (tenant.to_string(), keys::permissions(id));
        let places = integrations.iter().map(place).collect();
        let items = self.integrations.get_many(places).await?;
        let mut permitted = BTreeSet::new();
        for item in items
            .iter()
            .filter(|item| item.contains_key(&held_by(user)))
        {
            permitted.insert(Reader(item).text(SK)?.to_owned());
        }
        let held = |id: &&IntegrationId| permitted.contains(&keys::permissions(id));
        Ok(integrations.iter().filter(held).cloned().collect())
    }

    /// Lets a user send through an integration.
    ///
    /// # Errors
    /// [`WriteError::Conflict`] if the integration was removed meanwhile.
    pub async fn grant(
        &self,
        integration: &Integration,
        user: &UserId,
        permission: &Permission,
        record: &AuditRecord,
    ) -> Result<(), WriteError> {
        let update = self
            .of(integration, user)
            .update_expression("SET #user = :permission")
            .expression_attribute_values(":permission", json(permission));
        let there = self.integrations.presence(integration)?;
        self.write(integration, record, vec![there], update).await
    }

    /// Takes the permission back; [`WriteError::Conflict`] if there is none.
    ///
    /// # Errors
    /// As said, and [`WriteError::Store`] if the table does not answer.
    pub async fn revoke(
        &self,
        integration: &Integration,
        user: &UserId,
        record: &AuditRecord,
    ) -> Result<(), WriteError> {
        let update = self
            .of(integration, user)
            .update_expression("REMOVE #user")
            .condition_expression("attribute_exists(#user)");
        self.write(integration, record, Vec::new(), update).await
    }

    fn of(&self, integration: &Integration, user: &UserId) -> UpdateBuilder {
        Update::builder()
            .table_name(&self.integrations.table)
            .key(PK, text(integration.tenant.as_str()))
            .key(SK, text(keys::permissions(&integration.id)))
            .expression_attribute_names("#user", held_by(user))
    }

    async fn write(
        &self,
        integration: &Integration,
        record: &AuditRecord,
        mut writes: Vec<TransactWriteItem>,
        update: UpdateBuilder,
    ) -> Result<(), WriteError> {
        writes.push(integrations::updated(update)?);
        self.recorded
            .write(&integration.tenant, record, writes)
            .await
            .map_err(|refused| match refused {
                Refused::Condition(_) => WriteError::Conflict,
                Refused::Store(error) => WriteError::Store(error),
            })
    }
}

/// Prefix of the attributes, for a user's id may be any word.
const USER: &str = "user#";

/// The attribute of a user's permission.
fn held_by(user: &UserId) -> String {
    format!("{USER}{user}")
}
