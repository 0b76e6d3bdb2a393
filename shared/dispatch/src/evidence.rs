//! A message of which nobody knows whether it was sent, where its provider can be asked what became of it.
//!
//! Most tell by themselves, in a status webhook, and are waited for. One that can be asked is asked a few times; what it
//! says settles the message, or proves that nothing was sent.

use std::time::Duration;

use custody::CHECK_TIMEOUT;
use domain::event::{DeliveryStatus, StatusUpdate};
use domain::ledger::GRACE;
use domain::{Failure, Timestamp};
use edge::problem::Causes;
use providers::Trace;
use tokio::time::timeout;

use crate::Dispatcher;
use crate::account::Account;
use crate::fate::Fate;
use crate::job::Progress;
use crate::plan::{Plan, Step};

/// How long after the attempt, or the last question, the provider is asked.
const PAUSES: [Duration; 3] = [Duration::from_secs(60), Duration::from_secs(240), GRACE];

/// What asking came to.
pub(crate) enum Told {
    /// It was sent.
    Sent,
    /// It was not, and never will be of the request that was made.
    NotSent,
    /// The provider cannot tell; if there is time left, ask again later.
    Nothing(Option<Fate>),
}

/// Whether the provider of a plan can be asked once more.
pub(crate) fn can_be_asked_for(plan: &Plan<'_>) -> bool {
    let asked = plan.job.progress.look_ups as usize;
    plan.looks_up && asked < PAUSES.len() && matches!(plan.step, Step::Send(_))
}

/// The message, to come again when the provider is to be asked.
pub(crate) fn asked_for_later(progress: &Progress, since: Timestamp) -> Progress {
    let pause = PAUSES.get(progress.look_ups as usize).unwrap_or(&GRACE);
    Progress {
        look_ups: progress.look_ups + 1,
        ..progress.later(since.after(*pause))
    }
}

/// Asks the provider, if the message has come for that.
pub(crate) async fn ask(context: &Dispatcher, plan: &Plan<'_>) -> Told {
    let Step::Send(account) = &plan.step else {
        return Told::Nothing(None);
    };
    if !plan.looks_up || plan.job.progress.look_ups == 0 {
        return Told::Nothing(None);
    }
    match look_up(context, plan, account).await {
        Ok(Trace::Found { provider_id }) => {
            let update = StatusUpdate {
                message: Some(plan.job.id.clone()),
                provider_id,
                status: DeliveryStatus::Sent,
                failure: None,
            };
            let key = (&plan.job.tenant, &plan.job.id);
            let now = context.clock.now();
            match context.messages.add_evidence(key, now, &update).await {
                Ok(_) => Told::Sent,
                Err(error) => {
                    tracing::warn!(error = %Causes(&error), "evidence could not be recorded");
                    Told::Nothing(Some(Fate::wait(&plan.job, now.after(PAUSES[0]))))
                }
            }
        }
        Ok(Trace::NeverArrived) => Told::NotSent,
        Ok(Trace::CannotTell) | Err(_) => Told::Nothing(ask_again(context, plan)),
    }
}

async fn look_up(
    context: &Dispatcher,
    plan: &Plan<'_>,
    account: &Account,
) -> Result<Trace, Option<Failure>> {
    let provider = context.custody.provider(account.provider()).ok_or(None)?;
    let channel = (context.errand.channel)(provider).ok_or(None)?;
    let connection = context
        .custody
        .connect(provider, account.settings(), account.credentials());
    let asked = timeout(CHECK_TIMEOUT, channel.look_up(connection, &plan.job.id)).await;
    asked.map_err(|_| None)?.map_err(Some)
}

fn ask_again(context: &Dispatcher, plan: &Plan<'_>) -> Option<Fate> {
    let now = context.clock.now();
    can_be_asked_for(plan).then(|| Fate::PutBack(asked_for_later(&plan.job.progress, now)))
}
