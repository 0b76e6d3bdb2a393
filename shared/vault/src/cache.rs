//! The ring keys in memory, bounded in number. A key is wiped when it is let go and the last use of it has ended.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::key_ring::WrappedRingKey;
use domain::time::Timestamp;

use crate::entry::{Entry, Found};
use crate::error::Refusal;
use crate::limits::CacheLimits;
use crate::seal::RingKey;

pub(crate) struct Cache {
    limits: CacheLimits,
    entries: Mutex<Entries>,
}

impl Cache {
    pub(crate) fn new(limits: CacheLimits) -> Self {
        Self {
            limits,
            entries: Mutex::default(),
        }
    }

    pub(crate) fn find(&self, ring: &str, version: u32, now: Timestamp) -> Found {
        self.entries()
            .get(ring, version, self.limits.keys, now)
            .find(now)
    }

    /// Keeps a key, unwrapped from that row, that was asked for at `asked_at`, and lets go of all that have expired: a
    /// process that is frozen between events has no timer to do it.
    pub(crate) fn keep(&self, key: Arc<RingKey>, row: WrappedRingKey, asked_at: Timestamp) {
        let mut entries = self.entries();
        let (version, row) = (row.version, Arc::new(row));
        entries
            .get(&row.ring, version, self.limits.keys, asked_at)
            .keep((key, row.clone()), &self.limits, asked_at);
        entries
            .by_name
            .retain(|_, (entry, _)| entry.is_of_use(asked_at));
    }

    /// Lets a key serve on whose row was found as it was.
    pub(crate) fn extend(&self, row: &WrappedRingKey, asked_at: Timestamp) {
        self.entries()
            .get(&row.ring, row.version, self.limits.keys, asked_at)
            .extend(&self.limits, asked_at);
    }

    pub(crate) fn refuse(&self, ring: &str, version: u32, refusal: Refusal, now: Timestamp) {
        self.entries()
            .get(ring, version, self.limits.keys, now)
            .refuse(refusal, &self.limits, now);
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// By ring and version; with each, when it was used last, counted in uses of any.
#[derive(Default)]
struct Entries {
    by_name: HashMap<(String, u32), (Entry, u64)>,
    uses: u64,
}

impl Entries {
    fn get(&mut self, ring: &str, version: u32, most: usize, now: Timestamp) -> &mut Entry {
        let name = (ring.to_owned(), version);
        if self.by_name.len() >= most && !self.by_name.contains_key(&name) {
            self.make_room(now);
        }
        self.uses += 1;
        let (entry, used) = self.by_name.entry(name).or_default();
        *used = self.uses;
        entry
    }

    /// Lets go of an entry of no use; if there is none, of the one that was used least recently.
    fn make_room(&mut self, now: Timestamp) {
        let victim = self
            .by_name
            .iter()
            .min_by_key(|(_, (entry, used))| (entry.is_of_use(now), *used))
            .map(|(name, _)| name.clone());
        if let Some(victim) = victim {
            self.by_name.remove(&victim);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Weak;
    use std::time::Duration;

    use super::*;

    const START: Timestamp = Timestamp::from_seconds(1_767_225_600);

    fn cache(keys: usize) -> Cache {
        Cache::new(CacheLimits {
            keys,
            ..CacheLimits::default()
        })
    }

    /// Keeps a key that nobody else holds.
    fn keep(cache: &Cache, ring: &str, at: Timestamp) -> Weak<RingKey> {
        let key = Arc::new(RingKey::from_slice(&[7; 32]).expect("32 bytes"));
        let seen = Arc::downgrade(&key);
        let row = WrappedRingKey {
            ring: ring.to_owned(),
            version: 1,
            kms_key: String::new(),
            wrapped: Vec::new(),
            seals: true,
            created_at: START,
        };
        cache.keep(key, row, at);
        seen
    }

    fn is_held(key: &Weak<RingKey>) -> bool {
        key.strong_count() > 0
    }

    /// A key wipes itself when nobody holds it any more.
    #[test]
    fn f5_a_key_that_is_let_go_is_held_by_nobody() {
        let cache = cache(1);
        let one = keep(&cache, "one", START);
        assert!(is_held(&one));
        let two = keep(&cache, "two", START);
        assert!(!is_held(&one) && is_held(&two));
        cache.refuse("two", 1, Refusal::Gone, START);
        assert!(!is_held(&two));
    }

    #[test]
    fn f5_expired_keys_are_let_go_first_then_the_least_recently_used() {
        let cache = cache(3);
        let later = START.after(Duration::from_secs(600));
        let expired = START.after(Duration::from_secs(900));
        let old = keep(&cache, "old", START);
        let quiet = keep(&cache, "quiet", later);
        let busy = keep(&cache, "busy", later);
        // The expired one was used last.
        for ring in ["quiet", "busy", "old"] {
            cache.find(ring, 1, later);
        }
        assert!(is_held(&old));
        cache.find("new", 1, expired);
        assert!(!is_held(&old) && is_held(&quiet) && is_held(&busy));
        let new = keep(&cache, "new", expired);
        cache.find("quiet", 1, expired);
        cache.find("another", 1, expired);
        assert!(is_held(&quiet) && !is_held(&busy) && is_held(&new));
    }

    #[test]
    fn f5_an_expired_key_is_let_go_although_nobody_asks_for_it_again() {
        let cache = cache(100);
        let old = keep(&cache, "old", START);
        keep(&cache, "other", START.after(Duration::from_secs(899)));
        assert!(is_held(&old));
        keep(&cache, "other", START.after(Duration::from_secs(900)));
        assert!(!is_held(&old));
    }
}
