//! What somebody should know: about the tenant's integrations its admins, about a user's own that user alone.

use std::borrow::Cow;
use std::time::Duration;

use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use domain::audit::AuditRecord;
use domain::failure::StoreError;
use domain::ids::{IntegrationId, TenantId, UserId};
use domain::integration::Owner;
use domain::random;
use domain::time::Timestamp;
use domain::{Failure, Integration};

use crate::audit::AuditTrail;
use crate::error::unavailable;
use crate::integrations::Integrations;
use crate::item::{Attributes, Reader, keyed, number, text, time};
use crate::keys::{self, HIGHEST_POSITION, SK, TTL};
use crate::page::Page;
use crate::recorded::{Recorded, Refused};

/// How long notifications are kept.
pub const RETENTION: Duration = Duration::from_secs(90 * 24 * 3600);

/// One notification.
#[derive(Debug, Clone)]
pub struct Notification {
    /// Whom it concerns.
    pub tenant: TenantId,
    /// Who is told: the tenant's admins, or one user and nobody else.
    pub owner: Owner,
    /// Which integration.
    pub integration: IntegrationId,
    /// When.
    pub at: Timestamp,
    /// A stable code, such as `integration_invalid`.
    pub code: Cow<'static, str>,
    /// What happened.
    pub detail: String,
    /// What to do.
    pub hint: String,
}

impl Notification {
    /// That an integration can send no more, and why.
    pub fn integration_invalid(integration: &Integration, why: &Failure, at: Timestamp) -> Self {
        let detail = format!("{} can send no more: {}", integration.name, why.detail);
        Self::about(integration, at, "integration_invalid", detail, &why.hint)
    }

    /// That an integration went back to the credentials it had before, and why.
    pub fn credentials_returned(integration: &Integration, why: &Failure, at: Timestamp) -> Self {
        let detail = format!(
            "{} went back to the credentials it had before: {}",
            integration.name, why.detail
        );
        Self::about(integration, at, "credentials_returned", detail, &why.hint)
    }

    /// That messages which waited for an integration's repair were too late for it: so many of so many.
    pub fn messages_expired(
        integration: &Integration,
        (expired, released): (u32, u32),
        at: Timestamp,
    ) -> Self {
        let detail = format!(
            "{expired} of {released} messages that waited for {} were not sent: their own deadline had passed",
            integration.name
        );
        let hint = "Send again what still matters, with a later `notAfter`.";
        Self::about(integration, at, "messages_expired", detail, hint)
    }

    /// That somebody had credentials shown to them, and why.
    pub fn credentials_revealed(
        integration: &Integration,
        by: &UserId,
        reason: &str,
        at: Timestamp,
    ) -> Self {
        let detail = format!(
            "{by} had the credentials of {} shown to them: {reason}",
            integration.name
        );
        let hint = "If that was not meant to be, replace the credentials at the provider and here.";
        Self::about(integration, at, "credentials_revealed", detail, hint)
    }

    /// Who is told of an integration is whose it is.
    fn about(
        integration: &Integration,
        at: Timestamp,
        code: &'static str,
        detail: String,
        hint: &str,
    ) -> Self {
        Self {
            tenant: integration.tenant.clone(),
            owner: integration.owner.clone(),
            integration: integration.id.clone(),
            at,
            code: code.into(),
            detail,
            hint: hint.to_owned(),
        }
    }

    /// The write, to be made together with the change it tells of.
    pub(crate) fn put(&self, table: &str) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder()
            .table_name(table)
            .set_item(Some(self.item(&random::bytes::<10>())))
            .build()
            .map_err(|_| StoreError::Malformed("notification"))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// `tail` tells apart what is told in the same millisecond.
    fn item(&self, tail: &[u8]) -> Attributes {
        let position = keys::position(self.at, tail);
        let sk = format!("{}{position}", keys::notifications(&self.owner));
        let mut item = keyed(self.tenant.as_str(), sk);
        item.insert(TTL.into(), number(self.at.after(RETENTION).seconds()));
        item.insert("at".into(), time(self.at));
        item.insert("integration".into(), text(self.integration.as_str()));
        item.insert("code".into(), text(&*self.code));
        item.insert("detail".into(), text(&self.detail));
        item.insert("hint".into(), text(&self.hint));
        item
    }
}

