//! Who may send through what. Machines send for anybody of the organisation. People send as themselves: admins through
//! their own integrations and all of the organisation's, everybody else through their own and those of the organisation
//! that an admin lets them use (S0-48, S1-64).

use contract::messages::Metadata;
use domain::resolution::{self, Known, PlatformOffer, Resolution, Wanted};
use domain::{Integration, ProviderId, Role};
use edge::Problem;

use crate::ask::Ask;
use crate::integrations::permissions;

/// Refuses what the caller may not send. What somebody may who does not send for the organisation is tied to the
/// integration that was found, so that no other is taken later.
pub(super) async fn check(ask: &Ask<'_>, metadata: &mut Metadata) -> Result<(), Problem> {
    let caller = ask.caller;
    if caller.role == Role::Service {
        return Ok(());
    }
    let named = [
        &metadata.user_id,
        &metadata.assigned_to,
        &metadata.created_by,
    ];
    if named.into_iter().flatten().any(|user| *user != caller.user) {
        return Err(Problem::forbidden("You may send as yourself only."));
    }
    metadata.user_id = Some(caller.user.clone());
    if caller.role.sends_for_tenant() {
        return Ok(());
    }
    let chosen = choose(ask, metadata).await?;
    let chosen = chosen.ok_or_else(nothing_to_send_through)?;
    if !permissions::may_send(ask, &chosen).await? {
        return Err(not_permitted());
    }
    metadata.integration_id = Some(chosen.id);
    Ok(())
}

/// The integration that would send the message.
async fn choose(ask: &Ask<'_>, metadata: &Metadata) -> Result<Option<Integration>, Problem> {
    let caller = ask.caller;
    let rosters = ask.context.integrations.find_rosters_of(caller).await?;
    let rosters: Vec<_> = rosters.iter().collect();
    let usual = ProviderId::parse("whatsapp").ok();
    let known = Known {
        rosters: &rosters,
        platform: &PlatformOffer::new(),
        now: ask.context.clock.now(),
    };
    let wanted = Wanted {
        provider: metadata.channel.as_ref().or(usual.as_ref()),
        integration: metadata.integration_id.as_ref(),
        agent: metadata.agent_id.as_ref(),
        account: metadata.phone_number_id.as_deref(),
        users: vec![&caller.user],
    };
    let id = match resolution::resolve(&known, &wanted).0 {
        Resolution::Use(id, _) | Resolution::Unusable(id, ..) => id,
        _ => return Ok(None),
    };
    Ok(ask.context.integrations.find(&caller.tenant, &id).await?)
}

fn nothing_to_send_through() -> Problem {
    Problem::new(
        409,
        "credentials_not_configured",
        "Credentials not configured: there is nothing that could send this message for you.",
    )
    .hint("Connect an account of your own, or ask an admin to connect one and to let you use it.")
}

fn not_permitted() -> Problem {
    Problem::forbidden("You may not send through this integration.")
        .hint("Ask an admin to let you send through it, or connect an account of your own.")
}
