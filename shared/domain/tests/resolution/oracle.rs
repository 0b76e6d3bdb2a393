//! The rules once more, in another shape: a list of all that could serve is made and struck through, sentence by
//! sentence. It shares nothing with the resolver but the types.

use domain::integration::{Owner, Status};
use domain::resolution::{Candidate, CredentialSource, Reason, Resolution};
use domain::{IntegrationId, UserId};

use crate::state::{NOW, State};

/// A rule that is left out, to show that its want is noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Broken {
    Nothing,
    GrantsNeverEnd,
    NoGrantIsNeeded,
    OwnIntegrationsDoNotMatterToThePlatform,
    WhoIsBoundIsReplaced,
    WhoIsNamedIsReplaced,
    OthersIntegrationsMayBeNamed,
    RefusedOnesStepAside,
    SwitchedOffOnesDoNotStepAside,
    UsersComeAfterTheTenant,
    PriorityIsForgotten,
    NothingIsSimulated,
}

/// All that `broken` may be.
pub(crate) const BROKEN: [Broken; 11] = [
    Broken::GrantsNeverEnd,
    Broken::NoGrantIsNeeded,
    Broken::OwnIntegrationsDoNotMatterToThePlatform,
    Broken::WhoIsBoundIsReplaced,
    Broken::WhoIsNamedIsReplaced,
    Broken::OthersIntegrationsMayBeNamed,
    Broken::RefusedOnesStepAside,
    Broken::SwitchedOffOnesDoNotStepAside,
    Broken::UsersComeAfterTheTenant,
    Broken::PriorityIsForgotten,
    Broken::NothingIsSimulated,
];

type Answer = (Resolution, Reason);

