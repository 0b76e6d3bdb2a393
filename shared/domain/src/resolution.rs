//! Which credential serves a request: one pure function over what is known of a tenant's integrations.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::{IntegrationId, ProviderId, UserId};
use crate::integration::{Integration, Owner, Status};
use crate::time::Timestamp;

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

    fn usable(&self) -> bool {
        self.enabled && self.status.may_send()
    }
}

/// All candidates of a tenant, or of one of its users.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roster {
    /// By integration.
    pub candidates: BTreeMap<IntegrationId, Candidate>,
    /// The tenant has left: nothing is sent for it any more.
    pub tenant_removed: bool,
}

/// What a sender asks for.
#[derive(Debug, Clone, Default)]
pub struct Wanted<'a> {
    /// The provider type; `None` accepts any.
    pub provider: Option<&'a ProviderId>,
    /// This integration and no other.
    pub integration: Option<&'a IntegrationId>,
    /// An id at the provider, such as the phone number id to send from.
    pub account: Option<&'a str>,
    /// Users whose own integrations come first, in this order.
    pub users: Vec<&'a UserId>,
}

/// Why an integration was chosen; shown in every answer and record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CredentialSource {
    /// The request named the integration.
    Requested,
    /// It is the sending user's own.
    User,
    /// It is the tenant's.
    Tenant,
}

impl CredentialSource {
    /// The name as it is stored and shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::User => "user",
            Self::Tenant => "tenant",
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
    /// Nothing fits.
    NotConfigured,
    /// The tenant has left.
    TenantRemoved,
}

/// Chooses among the integrations of some rosters. First match wins: the integration named, the users' own, the
/// tenant's; within each, usable ones before others, then by priority, age and id. An account id, when given, must
/// be the integration's own.
pub fn resolve(rosters: &[&Roster], wanted: &Wanted<'_>) -> Resolution {
    if rosters.iter().any(|roster| roster.tenant_removed) {
        return Resolution::TenantRemoved;
    }
    let candidates = || rosters.iter().flat_map(|roster| &roster.candidates);
    let fits = |candidate: &Candidate| {
        wanted
            .provider
            .is_none_or(|provider| *provider == candidate.provider)
            && wanted
                .account
                .is_none_or(|account| candidate.accounts.iter().any(|own| own == account))
    };
    if let Some(named) = wanted.integration {
        return candidates()
            .find(|(id, candidate)| *id == named && fits(candidate))
            .map_or(Resolution::NotConfigured, |(id, candidate)| {
                answer(id, candidate, CredentialSource::Requested)
            });
    }
    let best = |is_owner: &dyn Fn(&Owner) -> bool, source| {
        candidates()
            .filter(|(_, candidate)| is_owner(&candidate.owner) && fits(candidate))
            .min_by_key(|(id, candidate)| {
                (
                    !candidate.usable(),
                    candidate.priority,
                    candidate.created_at,
                    *id,
                )
            })
            .map(|(id, candidate)| answer(id, candidate, source))
    };
    let of_user = |user: &UserId| {
        best(
            &|owner| matches!(owner, Owner::User(own) if own == user),
            CredentialSource::User,
        )
    };
    wanted
        .users
        .iter()
        .find_map(|user| of_user(user))
        .or_else(|| best(&|owner| *owner == Owner::Tenant, CredentialSource::Tenant))
        .unwrap_or(Resolution::NotConfigured)
}

fn answer(id: &IntegrationId, candidate: &Candidate, source: CredentialSource) -> Resolution {
    if candidate.usable() {
        Resolution::Use(id.clone(), source)
    } else {
        let status = if candidate.enabled {
            candidate.status
        } else {
            Status::Disabled
        };
        Resolution::Unusable(id.clone(), source, status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(owner: Owner, priority: u32, status: Status) -> Candidate {
        Candidate {
            provider: ProviderId::parse("whatsapp").expect("valid"),
            owner,
            accounts: vec![format!("phone-{priority}")],
            enabled: true,
            status,
            priority,
            created_at: Timestamp::from_seconds(0),
            version_attested: String::new(),
        }
    }

    #[test]
    fn first_match_wins() {
        let user = UserId::parse("u1").expect("valid");
        let other = UserId::parse("u2").expect("valid");
        let (own, first, second, broken) = (
            IntegrationId::make(),
            IntegrationId::make(),
            IntegrationId::make(),
            IntegrationId::make(),
        );
        let mut roster = Roster {
            candidates: [
                (
                    own.clone(),
                    candidate(Owner::User(user.clone()), 9, Status::Connected),
                ),
                (
                    first.clone(),
                    candidate(Owner::Tenant, 1, Status::Connected),
                ),
                (
                    second.clone(),
                    candidate(Owner::Tenant, 2, Status::Connected),
                ),
                (broken.clone(), candidate(Owner::Tenant, 0, Status::Invalid)),
            ]
            .into(),
            tenant_removed: false,
        };
        let with = |wanted: Wanted<'_>| resolve(&[&roster], &wanted);
        assert_eq!(
            with(Wanted::default()),
            Resolution::Use(first, CredentialSource::Tenant)
        );
        assert_eq!(
            with(Wanted {
                users: vec![&other, &user],
                ..Wanted::default()
            }),
            Resolution::Use(own, CredentialSource::User)
        );
        assert_eq!(
            with(Wanted {
                account: Some("phone-2"),
                ..Wanted::default()
            }),
            Resolution::Use(second.clone(), CredentialSource::Tenant)
        );
        assert_eq!(
            with(Wanted {
                account: Some("phone-0"),
                ..Wanted::default()
            }),
            Resolution::Unusable(broken, CredentialSource::Tenant, Status::Invalid)
        );
        assert_eq!(
            with(Wanted {
                integration: Some(&second),
                account: Some("phone-1"),
                ..Wanted::default()
            }),
            Resolution::NotConfigured
        );
        roster.tenant_removed = true;
        assert_eq!(
            resolve(&[&roster], &Wanted::default()),
            Resolution::TenantRemoved
        );
    }
}
