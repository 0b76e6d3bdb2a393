//! Faults: what a test has asked to go wrong, and which of them a request meets.

use std::sync::Mutex;
use std::time::Duration;

use serde_json::{Value, json};

use crate::provider::{Failure, Reply};
use crate::sync::lock;

/// What goes wrong.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// One of the provider's own errors.
    Failure(Failure),
    /// Exactly this answer.
    Answer(Reply),
    /// The request is served, its answer comes late.
    Delay(Duration),
    /// The connection is reset and the request has no effect.
    Reset,
    /// The request is served, its answer breaks off half way.
    Truncate,
    /// The request is served, but the connection is reset instead of an answer.
    AcceptThenReset,
}

impl Fault {
    /// As the control API writes it, which is also how it may be given.
    pub(crate) fn shown(&self) -> Value {
        match self {
            Self::Failure(Failure::RateLimit) => "rate_limit".into(),
            Self::Failure(Failure::BadCredential) => "bad_credential".into(),
            Self::Failure(Failure::MissingScope) => "missing_scope".into(),
            Self::Answer(reply) => json!({ "status": reply.status().as_u16() }),
            Self::Delay(delay) => {
                json!({ "delay_ms": u64::try_from(delay.as_millis()).unwrap_or(u64::MAX) })
            }
            Self::Reset => "reset".into(),
            Self::Truncate => "truncate".into(),
            Self::AcceptThenReset => "accept_then_reset".into(),
        }
    }
}

/// A fault and the requests that it is for.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) provider: &'static str,
    /// Part of path and query; none for all.
    pub(crate) path: Option<String>,
    pub(crate) account: Option<String>,
    pub(crate) fault: Fault,
    /// How many requests it is for; 0 for all until it is removed.
    pub(crate) times: u64,
    /// How many requests have met it.
    pub(crate) hits: u64,
}

impl Rule {
    fn applies(&self, provider: &str, path: &str, account: Option<&str>) -> bool {
        self.provider == provider
            && self.path.as_deref().is_none_or(|part| path.contains(part))
            && (self.account.is_none() || self.account.as_deref() == account)
    }

    fn is_used_up(&self) -> bool {
        self.times > 0 && self.hits >= self.times
    }

    pub(crate) fn shown(&self) -> Value {
        json!({
            "provider": self.provider,
            "path": self.path,
            "account": self.account,
            "fault": self.fault.shown(),
            "times": self.times,
            "hits": self.hits,
        })
    }
}

/// The rules that are set, oldest first; a used-up one is gone.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    rules: Mutex<Vec<Rule>>,
}

impl Faults {
    pub(crate) fn add(&self, rule: Rule) {
        lock(&self.rules).push(rule);
    }

    pub(crate) fn list(&self) -> Vec<Rule> {
        lock(&self.rules).clone()
    }

    pub(crate) fn clear(&self) {
        lock(&self.rules).clear();
    }

    /// The fault that a request meets: of the oldest rule that applies, which is used once by this.
    pub(crate) fn take(&self, provider: &str, path: &str, account: Option<&str>) -> Option<Fault> {
        let mut rules = lock(&self.rules);
        let index = rules
            .iter()
            .position(|rule| rule.applies(provider, path, account))?;
        let rule = rules.get_mut(index)?;
        rule.hits += 1;
        let fault = rule.fault.clone();
        if rule.is_used_up() {
            rules.remove(index);
        }
        Some(fault)
    }
}
