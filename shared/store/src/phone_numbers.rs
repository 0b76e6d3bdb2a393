//! The phone numbers of a tenant's accounts, and whose they are among its team.
//!
//! A number stands under an id that is made of it, so a tenant has each number once (S1-59). [`plan`] tells which of
//! several accounts a number belongs to. Every change is made on the revision that was read, and writes nothing but
//! what it changes: a sync and an assignment that meet do not undo each other.

mod plan;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, TransactWriteItem, Update};
use domain::Integration;
use domain::audit::AuditRecord;
use domain::failure::StoreError;
use domain::ids::{IntegrationId, NumberId, TenantId, UserId};
use domain::integration::Owner;
use domain::phone::{E164, NumberKind};
use domain::time::Timestamp;

pub use self::plan::Account;
use self::plan::Step;
use crate::audit::AuditTrail;
use crate::error::WriteError;
use crate::integrations::{self, Integrations};
use crate::item::{Attributes, Reader, json, keyed, number, text, time};
use crate::keys::{self, PK, SK};
use crate::prefix;
use crate::recorded::{Recorded, Refused};

/// Most numbers of one tenant.
pub const MOST_PER_TENANT: usize = 1_000;

/// Numbers written at once: a transaction holds a hundred writes, two of which are the account's presence and the
/// audit record.
const AT_ONCE: usize = 98;

/// How often a sync begins anew on what others have written meanwhile.
const TRIES: u32 = 20;

/// A number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhoneNumber {
    /// Its id, which is made of the number.
    pub id: NumberId,
    /// The number.
    pub number: E164,
    /// The integration whose account has it.
    pub integration: IntegrationId,
    /// Whose that integration is.
    pub owner: Owner,
    /// What the account says of it.
    pub listed: Listed,
    /// The member of the team who calls from it.
    pub assigned_to: Option<UserId>,
    /// When the account was last seen to have it.
    pub synced_at: Timestamp,
    /// Since when the account does not have it any more.
    pub retired_at: Option<Timestamp>,
    /// Rises with every change; being seen once more is none.
    pub revision: u64,
}

/// What an account says of one of its numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The provider's own id of it.
    pub provider_id: Option<String>,
    /// What the account's owner calls it.
    pub display_name: String,
    /// What kind of number it is.
    pub kind: NumberKind,
    /// The number that the integration is set up with.
    pub is_primary: bool,
    /// Calls can be made from it.
    pub can_call: bool,
    /// Text messages can be sent from it.
    pub can_sms: bool,
}

/// What a sync has changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TakenOver {
    /// Numbers that were not known before.
    pub added: usize,
    /// Numbers that the account does not have any more.
    pub retired: usize,
}

impl TakenOver {
    fn count(&mut self, steps: &[Step]) {
        let retired = |step: &&Step| step.after.retired_at.is_some();
        self.added += steps.iter().filter(|step| step.before.is_none()).count();
        self.retired += steps.iter().filter(retired).count();
    }
}

/// Why a sync was not completed.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The integration was removed meanwhile.
    #[error("the integration was removed meanwhile")]
    Removed,
    /// The tenant would have more than [`MOST_PER_TENANT`]; nothing was written.
    #[error("a tenant has {MOST_PER_TENANT} numbers at most")]
    TooMany,
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The phone numbers of tenants.
#[derive(Clone)]
pub struct PhoneNumbers {
    integrations: Integrations,
    recorded: Recorded,
}

impl PhoneNumbers {
    /// Writes to the table and to the trail.
    pub fn new(integrations: Integrations, trail: AuditTrail) -> Self {
        let recorded = Recorded::new(integrations.client.clone(), trail);
        Self {
            integrations,
            recorded,
        }
    }

    /// All numbers of a tenant, in their order.
    ///
    /// # Errors
    /// [`StoreError`] if the table does not answer or a record is malformed.
    pub async fn list(&self, tenant: &TenantId) -> Result<Vec<PhoneNumber>, StoreError> {
        list(&self.integrations, tenant).await
    }

    /// One number of a tenant.
    ///
    /// # Errors
    /// [`StoreError`] if the table does not answer or the record is malformed.
    pub async fn find(
        &self,
        tenant: &TenantId,
        id: &NumberId,
    ) -> Result<Option<PhoneNumber>, StoreError> {
        let place = (tenant.to_string(), keys::phone_number(id));
        let items = self.integrations.get_many(vec![place]).await?;
        items.first().map(read).transpose()
    }

    /// Assigns a number, as it was read, to a member of the team or to nobody; the number as it is then.
    ///
    /// # Errors
    /// [`WriteError::Conflict`] if it was changed or removed meanwhile.
    pub async fn assign(
        &self,
        tenant: &TenantId,
        before: &PhoneNumber,
        user: Option<&UserId>,
        record: &AuditRecord,
    ) -> Result<PhoneNumber, WriteError> {
        let after = PhoneNumber {
            assigned_to: user.cloned(),
            revision: before.revision + 1,
            ..before.clone()
        };
        let write = self.change(tenant, before, &after)?;
        match self.recorded.write(tenant, record, vec![write]).await {
            Ok(()) => Ok(after),
            Err(Refused::Condition(_)) => Err(WriteError::Conflict),
            Err(Refused::Store(error)) => Err(error.into()),
        }
    }

