//! The facts about outbound messages: each written once, by one writer; see `domain::ledger`.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, BatchStatementErrorCodeEnum, BatchStatementRequest, PutRequest,
    ReturnValuesOnConditionCheckFailure, WriteRequest,
};
use domain::event::{DeliveryStatus, StatusUpdate};
use domain::failure::StoreError;
use domain::ids::{MessageId, TenantId};
use domain::ledger::{Claim, Ledger, Outcome};
use domain::time::Timestamp;

use crate::error::{is_conditional_failure, unavailable};
use crate::item::{Attributes, Reader, json, keyed, number, text, time};
use crate::keys::{self, PK, SK, TTL, fact};
use crate::prefix;

/// How long the facts about a message are kept.
pub const RETENTION: Duration = Duration::from_secs(90 * 24 * 3600);

/// A claim or an outcome, as JSON.
const FACT: &str = "fact";

/// The messages' part of the Activity table.
#[derive(Debug, Clone)]
pub struct Messages {
    client: Client,
    table: String,
}

/// What became of one claim of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claimed {
    /// It is ours.
    Ours,
    /// There is one already: read the ledger.
    Exists,
    /// The table did not take it; nothing is known.
    Unavailable,
}

/// A message and the tenant it belongs to.
pub type MessageKey<'a> = (&'a TenantId, &'a MessageId);

