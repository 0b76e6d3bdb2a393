//! A breaker per account: a provider that keeps failing is left alone, and then asked by one request at a time.

use std::time::Duration;

use domain::{Timestamp, random};

/// Failures in a row that open it.
const STRAIGHT: u32 = 5;
/// Requests of a minute of which half have to fail to open it.
const ENOUGH: u32 = 20;
const MINUTE: Duration = Duration::from_secs(60);
/// How long it stays open the first time; each time it opens again without having closed, twice as long.
const SHORTEST: Duration = Duration::from_secs(10);
const LONGEST: Duration = Duration::from_secs(300);
/// After this a probe of which nothing was heard is forgotten: its container's batch is over.
const PROBE: Duration = Duration::from_secs(30);

#[derive(Debug, Default)]
pub(super) struct Breaker {
    state: State,
    straight: u32,
    /// Requests, and failures among them, since `counted_since`.
    requests: u32,
    failures: u32,
    counted_since: Timestamp,
    /// How often it opened without having closed.
    openings: u32,
}

#[derive(Debug, Default, Clone, Copy)]
enum State {
    #[default]
    Closed,
    Open(Timestamp),
    /// One request is on its way, or forgotten at that time.
    Probing(Timestamp),
}

impl Breaker {
    /// When one may be let through again, if nobody is now.
    pub(super) fn opens_at(&self, now: Timestamp) -> Option<Timestamp> {
        match self.state {
            State::Closed => None,
            State::Open(until) | State::Probing(until) => Some(until).filter(|until| *until > now),
        }
    }

    /// One is let through: a probe, if it was open.
    pub(super) fn enter(&mut self, now: Timestamp) {
        if !matches!(self.state, State::Closed) {
            self.state = State::Probing(now.after(PROBE));
        }
    }

    /// What came of a request; `true` if that opens it.
    pub(super) fn ended(&mut self, failed: bool, now: Timestamp) -> bool {
        if !failed {
            *self = Self {
                requests: self.requests + 1,
                failures: self.failures,
                counted_since: self.counted_since,
                ..Self::default()
            };
            return false;
        }
        match self.state {
            State::Closed => self.failed(now),
            State::Probing(_) => {
                self.open(now);
                false
            }
            // It was on its way when others opened it.
            State::Open(_) => false,
        }
    }

    fn failed(&mut self, now: Timestamp) -> bool {
        if self.counted_since.until(now) >= MINUTE {
            (self.requests, self.failures) = (0, 0);
            self.counted_since = now;
        }
        self.straight += 1;
        self.requests += 1;
        self.failures += 1;
        let often = self.requests >= ENOUGH && self.failures * 2 >= self.requests;
        let opens = self.straight >= STRAIGHT || often;
        if opens {
            self.open(now);
        }
        opens
    }

    fn open(&mut self, now: Timestamp) {
        let base = SHORTEST * 2u32.saturating_pow(self.openings.min(5));
        let spread = f64::from(u16::from_be_bytes(random::bytes())) / f64::from(u16::MAX);
        let until = now.after(base.min(LONGEST).mul_f64(1.0 + 0.2 * spread));
        *self = Self {
            state: State::Open(until),
            openings: self.openings + 1,
            ..Self::default()
        };
    }

    /// Whether it tells nothing any more.
    pub(super) fn is_idle(&self, now: Timestamp) -> bool {
        matches!(self.state, State::Closed) && self.counted_since.until(now) >= MINUTE
    }
}
