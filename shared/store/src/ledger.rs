//! The facts about outbound messages: each written once, by one writer; see `domain::ledger`.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::ReturnValue;
use domain::event::{DeliveryStatus, StatusUpdate};
use domain::failure::StoreError;
use domain::ids::{MessageId, TenantId};
use domain::ledger::{Claim, Ledger, Outcome};
use domain::time::Timestamp;

use crate::batch::{self, MOST_WRITES};
use crate::error::{is_conditional_failure, unavailable};
use crate::figures::Due;
use crate::inserts::{self, Inserted};
use crate::item::{Attributes, Reader, json, keyed, number, text, time};
use crate::keys::{self, PK, SK, TTL, fact};
use crate::{acceptance, prefix};

/// How long the facts about a message are kept.
pub const RETENTION: Duration = Duration::from_secs(90 * 24 * 3600);

/// A claim or an outcome, as JSON.
const FACT: &str = "fact";

/// The messages' part of the Activity table.
#[derive(Debug, Clone)]
pub struct Messages {
    pub(crate) client: Client,
    pub(crate) table: String,
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
        let row = |((tenant, id), claim): &(MessageKey<'_>, &Claim)| {
            let place = format!("{}{}", keys::message(id), fact::claim(claim.attempt));
            let expires = number(claim.at.after(RETENTION).seconds());
            [text(tenant.as_str()), text(place), expires, json(claim)]
        };
        let rows = claims.iter().map(row).collect();
        let names = [PK, SK, TTL, FACT];
        let inserted = inserts::insert(&self.client, &self.table, names, rows).await;
        let claimed = inserted.into_iter().map(|inserted| match inserted {
            Inserted::Done => Claimed::Ours,
            Inserted::Exists => Claimed::Exists,
            Inserted::Unavailable => Claimed::Unavailable,
        });
        claimed.collect()
    }

    /// Writes outcomes, in one call per 25, trying again what the table leaves over. Of the figures that are due as many
    /// ride along as there is room for in these calls; the others stay due, as do all of them if the write fails.
    ///
    /// # Errors
    /// [`StoreError`] if some could not be written; writing them again is harmless.
    pub async fn write_outcomes_with(
        &self,
        outcomes: &[(MessageKey<'_>, &Outcome)],
        mut figures: Due<'_>,
    ) -> Result<(), StoreError> {
        let items = outcomes.iter();
        let puts = items.map(|(key, outcome)| batch::put(outcome_item(*key, outcome)));
        let mut writes = puts.collect::<Result<Vec<_>, _>>()?;
        figures.keep_first(writes.len().next_multiple_of(MOST_WRITES) - writes.len());
        writes.extend(figures.puts()?);
        batch::write(&self.client, &self.table, writes).await?;
        figures.written();
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

    /// Adds the provider's word on a message; `false` if that word is on record already. Each time is set once, so
    /// repeats and any order end the same.
    ///
    /// # Errors
    /// [`StoreError`] if the table does not answer.
    pub async fn add_evidence(
        &self,
        key: MessageKey<'_>,
        at: Timestamp,
        update: &StatusUpdate,
    ) -> Result<bool, StoreError> {
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
        let before = request
            .update_expression(set)
            .return_values(ReturnValue::AllOld)
            .send()
            .await
            .map_err(unavailable)?;
        Ok(!before
            .attributes
            .is_some_and(|item| item.contains_key(attribute)))
    }
}

fn fact_item((tenant, id): MessageKey<'_>, fact: &str, at: Timestamp) -> Attributes {
    let mut item = keyed(tenant.as_str(), format!("{}{fact}", keys::message(id)));
    item.insert(TTL.into(), number(at.after(RETENTION).seconds()));
    item
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
        Some(fact::ACCEPTED) => ledger.accepted_at = Some(item.time(acceptance::AT)?),
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
