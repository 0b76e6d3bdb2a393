//! Phone numbers, taken over from an account: when it is saved (S1-52), and when somebody asks for it (S1-19).

use std::collections::BTreeMap;
use std::time::Duration;

use contract::integrations::Synced;
use domain::opening::Reason;
use domain::phone::E164;
use domain::{Credentials, Failure, FailureKind, Integration};
use edge::Problem;
use edge::http::HttpReply;
use providers::{PhoneNumber, PhoneNumbers, Provider};
use store::phone_numbers::{Account, Listed, MOST_PER_TENANT, SyncError};
use tokio::time::timeout;

use super::problems;
use crate::ask::Ask;

/// How long a provider may take to list its numbers, page after page; whoever saves an account waits for it.
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) async fn sync(ask: &Ask<'_>, reference: &str) -> Result<HttpReply, Problem> {
    let (integration, provider) = super::find_to_change(ask, reference).await?;
    let numbers = provider
        .phone_numbers()
        .ok_or_else(|| problems::not_able(provider, "phone numbers"))?;
    let credentials = super::open(ask, &integration, Reason::Read).await?;
    let account = (provider, numbers);
    let synced = take_over(ask, account, &integration, &credentials).await?;
    Ok(HttpReply::data(200, &synced))
}

/// Takes over the numbers of an account that was just saved; a sentence if that failed.
pub(crate) async fn after_a_save(
    ask: &Ask<'_>,
    provider: &dyn Provider,
    integration: &Integration,
    credentials: &Credentials,
) -> Option<String> {
    let account = (provider, provider.phone_numbers()?);
    let problem = take_over(ask, account, integration, credentials)
        .await
        .err()?;
    Some(format!(
        "The account's phone numbers were not taken over. {} Sync them when that is put right.",
        problem.detail()
    ))
}

async fn take_over(
    ask: &Ask<'_>,
    (provider, numbers): (&dyn Provider, &dyn PhoneNumbers),
    integration: &Integration,
    credentials: &Credentials,
) -> Result<Synced, Problem> {
    let context = ask.context;
    let subject = (&integration.provider, Some(&integration.id));
    let mut record = ask.record("phone_numbers.sync", subject);
    let at = context.clock.now();
    let connection = context
        .custody
        .connect(provider, &integration.settings, credentials);
    let listed = timeout(PATIENCE, numbers.list(connection)).await;
    let listed = match listed.unwrap_or_else(|_| Err(too_slow())) {
        Ok(listed) => listed,
        Err(failure) => {
            ask.refused(record, failure.kind.code()).await?;
            return Err(Problem::from_provider(&failure));
        }
    };
    let listed: BTreeMap<E164, Listed> = listed
        .into_iter()
        .map(|one| as_listed(one, integration))
        .collect();
    record.count = u64::try_from(listed.len()).ok();
    let account = Account {
        integration,
        listed: &listed,
        at,
    };
    let taken = context.phone_numbers.take_over(&account, &record).await;
    let taken = match taken.map_err(problem) {
        Ok(taken) => taken,
        Err(problem) => {
            ask.refused(record, problem.code()).await?;
            return Err(problem);
        }
    };
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    Ok(Synced {
        phone_numbers: count(listed.len()),
        added: count(taken.added),
        retired: count(taken.retired),
    })
}

fn as_listed(one: PhoneNumber, integration: &Integration) -> (E164, Listed) {
    let is_primary = is_own(&one, integration);
    let listed = Listed {
        provider_id: one.provider_id,
        display_name: one.display_name,
        kind: one.kind,
        is_primary,
        can_call: one.can_call,
        can_sms: one.can_sms,
    };
    (one.number, listed)
}

/// Whether the integration is set up with that number: its claim on an account at the provider names the number's id,
/// or ends with the number.
fn is_own(number: &PhoneNumber, integration: &Integration) -> bool {
    let names_it = |claim: &String| {
        number.provider_id.as_ref() == Some(claim) || claim.ends_with(number.number.as_str())
    };
    integration.accounts.iter().any(names_it)
}

fn too_slow() -> Failure {
    Failure::new(
        FailureKind::Unavailable,
        "The provider did not list its phone numbers in time.",
        "Try again in a few minutes.",
    )
}

fn problem(error: SyncError) -> Problem {
    match error {
        SyncError::Removed => Problem::not_found("integration"),
        SyncError::TooMany => Problem::new(
            409,
            "too_many_phone_numbers",
            format!("An organisation has at most {MOST_PER_TENANT} phone numbers."),
        )
        .hint("Remove an integration whose numbers are not needed any more."),
        SyncError::Store(error) => error.into(),
    }
}
