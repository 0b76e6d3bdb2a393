//! After a repair: the messages that waited go back on the queue, oldest first.

use domain::Integration;
use domain::message::attribute;
use edge::Problem;
use edge::queue::Entry;

use crate::Context;

const PAGE: i32 = 100;
const MOST_PAGES: usize = 20;

/// Puts parked messages back if the integration can send now.
pub(crate) async fn resume(context: &Context, integration: &Integration) -> Result<(), Problem> {
    if integration.is_usable() {
        put_back(context, integration).await
    } else {
        Ok(())
    }
}

/// Puts parked messages back, each under the attempt after the one that parked it. Doing it twice is harmless: the
/// ledger lets an attempt be claimed once.
pub(crate) async fn put_back(context: &Context, integration: &Integration) -> Result<(), Problem> {
    let mut resumed = 0;
    for _ in 0..MOST_PAGES {
        let waiting = context
            .parked
            .list(&integration.tenant, &integration.id, PAGE)
            .await?;
        if waiting.is_empty() {
            break;
        }
        let entries: Vec<_> = waiting
            .iter()
            .map(|message| {
                let mut entry = Entry::new(&integration.tenant, &message.body);
                entry.attributes = vec![
                    (attribute::MESSAGE, message.id.to_string()),
                    (attribute::ATTEMPT, (message.attempt + 1).to_string()),
                    (
                        attribute::ACCEPTED_AT,
                        message.accepted_at.millis().to_string(),
                    ),
                ];
                entry
            })
            .collect();
        let taken = context.queue.send(&entries).await;
        for message in waiting
            .iter()
            .zip(&taken)
            .filter_map(|(m, taken)| taken.then_some(m))
        {
            context.parked.remove(&integration.tenant, message).await?;
            resumed += 1;
        }
        if !taken.iter().all(|taken| *taken) {
            tracing::warn!(integration = %integration.id, "the queue did not take all parked messages; the rest waits");
            break;
        }
    }
    if resumed > 0 {
        tracing::info!(tenant = %integration.tenant, integration = %integration.id, resumed, "parked messages go out");
    }
    Ok(())
}
