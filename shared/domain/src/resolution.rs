//! Which credential serves a request: one pure function over what is known of a tenant.
//!
//! First match wins: the integration named in the request, the agent's binding, the users' own, the tenant's, the
//! platform's under a live grant, for AI calls a simulation; else nothing is configured.
//!
//! * Who is named or bound serves or nobody does: what is gone or does not fit is never replaced.
//! * What is switched off steps aside for the next in line. What the provider refused does not step aside for another
//!   owner: it is to be repaired.
//! * The platform's account serves a tenant without an enabled integration of the type, while a grant is live.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::agent::Binding;
use crate::grant::Grant;
use crate::ids::{AgentId, IntegrationId, ProviderId, UserId};
use crate::integration::{Integration, Owner, Status};
use crate::time::Timestamp;

/// The provider type whose calls are simulated where nothing is configured.
const SIMULATED: &str = "elevenlabs";

/// What choosing needs to know of one integration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Provider type.
    pub provider: ProviderId,
    /// The tenant's or one user's.
    pub owner: Owner,
    /// Ids at the provider, such as phone number ids.
    pub accounts: Vec<String>,
    /// Switched on.
    pub enabled: bool,
    /// What is known about the credential.
    pub status: Status,
    /// Lower is tried first.
    pub priority: u32,
    /// Older ones first among equals.
    pub created_at: Timestamp,
    /// The vault's word for the version of its credentials; kept beside the line, and written only with a new version.
    #[serde(skip)]
    pub version_attested: String,
}

impl Candidate {
    /// The candidate that an integration is.
    pub fn of(integration: &Integration) -> Self {
        Self {
            provider: integration.provider.clone(),
            owner: integration.owner.clone(),
            accounts: integration.accounts.clone(),
            enabled: integration.enabled,
            status: integration.status,
            priority: integration.priority,
            created_at: integration.created_at,
            version_attested: integration.version_attested.clone(),
        }
    }

    /// Whether that account at the provider is its own.
    fn has(&self, account: &str) -> bool {
        self.accounts.iter().any(|own| own == account)
    }

    fn standing(&self) -> Standing {
        if !self.enabled || self.status == Status::Disabled {
            Standing::SwitchedOff
        } else if self.status.may_send() {
            Standing::Usable
        } else {
            Standing::Refused
        }
    }
}

/// What can be done with an integration, from the best on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    /// It may send.
    Usable,
    /// Its provider refused it: it waits for a repair.
    Refused,
    /// Its tenant does not want it used.
    SwitchedOff,
}

/// All candidates of a tenant, or of one of its users; with the tenant's, its agents' bindings and its grants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roster {
    /// By integration.
    pub candidates: BTreeMap<IntegrationId, Candidate>,
    /// What agents are bound to.
    pub bindings: BTreeMap<AgentId, Binding>,
    /// Agents that are bound to nothing.
    pub unbound: BTreeSet<AgentId>,
    /// For which provider types the platform's own account was granted, ended grants among them.
    pub grants: BTreeMap<ProviderId, Grant>,
    /// The tenant has left: nothing is sent for it any more.
    pub tenant_removed: bool,
}

impl Roster {
    /// Whether it tells of an agent.
    pub fn knows(&self, agent: &AgentId) -> bool {
        self.bindings.contains_key(agent) || self.unbound.contains(agent)
    }
}

/// The provider types for which the platform has an account of its own, with its ids at the provider.
pub type PlatformOffer = BTreeMap<ProviderId, Vec<String>>;

/// All that is known when a credential is chosen.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// The tenant's roster, and those of the users that are asked for.
    pub rosters: &'a [&'a Roster],
    /// What the platform has set up.
    pub platform: &'a PlatformOffer,
    /// The present time.
    pub now: Timestamp,
}

/// What a sender asks for.
#[derive(Debug, Clone, Default)]
pub struct Wanted<'a> {
    /// The provider type; `None` accepts any.
    pub provider: Option<&'a ProviderId>,
    /// This integration and no other.
    pub integration: Option<&'a IntegrationId>,
    /// The agent that sends.
    pub agent: Option<&'a AgentId>,
    /// An id at the provider, such as the phone number id to send from.
    pub account: Option<&'a str>,
    /// Users whose own integrations come first, in this order.
    pub users: Vec<&'a UserId>,
}

/// Whose credential was chosen; shown in every answer and record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CredentialSource {
    /// The request named the integration.
    Requested,
    /// The sending agent is bound to it.
    Agent,
    /// It is the sending user's own.
    User,
    /// It is the tenant's.
    Tenant,
    /// It is the platform's own, under a grant.
    Platform,
    /// None: the call is written down and not made.
    Simulated,
}

