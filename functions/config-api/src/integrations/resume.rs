//! After a repair: the messages that waited go back on the queue, oldest first.

use domain::Integration;
use domain::integration::Status;
use edge::Problem;
use edge::queue::Entry;

use crate::Context;

const PAGE: i32 = 100;
const MOST_PAGES: usize = 20;

/// Puts parked messages back, each under the attempt after the one that parked it, if the integration can send now.
/// Doing it twice is harmless: the ledger lets an attempt be claimed once.
pub(super) async fn resume(context: &Context, integration: &Integration) -> Result<(), Problem> {
    let status = integration.shown_status();
    if !matches!(status, Status::Connected | Status::Unverified) {
        return Ok(());
    }
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
                    ("messageId", message.id.to_string()),
                    ("attempt", (message.attempt + 1).to_string()),
                    ("acceptedAt", message.accepted_at.millis().to_string()),
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
            break;
        }
    }
    if resumed > 0 {
        tracing::info!(tenant = %integration.tenant, integration = %integration.id, resumed, "parked messages go out");
    }
    Ok(())
}
