//! How often a tenant may ask: a share of one container for each tenant, so that one that asks without end is slowed down
//! before the others are. It is kept in memory and can only fail open; the gateway's own limit is for all together.

use std::num::NonZeroU32;

use domain::TenantId;
use edge::{Env, Problem};
use governor::clock::{Clock as _, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{InsufficientCapacity, Quota, RateLimiter};

use crate::Route;

/// Tenants that are remembered at once; those that have asked for nothing lately are forgotten first.
const MOST_TENANTS: usize = 10_000;

/// What a request costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cost {
    /// It reads or writes what is ours.
    Own,
    /// It asks a provider, or tells a secret: slow, and of use to somebody who tries stolen keys.
    Provider,
}

/// Requests a minute, of one tenant in one container; a minute's worth may come at once.
#[derive(Debug, Clone, Copy)]
pub struct Quotas {
    /// For requests that read or write what is ours.
    pub own: NonZeroU32,
    /// For requests that ask a provider or tell a secret.
    pub provider: NonZeroU32,
}

impl Quotas {
    /// Without a limit that anybody would reach.
    pub const WIDE: Self = Self {
        own: NonZeroU32::MAX,
        provider: NonZeroU32::MAX,
    };

    /// Reads `REQUESTS_PER_MINUTE` and `PROVIDER_REQUESTS_PER_MINUTE`.
    pub fn read(env: &mut Env) -> Self {
        const OWN: NonZeroU32 = NonZeroU32::new(3_000).unwrap();
        const PROVIDER: NonZeroU32 = NonZeroU32::new(120).unwrap();
        Self {
            own: env.parsed("REQUESTS_PER_MINUTE", OWN),
            provider: env.parsed("PROVIDER_REQUESTS_PER_MINUTE", PROVIDER),
        }
    }
}

type Limiter =
    RateLimiter<TenantId, HashMapStateStore<TenantId>, MonotonicClock, NoOpMiddleware<Instant>>;
type Instant = <MonotonicClock as governor::clock::Clock>::Instant;

/// Watches over the quotas.
pub struct Pace {
    own: Limiter,
    provider: Limiter,
}

impl Pace {
    /// With these quotas, and nobody known yet.
    pub fn new(quotas: Quotas) -> Self {
        let limiter = |most| {
            let quota = Quota::per_minute(most);
            RateLimiter::new(quota, HashMapStateStore::default(), MonotonicClock)
        };
        Self {
            own: limiter(quotas.own),
            provider: limiter(quotas.provider),
        }
    }

    /// Counts a request.
    ///
    /// # Errors
    /// 429 with the seconds after which the next one is let through.
    pub fn check(&self, tenant: &TenantId, route: &Route) -> Result<(), Problem> {
        self.count(tenant, route, NonZeroU32::MIN)
    }

    /// Counts what is more than one request, as so many more.
    ///
    /// # Errors
    /// As [`Pace::check`].
    pub fn check_more(&self, tenant: &TenantId, route: &Route, more: usize) -> Result<(), Problem> {
        let more = u32::try_from(more).unwrap_or(u32::MAX);
        NonZeroU32::new(more).map_or(Ok(()), |more| self.count(tenant, route, more))
    }

    fn count(&self, tenant: &TenantId, route: &Route, requests: NonZeroU32) -> Result<(), Problem> {
        let limiter = match route.cost {
            Cost::Own => &self.own,
            Cost::Provider => &self.provider,
        };
        if limiter.len() > MOST_TENANTS {
            limiter.retain_recent();
        }
        let counted = limiter.check_key_n(tenant, requests);
        // What is more than a minute's worth takes all of it; else it would never be let through.
        let counted = counted.or_else(|InsufficientCapacity(most)| {
            limiter.check_key_n(tenant, NonZeroU32::new(most).unwrap_or(NonZeroU32::MIN))
        });
        let Ok(Err(soonest)) = counted else {
            return Ok(());
        };
        let wait = soonest.wait_time_from(MonotonicClock.now());
        Err(Problem::too_many_requests(wait.as_secs() + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lookup;

    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "a test is a trusted source of tenants"
    )]
    fn i5_who_asks_too_often_waits_and_nobody_else_does() {
        let two = NonZeroU32::MIN.saturating_add(1);
        let pace = Pace::new(Quotas {
            own: NonZeroU32::MAX,
            provider: two,
        });
        let tenant = |id| TenantId::from_trusted_source(id).expect("valid");
        let path = "/api/v1/settings/integrations/whatsapp/test";
        let test = lookup::find("POST", path).expect("a route").route;
        let list = lookup::find("GET", "/api/v1/providers")
            .expect("a route")
            .route;
        let (one, other) = (tenant("t_one"), tenant("t_two"));
        for _ in 0..2 {
            assert!(pace.check(&one, test).is_ok());
        }
        let refused = pace.check(&one, test).expect_err("too often");
        assert_eq!(
            (refused.status(), refused.code()),
            (429, "too_many_requests")
        );
        let wait = refused.headers().find(|(name, _)| *name == "retry-after");
        assert_eq!(wait, Some(("retry-after", "30".to_owned())));
        assert!(pace.check(&other, test).is_ok());
        assert!(pace.check(&one, list).is_ok());
    }

    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "a test is a trusted source of tenants"
    )]
    fn i5_what_is_many_requests_counts_as_many() {
        let own = NonZeroU32::new(10).expect("a number");
        let provider = NonZeroU32::MAX;
        let tenant = |id| TenantId::from_trusted_source(id).expect("valid");
        let path = "/api/v1/messages/batch";
        let send = lookup::find("POST", path).expect("a route").route;
        let one = tenant("t_one");
        let pace = Pace::new(Quotas { own, provider });
        assert!(pace.check(&one, send).is_ok());
        assert!(pace.check_more(&one, send, 0).is_ok());
        assert!(pace.check_more(&one, send, 9).is_ok());
        let refused = pace.check(&one, send).expect_err("too often");
        assert_eq!(refused.status(), 429);
        // More than there ever is takes all that there is, and no more.
        let two = tenant("t_two");
        assert!(pace.check_more(&two, send, 1_000).is_ok());
        assert!(pace.check(&two, send).is_err());
    }
}
