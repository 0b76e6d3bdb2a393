//! A queue record as a message to send.

use domain::message::{MAX_BODY_BYTES, Metadata, OutboundMessage, attribute};
use domain::{MessageId, TenantId, Timestamp};
use edge::queue::Entry;
use edge::sqs::SqsRecord;
use serde_json::value::RawValue;
use std::collections::{HashMap, hash_map};
use std::time::Duration;

/// One message to send, at one of its attempts.
pub(crate) struct Job<'a> {
    /// Its place in the batch.
    pub(crate) index: usize,
    pub(crate) tenant: TenantId,
    pub(crate) id: MessageId,
    pub(crate) metadata: Metadata,
    pub(crate) payload: &'a RawValue,
    pub(crate) body: &'a str,
    /// 1 for the first; every claim has its own.
    pub(crate) attempt: u32,
    /// Attempts that ended in trouble of the provider's; being slowed down is none.
    pub(crate) troubles: u32,
    pub(crate) accepted_at: Timestamp,
    /// How often the queue has given the record out.
    pub(crate) receives: u32,
}

impl<'a> Job<'a> {
    /// Reads a record.
    ///
    /// # Errors
    /// Why nobody can send it, in a sentence that repeats nothing of it.
    #[expect(
        clippy::disallowed_methods,
        reason = "who may put messages on this queue may send for every tenant: IAM guards it"
    )]
    pub(crate) fn read(
        index: usize,
        record: &'a SqsRecord,
        now: Timestamp,
    ) -> Result<Self, String> {
        if record.body.len() > MAX_BODY_BYTES {
            return Err(format!(
                "The message is larger than {MAX_BODY_BYTES} bytes."
            ));
        }
        let message: OutboundMessage<'a> =
            edge::json::read(record.body.as_bytes()).map_err(|error| {
                format!("The message does not follow events/schemas/message.json ({error}).")
            })?;
        let metadata = message.metadata;
        let tenant = TenantId::from_trusted_source(&metadata.tenant_id)
            .map_err(|error| format!("metadata.tenantId: {error}."))?;
        let number = |name| record.attribute(name).and_then(|text| text.parse().ok());
        let id = match &metadata.message_id {
            Some(id) => id.clone(),
            None => MessageId::parse(
                record
                    .attribute(attribute::MESSAGE)
                    .unwrap_or(&record.message_id),
            )
            .map_err(|error| format!("messageId: {error}."))?,
        };
        let accepted_at = record
            .attribute(attribute::ACCEPTED_AT)
            .and_then(|text| text.parse().ok())
            .map(Timestamp::from_millis);
        Ok(Self {
            index,
            tenant,
            id,
            metadata,
            payload: message.waba_payload,
            body: &record.body,
            attempt: number(attribute::ATTEMPT).unwrap_or(1).max(1),
            troubles: number(attribute::TROUBLES).unwrap_or(0),
            receives: record.receives(),
            accepted_at: accepted_at.or_else(|| record.sent_at()).unwrap_or(now),
        })
    }

    /// The same message for the queue, to come again after `delay` as that attempt.
    pub(crate) fn again(&self, delay: Duration, attempt: u32, troubles: u32) -> Entry<'_> {
        Entry {
            body: self.body,
            tenant: Some(&self.tenant),
            delay,
            attributes: vec![
                (attribute::MESSAGE, self.id.to_string()),
                (attribute::ATTEMPT, attempt.to_string()),
                (attribute::TROUBLES, troubles.to_string()),
                (
                    attribute::ACCEPTED_AT,
                    self.accepted_at.millis().to_string(),
                ),
            ],
        }
    }
}

/// Leaves one job per message. A repeat in the same batch shares the fate of the first: pairs of their places.
pub(crate) fn set_repeats_aside(jobs: Vec<Job<'_>>) -> (Vec<Job<'_>>, Vec<(usize, usize)>) {
    let mut first: HashMap<(TenantId, MessageId), usize> = HashMap::with_capacity(jobs.len());
    let mut repeats = Vec::new();
    let mut kept = Vec::with_capacity(jobs.len());
    for job in jobs {
        match first.entry((job.tenant.clone(), job.id.clone())) {
            hash_map::Entry::Occupied(entry) => repeats.push((job.index, *entry.get())),
            hash_map::Entry::Vacant(entry) => {
                entry.insert(job.index);
                kept.push(job);
            }
        }
    }
    (kept, repeats)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn e2_why_a_record_cannot_be_read_does_not_repeat_it() {
        const CANARY: &str = "CANARY 7f3a91c05be2d468";
        for metadata in [
            json!({"tenantId": CANARY}),
            json!({"tenantId": "t_1", "messageId": CANARY}),
            json!({"tenantId": "t_1", "notAfter": CANARY}),
            json!({"tenantId": [CANARY]}),
            json!(CANARY),
        ] {
            let body = json!({"metadata": metadata, "wabaPayload": {}}).to_string();
            let record = json!({"messageId": "m-1", "body": body});
            let record: SqsRecord = serde_json::from_value(record).unwrap();
            let reason = Job::read(0, &record, Timestamp::from_millis(0)).err();
            let reason = reason.expect("it cannot be read");
            assert!(!reason.contains("CANARY"), "{reason}");
        }
        let theirs = serde_json::from_value::<Metadata>(json!(CANARY)).unwrap_err();
        assert!(theirs.to_string().contains(CANARY));
    }
}