    /// Takes over the numbers of an account: adds those that are new, brings those that are known up to date, and
    /// retires those that the account does not have any more. The record is written with the first of them.
    ///
    /// # Errors
    /// [`SyncError`]. What was written until then stands, and the next sync does the rest.
    pub async fn take_over(
        &self,
        account: &Account<'_>,
        record: &AuditRecord,
    ) -> Result<TakenOver, SyncError> {
        let mut taken = TakenOver::default();
        let mut record = Some(record);
        'anew: for _ in 0..TRIES {
            let steps = self.plan(account).await?;
            let mut left = steps.as_slice();
            loop {
                let (some, rest) = left.split_at(left.len().min(AT_ONCE));
                match self.write(account, some, record).await {
                    Ok(()) => {}
                    Err(Refused::Condition(PRESENCE)) => return Err(SyncError::Removed),
                    Err(Refused::Condition(_)) => continue 'anew,
                    Err(Refused::Store(error)) => return Err(error.into()),
                }
                record = None;
                taken.count(some);
                left = rest;
                if left.is_empty() {
                    return Ok(taken);
                }
            }
        }
        let reason = "the phone numbers, which change all the time,";
        Err(StoreError::Unavailable(reason, None).into())
    }

    async fn plan(&self, account: &Account<'_>) -> Result<Vec<Step>, SyncError> {
        let tenant = &account.integration.tenant;
        let known = self.list(tenant).await?;
        let holders: BTreeSet<_> = known
            .iter()
            .filter(|number| account.listed.contains_key(&number.number))
            .map(|number| (tenant.clone(), number.integration.clone()))
            .filter(|(_, holder)| *holder != account.integration.id)
            .collect();
        let holders: Vec<_> = holders.into_iter().collect();
        let found = self.integrations.find_many(&holders).await?;
        let there: HashSet<_> = found.into_iter().map(|one| one.id).collect();
        let steps = account.steps(&known, |holder| there.contains(holder));
        let new = steps.iter().filter(|step| step.before.is_none()).count();
        if new > 0 && known.len() + new > MOST_PER_TENANT {
            return Err(SyncError::TooMany);
        }
        Ok(steps)
    }

    /// Makes changes while the integration is there, with the record if it is not written yet.
    async fn write(
        &self,
        account: &Account<'_>,
        steps: &[Step],
        record: Option<&AuditRecord>,
    ) -> Result<(), Refused> {
        let tenant = &account.integration.tenant;
        let mut writes = vec![self.integrations.presence(account.integration)?];
        for step in steps {
            writes.push(match &step.before {
                None => self.put(tenant, &step.after)?,
                Some(before) => self.change(tenant, before, &step.after)?,
            });
        }
        match record {
            Some(record) => self.recorded.write(tenant, record, writes).await,
            None => self.recorded.go_on(writes).await,
        }
    }

    fn put(&self, tenant: &TenantId, new: &PhoneNumber) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder()
            .table_name(&self.integrations.table)
            .set_item(Some(item(tenant, new)))
            .condition_expression("attribute_not_exists(pk)")
            .build()
            .map_err(|_| StoreError::Malformed("phone number"))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// Writes what differs, if nobody has changed the number since it was read.
    fn change(
        &self,
        tenant: &TenantId,
        before: &PhoneNumber,
        after: &PhoneNumber,
    ) -> Result<TransactWriteItem, StoreError> {
        let mut update = Update::builder()
            .table_name(&self.integrations.table)
            .key(PK, text(tenant.as_str()))
            .key(SK, text(keys::phone_number(&before.id)))
            .condition_expression("revision = :read")
            .expression_attribute_values(":read", number(before.revision));
        let (before, after) = (item(tenant, before), item(tenant, after));
        let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        let differ = names
            .into_iter()
            .filter(|name| before.get(*name) != after.get(*name));
        let mut clauses: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (place, name) in differ.enumerate() {
            let (alias, value) = (format!("#a{place}"), format!(":a{place}"));
            update = update.expression_attribute_names(&alias, name);
            match after.get(name) {
                Some(new) => {
                    clauses
                        .entry("SET")
                        .or_default()
                        .push(format!("{alias} = {value}"));
                    update = update.expression_attribute_values(value, new.clone());
                }
                None => clauses.entry("REMOVE").or_default().push(alias),
            }
        }
        let clauses: Vec<String> = clauses
            .into_iter()
            .map(|(clause, parts)| format!("{clause} {}", parts.join(", ")))
            .collect();
        integrations::updated(update.update_expression(clauses.join(" ")))
    }
}

