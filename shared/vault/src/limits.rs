//! How much is asked of an unwrapped ring key, and of the key service.

use std::time::Duration;

/// How long and how much an unwrapped ring key may serve, and how hard the key service may be pressed for it.
#[derive(Debug, Clone, Copy)]
pub struct CacheLimits {
    /// Age at which a key is looked after again, less what jitter takes off: its row is read, and it is unwrapped anew
    /// unless its KMS key is vouched for.
    pub lifetime: Duration,
    /// How long an answer of a KMS key vouches for all keys of shared rings under it, less what jitter takes off; zero
    /// for not at all. Nothing vouches for a tenant's own ring.
    pub vouched_for: Duration,
    /// The most that is taken off a key's lifetime, from 0 to 1; each loses a random part of it, so that keys which
    /// were unwrapped together are not renewed together.
    pub jitter: f64,
    /// Age up to which an old key serves while the key service does not answer.
    pub hard_lifetime: Duration,
    /// Uses after which a key is unwrapped anew.
    pub uses: u64,
    /// Keys held at once.
    pub keys: usize,
    /// Calls to the key service in flight at once.
    pub flights: usize,
    /// How long a key that was denied is not asked for again.
    pub denial: Duration,
    /// How long an old key serves before a key service is asked again that did not answer.
    pub pause: Duration,
}

impl Default for CacheLimits {
    fn default() -> Self {
        Self {
            lifetime: Duration::from_secs(300),
            vouched_for: Duration::from_secs(1_800),
            jitter: 0.2,
            hard_lifetime: Duration::from_secs(900),
            uses: 10_000,
            keys: 1_000,
            flights: 20,
            denial: Duration::from_secs(30),
            pause: Duration::from_secs(5),
        }
    }
}

impl CacheLimits {
    /// A key's own lifetime, another one at every call.
    pub(crate) fn some_lifetime(&self) -> Duration {
        self.jittered(self.lifetime)
    }

    /// How long this answer of a KMS key vouches, another time at every call.
    pub(crate) fn some_vouching(&self) -> Duration {
        self.jittered(self.vouched_for)
    }

    fn jittered(&self, time: Duration) -> Duration {
        let random = f64::from(u16::from_be_bytes(domain::random::bytes())) / f64::from(u16::MAX);
        time.mul_f64((1.0 - self.jitter * random).clamp(0.0, 1.0))
    }
}
