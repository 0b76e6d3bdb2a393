//! Taking messages in, one or many alike: on record first, then on the queue, and accepted when both have it.
//!
//! A message that is on record and not on the queue was promised to nobody, and does not stand in the way of its repeat:
//! that finds the same body under the same id, and puts it on the queue. One that is on the queue already is put there
//! again, for nobody knows; it is sent once.

use std::collections::HashSet;

use domain::MessageId;
use domain::message::{MAX_BODY_BYTES, OutboundMessage, attribute};
use domain::time::Timestamp;
use edge::Problem;
use edge::queue::Entry;
use store::acceptance::Acceptance;

use super::allowed::Rights;
use super::asked::Named;
use crate::ask::Ask;

/// Why a message is not taken in.
pub(super) struct Refused {
    pub(super) problem: Problem,
    /// Its id, if it is on record under that: it may be asked for again.
    pub(super) id: Option<MessageId>,
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self { problem, id: None }
    }
}

impl Refused {
    /// It may or may not be on record, and is not known to be on the queue.
    fn for_now(id: MessageId) -> Self {
        Self {
            problem: Problem::unavailable(),
            id: Some(id),
        }
    }
}

/// A message as it goes on the queue.
struct Ready {
    id: MessageId,
    hash: String,
    body: String,
}

impl Ready {
    fn of(rights: &Rights<'_>, named: Named) -> Result<Self, Problem> {
        let Named {
            id,
            hash,
            mut asked,
        } = named;
        rights.tie(&mut asked.metadata)?;
        let body = asked.text();
        if body.len() > MAX_BODY_BYTES {
            return Err(Problem::too_large(MAX_BODY_BYTES));
        }
        if let Err(error) = edge::json::read::<OutboundMessage<'_>>(body.as_bytes()) {
            tracing::error!(at = %error, "a message is not in the queue's form");
            return Err(Problem::unavailable());
        }
        Ok(Self { id, hash, body })
    }
}

/// Takes messages in, for the caller's own tenant, if the caller may send them. What became of each.
///
/// # Errors
/// If nothing is known of what the caller may send through: then none was taken in.
pub(super) async fn accept(
    ask: &Ask<'_>,
    messages: Vec<Result<Named, Problem>>,
) -> Result<Vec<Result<MessageId, Refused>>, Problem> {
    let named = messages.iter().flatten();
    let named: Vec<_> = named.map(|one| &one.asked.metadata).collect();
    let rights = Rights::of(ask, named.into_iter()).await?;
    let ready = messages.into_iter().map(|message| {
        let ready = message.and_then(|named| Ready::of(&rights, named));
        ready.map_err(Refused::from)
    });
    let now = ask.context.clock.now();
    let recorded = record(ask, now, ready.collect()).await;
    let queued = enqueue(ask, now, &recorded).await;
    let outcome = recorded.into_iter().map(|message| {
        let Ready { id, .. } = message?;
        match queued.contains(&id) {
            true => Ok(id),
            false => Err(Refused::for_now(id)),
        }
    });
    Ok(outcome.collect())
}

/// Puts messages on record; those whose ids are for other messages are refused.
async fn record(
    ask: &Ask<'_>,
    now: Timestamp,
    messages: Vec<Result<Ready, Refused>>,
) -> Vec<Result<Ready, Refused>> {
    let given = messages.iter().flatten();
    let given: Vec<_> = given.map(|one| (&one.id, one.hash.as_str())).collect();
    let ledger = &ask.context.messages;
    let mut found = ledger
        .accept(&ask.caller.tenant, now, &given)
        .await
        .into_iter();
    let recorded = messages.into_iter().map(|message| {
        let message = message?;
        match found.next() {
            Some(Acceptance::Own) => Ok(message),
            Some(Acceptance::Anothers) => Err(reused().into()),
            Some(Acceptance::Unavailable) | None => Err(Refused::for_now(message.id)),
        }
    });
    recorded.collect()
}

/// Puts messages on the queue, each id once; those that the queue has.
async fn enqueue(
    ask: &Ask<'_>,
    now: Timestamp,
    messages: &[Result<Ready, Refused>],
) -> HashSet<MessageId> {
    let mut seen = HashSet::new();
    let messages = messages.iter().flatten();
    let messages: Vec<&Ready> = messages.filter(|one| seen.insert(&one.id)).collect();
    let entries = messages.iter().map(|message| Entry {
        attributes: vec![(attribute::ACCEPTED_AT, now.millis().to_string())],
        ..Entry::new(&ask.caller.tenant, &message.body)
    });
    let entries: Vec<_> = entries.collect();
    let taken = ask.context.queue.send(&entries).await;
    let queued = messages.iter().zip(taken).filter(|(_, taken)| *taken);
    queued.map(|(message, _)| message.id.clone()).collect()
}

fn reused() -> Problem {
    Problem::new(
        422,
        "idempotency_key_reused",
        "This key or message id was used before for another message.",
    )
    .hint("Use a new key for a new message; repeat the same body under the same key.")
}
