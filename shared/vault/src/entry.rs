//! One ring key in memory: how long it serves, and what is known while it cannot be had.

use std::sync::Arc;

use domain::key_ring::WrappedRingKey;
use domain::time::Timestamp;

use crate::error::Refusal;
use crate::limits::CacheLimits;
use crate::seal::RingKey;

/// What one is told who wants the key.
pub(crate) enum Found {
    /// Take it.
    Fresh(Arc<RingKey>),
    /// Take it, and renew it if nobody does so already. The row it is from is given while its age alone is against it.
    Stale(Arc<RingKey>, Flight, Option<Arc<WrappedRingKey>>),
    /// It was denied a moment ago: do not ask again.
    Denied(Refusal),
    /// Ask for it, in your turn.
    Nothing(Turn),
}

/// Whoever holds it asks the key service; the others wait.
pub(crate) type Flight = Arc<tokio::sync::Mutex<()>>;

/// Where one stands who has to ask.
pub(crate) struct Turn {
    pub(crate) flight: Flight,
    answers: u64,
    refused: Option<Refusal>,
}

impl Turn {
    /// What was refused since `earlier`: one answer is for all who waited for it.
    pub(crate) fn refused_since(&self, earlier: &Self) -> Option<Refusal> {
        let answered = self.answers > earlier.answers;
        self.refused.clone().filter(|_| answered)
    }
}

#[derive(Default)]
pub(crate) struct Entry {
    flight: Flight,
    held: Option<Held>,
    refused: Option<Refused>,
    /// Answers of the key service so far.
    answers: u64,
}

struct Held {
    key: Arc<RingKey>,
    row: Arc<WrappedRingKey>,
    refresh_at: Timestamp,
    forget_at: Timestamp,
    uses_left: u64,
}

/// The last answer, if it was a refusal.
struct Refused {
    refusal: Refusal,
    /// Until then an old key serves on without another question, and a denial stands.
    until: Timestamp,
}

impl Entry {
    pub(crate) fn find(&mut self, now: Timestamp) -> Found {
        if !self.holds_key(now) {
            self.held = None;
        }
        let denial = self.denial(now);
        let paused = self.refused.as_ref().is_some_and(|last| now < last.until);
        match &mut self.held {
            Some(held) if now < held.refresh_at && held.uses_left > 0 => {
                held.uses_left -= 1;
                Found::Fresh(held.key.clone())
            }
            Some(held) if paused => Found::Fresh(held.key.clone()),
            Some(held) => {
                let row = (held.uses_left > 0).then(|| held.row.clone());
                Found::Stale(held.key.clone(), self.flight.clone(), row)
            }
            None => denial.map_or_else(|| Found::Nothing(self.turn()), Found::Denied),
        }
    }

    /// Lets the key serve on whose row was found as it was by one who looked at `asked_at`.
    pub(crate) fn extend(&mut self, limits: &CacheLimits, asked_at: Timestamp) {
        self.refused = None;
        if let Some(held) = &mut self.held {
            held.refresh_at = asked_at.after(limits.some_lifetime());
            held.forget_at = asked_at.after(limits.hard_lifetime);
        }
    }

    /// Keeps what the key service gave to one who asked at `asked_at`.
    pub(crate) fn keep(
        &mut self,
        (key, row): (Arc<RingKey>, Arc<WrappedRingKey>),
        limits: &CacheLimits,
        asked_at: Timestamp,
    ) {
        self.answers += 1;
        self.refused = None;
        self.held = Some(Held {
            key,
            row,
            refresh_at: asked_at.after(limits.some_lifetime()),
            forget_at: asked_at.after(limits.hard_lifetime),
            uses_left: limits.uses,
        });
    }

    /// Notes that the key was not to be had. One that is held serves on, unless there is none any more.
    pub(crate) fn refuse(&mut self, refusal: Refusal, limits: &CacheLimits, now: Timestamp) {
        self.answers += 1;
        if refusal.is_final() {
            self.held = None;
        }
        let pause = if refusal.is_denial() {
            limits.denial
        } else {
            limits.pause
        };
        self.refused = Some(Refused {
            refusal,
            until: now.after(pause),
        });
    }

    /// Whether it knows anything that a new entry would not.
    pub(crate) fn is_of_use(&self, now: Timestamp) -> bool {
        let awaited = Arc::strong_count(&self.flight) > 1;
        awaited || self.holds_key(now) || self.denial(now).is_some()
    }

    fn holds_key(&self, now: Timestamp) -> bool {
        self.held.as_ref().is_some_and(|held| now < held.forget_at)
    }

    fn denial(&self, now: Timestamp) -> Option<Refusal> {
        let last = self.refused.as_ref()?;
        (last.refusal.is_denial() && now < last.until).then(|| last.refusal.clone())
    }

    fn turn(&self) -> Turn {
        Turn {
            flight: self.flight.clone(),
            answers: self.answers,
            refused: self.refused.as_ref().map(|last| last.refusal.clone()),
        }
    }
}
