//! The right to act on a message: taken for the whole batch in one write, directly before sending.

use domain::ledger::{AttemptResult, Claim, LEASE_MARGIN, Ledger, Next, Outcome};
use domain::{Failure, FailureKind, Timestamp, random};
use edge::lambda::Invocation;
use edge::problem::Causes;
use futures_util::future::join_all;
use store::ledger::Claimed;

use crate::evidence::{self, Told};
use crate::fate::Fate;
use crate::job::Job;
use crate::plan::{Plan, Step};
use crate::{Dispatcher, backoff};

/// Claims every plan's attempt: those that are ours to carry out, and the fates of the others. A message that was
/// tried before moves on to the attempt its ledger calls for.
pub(crate) async fn take<'a>(
    context: &Dispatcher,
    plans: Vec<Plan<'a>>,
    invocation: &Invocation,
) -> (Vec<Plan<'a>>, Vec<(Job<'a>, Fate)>) {
    let desk = Desk {
        context,
        batch: random::base32(&random::bytes::<5>()),
        now: context.clock.now(),
        lease_until: invocation.deadline.after(LEASE_MARGIN),
    };
    // A first attempt is claimed at once; a later one only after a look at what came of those before it.
    let (first, later): (Vec<_>, Vec<_>) = plans
        .into_iter()
        .partition(|plan| plan.job.progress.attempt == 1);
    let claims: Vec<Claim> = first.iter().map(|plan| desk.claim(plan)).collect();
    let results = desk.insert(&first, &claims).await;
    let (mut ours, mut doubtful) = (Vec::with_capacity(first.len()), Vec::new());
    for (plan, claimed) in first.into_iter().zip(results) {
        match claimed {
            Claimed::Ours => ours.push(plan),
            claimed => doubtful.push((plan, claimed)),
        }
    }
    doubtful.extend(later.into_iter().map(|plan| (plan, Claimed::Exists)));
    let looks = doubtful
        .iter_mut()
        .map(|(plan, claimed)| desk.look_up(plan, *claimed));
    let fates = join_all(looks).await;
    let mut others = Vec::new();
    for ((plan, _), fate) in doubtful.into_iter().zip(fates) {
        match fate {
            None => ours.push(plan),
            Some(fate) => others.push((plan.job, fate)),
        }
    }
    (ours, others)
}

/// What the claims of a batch have in common.
struct Desk<'c> {
    context: &'c Dispatcher,
    /// Names this batch among all that may hold claims.
    batch: String,
    now: Timestamp,
    lease_until: Timestamp,
}