impl CredentialSource {
    /// The name as it is stored and shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Agent => "agent",
            Self::User => "user",
            Self::Tenant => "tenant",
            Self::Platform => "platform",
            Self::Simulated => "simulated",
        }
    }
}

/// Why the answer is what it is; shown beside the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The request named it.
    Named,
    /// The agent is bound to it.
    Bound,
    /// It is the first in line.
    FirstInLine,
    /// Those before it in line are switched off, or were refused and have the same owner.
    NextInLine,
    /// The platform's account is granted to the tenant.
    Granted,
    /// The integration that the request names is not there.
    IntegrationGone,
    /// The integration that the request names is of another type, or has another account.
    IntegrationDoesNotFit,
    /// The integration that the agent is bound to is not there.
    BindingGone,
    /// The integration that the agent is bound to is of another type, or has another account.
    BindingDoesNotFit,
    /// There are accounts of the type, and none is the one that is asked for.
    WrongAccount,
    /// The tenant has no integration of the type, and was never granted the platform's.
    NoIntegration,
    /// The tenant has no integration of the type, and its grant of the platform's is over.
    GrantEnded,
    /// The platform's account is granted to the tenant, and the platform has none.
    PlatformNotSetUp,
    /// The tenant has left.
    TenantRemoved,
}

impl Reason {
    /// The name as it is stored and shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Named => "named",
            Self::Bound => "bound",
            Self::FirstInLine => "first_in_line",
            Self::NextInLine => "next_in_line",
            Self::Granted => "granted",
            Self::IntegrationGone => "integration_gone",
            Self::IntegrationDoesNotFit => "integration_does_not_fit",
            Self::BindingGone => "binding_gone",
            Self::BindingDoesNotFit => "binding_does_not_fit",
            Self::WrongAccount => "wrong_account",
            Self::NoIntegration => "no_integration",
            Self::GrantEnded => "grant_ended",
            Self::PlatformNotSetUp => "platform_not_set_up",
            Self::TenantRemoved => "tenant_removed",
        }
    }
}

/// The answer of [`resolve`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// Use this one.
    Use(IntegrationId, CredentialSource),
    /// This is the one, but it is switched off or its credential was refused: wait for its repair.
    Unusable(IntegrationId, CredentialSource, Status),
    /// Use the platform's own account.
    Platform,
    /// Write down what would be done, and do nothing.
    Simulated,
    /// Nothing fits.
    NotConfigured,
    /// The tenant has left.
    TenantRemoved,
}

/// Chooses the credential that serves a request, and says why.
pub fn resolve(known: &Known<'_>, wanted: &Wanted<'_>) -> (Resolution, Reason) {
    if known.rosters.iter().any(|roster| roster.tenant_removed) {
        return (Resolution::TenantRemoved, Reason::TenantRemoved);
    }
    let line = Line { known, wanted };
    line.named()
        .or_else(|| line.bound())
        .or_else(|| line.first_owned(|standing| standing != Standing::SwitchedOff))
        .or_else(|| line.platforms())
        .or_else(|| line.first_owned(|_| true))
        .unwrap_or_else(|| line.nothing())
}

/// What may serve a request.
struct Line<'a> {
    known: &'a Known<'a>,
    wanted: &'a Wanted<'a>,
}

type Found<'a> = (&'a IntegrationId, &'a Candidate);

impl<'a> Line<'a> {
    fn named(&self) -> Option<(Resolution, Reason)> {
        let id = self.wanted.integration?;
        let visible = |candidate: &&Candidate| match &candidate.owner {
            Owner::Tenant => true,
            Owner::User(user) => self.wanted.users.contains(&user),
        };
        Some(match self.find(id).filter(visible) {
            None => (Resolution::NotConfigured, Reason::IntegrationGone),
            Some(candidate) if self.fits(candidate) => (
                answer((id, candidate), CredentialSource::Requested),
                Reason::Named,
            ),
            Some(_) => (Resolution::NotConfigured, Reason::IntegrationDoesNotFit),
        })
    }

    fn bound(&self) -> Option<(Resolution, Reason)> {
        let agent = self.wanted.agent?;
        let mut bindings = self.known.rosters.iter();
        let binding = bindings.find_map(|roster| roster.bindings.get(agent))?;
        if !binding.enabled {
            return None;
        }
        let id = &binding.integration;
        let is_tenants = |candidate: &&Candidate| candidate.owner == Owner::Tenant;
        let Some(candidate) = self.find(id).filter(is_tenants) else {
            return Some((Resolution::NotConfigured, Reason::BindingGone));
        };
        let account = binding.account.as_deref();
        let agree = account
            .zip(self.wanted.account)
            .is_none_or(|(bound, asked)| bound == asked);
        Some(
            if agree && self.fits(candidate) && account.is_none_or(|own| candidate.has(own)) {
                (
                    answer((id, candidate), CredentialSource::Agent),
                    Reason::Bound,
                )
            } else {
                (Resolution::NotConfigured, Reason::BindingDoesNotFit)
            },
        )
    }

