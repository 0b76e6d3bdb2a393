//! The account that a message is sent through: one that a tenant has connected, or the platform's own.

use std::sync::Arc;

use domain::{Credentials, Integration, IntegrationId, ProviderId, TenantId};
use providers::Settings;
use providers::form::Filled;

/// An account with all that a request needs.
#[derive(Clone)]
pub(crate) enum Account {
    /// A tenant's, or one of its users'.
    Connected(Arc<Integration>, Arc<Credentials>),
    /// The platform's, of that type.
    Platforms(ProviderId, Arc<Filled>),
}

/// Names an account among all that a container uses: an integration's id alone is nobody's.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) enum AccountKey {
    Connected(TenantId, IntegrationId),
    Platforms(ProviderId),
}

impl Account {
    pub(crate) fn key(&self) -> AccountKey {
        match self {
            Self::Connected(integration, _) => AccountKey::of(integration),
            Self::Platforms(provider, _) => AccountKey::Platforms(provider.clone()),
        }
    }

    /// The integration; the platform's account is none.
    pub(crate) fn integration(&self) -> Option<&IntegrationId> {
        match self {
            Self::Connected(integration, _) => Some(&integration.id),
            Self::Platforms(..) => None,
        }
    }

    pub(crate) fn provider(&self) -> &ProviderId {
        match self {
            Self::Connected(integration, _) => &integration.provider,
            Self::Platforms(provider, _) => provider,
        }
    }

    /// The version of the integration's credentials; the platform's have none.
    pub(crate) fn credential_version(&self) -> u64 {
        match self {
            Self::Connected(integration, _) => integration.credential_version,
            Self::Platforms(..) => 0,
        }
    }

    pub(crate) fn settings(&self) -> &Settings {
        match self {
            Self::Connected(integration, _) => &integration.settings,
            Self::Platforms(_, account) => &account.settings,
        }
    }

    pub(crate) fn credentials(&self) -> &Credentials {
        match self {
            Self::Connected(_, credentials) => credentials,
            Self::Platforms(_, account) => &account.credentials,
        }
    }
}

impl AccountKey {
    pub(crate) fn of(integration: &Integration) -> Self {
        Self::Connected(integration.tenant.clone(), integration.id.clone())
    }
}