impl Messages {
    /// Opens the table of that name.
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Claims an attempt of each message, in one call per 25: each claim succeeds or fails alone.
    ///
    /// An answer that was lost on the way leaves claims whose owner tells that they are ours; see
    /// `domain::ledger::Ledger::next`.
    pub async fn claim(&self, claims: &[(MessageKey<'_>, &Claim)]) -> Vec<Claimed> {
        let statement = format!(
            "INSERT INTO \"{}\" VALUE {{'{PK}': ?, '{SK}': ?, '{TTL}': ?, '{FACT}': ?}}",
            self.table
        );
        let mut results = Vec::with_capacity(claims.len());
        for chunk in claims.chunks(25) {
            let statements: Option<Vec<_>> = chunk
                .iter()
                .map(|(key, claim)| claim_statement(&statement, *key, claim))
                .collect();
            let answer = self
                .client
                .batch_execute_statement()
                .set_statements(statements)
                .send()
                .await;
            match answer {
                Ok(answer) if answer.responses().len() == chunk.len() => {
                    results.extend(answer.responses().iter().map(|response| {
                        match response.error().and_then(|error| error.code()) {
                            None => Claimed::Ours,
                            Some(BatchStatementErrorCodeEnum::DuplicateItem) => Claimed::Exists,
                            Some(_) => Claimed::Unavailable,
                        }
                    }));
                }
                Ok(_) => results.extend(chunk.iter().map(|_| Claimed::Unavailable)),
                Err(error) => {
                    tracing::warn!(error = %unavailable(error), "claims were not answered");
                    results.extend(chunk.iter().map(|_| Claimed::Unavailable));
                }
            }
        }
        results
    }

    /// Writes outcomes, in one call per 25, trying again what the table leaves over.
    ///
    /// # Errors
    /// [`StoreError`] if some could not be written; writing them again is harmless.
    pub async fn write_outcomes(
        &self,
        outcomes: &[(MessageKey<'_>, &Outcome)],
    ) -> Result<(), StoreError> {
        const TRIES: u32 = 4;
        for chunk in outcomes.chunks(25) {
            let mut left: Vec<WriteRequest> = chunk
                .iter()
                .map(|(key, outcome)| put(outcome_item(*key, outcome)))
                .collect::<Result<_, _>>()?;
            for _ in 0..TRIES {
                let answer = self
                    .client
                    .batch_write_item()
                    .request_items(&self.table, std::mem::take(&mut left))
                    .send()
                    .await
                    .map_err(unavailable)?;
                left = answer
                    .unprocessed_items
                    .unwrap_or_default()
                    .remove(&self.table)
                    .unwrap_or_default();
                if left.is_empty() {
                    break;
                }
            }
            if !left.is_empty() {
                return Err(StoreError::Unavailable("the database (throttled)", None));
            }
        }
        Ok(())
    }

    /// Writes an outcome unless that attempt has one.
    ///
    /// # Errors
    /// [`StoreError`] if the table does not answer.
    pub async fn write_outcome_once(
        &self,
        key: MessageKey<'_>,
        outcome: &Outcome,
    ) -> Result<(), StoreError> {
        let answer = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(outcome_item(key, outcome)))
            .condition_expression("attribute_not_exists(pk)")
            .send()
            .await;
        match answer {
            Ok(_) => Ok(()),
            Err(error) if is_conditional_failure(&error) => Ok(()),
            Err(error) => Err(unavailable(error)),
        }
    }

    /// Records that the API took a message in; `Some` with the hash on record if that id is taken already.
    ///
    /// # Errors
    /// [`StoreError`] if the table does not answer.
    pub async fn accept(
        &self,
        key: MessageKey<'_>,
        at: Timestamp,
        body_hash: &str,
    ) -> Result<Option<String>, StoreError> {
        let mut item = fact_item(key, fact::ACCEPTED, at);
        item.insert("at".into(), time(at));
        item.insert("body_hash".into(), text(body_hash));
        let answer = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match answer {
            Ok(_) => Ok(None),
            Err(error) if is_conditional_failure(&error) => {
                let hash = match error.into_service_error() {
                    PutItemError::ConditionalCheckFailedException(failed) => failed
                        .item
                        .and_then(|item| Reader(&item).find_text("body_hash").map(str::to_owned)),
                    _ => None,
                };
                Ok(Some(hash.unwrap_or_default()))
            }
            Err(error) => Err(unavailable(error)),
        }
    }

    /// Everything on record about a message.
    ///
    /// # Errors
    /// [`StoreError`] if the table does not answer or a record is malformed.
    pub async fn find(&self, (tenant, id): MessageKey<'_>) -> Result<Ledger, StoreError> {
        let of = keys::message(id);
        let items = prefix::read_all(&self.client, &self.table, tenant, &of, usize::MAX).await?;
        let mut ledger = Ledger::default();
        for item in &items {
            read_fact(&mut ledger, item, of.len())?;
        }
        Ok(ledger)
    }

    /// Adds the provider's word on a message. Each time is set once, so repeats and any order end the same.
    ///
    /// # Errors
    /// [`StoreError`] if the table does not answer.
    pub async fn add_evidence(
        &self,
        key: MessageKey<'_>,
        at: Timestamp,
        update: &StatusUpdate,
    ) -> Result<(), StoreError> {
        let attribute = match update.status {
            DeliveryStatus::Sent => "sent_at",
            DeliveryStatus::Delivered => "delivered_at",
            DeliveryStatus::Read => "read_at",
            DeliveryStatus::Failed => "failed_at",
        };
        let mut set = format!(
            "SET {attribute} = if_not_exists({attribute}, :at), {TTL} = if_not_exists({TTL}, :ttl), \
             provider_id = if_not_exists(provider_id, :provider_id)"
        );
        let mut request = self
            .client
            .update_item()
            .table_name(&self.table)
            .key(PK, text(key.0.as_str()))
            .key(
                SK,
                text(format!("{}{}", keys::message(key.1), fact::EVIDENCE)),
            )
            .expression_attribute_values(":at", time(at))
            .expression_attribute_values(":ttl", number(at.after(RETENTION).seconds()))
            .expression_attribute_values(":provider_id", text(&update.provider_id));
        if let Some(failure) = &update.failure {
            set.push_str(", failure = if_not_exists(failure, :failure)");
            request = request.expression_attribute_values(":failure", json(failure));
        }
        request
            .update_expression(set)
            .send()
            .await
            .map_err(unavailable)?;
        Ok(())
    }
}

fn claim_statement(
    statement: &str,
    key: MessageKey<'_>,
    claim: &Claim,
) -> Option<BatchStatementRequest> {
    BatchStatementRequest::builder()
        .statement(statement)
        .parameters(text(key.0.as_str()))
        .parameters(text(format!(
            "{}{}",
            keys::message(key.1),
            fact::claim(claim.attempt)
        )))
        .parameters(number(claim.at.after(RETENTION).seconds()))
        .parameters(json(claim))
        .build()
        .ok()
}

fn fact_item((tenant, id): MessageKey<'_>, fact: &str, at: Timestamp) -> Attributes {
    let mut item = keyed(tenant.as_str(), format!("{}{fact}", keys::message(id)));
    item.insert(TTL.into(), number(at.after(RETENTION).seconds()));
    item
}

fn put(item: HashMap<String, AttributeValue>) -> Result<WriteRequest, StoreError> {
    let put = PutRequest::builder()
        .set_item(Some(item))
        .build()
        .map_err(|_| StoreError::Malformed("outcome"))?;
    Ok(WriteRequest::builder().put_request(put).build())
}

fn outcome_item(key: MessageKey<'_>, outcome: &Outcome) -> Attributes {
    let mut item = fact_item(key, &fact::outcome(outcome.attempt), outcome.at);
    item.insert(FACT.into(), json(outcome));
    item
}

fn read_fact(ledger: &mut Ledger, item: &Attributes, prefix: usize) -> Result<(), StoreError> {
    let item = Reader(item);
    let fact = item.text(SK)?.get(prefix..).unwrap_or_default();
    match fact.split('#').next() {
        Some(fact::ACCEPTED) => ledger.accepted_at = Some(item.time("at")?),
        Some(fact::CLAIM) => ledger.claims.push(item.json(FACT)?),
        Some(fact::EVIDENCE) => {
            let evidence = &mut ledger.evidence;
            evidence.provider_id = item.find_text("provider_id").map(str::to_owned);
            evidence.sent_at = item.find_time("sent_at");
            evidence.delivered_at = item.find_time("delivered_at");
            evidence.read_at = item.find_time("read_at");
            evidence.failed_at = item.find_time("failed_at");
            evidence.failure = item.find_json("failure");
        }
        Some(fact::OUTCOME) => ledger.outcomes.push(item.json(FACT)?),
        _ => return Err(StoreError::Malformed("fact")),
    }
    Ok(())
}
