//! Grants of the platform's own account, in the tenant's roster: whoever chooses a credential has read them.

use std::collections::BTreeMap;

use domain::audit::AuditRecord;
use domain::failure::StoreError;
use domain::grant::{Ended, Grant};
use domain::ids::{ProviderId, TenantId};
use domain::integration::Owner;

use crate::audit::AuditTrail;
use crate::error::WriteError;
use crate::integrations::{self, Integrations};
use crate::item::{Attributes, Reader, json, text};
use crate::keys;
use crate::recorded::{Recorded, Refused};
use crate::rosters::{self, HERE, REMOVED_AT};

/// The grants of tenants.
#[derive(Clone)]
pub struct Grants {
    integrations: Integrations,
    recorded: Recorded,
}

impl Grants {
    /// Writes to the table and to the trail.
    pub fn new(integrations: Integrations, trail: AuditTrail) -> Self {
        let recorded = Recorded::new(integrations.client.clone(), trail);
        Self {
            integrations,
            recorded,
        }
    }

    /// A tenant's grants, live and ended.
    ///
    /// # Errors
    /// [`StoreError`] if the table does not answer.
    pub async fn list(&self, tenant: &TenantId) -> Result<BTreeMap<ProviderId, Grant>, StoreError> {
        let roster = self.roster(tenant).await?;
        Ok(rosters::read(&roster).grants)
    }

    /// Lets the platform's account of a provider type serve a tenant, in the place of an earlier grant of that type.
    ///
    /// # Errors
    /// [`WriteError::TenantRemoved`]; [`WriteError::Store`] if the table does not answer.
    pub async fn grant(
        &self,
        tenant: &TenantId,
        provider: &ProviderId,
        grant: &Grant,
        record: &AuditRecord,
    ) -> Result<(), WriteError> {
        let update = rosters::update(&self.integrations.table, tenant)
            .update_expression("SET #grant = :grant")
            .expression_attribute_names("#grant", keys::grant(provider))
            .expression_attribute_values(":grant", json(grant));
        let writes = vec![integrations::updated(update)?];
        self.recorded
            .write(tenant, record, writes)
            .await
            .map_err(|refused| match refused {
                Refused::Condition(_) => WriteError::TenantRemoved,
                Refused::Store(error) => WriteError::Store(error),
            })
    }

    /// Ends a grant; it stays on record with its end.
    ///
    /// # Errors
    /// [`WriteError::Conflict`] if there is none, it has ended already, or it was changed at the same moment;
    /// [`WriteError::TenantRemoved`]; [`WriteError::Store`] if the table does not answer.
    pub async fn end(
        &self,
        tenant: &TenantId,
        provider: &ProviderId,
        ended: Ended,
        record: &AuditRecord,
    ) -> Result<(), WriteError> {
        let roster = self.roster(tenant).await?;
        if roster.contains_key(REMOVED_AT) {
            return Err(WriteError::TenantRemoved);
        }
        let name = keys::grant(provider);
        let reader = Reader(&roster);
        let (Some(read), Some(grant)) = (reader.find_text(&name), reader.find_json::<Grant>(&name))
        else {
            return Err(WriteError::Conflict);
        };
        if grant.ended.is_some() {
            return Err(WriteError::Conflict);
        }
        let grant = Grant {
            ended: Some(ended),
            ..grant
        };
        let update = rosters::update(&self.integrations.table, tenant)
            .update_expression("SET #grant = :grant")
            .condition_expression(format!("{HERE} AND #grant = :read"))
            .expression_attribute_values(":read", text(read))
            .expression_attribute_names("#grant", &name)
            .expression_attribute_values(":grant", json(&grant));
        let writes = vec![integrations::updated(update)?];
        self.recorded
            .write(tenant, record, writes)
            .await
            .map_err(|refused| match refused {
                Refused::Condition(_) => WriteError::Conflict,
                Refused::Store(error) => WriteError::Store(error),
            })
    }

    async fn roster(&self, tenant: &TenantId) -> Result<Attributes, StoreError> {
        let place = (tenant.to_string(), keys::roster(&Owner::Tenant));
        let items = self.integrations.get_many(vec![place]).await?;
        Ok(items.into_iter().next().unwrap_or_default())
    }
}
