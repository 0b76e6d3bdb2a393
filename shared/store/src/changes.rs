//! Changes to integrations. An integration, its line in the roster, the credentials it had before, its permissions,
//! its webhook's routes, its claims on provider accounts, its phone numbers if it goes, and the audit record of the
//! change are written in one transaction or not at all. Of very many phone numbers the rest follows it.

use aws_sdk_dynamodb::types::{ConditionCheck, Delete, Put, TransactWriteItem, Update};
use domain::Integration;
use domain::audit::AuditRecord;
use domain::failure::StoreError;
use domain::ids::TenantId;
use domain::integration::{Owner, Webhook};
use domain::time::Timestamp;

use crate::audit::AuditTrail;
use crate::error::WriteError;
use crate::integrations::{self, Integrations};
use crate::item::{json, number, removal, text};
use crate::keys::{self, PK, SK};
use crate::phone_numbers;
use crate::previous::{self, PreviousCredentials};
use crate::recorded::{Recorded, Refused};
use crate::removed;
use crate::rosters::HERE;
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

/// Phone numbers that go in the same transaction as their integration, which leaves room for its other writes.
const NUMBERS_WITH_IT: usize = 80;

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

    /// Saves a new integration (`before` is `None`) or a changed one, with all that belongs to it: `routes` are written,
    /// and those that its webhook had before and has no more are removed.
    ///
    /// # Errors
    /// [`WriteError::Conflict`] if it was changed meanwhile, [`WriteError::AccountTaken`] if an account belongs to
    /// another integration, [`WriteError::TenantRemoved`]; nothing is written then.
    pub async fn save(
        &self,
        before: Option<&Integration>,
        after: &Integration,
        previous: Previous<'_>,
        routes: impl IntoIterator<Item = &WebhookRoute>,
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
        for write in self.stakes(before, after, routes)? {
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
            (Stake::Record, removed::note(integration, record.at, table)?),
        ];
        for account in &integration.accounts {
            let key = keys::claim(&integration.provider, account);
            let claim = routes::delete(key, (tenant, id), &self.routes_table)?;
            writes.push((Stake::Account, claim));
        }
        for route in integration.webhook.iter().flat_map(Webhook::routes) {
            let route = routes::delete(route, (tenant, id), &self.routes_table)?;
            writes.push((Stake::Account, route));
        }
        let numbers = phone_numbers::of_integration(&self.integrations, tenant, id).await?;
        for number in numbers.iter().take(NUMBERS_WITH_IT) {
            let removal = phone_numbers::removal(table, tenant, number)?;
            writes.push((Stake::Record, removal));
        }
        self.write(tenant, record, writes).await?;
        // Also what a sync has brought meanwhile. It can bring no more, and a number that stays behind shows as inactive.
        phone_numbers::clear(&self.integrations, &self.recorded, integration).await;
        Ok(())
    }

    /// Notes how the provider's registration of the webhook ended, and gives the route before its end if one was set;
    /// `false` if the webhook is not as it was when the provider was told, and then it is left alone.
    ///
    /// # Errors
    /// [`StoreError`] if the table does not answer.
    pub async fn record_webhook(
        &self,
        integration: &Integration,
        told: &Webhook,
        record: &AuditRecord,
    ) -> Result<bool, StoreError> {
        let Integration { tenant, id, .. } = integration;
        let update = Update::builder()
            .table_name(&self.integrations.table)
            .key(PK, text(tenant.as_str()))
            .key(SK, text(keys::integration(id)))
            .update_expression("SET webhook = :webhook, revision = revision + :one")
            .condition_expression("credential_version = :version AND webhook = :told")
            .expression_attribute_values(":webhook", json(&integration.webhook))
            .expression_attribute_values(":told", json(told))
            .expression_attribute_values(":version", number(integration.credential_version))
            .expression_attribute_values(":one", number(1))
            .build()
            .map_err(|_| StoreError::Malformed("integration"))?;
        let mut writes = vec![TransactWriteItem::builder().update(update).build()];
        let previous = integration
            .webhook
            .iter()
            .find_map(|now| now.previous.as_ref());
        if let Some(previous) = previous
            && let Some(until) = previous.until
            && told.previous.as_ref() != Some(previous)
        {
            let own = (tenant, id);
            writes.push(routes::end(
                &previous.route,
                until,
                own,
                &self.routes_table,
            )?);
        }
        match self.recorded.write(tenant, record, writes).await {
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

    /// What the integration alone may have: accounts at the provider, and its webhook's URLs.
    fn stakes<'a>(
        &self,
        before: Option<&Integration>,
        after: &Integration,
        routes: impl IntoIterator<Item = &'a WebhookRoute>,
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
        for route in routes {
            writes.push(routes::put(route, table)?);
        }
        let held = before.and_then(|before| before.webhook.as_ref());
        for route in held.into_iter().flat_map(Webhook::routes) {
            if !after.is_called_on(route) {
                writes.push(routes::delete(route, own, table)?);
            }
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
