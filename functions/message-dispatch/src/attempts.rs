//! The one request per claim, and what its answer means.

use domain::failure::Reaction;
use domain::ledger::AttemptResult;
use domain::{Failure, FailureKind};
use edge::sqs::contained;

use crate::account::Account;
use crate::plan::{Plan, Step};
use crate::{Context, backoff, refusals, verdict};

/// Makes a claimed plan's attempt.
pub(crate) async fn make(context: &Context, plan: &Plan<'_>) -> AttemptResult {
    match &plan.step {
        Step::Send(account) => {
            let panicked = AttemptResult::Unknown(Failure::new(
                FailureKind::OutcomeUnknown,
                "Switchboard failed while it was sending: the message may or may not have been sent.",
                "Wait for the message's status before sending again; the operator has been alarmed.",
            ));
            contained(Box::pin(send(context, plan, account)), panicked).await
        }
        Step::Quarantine(integration) => {
            verdict::on_tampering(context, integration, plan.job.troubles + 1).await
        }
        Step::Settle(_, result) => result.clone(),
    }
}

async fn send(context: &Context, plan: &Plan<'_>, account: &Account) -> AttemptResult {
    let Some((provider, messages)) =
        providers::find(account.provider().as_str()).and_then(|p| Some((p, p.messages()?)))
    else {
        return AttemptResult::Failed(refusals::does_not_send());
    };
    let connection = context
        .custody
        .connect(provider, account.settings(), account.credentials());
    let failure = match messages
        .send(connection, &plan.job.id, plan.job.payload)
        .await
    {
        Ok(accepted) => {
            return AttemptResult::Sent {
                provider_id: accepted.provider_id,
            };
        }
        Err(failure) => failure,
    };
    tracing::info!(
        tenant = %plan.job.tenant,
        integration = account.integration().map(tracing::field::display),
        source = plan.source,
        message = %plan.job.id,
        code = failure.kind.code(),
        provider_code = failure.provider_code,
        "not sent"
    );
    match failure.kind.reaction() {
        Reaction::GiveUp => AttemptResult::Failed(failure),
        Reaction::AwaitEvidence => AttemptResult::Unknown(failure),
        Reaction::Park => {
            let tries = plan.job.troubles + 1;
            Box::pin(verdict::on_rejection(
                context, provider, account, failure, tries,
            ))
            .await
        }
        Reaction::TryLater { counts } => {
            let tries = if counts { plan.job.troubles + 1 } else { 1 };
            let delay = backoff::delay(failure.retry_after, tries);
            let until = context.clock.now().after(delay);
            if failure.kind == FailureKind::Throttled {
                context.pauses.pause(account.key(), until);
            }
            AttemptResult::Deferred { until, failure }
        }
    }
}
