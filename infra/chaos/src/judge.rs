//! Holds what the ledger says against what the provider's own log says.

use std::collections::BTreeMap;
use std::fmt;

use domain::Timestamp;
use domain::ledger::{Ledger, MessageStatus};

use crate::message::Key;
use crate::point::Point;

/// Why nobody may know what became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// The container died there while it held the message.
    Death(Point),
    /// Its time was over while it held the message.
    Timeout,
    /// AWS failed it at these while it held the message.
    Faults(Vec<String>),
    /// The provider never answered.
    Silence,
}

/// Everything about one message, from whoever knows it.
#[derive(Debug, Clone)]
pub struct Case {
    /// Which.
    pub key: Key,
    /// What is on record.
    pub ledger: Ledger,
    /// Requests that the provider accepted.
    pub accepted: usize,
    /// Whether it is on the messages queue.
    pub queued: bool,
    /// Whether it is on the dead-letter queue.
    pub dead: bool,
    /// Whether it is kept until its integration is repaired.
    pub parked: bool,
    /// Whether its sender wants it sent once more when nobody knows.
    pub resend: bool,
    /// Why it may be unknown.
    pub causes: Vec<Cause>,
}

/// What is wrong with a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flaw {
    /// It came to rest nowhere and nobody has it.
    Lost,
    /// The provider accepted it so often.
    Twice(usize),
    /// It counts as sent, and the provider never accepted it.
    NeverSent(MessageStatus),
    /// It counts as not sent, and the provider accepted it.
    SentAllTheSame(MessageStatus),
    /// Nobody knows, and there is no reason why.
    NoCause,
}

/// What the judge found.
#[derive(Debug, Default)]
pub struct Verdict {
    /// How many messages are in which state.
    pub states: BTreeMap<MessageStatus, usize>,
    /// Those on the dead-letter queue.
    pub dead: usize,
    /// What is wrong, by message.
    pub flaws: Vec<(Key, Flaw)>,
}

impl Verdict {
    /// How many messages are in that state.
    pub fn count(&self, state: MessageStatus) -> usize {
        self.states.get(&state).copied().unwrap_or_default()
    }

    /// How many messages have a flaw of that kind.
    pub fn flawed(&self, kind: impl Fn(&Flaw) -> bool) -> usize {
        self.flaws.iter().filter(|(_, flaw)| kind(flaw)).count()
    }

    /// How many are lost.
    pub fn lost(&self) -> usize {
        self.flawed(|flaw| *flaw == Flaw::Lost)
    }

    /// How many the provider accepted too often.
    pub fn twice(&self) -> usize {
        self.flawed(|flaw| matches!(flaw, Flaw::Twice(_)))
    }

    /// # Panics
    /// If anything is wrong.
    pub fn hold(&self, what: &str) {
        assert!(self.flaws.is_empty(), "{what}: {self}");
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}, {} dead letters", self.states, self.dead)?;
        for (key, flaw) in self.flaws.iter().take(20) {
            write!(f, "\n  {key}: {flaw:?}")?;
        }
        match self.flaws.len() {
            count if count > 20 => write!(f, "\n  and {} more", count - 20),
            _ => Ok(()),
        }
    }
}

/// Judges messages as they stand at `now`, when all is quiet.
pub fn judge<'c>(cases: impl IntoIterator<Item = &'c Case>, now: Timestamp) -> Verdict {
    let mut verdict = Verdict::default();
    for case in cases {
        let status = case.ledger.status(now);
        *verdict.states.entry(status).or_default() += 1;
        verdict.dead += usize::from(case.dead);
        let flaws = flaws(case, status).into_iter();
        verdict
            .flaws
            .extend(flaws.map(|flaw| (case.key.clone(), flaw)));
    }
    verdict
}

