//! Writes that are made together with the audit record of what they do, or not at all.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::TransactWriteItem;
use domain::audit::AuditRecord;
use domain::failure::StoreError;
use domain::ids::TenantId;

use crate::audit::{self, AuditTrail};
use crate::error::unavailable;

/// How often writes are made again that others got in the way of.
const TRIES: u32 = 20;

/// Why nothing was written.
#[derive(Debug)]
pub(crate) enum Refused {
    /// The condition of the write at this place did not hold.
    Condition(usize),
    /// The store did not answer.
    Store(StoreError),
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Makes writes in one transaction with a record of them.
#[derive(Clone)]
pub(crate) struct Recorded {
    client: Client,
    trail: AuditTrail,
}

impl Recorded {
    pub(crate) fn new(client: Client, trail: AuditTrail) -> Self {
        Self { client, trail }
    }

    /// Makes all writes and adds the record to the tenant's chain.
    pub(crate) async fn write(
        &self,
        tenant: &TenantId,
        record: &AuditRecord,
        writes: Vec<TransactWriteItem>,
    ) -> Result<(), Refused> {
        // Boxed: the SDK's futures are large, and this one stands in the middle of many.
        Box::pin(self.try_write(tenant, record, writes)).await
    }

    async fn try_write(
        &self,
        tenant: &TenantId,
        record: &AuditRecord,
        writes: Vec<TransactWriteItem>,
    ) -> Result<(), Refused> {
        let _lane = self.trail.lane(tenant).await;
        for attempt in 0..TRIES {
            let next = self.trail.next(tenant, record).await?;
            let answer = self
                .client
                .transact_write_items()
                .set_transact_items(Some(writes.clone()))
                .transact_items(self.trail.put(&next)?)
                .send()
                .await;
            let error = match answer {
                Ok(_) => {
                    self.trail.took(next);
                    return Ok(());
                }
                Err(error) => error,
            };
            let reasons = reasons(&error);
            let failed = |reason: &str| reasons.iter().position(|code| code == reason);
            match failed("ConditionalCheckFailed") {
                Some(place) if place < writes.len() => return Err(Refused::Condition(place)),
                // The record's own place is taken, or somebody is at work on one of the items.
                Some(_) => {}
                None if failed("TransactionConflict").is_some() => {}
                // An answer that was lost: the record tells whether it was all done.
                None => {
                    return match self.trail.is_in_place(next).await {
                        Ok(true) => Ok(()),
                        _ => Err(unavailable(error).into()),
                    };
                }
            }
            if self.trail.is_in_place(next).await? {
                return Ok(());
            }
            audit::pause(attempt).await;
        }
        Err(audit::too_busy().into())
    }

    /// Makes further writes of what is on record already, all or none of them.
    pub(crate) async fn go_on(&self, writes: Vec<TransactWriteItem>) -> Result<(), Refused> {
        for attempt in 0..TRIES {
            let answer = self
                .client
                .transact_write_items()
                .set_transact_items(Some(writes.clone()))
                .send()
                .await;
            let Err(error) = answer else {
                return Ok(());
            };
            let reasons = reasons(&error);
            let failed = |reason: &str| reasons.iter().position(|code| code == reason);
            if let Some(place) = failed("ConditionalCheckFailed") {
                return Err(Refused::Condition(place));
            }
            if failed("TransactionConflict").is_none() {
                return Err(unavailable(error).into());
            }
            audit::pause(attempt).await;
        }
        Err(audit::too_busy().into())
    }
}

/// Per write why it was not made; empty for any other error.
fn reasons<R>(error: &SdkError<TransactWriteItemsError, R>) -> Vec<String> {
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => cancelled
            .cancellation_reasons()
            .iter()
            .map(|reason| reason.code().unwrap_or_default().to_owned())
            .collect(),
        _ => Vec::new(),
    }
}
