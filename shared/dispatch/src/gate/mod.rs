//! Whether an account may be used now. Everything here is this container's own memory: it can only be too generous, and
//! then the provider says so.
//!
//! An account is *paused* when its provider asked to slow down, *down* when its provider keeps failing, and otherwise goes
//! at its [`Pace`]. Who is not let through waits untouched.

mod breaker;
mod rate;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::{Failure, FailureKind, Timestamp};
use providers::Pace;

use self::breaker::Breaker;
use self::rate::Rate;
use crate::account::AccountKey;

/// Accounts, and recipients, remembered at once.
const MOST: usize = 10_000;
/// How often the rate of an account is halved at most.
const MOST_HALVINGS: u32 = 6;
/// How long without a complaint until it is doubled again.
const CALM: Duration = Duration::from_secs(60);

/// Why an account cannot be used now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closed {
    /// It has to go slowly: not before this time.
    Slow(Timestamp),
    /// Its provider keeps failing: it is tried again at this time.
    Down(Timestamp),
}

/// A recipient, as an account's provider names it.
type Recipient = (AccountKey, String);

/// All gates of a container.
#[derive(Default)]
pub(crate) struct Gates(Mutex<Doors>);

#[derive(Default)]
struct Doors {
    accounts: HashMap<AccountKey, Door>,
    recipients: HashMap<Recipient, Rate>,
}

#[derive(Default)]
struct Door {
    rate: Rate,
    breaker: Breaker,
    halvings: u32,
    complained_at: Timestamp,
}

impl Gates {
    /// Whether the account's provider keeps failing, without asking to be let through.
    pub(crate) fn is_down(&self, account: &AccountKey, now: Timestamp) -> bool {
        let doors = self.doors();
        let door = doors.accounts.get(account);
        door.is_some_and(|door| door.breaker.opens_at(now).is_some())
    }

    /// Until when the account is paused, if it is.
    pub(crate) fn paused_until(&self, account: &AccountKey, now: Timestamp) -> Option<Timestamp> {
        let doors = self.doors();
        doors.accounts.get(account)?.rate.paused_until(now)
    }

    /// Lets one request through, or says why not.
    pub(crate) fn enter(
        &self,
        account: &AccountKey,
        recipient: Option<String>,
        pace: &Pace,
        now: Timestamp,
    ) -> Result<(), Closed> {
        let mut doors = self.doors();
        let doors = &mut *doors;
        make_room(&mut doors.accounts, |door| door.is_idle(now));
        let door = doors.accounts.entry(account.clone()).or_default();
        if let Some(until) = door.breaker.opens_at(now) {
            return Err(Closed::Down(until));
        }
        let interval = door.interval(pace, now);
        door.rate
            .may_pass(interval, pace.burst, now)
            .map_err(Closed::Slow)?;
        if let Some(recipient) = recipient.filter(|_| !pace.recipient_interval.is_zero()) {
            make_room(&mut doors.recipients, |rate| rate.is_idle(now));
            let rate = doors.recipients.entry((account.clone(), recipient));
            let rate = rate.or_default();
            rate.may_pass(pace.recipient_interval, pace.recipient_burst, now)
                .map_err(Closed::Slow)?;
            rate.take(pace.recipient_interval, now);
        }
        door.rate.take(interval, now);
        door.breaker.enter(now);
        Ok(())
    }

    /// What became of a request that was let through.
    pub(crate) fn ended(&self, account: &AccountKey, failure: Option<&Failure>, now: Timestamp) {
        let mut doors = self.doors();
        let Some(door) = doors.accounts.get_mut(account) else {
            return;
        };
        let failed = matches!(
            failure.map(|failure| failure.kind),
            Some(FailureKind::Unavailable | FailureKind::OutcomeUnknown)
        );
        if door.breaker.ended(failed, now) {
            tracing::warn!("an account's provider keeps failing: what is to go through it waits");
        }
    }

    /// Leaves an account alone until then, and lets it go at half its rate afterwards.
    pub(crate) fn slow_down(&self, account: &AccountKey, until: Timestamp, now: Timestamp) {
        let mut doors = self.doors();
        let door = doors.accounts.entry(account.clone()).or_default();
        // Those of one moment complain of the same.
        if now > door.complained_at {
            door.halvings = (door.halvings + 1).min(MOST_HALVINGS);
            door.complained_at = now;
        }
        door.rate.pause(until);
    }

    /// Leaves an account alone until then.
    pub(crate) fn pause(&self, account: &AccountKey, until: Timestamp) {
        let mut doors = self.doors();
        doors
            .accounts
            .entry(account.clone())
            .or_default()
            .rate
            .pause(until);
    }

