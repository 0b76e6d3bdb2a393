//! Changes to integrations. An integration, its line in the roster, the credentials it had before, its permissions,
//! its webhook route, its claims on provider accounts, and the audit record of the change are written in one
//! transaction or not at all.

use aws_sdk_dynamodb::types::{ConditionCheck, Delete, Put, TransactWriteItem, Update};
use domain::Integration;
use domain::audit::AuditRecord;
use domain::failure::StoreError;
use domain::ids::TenantId;
use domain::integration::Owner;
use domain::time::Timestamp;

use crate::audit::AuditTrail;
use crate::error::WriteError;
use crate::integrations::{self, Integrations};
use crate::item::{json, number, removal, text};
use crate::keys::{self, PK, SK};
use crate::previous::{self, PreviousCredentials};
use crate::recorded::{Recorded, Refused};
use crate::routes::{self, WebhookRoute};

/// Writes integrations together with what belongs to them.
#[derive(Clone)]
pub struct IntegrationChanges {
    integrations: Integrations,
    routes_table: String,
    recorded: Recorded,
}

/// What becomes of the credentials that an integration had before.
#[derive(Debug, Clone, Copy)]
pub enum Previous<'a> {
    /// They stay as they are.
    Untouched,
    /// These are kept until then.
    Keep(&'a PreviousCredentials, Timestamp),
    /// There are none any more.
    Forget,
}

/// What a write lays claim to; decides what it means if its condition does not hold.
#[derive(Clone, Copy)]
enum Stake {
    /// The record as it was read.
    Record,
    /// A tenant that is still here.
    Tenant,
    /// An account or a route of the integration's own.
    Account,
}

type Writes = Vec<(Stake, TransactWriteItem)>;

impl IntegrationChanges {
    /// Writes to both tables and to the trail.
    pub fn new(integrations: Integrations, routes_table: String, trail: AuditTrail) -> Self {
        let recorded = Recorded::new(integrations.client.clone(), trail);
        Self {
            integrations,
            routes_table,
            recorded,
        }
    }

    /// Saves a new integration (`before` is `None`) or a changed one, with all that belongs to it.
    ///
    /// # Errors
    /// [`WriteError::Conflict`] if it was changed meanwhile, [`WriteError::AccountTaken`] if an account belongs to
    /// another integration, [`WriteError::TenantRemoved`]; nothing is written then.
    pub async fn save(
        &self,
        before: Option<&Integration>,
        after: &Integration,
        previous: Previous<'_>,
        route: Option<&WebhookRoute>,
        record: &AuditRecord,
    ) -> Result<(), WriteError> {
        let table = &self.integrations.table;
        let mut writes: Writes = vec![(Stake::Record, self.put(before, after)?)];
        writes.extend(self.enrol_if_tenant_is_here(before, after)?);
        match previous {
            Previous::Untouched => {}
            Previous::Keep(kept, until) => {
                writes.push((Stake::Record, previous::put(after, kept, until, table)?));
            }
            Previous::Forget => {
                let delete = removal(&after.tenant, keys::previous(&after.id), table)?;
                writes.push((Stake::Record, delete));
            }
        }
        for write in self.stakes(before, after, route)? {
            writes.push((Stake::Account, write));
        }
        self.write(&after.tenant, record, writes).await
    }

    /// Removes an integration with all that belongs to it.
    ///
    /// # Errors
    /// [`WriteError::Conflict`] if it was changed meanwhile; nothing is removed then.
    pub async fn delete(
        &self,
        integration: &Integration,
        record: &AuditRecord,
    ) -> Result<(), WriteError> {
        let Integration { tenant, id, .. } = integration;
        let table = &self.integrations.table;
        let delete = Delete::builder()
            .table_name(table)
            .key(PK, text(tenant.as_str()))
            .key(SK, text(keys::integration(id)))
            .condition_expression("revision = :read")
            .expression_attribute_values(":read", number(integration.revision))
            .build()
            .map_err(|_| StoreError::Malformed("integration"))?;
        let delete = TransactWriteItem::builder().delete(delete).build();
        let mut writes = vec![
            (Stake::Record, delete),
            (Stake::Record, self.integrations.strike(integration)?),
            (Stake::Record, removal(tenant, keys::previous(id), table)?),
            (
                Stake::Record,
                removal(tenant, keys::permissions(id), table)?,
            ),
        ];
        for account in &integration.accounts {
            let key = keys::claim(&integration.provider, account);
            let claim = routes::delete(key, (tenant, id), &self.routes_table)?;
            writes.push((Stake::Account, claim));
        }
        if let Some(webhook) = &integration.webhook {
            let route = routes::delete(&webhook.route, (tenant, id), &self.routes_table)?;
            writes.push((Stake::Account, route));
        }
        self.write(tenant, record, writes).await
    }