/// The place of the account's presence among the writes of a sync.
const PRESENCE: usize = 0;

/// An integration's numbers.
pub(crate) async fn of_integration(
    integrations: &Integrations,
    tenant: &TenantId,
    id: &IntegrationId,
) -> Result<Vec<PhoneNumber>, StoreError> {
    let mut numbers = list(integrations, tenant).await?;
    numbers.retain(|number| number.integration == *id);
    Ok(numbers)
}

/// Removes what an integration that is gone has left behind.
pub(crate) async fn clear(
    integrations: &Integrations,
    recorded: &Recorded,
    integration: &Integration,
) {
    let Integration { tenant, id, .. } = integration;
    let cleared = async {
        for _ in 0..TRIES {
            let numbers = of_integration(integrations, tenant, id).await?;
            if numbers.is_empty() {
                break;
            }
            let some = numbers.iter().take(AT_ONCE);
            let removals = some.map(|one| removal(&integrations.table, tenant, one));
            match recorded.go_on(removals.collect::<Result<_, _>>()?).await {
                // Another account has taken a number meanwhile.
                Ok(()) | Err(Refused::Condition(_)) => {}
                Err(Refused::Store(error)) => return Err(error),
            }
        }
        Ok(())
    };
    if let Err(error) = cleared.await {
        tracing::warn!(%tenant, integration = %id, %error, "phone numbers of a removed integration are left");
    }
}

/// The removal of a number, if it is still the integration's.
pub(crate) fn removal(
    table: &str,
    tenant: &TenantId,
    of: &PhoneNumber,
) -> Result<TransactWriteItem, StoreError> {
    let delete = Delete::builder()
        .table_name(table)
        .key(PK, text(tenant.as_str()))
        .key(SK, text(keys::phone_number(&of.id)))
        .condition_expression("attribute_not_exists(pk) OR integration_id = :integration")
        .expression_attribute_values(":integration", text(of.integration.as_str()))
        .build()
        .map_err(|_| StoreError::Malformed("phone number"))?;
    Ok(TransactWriteItem::builder().delete(delete).build())
}

async fn list(
    integrations: &Integrations,
    tenant: &TenantId,
) -> Result<Vec<PhoneNumber>, StoreError> {
    let Integrations { client, table } = integrations;
    let items = prefix::read_all(client, table, tenant, keys::PHONE_NUMBERS, usize::MAX).await?;
    let mut found = items.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    found.sort_by(|one, other| one.number.cmp(&other.number));
    Ok(found)
}

fn item(tenant: &TenantId, of: &PhoneNumber) -> Attributes {
    let mut item = keyed(tenant.as_str(), keys::phone_number(&of.id));
    let fields: [(&str, AttributeValue); 10] = [
        ("phone_number", text(of.number.as_str())),
        ("integration_id", text(of.integration.as_str())),
        ("owner", json(&of.owner)),
        ("display_name", text(&of.listed.display_name)),
        ("number_type", json(&of.listed.kind)),
        ("is_primary", AttributeValue::Bool(of.listed.is_primary)),
        ("can_call", AttributeValue::Bool(of.listed.can_call)),
        ("can_sms", AttributeValue::Bool(of.listed.can_sms)),
        ("synced_at", time(of.synced_at)),
        ("revision", number(of.revision)),
    ];
    item.extend(fields.map(|(name, value)| (name.to_owned(), value)));
    if let Some(id) = &of.listed.provider_id {
        item.insert("provider_id".into(), text(id));
    }
    if let Some(user) = &of.assigned_to {
        item.insert("assigned_to_user_id".into(), text(user.as_str()));
    }
    if let Some(at) = of.retired_at {
        item.insert("retired_at".into(), time(at));
    }
    item
}

fn read(item: &Attributes) -> Result<PhoneNumber, StoreError> {
    let item = Reader(item);
    let phone_number = item.text("phone_number")?;
    let number = E164::parse(phone_number, None).ok_or(StoreError::Malformed("phone_number"))?;
    let integration = item.text("integration_id")?;
    let assigned_to = item.find_text("assigned_to_user_id").map(UserId::parse);
    Ok(PhoneNumber {
        id: NumberId::of(&number),
        number,
        integration: IntegrationId::parse(integration)
            .map_err(|_| StoreError::Malformed("integration_id"))?,
        owner: item.json("owner")?,
        listed: Listed {
            provider_id: item.find_text("provider_id").map(str::to_owned),
            display_name: item.text("display_name")?.to_owned(),
            kind: item.json("number_type")?,
            is_primary: item.flag("is_primary")?,
            can_call: item.flag("can_call")?,
            can_sms: item.flag("can_sms")?,
        },
        assigned_to: assigned_to
            .transpose()
            .map_err(|_| StoreError::Malformed("assigned_to_user_id"))?,
        synced_at: item.time("synced_at")?,
        retired_at: item.find_time("retired_at"),
        revision: item.number("revision")?,
    })
}
