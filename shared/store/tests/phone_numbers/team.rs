//! A tenant whose accounts have numbers.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::audit::AuditRecord;
use domain::integration::Owner;
use domain::phone::{E164, NumberKind};
use domain::{Integration, TenantId, Timestamp, UserId};
use store::audit::AuditTrail;
use store::phone_numbers::{Account, Listed, PhoneNumber, PhoneNumbers, SyncError, TakenOver};
use testing::switchboard as names;

use crate::stage::{Stage, tenant, user};

pub(crate) type Listing = BTreeMap<E164, Listed>;

pub(crate) struct Team {
    pub(crate) stage: Stage,
    pub(crate) tenant: TenantId,
    pub(crate) numbers: PhoneNumbers,
}

impl Team {
    pub(crate) fn new() -> Self {
        let stage = Stage::new();
        Self {
            numbers: PhoneNumbers::new(stage.integrations.clone(), stage.trail.clone()),
            tenant: tenant("t_one"),
            stage,
        }
    }

    /// The same numbers as another process works on them.
    pub(crate) fn another_process(&self) -> PhoneNumbers {
        let client = aws_sdk_dynamodb::Client::new(&self.stage.cloud.sdk_config());
        let trail = AuditTrail::new(client, names::AUDIT.into(), self.stage.clock.clone());
        PhoneNumbers::new(self.stage.integrations.clone(), trail)
    }

    pub(crate) async fn connect(&self, owner: Owner) -> Integration {
        self.stage.connect(&self.tenant, owner).await
    }

    /// An integration of the tenant's with these numbers.
    pub(crate) async fn connected(&self, listing: &Listing) -> Integration {
        let integration = self.connect(Owner::Tenant).await;
        self.sync(&integration, listing).await;
        integration
    }

    pub(crate) async fn try_sync(
        &self,
        integration: &Integration,
        listed: &Listing,
        at: Timestamp,
    ) -> Result<TakenOver, SyncError> {
        let account = Account {
            integration,
            listed,
            at,
        };
        let mut record = self.record("phone_numbers.sync");
        record.count = u64::try_from(listed.len()).ok();
        self.numbers.take_over(&account, &record).await
    }

    /// Syncs a minute later.
    pub(crate) async fn sync(&self, integration: &Integration, listed: &Listing) -> TakenOver {
        self.stage.clock.advance(Duration::from_secs(60));
        let at = self.stage.now();
        let taken = self.try_sync(integration, listed, at).await;
        taken.expect("taken over")
    }

    pub(crate) async fn assign(&self, number: &str, to: Option<&UserId>) -> PhoneNumber {
        let before = self.find(number).await;
        let record = self.record("phone_number.assign");
        let assigned = self.numbers.assign(&self.tenant, &before, to, &record);
        assigned.await.expect("assigned")
    }

    pub(crate) fn record(&self, action: &'static str) -> AuditRecord {
        self.stage.record(action)
    }

    pub(crate) async fn all(&self) -> Vec<PhoneNumber> {
        self.numbers.list(&self.tenant).await.expect("listed")
    }

    pub(crate) async fn find(&self, number: &str) -> PhoneNumber {
        let mut all = self.all().await.into_iter();
        all.find(|one| one.number == e164(number)).expect("known")
    }

    pub(crate) async fn recorded(&self, action: &str) -> usize {
        self.stage.recorded(&self.tenant, action).await
    }
}

pub(crate) fn e164(number: &str) -> E164 {
    E164::parse(number, None).expect("a number")
}

pub(crate) fn listed(name: &str) -> Listed {
    Listed {
        provider_id: Some(format!("id of {name}")),
        display_name: name.to_owned(),
        kind: NumberKind::Virtual,
        is_primary: false,
        can_call: true,
        can_sms: false,
    }
}

/// Numbers that are called what they are.
pub(crate) fn listing(numbers: &[&str]) -> Listing {
    let named = numbers.iter().map(|number| (e164(number), listed(number)));
    named.collect()
}

/// As [`listing`], set up with the first of them.
pub(crate) fn set_up_with(numbers: &[&str]) -> Listing {
    let mut listing = listing(numbers);
    let own = listing.get_mut(&e164(numbers[0])).expect("a number");
    own.is_primary = true;
    listing
}

/// So many numbers.
pub(crate) fn many(count: usize) -> Listing {
    (0..count)
        .map(|place| (e164(&format!("+1555{place:07}")), listed("one of many")))
        .collect()
}

pub(crate) fn personal(of: &str) -> Owner {
    Owner::User(user(of))
}
