//! Credentials in the clear: for machines of the platform, and for admins who say why; every admin is told of it.

use contract::credentials::{Exposed, Revealed};
use domain::opening::Reason;
use domain::{Caller, Credentials, Integration, Role, text};
use edge::Problem;
use edge::http::HttpReply;
use store::notifications::Notification;

use super::problems::open_problem;
use super::webhook;
use crate::ask::Ask;

/// Most characters of a reason.
const LONGEST_REASON: usize = 200;

pub(crate) async fn reveal(ask: &Ask<'_>, reference: &str) -> Result<HttpReply, Problem> {
    let integration = super::find(ask, reference).await?;
    let reason = reason(ask)?;
    let credentials = open(ask, &integration, &reason).await?;
    let revealed = Revealed {
        integration_id: &integration.id,
        provider: &integration.provider,
        credentials: Exposed::all(&credentials, webhook::is_ours),
        settings: &integration.settings,
        expires_at: integration.expires_at,
    };
    Ok(HttpReply::data(200, &revealed))
}

/// Opens credentials to be told: first it is on record who asked and why, and whoever manages the integration is
/// notified; else nothing is told.
pub(crate) async fn open(
    ask: &Ask<'_>,
    integration: &Integration,
    reason: &str,
) -> Result<Credentials, Problem> {
    let context = ask.context;
    let subject = (&integration.provider, Some(&integration.id));
    let mut record = ask.record("credentials.reveal", subject);
    record.purpose = Some(reason.to_owned());
    record.credential_version = Some(integration.credential_version);
    if is_person(ask.caller) {
        let now = context.clock.now();
        let by = &ask.caller.user;
        let notification = Notification::credentials_revealed(integration, by, reason, now);
        context.notices.tell(&notification, &record).await?;
    } else {
        context.trail.append(&integration.tenant, &record).await?;
    }
    let by = ask.opens_for(Reason::Reveal);
    let opened = context.custody.open(integration, None, by).await;
    opened.map_err(open_problem)
}

fn is_person(caller: &Caller) -> bool {
    caller.role != Role::Service
}

fn reason(ask: &Ask<'_>) -> Result<String, Problem> {
    let given = ask.parameter("reason").unwrap_or_default();
    let given = given.trim();
    if given.is_empty() && !is_person(ask.caller) {
        return Ok("service".to_owned());
    }
    let sound = given.chars().count() <= LONGEST_REASON && text::is_label(given);
    if sound {
        return Ok(given.to_owned());
    }
    let says = "must say in 1 to 200 characters why the credentials are needed";
    Err(Problem::invalid_parameter("reason", says))
}
