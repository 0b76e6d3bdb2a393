//! Openings of webhook secrets go on record by way of the inbound queue: this function can write to no table.

use std::sync::Arc;

use async_trait::async_trait;
use domain::Clock;
use domain::audit::AuditNotice;
use domain::failure::StoreError;
use domain::message::attribute;
use domain::opening::{OpenedBy, Opening, Reason, Witness};
use edge::queue::{Entry, Queue};

/// As who the function stands in the audit trail.
pub(crate) const BY: OpenedBy<'static> = OpenedBy {
    actor: "webhook-ingress",
    reason: Reason::VerifyWebhook,
    request: "",
};

/// A witness that leaves the writing to the router.
pub(crate) struct OpeningNotices {
    pub(crate) queue: Queue,
    pub(crate) clock: Arc<dyn Clock>,
}

#[async_trait]
impl Witness for OpeningNotices {
    async fn saw(&self, opening: &Opening<'_>) -> Result<(), StoreError> {
        let tenant = opening.place.tenant;
        let notice = AuditNotice {
            tenant: tenant.to_string(),
            record: opening.record(self.clock.now()),
        };
        let body =
            serde_json::to_string(&notice).map_err(|_| StoreError::Malformed("audit record"))?;
        let mut entry = Entry::new(tenant, &body);
        entry.attributes = vec![(attribute::KIND, attribute::AUDIT.to_owned())];
        if self.queue.send(&[entry]).await == [true] {
            Ok(())
        } else {
            Err(StoreError::Unavailable("the inbound queue", None))
        }
    }
}
