//! Messages that wait until their integration is repaired, oldest first.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::Select;
use domain::failure::StoreError;
use domain::ids::{IntegrationId, MessageId, TenantId};
use domain::time::Timestamp;

use crate::error::{is_conditional_failure, unavailable};
use crate::item::{Reader, keyed, number, text, time};
use crate::keys::{self, PK, SK, TTL};
use crate::ledger::RETENTION;

/// A message as it stood on the queue.
#[derive(Debug, Clone)]
pub struct ParkedMessage {
    /// Its id.
    pub id: MessageId,
    /// The integration it waits for.
    pub integration: IntegrationId,
    /// When the queue took it in.
    pub accepted_at: Timestamp,
    /// The attempt that parked it.
    pub attempt: u32,
    /// The body.
    pub body: String,
}

/// The parked messages' part of the Activity table.
#[derive(Debug, Clone)]
pub struct Parked {
    client: Client,
    table: String,
}

impl Parked {
    /// Opens the table of that name.
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Keeps a message from now on, for as long as its ledger; keeping it twice keeps it once.
    ///
    /// # Errors
    /// [`StoreError`] if the table does not answer: then the message must stay on the queue.
    pub async fn keep(
        &self,
        tenant: &TenantId,
        message: &ParkedMessage,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let sk = keys::parked(&message.integration, message.accepted_at, &message.id);
        let mut item = keyed(tenant.as_str(), sk);
        item.insert(TTL.into(), number(now.after(RETENTION).seconds()));
        item.insert("id".into(), text(message.id.as_str()));
        item.insert("accepted_at".into(), time(message.accepted_at));
        item.insert("attempt".into(), number(message.attempt));
        item.insert("body".into(), text(&message.body));
        self.client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .send()
            .await
            .map_err(unavailable)?;
        Ok(())
    }

    /// The oldest messages that wait for an integration, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`] if the table does not answer or a record is malformed.
    pub async fn list(
        &self,
        tenant: &TenantId,
        integration: &IntegrationId,
        limit: i32,
    ) -> Result<Vec<ParkedMessage>, StoreError> {
        let page = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression("pk = :tenant AND begins_with(sk, :prefix)")
            .expression_attribute_values(":tenant", text(tenant.as_str()))
            .expression_attribute_values(":prefix", text(keys::parked_of(integration)))
            .limit(limit)
            .send()
            .await
            .map_err(unavailable)?;
        page.items()
            .iter()
            .map(|item| {
                let item = Reader(item);
                Ok(ParkedMessage {
                    id: MessageId::parse(item.text("id")?)
                        .map_err(|_| StoreError::Malformed("id"))?,
                    integration: integration.clone(),
                    accepted_at: item.time("accepted_at")?,
                    attempt: item.number("attempt")?,
                    body: item.text("body")?.to_owned(),
                })
            })
            .collect()
    }

    /// How many messages wait for an integration, counted up to `most`.
    ///
    /// # Errors
    /// [`StoreError`] if the table does not answer.
    pub async fn count(
        &self,
        tenant: &TenantId,
        integration: &IntegrationId,
        most: usize,
    ) -> Result<usize, StoreError> {
        let mut counted = 0;
        let mut start = None;
        loop {
            let page = self
                .client
                .query()
                .table_name(&self.table)
                .consistent_read(true)
                .key_condition_expression("pk = :tenant AND begins_with(sk, :prefix)")
                .expression_attribute_values(":tenant", text(tenant.as_str()))
                .expression_attribute_values(":prefix", text(keys::parked_of(integration)))
                .select(Select::Count)
                .limit(i32::try_from(most - counted).unwrap_or(i32::MAX))
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(unavailable)?;
            counted += usize::try_from(page.count).unwrap_or_default();
            start = page.last_evaluated_key;
            if start.is_none() || counted >= most {
                return Ok(counted);
            }
        }
    }

    /// Forgets a message that is back on the queue; one that was parked again meanwhile stays.
    ///
    /// # Errors
    /// [`StoreError`] if the table does not answer; the message may then be put back twice, and the ledger sends it
    /// once.
    pub async fn remove(
        &self,
        tenant: &TenantId,
        message: &ParkedMessage,
    ) -> Result<(), StoreError> {
        let sk = keys::parked(&message.integration, message.accepted_at, &message.id);
        let answer = self
            .client
            .delete_item()
            .table_name(&self.table)
            .key(PK, text(tenant.as_str()))
            .key(SK, text(sk))
            .condition_expression("attribute_not_exists(pk) OR attempt = :attempt")
            .expression_attribute_values(":attempt", number(message.attempt))
            .send()
            .await;
        match answer {
            Ok(_) => Ok(()),
            Err(error) if is_conditional_failure(&error) => Ok(()),
            Err(error) => Err(unavailable(error)),
        }
    }
}