impl Integrations {
    /// Tells something that no change goes with. Telling it again, of the same integration and time, tells it once.
    ///
    /// # Errors
    /// [`StoreError`] if the table does not answer.
    pub async fn notify_once(&self, notification: &Notification) -> Result<(), StoreError> {
        let about = format!("{}\n{}", notification.integration, notification.code);
        let item = notification.item(&random::sha256(about.as_bytes())[..10]);
        self.client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .send()
            .await
            .map_err(unavailable)?;
        Ok(())
    }
}

/// A notification as it was kept.
#[derive(Debug, Clone)]
pub struct KeptNotification {
    /// Its id: `ntf_` and 16 characters.
    pub id: String,
    /// What it tells.
    pub notification: Notification,
    position: String,
}

/// The notifications of tenants.
#[derive(Clone)]
pub struct Notices {
    integrations: Integrations,
    recorded: Recorded,
}

impl Notices {
    /// Writes to the table and to the trail.
    pub fn new(integrations: Integrations, trail: AuditTrail) -> Self {
        let recorded = Recorded::new(integrations.client.clone(), trail);
        Self {
            integrations,
            recorded,
        }
    }

    /// Keeps a notification together with the audit record of what it tells of.
    ///
    /// # Errors
    /// [`StoreError`] if the table does not answer: then neither is kept.
    pub async fn tell(
        &self,
        notification: &Notification,
        record: &AuditRecord,
    ) -> Result<(), StoreError> {
        let writes = vec![notification.put(&self.integrations.table)?];
        let tenant = &notification.tenant;
        match self.recorded.write(tenant, record, writes).await {
            Ok(()) => Ok(()),
            Err(Refused::Store(error)) => Err(error),
            Err(Refused::Condition(_)) => Err(StoreError::Malformed("notification")),
        }
    }

    /// What these owners should know, newest first, behind the position `after`, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`] if the table does not answer or a record is malformed.
    pub async fn list(
        &self,
        tenant: &TenantId,
        owners: &[Owner],
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<KeptNotification>, StoreError> {
        let mut lines = Vec::new();
        for owner in owners {
            lines.extend(self.newest(tenant, owner, after, limit + 1).await?);
        }
        lines.sort_by(|one, other| other.position.cmp(&one.position));
        let more = lines.len() > limit;
        lines.truncate(limit);
        let last = lines.last().filter(|_| more);
        let next = last.map(|last| last.position.clone());
        Ok(Page { lines, next })
    }

    /// At most so many of what one owner should know.
    async fn newest(
        &self,
        tenant: &TenantId,
        owner: &Owner,
        after: Option<&str>,
        count: usize,
    ) -> Result<Vec<KeptNotification>, StoreError> {
        let prefix = keys::notifications(owner);
        let newest = format!("{prefix}{}", after.unwrap_or(HIGHEST_POSITION));
        // One more, for the one at the position is not behind it.
        let limit = i32::try_from(count + 1).unwrap_or(i32::MAX);
        let page = self
            .integrations
            .client
            .query()
            .table_name(&self.integrations.table)
            .key_condition_expression("pk = :tenant AND sk BETWEEN :oldest AND :newest")
            .expression_attribute_values(":tenant", text(tenant.as_str()))
            .expression_attribute_values(":oldest", text(&prefix))
            .expression_attribute_values(":newest", text(newest))
            .scan_index_forward(false)
            .limit(limit)
            .send()
            .await
            .map_err(unavailable)?;
        let mut found = Vec::new();
        for item in page.items() {
            let kept = read(item, tenant, owner, &prefix)?;
            if after != Some(&kept.position) {
                found.push(kept);
            }
        }
        found.truncate(count);
        Ok(found)
    }
}

fn read(
    item: &Attributes,
    tenant: &TenantId,
    owner: &Owner,
    prefix: &str,
) -> Result<KeptNotification, StoreError> {
    let item = Reader(item);
    let position = item.text(SK)?.strip_prefix(prefix);
    let position = position.ok_or(StoreError::Malformed(SK))?;
    let (_, tail) = position.split_once('#').ok_or(StoreError::Malformed(SK))?;
    Ok(KeptNotification {
        id: format!("ntf_{tail}"),
        notification: Notification {
            tenant: tenant.clone(),
            owner: owner.clone(),
            integration: IntegrationId::parse(item.text("integration")?)
                .map_err(|_| StoreError::Malformed("integration"))?,
            at: item.time("at")?,
            code: item.text("code")?.to_owned().into(),
            detail: item.text("detail")?.to_owned(),
            hint: item.text("hint")?.to_owned(),
        },
        position: position.to_owned(),
    })
}