    /// Leaves one recipient of an account alone until then.
    pub(crate) fn pause_recipient(&self, account: &AccountKey, to: String, until: Timestamp) {
        let mut doors = self.doors();
        let rate = doors.recipients.entry((account.clone(), to)).or_default();
        rate.pause(until);
    }

    fn doors(&self) -> MutexGuard<'_, Doors> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Door {
    /// Time between two requests at present.
    fn interval(&mut self, pace: &Pace, now: Timestamp) -> Duration {
        while self.halvings > 0 && self.complained_at.until(now) >= CALM {
            self.halvings -= 1;
            self.complained_at = self.complained_at.after(CALM);
        }
        Duration::from_secs(1 << self.halvings) / pace.per_second.max(1)
    }

    fn is_idle(&self, now: Timestamp) -> bool {
        self.halvings == 0 && self.rate.is_idle(now) && self.breaker.is_idle(now)
    }
}

/// Drops what tells nothing any more, and everything if that is not enough: it is only memory.
fn make_room<K: std::hash::Hash + Eq, V>(kept: &mut HashMap<K, V>, idle: impl Fn(&V) -> bool) {
    if kept.len() >= MOST {
        kept.retain(|_, value| !idle(value));
    }
    if kept.len() >= MOST {
        kept.clear();
    }
}

#[cfg(test)]
mod tests {
    use domain::ProviderId;

    use super::*;

    const PACE: Pace = Pace {
        per_second: 10,
        burst: 5,
        recipient_interval: Duration::from_secs(6),
        recipient_burst: 2,
    };

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_000_000 + millis)
    }

    fn account() -> AccountKey {
        AccountKey::Platforms(ProviderId::parse("whatsapp").expect("a type"))
    }

    fn passed(gates: &Gates, millis: std::ops::Range<i64>) -> usize {
        let mut to = 0;
        millis
            .filter(|now| {
                to += 1;
                let recipient = Some(to.to_string());
                gates.enter(&account(), recipient, &PACE, at(*now)).is_ok()
            })
            .count()
    }

    #[test]
    fn an_account_goes_at_its_pace() {
        let gates = Gates::default();
        assert_eq!(passed(&gates, 0..1), 1);
        assert_eq!(passed(&gates, 1..2001), 4 + 20);
    }

    #[test]
    fn a_recipient_has_a_pace_of_its_own() {
        let gates = Gates::default();
        let to = |who: &str, now| gates.enter(&account(), Some(who.into()), &PACE, at(now));
        assert_eq!(to("1", 0), Ok(()));
        assert_eq!(to("1", 200), Ok(()));
        assert_eq!(to("1", 400), Err(Closed::Slow(at(6_001))));
        assert_eq!(to("2", 400), Ok(()));
        assert_eq!(to("1", 6_001), Ok(()));
    }

    #[test]
    fn who_complains_is_left_alone_and_then_goes_slower_for_a_while() {
        let gates = Gates::default();
        passed(&gates, 0..10_000);
        gates.slow_down(&account(), at(11_000), at(10_000));
        gates.slow_down(&account(), at(10_500), at(10_000));
        assert_eq!(gates.paused_until(&account(), at(10_100)), Some(at(11_000)));
        assert_eq!(passed(&gates, 10_000..11_000), 0);
        let slower = passed(&gates, 11_000..21_000);
        assert!((50..=55).contains(&slower), "{slower}");
        let recovered = passed(&gates, 80_000..90_000);
        assert!((100..=105).contains(&recovered), "{recovered}");
    }

    #[test]
    fn who_keeps_failing_is_left_alone_and_probed() {
        let gates = Gates::default();
        let failure = Failure::new(FailureKind::OutcomeUnknown, "", "");
        let enter = |now| gates.enter(&account(), None, &Pace::NONE, at(now));
        for now in 0..5 {
            assert_eq!(enter(now), Ok(()));
            assert!(!gates.is_down(&account(), at(now)));
            gates.ended(&account(), Some(&failure), at(now));
        }
        assert!(gates.is_down(&account(), at(10)));
        let Err(Closed::Down(until)) = enter(10) else {
            panic!("it is let through");
        };
        let later = until.millis() - at(0).millis();
        assert_eq!(enter(later), Ok(()), "one probe");
        assert!(matches!(enter(later), Err(Closed::Down(_))), "and only one");
        gates.ended(&account(), None, at(later + 1));
        assert_eq!(enter(later + 2), Ok(()));
    }
}
