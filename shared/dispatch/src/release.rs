//! After a repair: what was parked for an integration goes back on the queue, oldest first.
//!
//! A release is itself a message on the queue. Each puts back what was parked longest and then its own successor, so
//! however many wait, nobody has to stay for all of them, and whoever dies on the way is followed by the next receiver.
//! Doing a step twice is harmless: the ledger lets an attempt be claimed once.
//!
//! They leave at a rate, and those to one recipient in the order in which they came: each a moment after the one before.

use std::collections::HashMap;
use std::time::Duration;

use domain::failure::StoreError;
use domain::message::{Metadata, Release, attribute};
use domain::{Integration, TenantId, Timestamp};
use edge::problem::Causes;
use edge::queue::Entry;
use edge::sqs::{Done, SqsRecord};
use futures_util::future::join_all;
use serde_json::value::RawValue;
use store::notifications::Notification;
use store::parked::ParkedMessage;

use crate::{Dispatcher, Order};

/// Messages put back in one step.
const PAGE: i32 = 100;
/// Messages per second that are put back.
const PER_SECOND: usize = 20;
/// From one message to the next to the same recipient: enough for the one before to have left.
const BETWEEN: Duration = Duration::from_secs(6);
/// How long until a step is made again that could not be made.
const AFTER_TROUBLE: Duration = Duration::from_secs(30);
/// SQS delays no longer; what would have to wait longer is left for the next step.
const LONGEST: Duration = Duration::from_secs(600);

/// Whether a record is a release.
pub(crate) fn is_one(record: &SqsRecord) -> bool {
    record.attribute(attribute::KIND) == Some(attribute::RELEASE)
}

/// One step of a release.
pub(crate) async fn step(context: &Dispatcher, record: &SqsRecord) -> Done {
    let Some((tenant, release)) = read(record) else {
        tracing::error!(
            record = record.message_id,
            "a release that cannot be read is dropped"
        );
        return Done::Yes;
    };
    let next = match put_back(context, &tenant, &release).await {
        Ok(next) => next,
        Err(error) => {
            tracing::warn!(error = %Causes(&error), "a step of a release is made again");
            Some((release, AFTER_TROUBLE))
        }
    };
    // One that is left to come again by itself would use up its receives.
    match next {
        Some((release, delay)) if !context.queue.release(&tenant, &release, delay).await => {
            Done::No
        }
        _ => Done::Yes,
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "who may put messages on this queue may send for every tenant: IAM guards it"
)]
fn read(record: &SqsRecord) -> Option<(TenantId, Release)> {
    let release: Release = edge::json::read(record.body.as_bytes()).ok()?;
    let tenant = TenantId::from_trusted_source(&release.tenant_id).ok()?;
    Some((tenant, release))
}

/// Puts a page back; what is to follow, and when.
async fn put_back(
    context: &Dispatcher,
    tenant: &TenantId,
    release: &Release,
) -> Result<Option<(Release, Duration)>, StoreError> {
    let id = &release.integration_id;
    let key = [(tenant.clone(), id.clone())];
    let integration = context.integrations.find_many(&key).await?.pop();
    // What waits for one that is gone goes out to be told so.
    if integration.as_ref().is_some_and(|one| !one.is_usable()) {
        return Ok(None);
    }
    let parked = context.parked.list(tenant, id, PAGE).await?;
    if parked.is_empty() {
        conclude(context, integration.as_ref(), release).await?;
        return Ok(None);
    }
    let now = context.clock.now();
    let page = Page::of(context, &parked, now);
    let entries = page.messages.iter().map(|one| one.entry(tenant, now));
    let taken = context.queue.send(&entries.collect::<Vec<_>>()).await;
    let all = taken.iter().all(|taken| *taken);
    let left: Vec<_> = page
        .messages
        .iter()
        .zip(taken)
        .filter_map(|(one, taken)| taken.then_some(one))
        .collect();
    let removals = left
        .iter()
        .map(|one| context.parked.remove(tenant, one.parked));
    for removed in join_all(removals).await {
        removed?;
    }
    let count = |counted: usize| u32::try_from(counted).unwrap_or(u32::MAX);
    let expired = left.iter().filter(|one| one.is_expired).count();
    let next = Release {
        released: release.released.saturating_add(count(left.len())),
        expired: release.expired.saturating_add(count(expired)),
        ..release.clone()
    };
    Ok(Some((next, if all { page.takes } else { AFTER_TROUBLE })))
}

/// All are on their way: whoever is concerned is told of those that were too late.
async fn conclude(
    context: &Dispatcher,
    integration: Option<&Integration>,
    release: &Release,
) -> Result<(), StoreError> {
    tracing::info!(
        integration = %release.integration_id,
        released = release.released,
        expired = release.expired,
        "parked messages went out"
    );
    if let Some(integration) = integration.filter(|_| release.expired > 0) {
        let notification = Notification::messages_expired(
            integration,
            (release.expired, release.released),
            release.began_at,
        );
        context.integrations.notify_once(&notification).await?;
    }
    Ok(())
}

/// Messages that go out together.
struct Page<'p> {
    messages: Vec<Leaving<'p>>,
    /// Until when all of them have left.
    takes: Duration,
}

/// A parked message, and when it leaves.
struct Leaving<'p> {
    parked: &'p ParkedMessage,
    delay: Duration,
    is_expired: bool,
}

impl<'p> Page<'p> {
    fn of(context: &Dispatcher, parked: &'p [ParkedMessage], now: Timestamp) -> Self {
        let mut free_at: HashMap<String, Duration> = HashMap::new();
        let mut messages = Vec::with_capacity(parked.len());
        for (place, message) in parked.iter().enumerate() {
            let order = (context.errand.read)(&message.body).ok();
            let at_rate = Duration::from_secs((place / PER_SECOND) as u64);
            let to = order.as_ref().and_then(|order| recipient(context, order));
            let delay = to
                .as_ref()
                .and_then(|to| free_at.get(to))
                .map_or(at_rate, |at| at_rate.max(*at));
            if delay > LONGEST {
                continue;
            }
            free_at.extend(to.map(|to| (to, delay + BETWEEN)));
            messages.push(Leaving {
                parked: message,
                delay,
                is_expired: order.is_some_and(|order| is_expired(&order.metadata, now)),
            });
        }
        let last = messages.iter().map(|one| one.delay).max();
        Self {
            takes: last.unwrap_or_default() + BETWEEN,
            messages,
        }
    }
}

impl Leaving<'_> {
    /// The message under the attempt after the one that parked it.
    fn entry<'e>(&'e self, tenant: &'e TenantId, now: Timestamp) -> Entry<'e> {
        let message = self.parked;
        let mut entry = Entry::new(tenant, &message.body);
        entry.delay = self.delay;
        entry.attributes = vec![
            (attribute::MESSAGE, message.id.to_string()),
            (attribute::ATTEMPT, (message.attempt + 1).to_string()),
            (
                attribute::ACCEPTED_AT,
                message.accepted_at.millis().to_string(),
            ),
            // Having been kept does not count to its age.
            (attribute::REDRIVEN_AT, now.millis().to_string()),
        ];
        entry
    }
}

/// To whom a message goes, by the provider of its first route.
fn recipient(context: &Dispatcher, order: &Order<'_>) -> Option<String> {
    let payload: &RawValue = order.payload;
    context
        .channel(order.metadata.channel())?
        .recipient(payload)
}

fn is_expired(metadata: &Metadata, now: Timestamp) -> bool {
    metadata.not_after.is_some_and(|limit| limit <= now)
}
