//! Which account a number belongs to, and what a sync changes of what is known.
//!
//! Accounts overlap: every number of a business account is listed through each integration with it. A number stays
//! with the integration that brought it, until its account has it no more or the integration is gone. Two things weigh
//! more than having come first: an organisation's account takes a number from a personal one, never the other way
//! round, and an integration has the number that it is set up with.
//!
//! A sync knows what was so when it asked the provider. What another sync of the integration has learned since then
//! stands.

use std::collections::BTreeMap;

use domain::Integration;
use domain::ids::{IntegrationId, NumberId};
use domain::integration::Owner;
use domain::phone::E164;
use domain::time::Timestamp;

use super::{Listed, PhoneNumber};

/// An account with the numbers that its provider lists.
#[derive(Debug, Clone, Copy)]
pub struct Account<'a> {
    /// The integration with it.
    pub integration: &'a Integration,
    /// Its numbers.
    pub listed: &'a BTreeMap<E164, Listed>,
    /// When the provider was asked.
    pub at: Timestamp,
}

/// One change.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// The number as it was read; `None` if it was not known.
    pub(super) before: Option<PhoneNumber>,
    /// As it becomes.
    pub(super) after: PhoneNumber,
}

impl Account<'_> {
    /// What is to be written. `is_there` tells whether an integration still exists.
    pub(super) fn steps(
        &self,
        known: &[PhoneNumber],
        is_there: impl Fn(&IntegrationId) -> bool,
    ) -> Vec<Step> {
        let mut known: BTreeMap<&E164, &PhoneNumber> =
            known.iter().map(|one| (&one.number, one)).collect();
        let mut steps = Vec::new();
        for (number, listed) in self.listed {
            match known.remove(number) {
                None => steps.push(self.add(number, listed)),
                Some(one) if self.may_have(one, listed, &is_there) => {
                    steps.extend(self.refresh(one, listed));
                }
                Some(_) => {}
            }
        }
        steps.extend(known.into_values().filter_map(|one| self.retire(one)));
        steps
    }

    fn may_have(
        &self,
        known: &PhoneNumber,
        listed: &Listed,
        is_there: impl Fn(&IntegrationId) -> bool,
    ) -> bool {
        let weight = |owner: &Owner, is_primary: bool| (*owner == Owner::Tenant, is_primary);
        let ours = weight(&self.integration.owner, listed.is_primary);
        self.has(known)
            || known.retired_at.is_some()
            || !is_there(&known.integration)
            || ours > weight(&known.owner, known.listed.is_primary)
    }

    fn has(&self, known: &PhoneNumber) -> bool {
        known.integration == self.integration.id
    }

    /// Whether another sync of the integration has asked later.
    fn is_overtaken(&self, known: &PhoneNumber) -> bool {
        self.has(known) && known.retired_at.max(Some(known.synced_at)) > Some(self.at)
    }

    fn add(&self, number: &E164, listed: &Listed) -> Step {
        Step {
            before: None,
            after: PhoneNumber {
                id: NumberId::of(number),
                number: number.clone(),
                integration: self.integration.id.clone(),
                owner: self.integration.owner.clone(),
                listed: listed.clone(),
                assigned_to: None,
                synced_at: self.at,
                retired_at: None,
                revision: 1,
            },
        }
    }

    fn refresh(&self, known: &PhoneNumber, listed: &Listed) -> Option<Step> {
        if self.is_overtaken(known) {
            return None;
        }
        let assigned_to = known.assigned_to.clone();
        let mut after = PhoneNumber {
            // Nobody is left with a number that they cannot see.
            assigned_to: assigned_to.filter(|user| self.integration.is_visible_to(user)),
            revision: known.revision,
            ..self.add(&known.number, listed).after
        };
        let seen_again = PhoneNumber {
            synced_at: self.at,
            ..known.clone()
        };
        if after != seen_again {
            after.revision += 1;
        }
        self.step(known, after)
    }

    fn retire(&self, known: &PhoneNumber) -> Option<Step> {
        if !self.has(known) || known.retired_at.is_some() || self.is_overtaken(known) {
            return None;
        }
        let mut after = known.clone();
        after.listed.is_primary = false;
        after.retired_at = Some(self.at);
        after.revision += 1;
        self.step(known, after)
    }

    fn step(&self, known: &PhoneNumber, after: PhoneNumber) -> Option<Step> {
        (*known != after).then(|| Step {
            before: Some(known.clone()),
            after,
        })
    }
}
