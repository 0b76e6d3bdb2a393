//! A tenant's state with a request, as tests make them up.

use domain::agent::Binding;
use domain::grant::Grant;
use domain::integration::{Owner, Status};
use domain::resolution::{
    Candidate, Known, PlatformOffer, Reason, Resolution, Roster, Wanted, resolve,
};
use domain::{AgentId, IntegrationId, ProviderId, Timestamp, UserId};

/// The moment of all requests.
pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_000);

/// Everything that an answer follows from.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    pub(crate) integrations: Vec<(IntegrationId, Candidate)>,
    pub(crate) bindings: Vec<(AgentId, Binding)>,
    pub(crate) grants: Vec<(ProviderId, Grant)>,
    pub(crate) platform: PlatformOffer,
    pub(crate) removed: bool,
    pub(crate) request: Request,
}

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Request {
    pub(crate) provider: Option<ProviderId>,
    pub(crate) integration: Option<IntegrationId>,
    pub(crate) agent: Option<AgentId>,
    pub(crate) account: Option<String>,
    pub(crate) users: Vec<UserId>,
}

impl State {
    /// The tenant's roster, then one of each user who owns anything.
    pub(crate) fn rosters(&self) -> Vec<Roster> {
        let mut owners: Vec<&Owner> = Vec::new();
        for (_, candidate) in &self.integrations {
            if candidate.owner != Owner::Tenant && !owners.contains(&&candidate.owner) {
                owners.push(&candidate.owner);
            }
        }
        let of = |owner: &Owner| {
            let mine = self.integrations.iter().filter(|(_, c)| c.owner == *owner);
            mine.cloned().collect()
        };
        let tenants = Roster {
            candidates: of(&Owner::Tenant),
            bindings: self.bindings.iter().cloned().collect(),
            grants: self.grants.iter().cloned().collect(),
            tenant_removed: self.removed,
            ..Roster::default()
        };
        let users = owners.into_iter().map(|owner| Roster {
            candidates: of(owner),
            ..Roster::default()
        });
        [tenants].into_iter().chain(users).collect()
    }

    /// The answer, of these rosters.
    pub(crate) fn answer_of(&self, rosters: &[&Roster]) -> (Resolution, Reason) {
        let known = Known {
            rosters,
            platform: &self.platform,
            now: NOW,
        };
        let Request {
            provider,
            integration,
            agent,
            account,
            users,
        } = &self.request;
        let wanted = Wanted {
            provider: provider.as_ref(),
            integration: integration.as_ref(),
            agent: agent.as_ref(),
            account: account.as_deref(),
            users: users.iter().collect(),
        };
        resolve(&known, &wanted)
    }

    /// The answer.
    pub(crate) fn answer(&self) -> (Resolution, Reason) {
        let rosters = self.rosters();
        self.answer_of(&rosters.iter().collect::<Vec<_>>())
    }

    /// Adds an integration with that account.
    pub(crate) fn connect(
        &mut self,
        provider: &str,
        owner: Owner,
        account: &str,
    ) -> (IntegrationId, &mut Candidate) {
        let id = IntegrationId::make();
        let candidate = Candidate {
            provider: self::provider(provider),
            owner,
            accounts: vec![account.to_owned()],
            enabled: true,
            status: Status::Connected,
            priority: 5,
            created_at: Timestamp::from_seconds(
                i64::try_from(self.integrations.len()).expect("few"),
            ),
            version_attested: String::new(),
        };
        self.integrations.push((id.clone(), candidate));
        let last = self.integrations.last_mut().expect("just added");
        (id, &mut last.1)
    }
}

pub(crate) fn provider(name: &str) -> ProviderId {
    ProviderId::parse(name).expect("a provider type")
}

pub(crate) fn user(name: &str) -> UserId {
    UserId::parse(name).expect("a user")
}
