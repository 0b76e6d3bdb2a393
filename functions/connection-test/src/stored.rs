//! A test of what is stored; the verdict becomes the integration's state.

use std::time::Duration;

use domain::Integration;
use domain::integration::Status;
use domain::message::Release;
use edge::Problem;
use edge::http::HttpReply;
use providers::Provider;

use crate::ask::Ask;
use crate::reply;

pub(crate) async fn test(
    ask: &Ask<'_>,
    provider: &dyn Provider,
    integration: Integration,
) -> Result<HttpReply, Problem> {
    let opened = ask.open(&integration).await?;
    let filled = opened.ok_or_else(Problem::does_not_open)?;
    let result = ask.check(provider, &filled).await;
    let subject = (&integration.provider, Some(&integration.id));
    let record = ask.record(subject, &result);
    let context = ask.context;
    let recorded = context
        .custody
        .judge(&integration, &result, ask.opens_for(), &record)
        .await?;
    if !recorded {
        context.trail.append(&ask.caller.tenant, &record).await?;
    }
    // What was parked goes out, now that the credentials are found to work.
    if result.is_ok() && integration.status == Status::Invalid {
        let release = Release::of(&integration, context.clock.now());
        let tenant = &integration.tenant;
        if !context
            .queue
            .release(tenant, &release, Duration::ZERO)
            .await
        {
            return Err(Problem::unavailable());
        }
    }
    reply(provider, result)
}
