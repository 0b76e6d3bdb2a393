//! How an integration fares: what is known of its credential, what happened lately, and what to do.

use std::time::Duration;

use contract::analytics::LastDay;
use contract::integrations::{Activity, HealthView, LastUse, WebhookState};
use domain::Integration;
use domain::figures::Hour;
use domain::integration::{Status, WebhookStatus};
use domain::time::Timestamp;
use edge::Problem;
use edge::http::HttpReply;

use crate::ask::Ask;

/// Parked messages and audit records that are looked at.
const MOST: usize = 100;

/// How long before its end a token is worth a word.
const NOTICE: Duration = Duration::from_secs(7 * 24 * 3600);

pub(crate) async fn show(ask: &Ask<'_>, reference: &str) -> Result<HttpReply, Problem> {
    let integration = super::find(ask, reference).await?;
    let now = ask.context.clock.now();
    let (parked, parked_is_least) = count_parked(ask, &integration).await?;
    let activity = Activity {
        parked,
        parked_is_least,
        last_event_at: last_event_at(ask, &integration).await?,
        last_used: last_used(ask, &integration).await?,
        last_day: last_day(ask, &integration, now).await?,
    };
    let advice = advice(&integration, &activity, now);
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

/// How many messages wait for its repair, and whether there are more.
async fn count_parked(ask: &Ask<'_>, of: &Integration) -> Result<(u64, bool), Problem> {
    let parked = &ask.context.parked;
    let found = parked.count(&of.tenant, &of.id, MOST + 1).await?;
    let counted = u64::try_from(found.min(MOST)).unwrap_or(u64::MAX);
    Ok((counted, found > MOST))
}

async fn last_event_at(ask: &Ask<'_>, of: &Integration) -> Result<Option<Timestamp>, Problem> {
    Ok(ask.context.events.last_at(&of.tenant, &of.id).await?)
}

async fn last_day(ask: &Ask<'_>, of: &Integration, now: Timestamp) -> Result<LastDay, Problem> {
    let running = Hour::of(now);
    let figures = &ask.context.figures;
    let (from, to) = (running.later(-23), running.later(1));
    let read = figures.read(&of.tenant, &of.id, from, to).await?;
    Ok(LastDay::new(read.from.begin(), &read.sum(), now))
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