impl Desk<'_> {
    fn owner(&self, plan: &Plan<'_>) -> String {
        let container = &self.context.container;
        format!("{container}-{}-{}", self.batch, plan.job.index)
    }

    fn claim(&self, plan: &Plan<'_>) -> Claim {
        Claim {
            attempt: plan.job.progress.attempt,
            owner: self.owner(plan),
            at: self.now,
            lease_until: self.lease_until,
            accepted_at: plan.job.accepted_at,
            integration: plan.integration().cloned(),
            credential_source: plan.source.into(),
            credential_reason: plan.reason.name().into(),
            credential_version: plan.credential_version(),
            route: plan.route,
            channel: plan.channel().clone(),
        }
    }

    async fn insert(&self, plans: &[Plan<'_>], claims: &[Claim]) -> Vec<Claimed> {
        let rows: Vec<_> = plans
            .iter()
            .zip(claims)
            .map(|(plan, claim)| ((&plan.job.tenant, &plan.job.id), claim))
            .collect();
        self.context.messages.claim(&rows).await
    }

    /// The claim was there already, or its answer was lost: the ledger tells. `None` if it is ours after all.
    async fn look_up(&self, plan: &mut Plan<'_>, claimed: Claimed) -> Option<Fate> {
        let key = (&plan.job.tenant, &plan.job.id);
        let ledger = match self.context.messages.find(key).await {
            Ok(ledger) => ledger,
            Err(error) => {
                tracing::warn!(error = %Causes(&error), message = %plan.job.id, "the ledger cannot be read");
                return Some(self.later(plan));
            }
        };
        self.follow(plan, ledger, claimed).await
    }

    /// What the ledger calls for.
    async fn follow(&self, plan: &mut Plan<'_>, ledger: Ledger, claimed: Claimed) -> Option<Fate> {
        // Another account knows nothing of what this one was asked to send.
        if ledger.is_unknown() && ledger.claims.last().is_some_and(|last| plan.is_as(last)) {
            match evidence::ask(self.context, plan).await {
                Told::Sent => return Some(Fate::Settled),
                Told::Nothing(Some(fate)) => return Some(fate),
                Told::NotSent => return self.claim_again(plan, ledger.last_attempt() + 1).await,
                Told::Nothing(None) => {}
            }
        }
        plan.job.progress.route = plan.job.progress.route.max(ledger.route());
        let policy = plan.job.metadata.on_unknown;
        let attempt = plan.job.progress.attempt;
        match ledger.next(attempt, self.now, &self.owner(plan), policy) {
            Next::Ours => None,
            Next::Settled => Some(Fate::Settled),
            Next::Held(until) => Some(Fate::wait(&plan.job, until)),
            Next::Wait { until, attempt } => {
                Some(Fate::PutBack(plan.job.progress.next(attempt, Some(until))))
            }
            Next::DeadLetter(attempt) => Some(Fate::DeadLetter {
                progress: plan.job.progress.next(attempt, None),
                reason: reason_of(&ledger),
            }),
            Next::Claim(_) if claimed == Claimed::Unavailable => Some(self.later(plan)),
            // Of what may have been sent nothing else can be said without sending it again, by the same way.
            Next::Claim(_) if ledger.is_in_doubt() && !matches!(plan.step, Step::Send(_)) => {
                Some(Fate::Settled)
            }
            Next::Claim(_) if ledger.in_doubt().is_some_and(|claim| !plan.is_as(claim)) => {
                match plan.job.is_old(self.now) {
                    true => Some(Fate::Settled),
                    false => Some(self.later(plan)),
                }
            }
            // The plan was made for a route that has passed the message on meanwhile.
            Next::Claim(attempt)
                if plan.route < ledger.route() && matches!(plan.step, Step::Send(_)) =>
            {
                Some(Fate::PutBack(plan.job.progress.next(attempt, None)))
            }
            Next::Claim(attempt) => {
                plan.after_unknown = ledger.is_in_doubt();
                self.claim_again(plan, attempt).await
            }
            Next::RecordUnknown(attempt) => {
                let outcome = Outcome {
                    attempt,
                    at: self.now,
                    result: AttemptResult::Unknown(died()),
                };
                let key = (&plan.job.tenant, &plan.job.id);
                let messages = &self.context.messages;
                if messages.write_outcome_once(key, &outcome).await.is_err() {
                    return Some(self.later(plan));
                }
                let claim = ledger.claims.last();
                if let Some(integration) = claim.and_then(|claim| claim.integration.as_ref()) {
                    let (figures, result) = (&self.context.figures, &outcome.result);
                    figures.count(key.0, integration, self.now, result);
                }
                let fate = Fate::after(plan, &outcome, None);
                Some(fate)
            }
        }
    }

    async fn claim_again(&self, plan: &mut Plan<'_>, attempt: u32) -> Option<Fate> {
        plan.job.progress.attempt = attempt;
        let claim = self.claim(plan);
        let results = self.insert(std::slice::from_ref(plan), &[claim]).await;
        if results == [Claimed::Ours] || self.holds(plan).await {
            return None;
        }
        Some(self.later(plan))
    }

    /// Put back as it is. Whoever leaves it to come again by itself uses up its receives.
    fn later(&self, plan: &Plan<'_>) -> Fate {
        Fate::try_again(&plan.job, self.now.after(backoff::delay(None, 3)), self.now)
    }

    /// Whether the claim is ours after all: its answer was lost.
    async fn holds(&self, plan: &Plan<'_>) -> bool {
        let key = (&plan.job.tenant, &plan.job.id);
        let owner = self.owner(plan);
        let ledger = self.context.messages.find(key).await;
        ledger.is_ok_and(|ledger| {
            let last = ledger.claims.last();
            last.is_some_and(|claim| claim.owner == owner && !ledger.has_ended(claim.attempt))
        })
    }
}

fn reason_of(ledger: &Ledger) -> String {
    let last = ledger.outcomes.last();
    let failure = last.and_then(|outcome| outcome.result.failure());
    failure.map_or_else(String::new, |failure| failure.detail.clone())
}

fn died() -> Failure {
    Failure::new(
        FailureKind::OutcomeUnknown,
        "The function ended while it was sending: the message may or may not have been sent.",
        "Wait for the message's status, or ask the recipient, before sending again.",
    )
}
