//! How an integration fares: what is known of its credential, what happened lately, and what to do.

use std::collections::BTreeSet;
use std::time::Duration;

use contract::integrations::{Activity, HealthView, LastUse, WebhookState};
use domain::Integration;
use domain::integration::{Status, WebhookStatus};
use domain::time::Timestamp;
use edge::Problem;
use edge::http::HttpReply;

use crate::ask::Ask;

/// Parked messages, events and audit records that are looked at.
const MOST: usize = 100;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// How long before its end a token is worth a word.
const NOTICE: Duration = Duration::from_secs(7 * 24 * 3600);

pub(crate) async fn show(ask: &Ask<'_>, reference: &str) -> Result<HttpReply, Problem> {
    let integration = super::find(ask, reference).await?;
    let mut activity = Activity::default();
    count_parked(ask, &integration, &mut activity).await?;
    count_events(ask, &integration, &mut activity).await?;
    activity.last_used = last_used(ask, &integration).await?;
    let advice = advice(&integration, &activity, ask.context.clock.now());
    let view = HealthView {
        status: integration.shown_status(),
        verified_at: integration.verified_at,
        expires_at: integration.expires_at,
        last_error: integration.last_error.as_ref(),
        limits: integration.facts.clone(),
        webhook: integration.webhook.as_ref().map(WebhookState::from),
        activity,
        advice,
    };
    Ok(HttpReply::data(200, &view))
}

async fn count_parked(
    ask: &Ask<'_>,
    of: &Integration,
    activity: &mut Activity,
) -> Result<(), Problem> {
    let parked = &ask.context.parked;
    let found = parked.count(&of.tenant, &of.id, MOST + 1).await?;
    activity.parked = u64::try_from(found.min(MOST)).unwrap_or(u64::MAX);
    activity.parked_is_least = found > MOST;
    Ok(())
}

async fn count_events(
    ask: &Ask<'_>,
    of: &Integration,
    activity: &mut Activity,
) -> Result<(), Problem> {
    let wanted = BTreeSet::from([of.id.clone()]);
    let events = &ask.context.events;
    let page = events.list(&of.tenant, &wanted, None, MOST).await?;
    let now = ask.context.clock.now();
    let late = page
        .lines
        .iter()
        .take_while(|one| one.received_at.until(now) <= DAY)
        .count();
    activity.last_event_at = page.lines.first().map(|newest| newest.received_at);
    activity.events_last_day = u64::try_from(late).unwrap_or(u64::MAX);
    activity.events_are_least = page.next.is_some() && late == page.lines.len();
    Ok(())
}

/// The latest opening of its credential among the latest records of its provider type.
async fn last_used(ask: &Ask<'_>, of: &Integration) -> Result<Option<LastUse>, Problem> {
    let most = i32::try_from(MOST).unwrap_or(i32::MAX);
    let trail = &ask.context.trail;
    let records = trail
        .list(&of.tenant, Some(&of.provider), None, most)
        .await?;
    let opened = records
        .into_iter()
        .map(|stored| stored.record)
        .find(|one| one.action == "credentials.open" && one.integration.as_ref() == Some(&of.id));
    Ok(opened.map(|record| LastUse {
        at: record.at,
        purpose: record.purpose,
    }))
}

/// What to do, most urgent first.
fn advice(of: &Integration, activity: &Activity, now: Timestamp) -> Vec<String> {
    let refused = (of.status == Status::Invalid).then(|| {
        let why = of.last_error.as_ref();
        why.map_or_else(
            || "The provider refuses the credentials: enter them again.".to_owned(),
            |why| format!("{} {}", why.detail, why.hint),
        )
    });
    let expires = of.expires_at.and_then(|at| {
        if at <= now {
            Some(format!("The token ended at {at}: enter a new one."))
        } else if at <= now.after(NOTICE) {
            Some(format!(
                "The token ends at {at}: enter a new one before then."
            ))
        } else {
            None
        }
    });
    let webhook = of.webhook.as_ref();
    let webhook = webhook.filter(|webhook| webhook.status != WebhookStatus::Registered);
    let webhook = webhook.map(|webhook| {
        let why = webhook.error.as_ref();
        why.map_or_else(
            || "The provider was not told the webhook's URL yet: repair the webhook.".to_owned(),
            |why| format!("{} {}", why.detail, why.hint),
        )
    });
    let parked = (activity.parked > 0).then(|| {
        let least = if activity.parked_is_least { "at least " } else { "" };
        format!(
            "Messages that wait for this integration: {least}{}. They are sent when it can send again and is saved.",
            activity.parked
        )
    });
    let disabled = (!of.enabled)
        .then(|| "It is switched off: switch it on to send through it again.".to_owned());
    [refused, expires, webhook, parked, disabled]
        .into_iter()
        .flatten()
        .collect()
}
