//! So many requests in a row, then one per interval (the generic cell rate algorithm: one time per key).

use std::time::Duration;

use domain::Timestamp;

#[derive(Debug, Default)]
pub(super) struct Rate {
    /// When all that passed would have passed at the rate, in microseconds since the epoch: a millisecond is much where
    /// eighty pass in a second.
    due: i64,
    paused: Timestamp,
}

impl Rate {
    /// Whether one may pass now; else when.
    pub(super) fn may_pass(
        &self,
        interval: Duration,
        burst: u32,
        now: Timestamp,
    ) -> Result<(), Timestamp> {
        if let Some(until) = self.paused_until(now) {
            return Err(until);
        }
        let ahead = micros(interval).saturating_mul(i64::from(burst.max(1)) - 1);
        let free = self.due.saturating_sub(ahead);
        if free > start(now) {
            return Err(Timestamp::from_millis(free.div_euclid(1000) + 1));
        }
        Ok(())
    }

    /// Counts one that passes.
    pub(super) fn take(&mut self, interval: Duration, now: Timestamp) {
        self.due = self.due.max(start(now)).saturating_add(micros(interval));
    }

    /// Lets nobody pass until then; a longer pause stands.
    pub(super) fn pause(&mut self, until: Timestamp) {
        self.paused = self.paused.max(until);
    }

    pub(super) fn paused_until(&self, now: Timestamp) -> Option<Timestamp> {
        (self.paused > now).then_some(self.paused)
    }

    /// Whether it tells nothing any more.
    pub(super) fn is_idle(&self, now: Timestamp) -> bool {
        self.due <= start(now) && self.paused <= now
    }
}

fn micros(interval: Duration) -> i64 {
    i64::try_from(interval.as_micros()).unwrap_or(i64::MAX)
}

fn start(now: Timestamp) -> i64 {
    now.millis().saturating_mul(1000)
}