pub(crate) fn answer(state: &State, broken: Broken) -> Answer {
    use Resolution::{NotConfigured, Platform, Simulated, TenantRemoved};
    let request = &state.request;
    if state.removed {
        return (TenantRemoved, Reason::TenantRemoved);
    }

    // "The integration named in the request": the tenant's, or one of a user who sends; it or nothing.
    if let Some(named) = &request.integration {
        let found = state.integrations.iter().find(|(id, c)| {
            id == named && (broken == Broken::OthersIntegrationsMayBeNamed || may_know(state, c))
        });
        match found {
            Some((id, c)) if is_of_type(state, c) && has_account(c, &request.account) => {
                return (as_it_is(id, c, CredentialSource::Requested), Reason::Named);
            }
            _ if broken == Broken::WhoIsNamedIsReplaced => {}
            Some(_) => return (NotConfigured, Reason::IntegrationDoesNotFit),
            None => return (NotConfigured, Reason::IntegrationGone),
        }
    }

    // "The agent's binding is as binding; a disabled one, or an unknown agent, is as none."
    let binding = state
        .bindings
        .iter()
        .find(|(agent, b)| Some(agent) == request.agent.as_ref() && b.enabled);
    if let Some((_, binding)) = binding {
        let bound = state
            .integrations
            .iter()
            .find(|(id, c)| *id == binding.integration && c.owner == Owner::Tenant);
        let asked_otherwise = binding.account.is_some()
            && request.account.is_some()
            && binding.account != request.account;
        match bound {
            None if broken == Broken::WhoIsBoundIsReplaced => {}
            None => return (NotConfigured, Reason::BindingGone),
            Some((id, c)) => {
                let fits = is_of_type(state, c)
                    && has_account(c, &request.account)
                    && has_account(c, &binding.account)
                    && !asked_otherwise;
                if fits {
                    return (as_it_is(id, c, CredentialSource::Agent), Reason::Bound);
                }
                if broken != Broken::WhoIsBoundIsReplaced {
                    return (NotConfigured, Reason::BindingDoesNotFit);
                }
            }
        }
    }

    // Everybody in line: "the users' own in their order, then the tenant's, by priority", older ones before others.
    let mut owners: Vec<Owner> = request.users.iter().cloned().map(Owner::User).collect();
    if broken == Broken::UsersComeAfterTheTenant {
        owners.insert(0, Owner::Tenant);
    } else {
        owners.push(Owner::Tenant);
    }
    let mut line: Vec<(usize, &IntegrationId, &Candidate)> = Vec::new();
    for (place, owner) in owners.iter().enumerate() {
        let mut group: Vec<_> = state
            .integrations
            .iter()
            .filter(|(_, c)| c.owner == *owner)
            .filter(|(_, c)| is_of_type(state, c) && has_account(c, &request.account))
            .collect();
        group.sort_by(|(a_id, a), (b_id, b)| {
            let by_priority = a.priority.cmp(&b.priority);
            let rest = a.created_at.cmp(&b.created_at).then(a_id.cmp(b_id));
            if broken == Broken::PriorityIsForgotten {
                rest
            } else {
                by_priority.then(rest)
            }
        });
        line.extend(group.into_iter().map(|(id, c)| (place, id, c)));
    }

    // "Switched off steps aside. Refused does not step aside for another owner", though for one of the same.
    for (place, (owner, id, c)) in line.iter().enumerate() {
        let first = place == 0;
        let same_owner_sends = line.iter().any(|(o, _, c)| o == owner && sends(c));
        let goes = if is_off(c) {
            broken == Broken::SwitchedOffOnesDoNotStepAside
        } else {
            sends(c) || (!same_owner_sends && broken != Broken::RefusedOnesStepAside)
        };
        if goes {
            let source = if c.owner == Owner::Tenant {
                CredentialSource::Tenant
            } else {
                CredentialSource::User
            };
            let reason = if first {
                Reason::FirstInLine
            } else {
                Reason::NextInLine
            };
            return (as_it_is(id, c, source), reason);
        }
    }

    // "The platform's, only under a live grant, if it is set up, and the tenant has no own one of the type that is on."
    let grant = state
        .grants
        .iter()
        .find(|(p, _)| Some(p) == request.provider.as_ref())
        .map(|(_, grant)| grant);
    let live = grant.is_some_and(|grant| {
        let over = grant.ended.is_some() || grant.until.is_some_and(|until| until <= NOW);
        !over || broken == Broken::GrantsNeverEnd
    });
    let offered = request
        .provider
        .as_ref()
        .and_then(|provider| state.platform.get(provider));
    let own_one_is_on = state
        .integrations
        .iter()
        .any(|(_, c)| c.owner == Owner::Tenant && is_of_type(state, c) && !is_off(c));
    let own_matters = broken != Broken::OwnIntegrationsDoNotMatterToThePlatform;
    let has_it = |accounts: &Vec<String>| {
        request
            .account
            .as_ref()
            .is_none_or(|account| accounts.contains(account))
    };
    if (live || broken == Broken::NoGrantIsNeeded)
        && offered.is_some_and(has_it)
        && !(own_one_is_on && own_matters)
    {
        return (Platform, Reason::Granted);
    }

    // "If nothing else serves, what is switched off is what the message waits for."
    if let Some((_, id, c)) = line.iter().find(|(_, _, c)| is_off(c)) {
        let source = if c.owner == Owner::Tenant {
            CredentialSource::Tenant
        } else {
            CredentialSource::User
        };
        return (as_it_is(id, c, source), Reason::FirstInLine);
    }

    // "Credentials not configured", and why; "for ElevenLabs a simulated call".
    let own = state
        .integrations
        .iter()
        .any(|(_, c)| may_know(state, c) && is_of_type(state, c));
    let reason = if own {
        Reason::WrongAccount
    } else {
        match (grant, live, offered) {
            (None, ..) => Reason::NoIntegration,
            (Some(_), false, _) => Reason::GrantEnded,
            (Some(_), true, None) => Reason::PlatformNotSetUp,
            (Some(_), true, Some(_)) => Reason::WrongAccount,
        }
    };
    let calls = request
        .provider
        .as_ref()
        .is_some_and(|p| p.as_str() == "elevenlabs");
    if calls && reason != Reason::WrongAccount && broken != Broken::NothingIsSimulated {
        return (Simulated, reason);
    }
    (NotConfigured, reason)
}

fn may_know(state: &State, candidate: &Candidate) -> bool {
    match &candidate.owner {
        Owner::Tenant => true,
        Owner::User(owner) => state
            .request
            .users
            .iter()
            .any(|user: &UserId| user == owner),
    }
}

fn is_of_type(state: &State, candidate: &Candidate) -> bool {
    state.request.provider.is_none() || state.request.provider.as_ref() == Some(&candidate.provider)
}

fn has_account(candidate: &Candidate, account: &Option<String>) -> bool {
    match account {
        None => true,
        Some(account) => candidate.accounts.contains(account),
    }
}

fn is_off(candidate: &Candidate) -> bool {
    !candidate.enabled || candidate.status == Status::Disabled
}

fn sends(candidate: &Candidate) -> bool {
    !is_off(candidate) && candidate.status != Status::Invalid
}

fn as_it_is(id: &IntegrationId, candidate: &Candidate, source: CredentialSource) -> Resolution {
    if sends(candidate) {
        Resolution::Use(id.clone(), source)
    } else if is_off(candidate) {
        Resolution::Unusable(id.clone(), source, Status::Disabled)
    } else {
        Resolution::Unusable(id.clone(), source, Status::Invalid)
    }
}
