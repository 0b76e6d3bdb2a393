//! Routes and the key material that verifies their callers, kept for a minute: one read per URL and container.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::{Clock, IntegrationId, ProviderId, TenantId, Timestamp};
use providers::{Verifier, Webhooks};
use store::routes::{WebhookRoute, WebhookRoutes};
use vault::{OpenError, Opener};

use crate::openings;

/// How long a route serves before it is read again; a removed one ends within this time, one with an end on the moment.
const LIFETIME: Duration = Duration::from_secs(60);
/// Routes held at once, unknown ones included.
const MOST: usize = 2_000;
/// Longest token worth looking up; ours have 52 characters.
const LONGEST_TOKEN: usize = 128;

/// Whose events arrive on a route.
pub(crate) struct Owner {
    pub(crate) tenant: TenantId,
    pub(crate) integration: IntegrationId,
    pub(crate) provider: ProviderId,
    pub(crate) accounts: Vec<String>,
    pub(crate) webhooks: &'static dyn Webhooks,
}

/// A route as requests need it; one without an owner refuses everybody after the same work.
pub(crate) struct KnownRoute {
    pub(crate) owner: Option<Owner>,
    pub(crate) verifier: Box<dyn Verifier>,
    ends_at: Option<Timestamp>,
}

impl KnownRoute {
    /// Until when it may serve without being read again.
    fn serves_until(&self, now: Timestamp) -> Timestamp {
        let read_again = now.after(LIFETIME);
        self.ends_at.map_or(read_again, |end| end.min(read_again))
    }
}

type Kept = HashMap<(String, String), (Timestamp, Arc<KnownRoute>)>;

/// The routes this container has seen lately.
pub(crate) struct Routes {
    table: WebhookRoutes,
    opener: Opener,
    clock: Arc<dyn Clock>,
    kept: Mutex<Kept>,
}

impl Routes {
    pub(crate) fn new(table: WebhookRoutes, opener: Opener, clock: Arc<dyn Clock>) -> Self {
        Self {
            table,
            opener,
            clock,
            kept: Mutex::default(),
        }
    }

    /// The route of that provider and token; `Err` if it cannot be read at present. In a handshake a URL that was
    /// unknown a moment ago is looked up again: it may just have been made.
    pub(crate) async fn find(
        &self,
        provider: &str,
        token: &str,
        handshake: bool,
    ) -> Result<Arc<KnownRoute>, ()> {
        let key = (provider.to_owned(), token.to_owned());
        let now = self.clock.now();
        if let Some((until, route)) = self
            .kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&key)
            && now < *until
            && (route.owner.is_some() || !handshake)
        {
            return Ok(route.clone());
        }
        let route = Arc::new(self.read(provider, token, now).await?);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST {
            // A flood of made-up URLs must not push out the real ones.
            kept.retain(|_, (until, route)| now < *until && route.owner.is_some());
        }
        if kept.len() < MOST {
            kept.insert(key, (route.serves_until(now), route.clone()));
        }
        Ok(route)
    }

    async fn read(&self, provider: &str, token: &str, now: Timestamp) -> Result<KnownRoute, ()> {
        // A provider that is not in the list is worked on as the first one that is.
        let webhooks = providers::find(provider)
            .and_then(|provider| provider.webhooks())
            .or_else(|| {
                providers::ALL
                    .iter()
                    .find_map(|provider| provider.webhooks())
            })
            .ok_or(())?;
        let unknown = || KnownRoute {
            owner: None,
            verifier: webhooks.verifier(None),
            ends_at: None,
        };
        if token.len() > LONGEST_TOKEN {
            return Ok(unknown());
        }
        let found = self.table.find(token).await.map_err(|error| {
            tracing::error!(error = %edge::problem::Causes(&error), "routes cannot be read");
        })?;
        let is_answered =
            |route: &WebhookRoute| route.provider.as_str() == provider && route.is_answered_at(now);
        let Some(route) = found.filter(is_answered) else {
            return Ok(unknown());
        };
        match self
            .opener
            .open_credentials(&route.secret_place(), &route.secret, openings::BY)
            .await
        {
            Ok(secret) => Ok(KnownRoute {
                verifier: webhooks.verifier(Some(&secret)),
                ends_at: route.ends_at,
                owner: Some(Owner {
                    tenant: route.tenant,
                    integration: route.integration,
                    provider: route.provider,
                    accounts: route.accounts,
                    webhooks,
                }),
            }),
            Err(OpenError::DoesNotOpen) => Ok(unknown()),
            Err(error) => {
                tracing::error!(error = %error, "a webhook secret cannot be opened at present");
                Err(())
            }
        }
    }
}
