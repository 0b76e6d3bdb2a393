//! The one request per claim, and what its answer means.

use domain::failure::Reaction;
use domain::ledger::AttemptResult;
use domain::{Failure, FailureKind};
use edge::sqs::contained;

use crate::account::Account;
use crate::job::Suspect;
use crate::plan::{Plan, Step};
use crate::{Dispatcher, backoff, refusals, verdict};

/// Attempts that may end in the provider's own trouble before the message goes to the dead-letter queue.
const MOST_TROUBLES: u32 = 8;
/// Attempts that may end so before another route is tried.
const MOST_TROUBLES_OF_A_ROUTE: u32 = 3;

/// How an attempt ended.
pub(crate) struct Attempted {
    pub(crate) result: AttemptResult,
    /// The credential was refused, and is to be looked at a second time.
    pub(crate) suspect: Option<Suspect>,
}

impl From<AttemptResult> for Attempted {
    fn from(result: AttemptResult) -> Self {
        Self {
            result,
            suspect: None,
        }
    }
}

/// Makes a claimed plan's attempt.
pub(crate) async fn make(context: &Dispatcher, plan: &Plan<'_>) -> Attempted {
    let attempted = match &plan.step {
        Step::Send(account) => {
            let panicked = AttemptResult::Unknown(Failure::new(
                FailureKind::OutcomeUnknown,
                "Switchboard failed while it was sending: the message may or may not have been sent.",
                "Wait for the message's status before sending again; the operator has been alarmed.",
            ));
            contained(Box::pin(send(context, plan, account)), panicked.into()).await
        }
        Step::Quarantine(integration) => {
            let tries = plan.job.progress.troubles + 1;
            verdict::on_tampering(context, integration, tries)
                .await
                .into()
        }
        Step::Settle(_, result) => result.clone().into(),
    };
    Attempted {
        result: bounded(context, plan, attempted.result),
        ..attempted
    }
}

/// Lets another route take over what this one cannot do, and ends what has been tried for long enough.
fn bounded(context: &Dispatcher, plan: &Plan<'_>, result: AttemptResult) -> AttemptResult {
    // What was settled without asking anybody has had all its routes looked at.
    let was_tried = !matches!(plan.step, Step::Settle(..));
    let goes_on = was_tried && plan.goes_on() && !plan.after_unknown;
    let now = context.clock.now();
    let is_old = plan.job.is_old(now);
    match result {
        AttemptResult::Failed(failure) | AttemptResult::Parked(failure)
            if goes_on && failure.kind.may_differ_elsewhere() =>
        {
            AttemptResult::PassedOn(failure)
        }
        AttemptResult::Deferred { failure, until } => {
            let counts = failure.kind.reaction() == Reaction::TryLater { counts: true };
            let troubles = plan.job.progress.troubles + u32::from(counts);
            let often = goes_on && counts && troubles >= MOST_TROUBLES_OF_A_ROUTE;
            if often && failure.kind.may_differ_elsewhere() {
                AttemptResult::PassedOn(failure)
            } else if is_old && failure.kind.is_slowing_down() {
                AttemptResult::Failed(refusals::waited_in_vain())
            } else if is_old || troubles >= MOST_TROUBLES {
                AttemptResult::DeadLettered(refusals::given_up(failure, troubles))
            } else {
                AttemptResult::Deferred { until, failure }
            }
        }
        settled => settled,
    }
}

async fn send(context: &Dispatcher, plan: &Plan<'_>, account: &Account) -> Attempted {
    let Some((provider, channel)) = context
        .custody
        .provider(account.provider())
        .and_then(|provider| Some((provider, (context.errand.channel)(provider)?)))
    else {
        return AttemptResult::Failed(refusals::does_not_send()).into();
    };
    let connection = context
        .custody
        .connect(provider, account.settings(), account.credentials());
    let sent = channel
        .send(connection, &plan.job.id, plan.job.payload)
        .await;
    let now = context.clock.now();
    context
        .gates
        .ended(&account.key(), sent.as_ref().err(), now);
    let failure = match sent {
        Ok(accepted) => {
            let provider_id = accepted.provider_id;
            return AttemptResult::Sent { provider_id }.into();
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
        Reaction::GiveUp => AttemptResult::Failed(failure).into(),
        Reaction::AwaitEvidence => AttemptResult::Unknown(failure).into(),
        Reaction::Park => {
            Box::pin(verdict::on_rejection(
                context, provider, account, failure, &plan.job,
            ))
            .await
        }
        Reaction::TryLater { counts } => {
            let progress = &plan.job.progress;
            let delay = match failure.kind {
                // Meta asks for four times as long each time.
                FailureKind::RecipientThrottled => {
                    backoff::deferral(failure.retry_after, 2 * progress.attempt)
                }
                _ if counts => backoff::deferral(failure.retry_after, progress.troubles + 1),
                _ => backoff::asked(failure.retry_after, progress.attempt),
            };
            let until = now.after(delay);
            match failure.kind {
                FailureKind::Throttled => context.gates.slow_down(&account.key(), until, now),
                FailureKind::RecipientThrottled => {
                    if let Some(to) = channel.recipient(plan.job.payload) {
                        context.gates.pause_recipient(&account.key(), to, until);
                    }
                }
                _ => {}
            }
            AttemptResult::Deferred { until, failure }.into()
        }
    }
}