    /// Notes how the provider's registration of the webhook ended; `false` if the record was changed meanwhile, and
    /// is left alone.
    ///
    /// # Errors
    /// [`StoreError`] if the table does not answer.
    pub async fn record_webhook(
        &self,
        integration: &Integration,
        record: &AuditRecord,
    ) -> Result<bool, StoreError> {
        let update = Update::builder()
            .table_name(&self.integrations.table)
            .key(PK, text(integration.tenant.as_str()))
            .key(SK, text(keys::integration(&integration.id)))
            .update_expression("SET webhook = :webhook, revision = revision + :one")
            .condition_expression("credential_version = :version")
            .expression_attribute_values(":webhook", json(&integration.webhook))
            .expression_attribute_values(":version", number(integration.credential_version))
            .expression_attribute_values(":one", number(1))
            .build()
            .map_err(|_| StoreError::Malformed("integration"))?;
        let writes = vec![TransactWriteItem::builder().update(update).build()];
        match self
            .recorded
            .write(&integration.tenant, record, writes)
            .await
        {
            Ok(()) => Ok(true),
            Err(Refused::Condition(_)) => Ok(false),
            Err(Refused::Store(error)) => Err(error),
        }
    }

    fn put(
        &self,
        before: Option<&Integration>,
        after: &Integration,
    ) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder()
            .table_name(&self.integrations.table)
            .set_item(Some(integrations::write(after)));
        let put = match before {
            None => put.condition_expression("attribute_not_exists(pk)"),
            Some(before) => put
                .condition_expression("revision = :read")
                .expression_attribute_values(":read", number(before.revision)),
        };
        let put = put
            .build()
            .map_err(|_| StoreError::Malformed("integration"))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// The roster's line, written only while the tenant has not been removed.
    fn enrol_if_tenant_is_here(
        &self,
        before: Option<&Integration>,
        after: &Integration,
    ) -> Result<Writes, StoreError> {
        const HERE: &str = "attribute_not_exists(removed_at)";
        if after.owner == Owner::Tenant {
            let line = self
                .integrations
                .enrolment(before, after)
                .condition_expression(HERE);
            return Ok(vec![(Stake::Tenant, integrations::updated(line)?)]);
        }
        let check = ConditionCheck::builder()
            .table_name(&self.integrations.table)
            .key(PK, text(after.tenant.as_str()))
            .key(SK, text(keys::roster(&Owner::Tenant)))
            .condition_expression(HERE)
            .build()
            .map_err(|_| StoreError::Malformed("roster"))?;
        let line = self.integrations.enrolment(before, after);
        Ok(vec![
            (Stake::Record, integrations::updated(line)?),
            (
                Stake::Tenant,
                TransactWriteItem::builder().condition_check(check).build(),
            ),
        ])
    }

    /// What the integration alone may have: accounts at the provider, and its webhook's URL.
    fn stakes(
        &self,
        before: Option<&Integration>,
        after: &Integration,
        route: Option<&WebhookRoute>,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        let table = &self.routes_table;
        let own = (&after.tenant, &after.id);
        let mut writes = Vec::new();
        for account in &after.accounts {
            writes.push(routes::put_claim(account, after, table)?);
        }
        let held: &[String] = before.map_or(&[], |before| &before.accounts);
        for account in held {
            if !after.accounts.contains(account) {
                let key = keys::claim(&after.provider, account);
                writes.push(routes::delete(key, own, table)?);
            }
        }
        if let Some(route) = route {
            writes.push(routes::put(route, table)?);
        }
        let left = before.and_then(|before| before.webhook.as_ref());
        if let Some(left) = left.filter(|left| !after.is_called_on(&left.route)) {
            writes.push(routes::delete(&left.route, own, table)?);
        }
        Ok(writes)
    }

    async fn write(
        &self,
        tenant: &TenantId,
        record: &AuditRecord,
        writes: Writes,
    ) -> Result<(), WriteError> {
        let (stakes, writes): (Vec<Stake>, Vec<_>) = writes.into_iter().unzip();
        self.recorded
            .write(tenant, record, writes)
            .await
            .map_err(|refused| match refused {
                Refused::Condition(place) => match stakes[place] {
                    Stake::Record => WriteError::Conflict,
                    Stake::Tenant => WriteError::TenantRemoved,
                    Stake::Account => WriteError::AccountTaken,
                },
                Refused::Store(error) => WriteError::Store(error),
            })
    }
}
