//! After a repair: whoever serves the messages queue is told to let go what waited.

use std::time::Duration;

use domain::Integration;
use domain::message::Release;
use edge::Problem;

use crate::Context;

/// Lets parked messages go if the integration can send now.
pub(crate) async fn resume(context: &Context, integration: &Integration) -> Result<(), Problem> {
    if integration.is_usable() {
        release(context, integration).await
    } else {
        Ok(())
    }
}

/// Lets parked messages go. Doing it twice is harmless: each is sent once.
pub(crate) async fn release(context: &Context, integration: &Integration) -> Result<(), Problem> {
    let Integration { tenant, id, .. } = integration;
    if context.parked.count(tenant, id, 1).await? == 0 {
        return Ok(());
    }
    let release = Release::of(integration, context.clock.now());
    match context
        .queue
        .release(tenant, &release, Duration::ZERO)
        .await
    {
        true => Ok(()),
        false => Err(Problem::unavailable()),
    }
}