    /// The best of the first owner who has one of such a standing: the users in their order, then the tenant.
    fn first_owned(&self, serves: impl Fn(Standing) -> bool) -> Option<(Resolution, Reason)> {
        let of_users = self.wanted.users.iter().map(|user| Some(*user));
        let mut reason = Reason::FirstInLine;
        for user in of_users.chain([None]) {
            let fitting = || self.owned_by(user).filter(|(_, own)| self.fits(own));
            let rank = |(id, own): &Found<'a>| (own.priority, own.created_at, *id);
            let Some(first) = fitting().min_by_key(rank) else {
                continue;
            };
            let best = fitting()
                .min_by_key(|found| (found.1.standing(), rank(found)))
                .filter(|(_, best)| serves(best.standing()));
            let Some(best) = best else {
                reason = Reason::NextInLine;
                continue;
            };
            if best.0 != first.0 {
                reason = Reason::NextInLine;
            }
            let source = user.map_or(CredentialSource::Tenant, |_| CredentialSource::User);
            return Some((answer(best, source), reason));
        }
        None
    }

    fn platforms(&self) -> Option<(Resolution, Reason)> {
        self.may_use_platforms()
            .is_ok()
            .then_some((Resolution::Platform, Reason::Granted))
    }

    /// Whether the platform's account serves, or why not.
    fn may_use_platforms(&self) -> Result<(), Reason> {
        let provider = self.wanted.provider.ok_or(Reason::NoIntegration)?;
        let mut grants = self.known.rosters.iter();
        let grant = grants
            .find_map(|roster| roster.grants.get(provider))
            .ok_or(Reason::NoIntegration)?;
        if !grant.is_live(self.known.now) {
            return Err(Reason::GrantEnded);
        }
        let accounts = self.known.platform.get(provider);
        let accounts = accounts.ok_or(Reason::PlatformNotSetUp)?;
        let has_own = self
            .owned_by(None)
            .any(|(_, own)| own.provider == *provider && own.standing() != Standing::SwitchedOff);
        let fits = self
            .wanted
            .account
            .is_none_or(|asked| accounts.iter().any(|account| account == asked));
        if has_own || !fits {
            return Err(Reason::WrongAccount);
        }
        Ok(())
    }

    fn nothing(&self) -> (Resolution, Reason) {
        let users = self.wanted.users.iter().map(|user| Some(*user));
        let has_own = users
            .chain([None])
            .flat_map(|owner| self.owned_by(owner))
            .any(|(_, own)| self.is_of_type(own));
        let reason = if has_own {
            Reason::WrongAccount
        } else {
            self.may_use_platforms()
                .err()
                .unwrap_or(Reason::NoIntegration)
        };
        let simulates = self
            .wanted
            .provider
            .is_some_and(|p| p.as_str() == SIMULATED);
        if simulates && reason != Reason::WrongAccount {
            return (Resolution::Simulated, reason);
        }
        (Resolution::NotConfigured, reason)
    }

    fn candidates(&self) -> impl Iterator<Item = Found<'a>> {
        let rosters = self.known.rosters.iter();
        rosters.flat_map(|roster| &roster.candidates)
    }

    fn find(&self, id: &IntegrationId) -> Option<&'a Candidate> {
        let mut rosters = self.known.rosters.iter();
        rosters.find_map(|roster| roster.candidates.get(id))
    }

    /// Those of a user, or of the whole tenant.
    fn owned_by(&self, user: Option<&'a UserId>) -> impl Iterator<Item = Found<'a>> {
        self.candidates().filter(move |(_, own)| match &own.owner {
            Owner::Tenant => user.is_none(),
            Owner::User(owner) => user == Some(owner),
        })
    }

    fn is_of_type(&self, candidate: &Candidate) -> bool {
        let mut asked = self.wanted.provider.iter();
        asked.all(|provider| **provider == candidate.provider)
    }

    fn fits(&self, candidate: &Candidate) -> bool {
        self.is_of_type(candidate) && self.wanted.account.is_none_or(|own| candidate.has(own))
    }
}

fn answer((id, candidate): Found<'_>, source: CredentialSource) -> Resolution {
    match candidate.standing() {
        Standing::Usable => Resolution::Use(id.clone(), source),
        Standing::Refused => Resolution::Unusable(id.clone(), source, candidate.status),
        Standing::SwitchedOff => Resolution::Unusable(id.clone(), source, Status::Disabled),
    }
}
