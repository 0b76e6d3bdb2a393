//! Who may send through what. Machines send for anybody of the organisation. People send as themselves: admins through
//! their own integrations and all of the organisation's, everybody else through their own and those of the organisation
//! that an admin lets them use (S0-48, S1-64).

use std::collections::{BTreeMap, BTreeSet};

use contract::messages::Metadata;
use domain::integration::Owner;
use domain::resolution::{self, Known, PlatformOffer, Resolution, Roster, Wanted};
use domain::route::{Fallback, Route};
use domain::{IntegrationId, ProviderId, Role};
use edge::Problem;

use crate::ask::Ask;
use crate::integrations::permissions;

/// Through what the caller may send messages: read once, for all of a request's.
pub(super) struct Rights<'a> {
    ask: &'a Ask<'a>,
    usual: Option<ProviderId>,
    rosters: Vec<Roster>,
    sendable: BTreeSet<IntegrationId>,
}

impl<'a> Rights<'a> {
    /// Reads what decides about these messages; of those who send for the organisation nothing.
    pub(super) async fn of(
        ask: &'a Ask<'a>,
        messages: impl Iterator<Item = &Metadata>,
    ) -> Result<Self, Problem> {
        let mut rights = Self {
            ask,
            usual: ProviderId::parse("whatsapp").ok(),
            rosters: Vec::new(),
            sendable: BTreeSet::new(),
        };
        let mut messages = messages.peekable();
        if ask.caller.role.sends_for_tenant() || messages.peek().is_none() {
            return Ok(rights);
        }
        let integrations = &ask.context.integrations;
        rights.rosters = integrations.find_rosters_of(ask.caller).await?;
        let mut named: BTreeMap<IntegrationId, &Owner> = BTreeMap::new();
        for metadata in messages {
            let routes = metadata
                .fallback
                .routes()
                .iter()
                .map(|one| rights.behind(one));
            let all = std::iter::once(rights.first(metadata)).chain(routes);
            named.extend(all.filter_map(|wanted| rights.find(&wanted)));
        }
        let sendable = permissions::sendable(ask, &named).await?;
        rights.sendable = sendable;
        Ok(rights)
    }

    /// Refuses what the caller may not send. What somebody may who does not send for the organisation is tied to the
    /// integrations that were found, so that no others are taken later.
    pub(super) fn tie(&self, metadata: &mut Metadata) -> Result<(), Problem> {
        let caller = self.ask.caller;
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
        let first = self.choose(&self.first(metadata))?;
        let behind = metadata.fallback.routes().iter().map(|route| {
            let chosen = self.choose(&self.behind(route));
            chosen.map(Route::Integration).map_err(in_fallback)
        });
        let behind = behind.collect::<Result<_, _>>()?;
        metadata.fallback = Fallback::new(behind).unwrap_or_default();
        metadata.integration_id = Some(first);
        Ok(())
    }

    /// What a message asks for in the first place.
    fn first<'w>(&'w self, metadata: &'w Metadata) -> Wanted<'w> {
        Wanted {
            provider: metadata.channel.as_ref().or(self.usual.as_ref()),
            integration: metadata.integration_id.as_ref(),
            agent: metadata.agent_id.as_ref(),
            account: metadata.phone_number_id.as_deref(),
            users: vec![&self.ask.caller.user],
        }
    }

    /// What a route behind the first asks for: agent and account are those of the first.
    fn behind<'w>(&'w self, route: &'w Route) -> Wanted<'w> {
        let users = vec![&self.ask.caller.user];
        let (integration, provider) = match route {
            Route::Integration(id) => (Some(id), None),
            Route::Channel(channel) => (None, Some(channel)),
        };
        Wanted {
            integration,
            provider,
            users,
            ..Wanted::default()
        }
    }

    /// The integration that would serve, if the caller may send through it.
    fn choose(&self, wanted: &Wanted<'_>) -> Result<IntegrationId, Problem> {
        let (id, _) = self.find(wanted).ok_or_else(nothing_to_send_through)?;
        match self.sendable.contains(&id) {
            true => Ok(id),
            false => Err(not_permitted()),
        }
    }

    /// The integration that would serve, and whose it is.
    fn find(&self, wanted: &Wanted<'_>) -> Option<(IntegrationId, &Owner)> {
        let rosters: Vec<_> = self.rosters.iter().collect();
        let known = Known {
            rosters: &rosters,
            platform: &PlatformOffer::new(),
            now: self.ask.context.clock.now(),
        };
        let id = match resolution::resolve(&known, wanted).0 {
            Resolution::Use(id, _) | Resolution::Unusable(id, ..) => id,
            _ => return None,
        };
        let mut rosters = self.rosters.iter();
        let found = rosters.find_map(|roster| roster.candidates.get(&id))?;
        Some((id, &found.owner))
    }
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

/// A problem with one of the routes behind the first.
fn in_fallback(problem: Problem) -> Problem {
    problem.about(
        "metadata.fallback",
        "must name only what you may send through",
    )
}