fn flaws(case: &Case, status: MessageStatus) -> Vec<Flaw> {
    use MessageStatus::{Accepted, Delivered, Failed, Parked, Read, Sending, Sent, Unknown};
    let mut flaws = Vec::new();
    let held = case.queued || case.dead;
    let at_most = if case.resend { 2 } else { 1 };
    if case.accepted > at_most {
        flaws.push(Flaw::Twice(case.accepted));
    }
    match status {
        Accepted | Sending if !held => flaws.push(Flaw::Lost),
        Parked if !held && !case.parked => flaws.push(Flaw::Lost),
        Sent | Delivered | Read if case.accepted == 0 => flaws.push(Flaw::NeverSent(status)),
        Unknown if case.causes.is_empty() => flaws.push(Flaw::NoCause),
        _ => {}
    }
    let undelivered = case.ledger.evidence.failed_at.is_some();
    if matches!(status, Accepted | Failed | Parked) && case.accepted > 0 && !undelivered {
        flaws.push(Flaw::SentAllTheSame(status));
    }
    flaws
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::ledger::{AttemptResult, Claim, Outcome};
    use domain::{Failure, FailureKind, ProviderId};

    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_seconds(1_767_225_600).after(Duration::from_secs(seconds))
    }

    /// A message that was claimed and ended so, and which the provider accepted so often.
    fn case(result: Option<AttemptResult>, accepted: usize) -> Case {
        let claim = Claim {
            attempt: 1,
            owner: "somebody".into(),
            at: at(0),
            lease_until: at(35),
            accepted_at: at(0),
            integration: None,
            credential_source: "tenant".into(),
            credential_reason: "first_in_line".into(),
            credential_version: Some(1),
            route: 0,
            channel: ProviderId::parse("whatsapp").expect("a type"),
        };
        let outcome = result.map(|result| Outcome {
            attempt: 1,
            at: at(1),
            result,
        });
        Case {
            key: Key::named("t_1", "m-1"),
            ledger: Ledger {
                claims: vec![claim],
                outcomes: outcome.into_iter().collect(),
                ..Ledger::default()
            },
            accepted,
            queued: false,
            dead: false,
            parked: false,
            resend: false,
            causes: Vec::new(),
        }
    }

    fn sent() -> Option<AttemptResult> {
        let provider_id = "wamid.1".into();
        Some(AttemptResult::Sent { provider_id })
    }

    fn failure() -> Failure {
        Failure::new(FailureKind::InvalidRequest, "", "")
    }

    fn found(case: Case, seconds: u64) -> Vec<Flaw> {
        let verdict = judge([&case], at(seconds));
        verdict.flaws.into_iter().map(|(_, flaw)| flaw).collect()
    }

    #[test]
    fn what_is_right_is_left_alone() {
        let failed = || Some(AttemptResult::Failed(failure()));
        let unknown = Case {
            causes: vec![Cause::Timeout],
            ..case(None, 1)
        };
        let parked = Case {
            parked: true,
            ..case(Some(AttemptResult::Parked(failure())), 0)
        };
        let resent = Case {
            resend: true,
            ..case(sent(), 2)
        };
        for right in [case(sent(), 1), case(failed(), 0), unknown, parked, resent] {
            assert_eq!(found(right.clone(), 60), [], "{right:?}");
        }
    }

    #[test]
    fn whatever_is_wrong_is_found() {
        use MessageStatus::{Failed, Parked, Sent};
        let parked = || Some(AttemptResult::Parked(failure()));
        let failed = || Some(AttemptResult::Failed(failure()));
        let nothing = Case {
            ledger: Ledger::default(),
            ..case(None, 0)
        };
        let kept_and_sent = Case {
            parked: true,
            ..case(parked(), 1)
        };
        for (wrong, seconds, flaw) in [
            (nothing, 60, Flaw::Lost),
            (case(None, 0), 10, Flaw::Lost),
            (case(parked(), 0), 60, Flaw::Lost),
            (case(sent(), 2), 60, Flaw::Twice(2)),
            (case(sent(), 0), 60, Flaw::NeverSent(Sent)),
            (case(failed(), 1), 60, Flaw::SentAllTheSame(Failed)),
            (kept_and_sent, 60, Flaw::SentAllTheSame(Parked)),
            (case(None, 0), 60, Flaw::NoCause),
        ] {
            assert_eq!(found(wrong, seconds), [flaw]);
        }
    }
}
