//! The end of a tenant, as one operation: nothing new begins, its webhooks stop, its integrations go with their
//! credentials, routes, claims and permissions, then everything else of it, and the ring of its own. At the end it is
//! looked whether anything is left. The audit trail stays: it tells who removed what.
//!
//! It may be broken off at any point and run again.

use std::time::Duration;

use domain::audit::AuditRecord;
use domain::failure::StoreError;
use domain::key_ring::{KeyRingUpkeep, OwnRing};
use domain::opening::{OpenedBy, Reason};
use domain::seal::Purpose;
use domain::{Clock, Integration, TenantId};
use store::WriteError;
use store::audit::AuditTrail;
use store::changes::IntegrationChanges;
use store::integrations::Integrations;
use store::sealed_records::SealedRecords;
use store::tenants::Tenants;

use crate::Custody;

/// What functions remember of a tenant they forget within this time; only then is it swept up.
pub const FORGOTTEN_AFTER: Duration = Duration::from_secs(90);

/// Times that an integration may be changed by others while it is being removed.
const MOST_TRIES: usize = 50;

/// What was removed, and what was found left.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Removed {
    /// Integrations, each with its credentials, routes, claims and permissions.
    pub integrations: usize,
    /// Those whose provider could not be told to stop calling the webhook; what it sends is refused.
    pub webhooks_left_at_provider: usize,
    /// Other items.
    pub items: usize,
    /// Versions of the tenant's own rings, destroyed.
    pub ring_versions: usize,
    /// Items and sealed records found afterwards: 0, or the removal is not complete.
    pub left: usize,
}

/// Everything a removal works on.
pub struct Removal {
    /// Opens credentials to tell providers to stop.
    pub custody: Custody,
    /// Reads integrations.
    pub integrations: Integrations,
    /// Removes them.
    pub changes: IntegrationChanges,
    /// Marks the tenant, and sweeps up.
    pub tenants: Tenants,
    /// Shows that no seal is left.
    pub records: SealedRecords,
    /// Destroys the tenant's own rings.
    pub rings: Box<dyn KeyRingUpkeep>,
    /// The names of the shared rings that the tenant's records may be under, both purposes.
    pub shared_rings: Vec<String>,
    /// Records what was done.
    pub trail: AuditTrail,
    /// Tells the time.
    pub clock: std::sync::Arc<dyn Clock>,
}

impl Removal {
    /// Removes a tenant. `settle` is how long functions may remember it, [`FORGOTTEN_AFTER`].
    ///
    /// # Errors
    /// [`StoreError`] if a table does not answer: run it again.
    pub async fn run(
        &self,
        tenant: &TenantId,
        by: OpenedBy<'_>,
        settle: Duration,
        mut told: impl FnMut(&str),
    ) -> Result<Removed, StoreError> {
        let mut removed = Removed::default();
        let begun = self.record(by, "tenant.remove");
        self.tenants
            .mark_removed(tenant, self.clock.now(), &begun)
            .await?;
        told("marked: nothing is saved for the tenant any more");
        loop {
            let some = self.integrations.list(tenant).await?;
            if some.is_empty() {
                break;
            }
            for integration in some {
                if !self.tell_provider(&integration, by).await {
                    removed.webhooks_left_at_provider += 1;
                }
                self.delete(integration, by).await?;
                removed.integrations += 1;
            }
        }
        told("its integrations are gone; waiting until no function remembers it");
        tokio::time::sleep(settle).await;
        loop {
            match self.tenants.sweep(tenant).await? {
                0 => break,
                items => removed.items += items,
            }
        }
        for purpose in [Purpose::Credentials, Purpose::WebhookSecrets] {
            let ring = OwnRing::of(purpose, tenant);
            removed.ring_versions += self.rings.destroy(&ring).await?;
        }
        told("everything of it is swept up; looking whether anything is left");
        removed.left = self.count_left(tenant).await?;
        let mut ended = self.record(by, "tenant.removed");
        ended.count = Some(u64::try_from(removed.integrations + removed.items).unwrap_or(u64::MAX));
        if removed.left > 0 {
            ended.outcome = "incomplete".into();
        }
        self.trail.append(tenant, &ended).await?;
        Ok(removed)
    }

    /// Tells the provider to stop calling; `false` if it may go on.
    async fn tell_provider(&self, integration: &Integration, by: OpenedBy<'_>) -> bool {
        if crate::caller(integration).is_none() {
            return true;
        }
        let reason = Reason::Deregister;
        let by = OpenedBy { reason, ..by };
        match self.custody.open(integration, None, by).await {
            Ok(credentials) => self.custody.deregister(integration, &credentials).await,
            Err(_) => false,
        }
    }

    async fn delete(
        &self,
        mut integration: Integration,
        by: OpenedBy<'_>,
    ) -> Result<(), StoreError> {
        let mut record = self.record(by, "integration.delete");
        record.provider = Some(integration.provider.clone());
        record.integration = Some(integration.id.clone());
        for _ in 0..MOST_TRIES {
            match self.changes.delete(&integration, &record).await {
                Ok(()) => return Ok(()),
                Err(WriteError::Store(error)) => return Err(error),
                Err(WriteError::AccountTaken) => {
                    return Err(StoreError::Malformed("a route or claim that is another's"));
                }
                // Somebody was faster; nothing new can be made, so this ends.
                Err(WriteError::Conflict | WriteError::TenantRemoved) => match self
                    .integrations
                    .find(&integration.tenant, &integration.id)
                    .await?
                {
                    Some(now) => integration = now,
                    None => return Ok(()),
                },
            }
        }
        Err(StoreError::Unavailable(
            "an integration, which changes all the time,",
            None,
        ))
    }

    async fn count_left(&self, tenant: &TenantId) -> Result<usize, StoreError> {
        let mut left = self.tenants.count_left(tenant).await?;
        let own = [Purpose::Credentials, Purpose::WebhookSecrets]
            .map(|purpose| OwnRing::of(purpose, tenant).as_str().to_owned());
        for ring in self.shared_rings.iter().chain(&own) {
            for row in self.rings.list_versions(ring).await? {
                let held = self
                    .records
                    .held_by(ring, row.version, Some(tenant), 100)
                    .await?;
                left += held.len();
            }
        }
        for ring in own {
            left += self.rings.list_versions(&ring).await?.len();
        }
        Ok(left)
    }

    fn record(&self, by: OpenedBy<'_>, action: &'static str) -> AuditRecord {
        AuditRecord {
            request: by.request.to_owned(),
            ..AuditRecord::new(by.actor, self.clock.now(), action)
        }
    }
}
