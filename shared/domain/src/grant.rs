//! Grants: that a tenant without an account of its own may send through the platform's.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::UserId;
use crate::time::Timestamp;

/// That the platform's own account of a provider type serves a tenant. Nothing else lets it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Grant {
    /// The operator who gave it.
    pub granted_by: UserId,
    /// When.
    pub granted_at: Timestamp,
    /// Until when; left out, until it is ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// How it ended, if it did before that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Ended>,
}

/// How a grant ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ended {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: UserId,
    /// Why.
    pub why: EndedWhy,
}

/// Why a grant ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndedWhy {
    /// An operator took it back.
    Revoked,
    /// The tenant has moved to an account of its own.
    Migrated,
}

impl Grant {
    /// Whether it holds at that time.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.ended.is_none() && self.until.is_none_or(|until| now < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_holds_until_its_time_or_its_end() {
        let at = Timestamp::from_seconds;
        let by = UserId::parse("operator-1").expect("valid");
        let mut grant = Grant {
            granted_by: by.clone(),
            granted_at: at(10),
            until: None,
            ended: None,
        };
        assert!(grant.is_live(at(1_000_000)));
        grant.until = Some(at(20));
        assert!(grant.is_live(at(19)) && !grant.is_live(at(20)));
        grant.ended = Some(Ended {
            at: at(11),
            by,
            why: EndedWhy::Migrated,
        });
        assert!(!grant.is_live(at(12)));
    }
}
