//! Integrations with their sealed credentials, and the rosters from which one is chosen. How they change is told in
//! [`crate::changes`] and [`crate::verdicts`].

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, TransactWriteItem, Update};
use domain::Caller;
use domain::failure::StoreError;
use domain::ids::{IntegrationId, ProviderId, TenantId, UserId};
use domain::integration::{Integration, Owner, Reference, Status};
use domain::resolution::{self, Candidate, Known, PlatformOffer, Resolution, Roster, Wanted};
use domain::seal::Sealed;
use domain::time::Timestamp;

use crate::batch;
use crate::error::unavailable;
use crate::item::{Attributes, Reader, binary, json, keyed, number, text, time};
use crate::keys::{self, PK, SEAL, SK};
use crate::prefix;
use crate::rosters;

/// Most integrations that one listing reads.
pub const MOST_PER_TENANT: usize = 1_000;

/// The Integrations table.
#[derive(Debug, Clone)]
pub struct Integrations {
    pub(crate) client: Client,
    pub(crate) table: String,
}

/// A roster of a tenant, or of one of its users.
pub type RosterKey = (TenantId, Option<UserId>);

/// The roster that an owner's integrations stand in.
pub fn roster_key(tenant: &TenantId, owner: &Owner) -> RosterKey {
    let user = match owner {
        Owner::Tenant => None,
        Owner::User(user) => Some(user.clone()),
    };
    (tenant.clone(), user)
}

impl Integrations {
    /// Opens the table of that name.
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// One integration of a tenant.
    ///
    /// # Errors
    /// [`StoreError`] if the table does not answer or the record is malformed.
    pub async fn find(
        &self,
        tenant: &TenantId,
        id: &IntegrationId,
    ) -> Result<Option<Integration>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .key(PK, text(tenant.as_str()))
            .key(SK, text(keys::integration(id)))
            .consistent_read(true)
            .send()
            .await
            .map_err(unavailable)?;
        answer
            .item
            .as_ref()
            .map(|item| read(item, tenant))
            .transpose()
    }

    /// The integration that a caller names, if the caller may know of it.
    ///
    /// # Errors
    /// [`StoreError`] if the table does not answer or the record is malformed.
    pub async fn find_reference(
        &self,
        caller: &Caller,
        reference: &Reference,
    ) -> Result<Option<Integration>, StoreError> {
        match reference {
            Reference::Id(id) => {
                let found = self.find(&caller.tenant, id).await?;
                Ok(found.filter(|integration| integration.is_visible_to(&caller.user)))
            }
            Reference::Default(provider) => {
                let own = Owner::User(caller.user.clone());
                self.find_default(caller, provider, &[own, Owner::Tenant])
                    .await
            }
        }
    }

    /// The default integration of a type among those of some owners: the caller's own before the tenant's.
    ///
    /// # Errors
    /// [`StoreError`] if the table does not answer or the record is malformed.
    pub async fn find_default(
        &self,
        caller: &Caller,
        provider: &ProviderId,
        owners: &[Owner],
    ) -> Result<Option<Integration>, StoreError> {
        let keys: Vec<RosterKey> = owners
            .iter()
            .map(|owner| roster_key(&caller.tenant, owner))
            .collect();
        let rosters = self.find_rosters(&keys).await?;
        if rosters.values().any(|roster| roster.tenant_removed) {
            return Ok(None);
        }
        let wanted = Wanted {
            provider: Some(provider),
            users: vec![&caller.user],
            ..Wanted::default()
        };
        // Owner by owner: what is switched off steps aside for a send, and is still the owner's default.
        let default = keys.iter().find_map(|key| {
            let known = Known {
                rosters: &[rosters.get(key)?],
                platform: &PlatformOffer::new(),
                now: Timestamp::default(),
            };
            match resolution::resolve(&known, &wanted).0 {
                Resolution::Use(id, _) | Resolution::Unusable(id, ..) => Some(id),
                _ => None,
            }
        });
        match default {
            Some(id) => self.find(&caller.tenant, &id).await,
            None => Ok(None),
        }
    }

    /// All integrations of a tenant, in the order of their ids.
    ///
    /// # Errors
    /// [`StoreError`] if the table does not answer or a record is malformed.
    pub async fn list(&self, tenant: &TenantId) -> Result<Vec<Integration>, StoreError> {
        let Self { client, table } = self;
        let of = keys::INTEGRATIONS;
        let items = prefix::read_all(client, table, tenant, of, MOST_PER_TENANT).await?;
        items.iter().map(|item| read(item, tenant)).collect()
    }

    /// The rosters of all that a caller may know of: the tenant's and the caller's own.
    ///
    /// # Errors
    /// [`StoreError`] if the table does not answer for both.
    pub async fn find_rosters_of(&self, caller: &Caller) -> Result<Vec<Roster>, StoreError> {
        let owners = [Owner::Tenant, Owner::User(caller.user.clone())];
        let keys = owners.map(|owner| roster_key(&caller.tenant, &owner));
        Ok(self.find_rosters(&keys).await?.into_values().collect())
    }

    /// Several rosters, in one call per hundred; those that do not exist are empty.
    ///
    /// # Errors
    /// [`StoreError`] if the table does not answer for all of them.
    pub async fn find_rosters(
        &self,
        wanted: &[RosterKey],
    ) -> Result<HashMap<RosterKey, Roster>, StoreError> {
        let mut by_key: HashMap<(String, String), &RosterKey> = HashMap::new();
        for key in wanted {
            let sk = key
                .1
                .as_ref()
                .map_or_else(|| keys::roster(&Owner::Tenant), keys::user_roster);
            by_key.insert((key.0.to_string(), sk), key);
        }
        let items = self.get_many(by_key.keys().cloned().collect()).await?;
        let mut rosters: HashMap<RosterKey, Roster> = wanted
            .iter()
            .map(|key| (key.clone(), Roster::default()))
            .collect();
        for item in items {
            let reader = Reader(&item);
            let place = (reader.text(PK)?.to_owned(), reader.text(SK)?.to_owned());
            let Some(key) = by_key.get(&place) else {
                continue;
            };
            rosters.insert((*key).clone(), rosters::read(&item));
        }
        Ok(rosters)
    }

    /// Several integrations, in one call per hundred; those that do not exist are left out.
    ///
    /// # Errors
    /// [`StoreError`] if the table does not answer for all of them.
    pub async fn find_many(
        &self,
        wanted: &[(TenantId, IntegrationId)],
    ) -> Result<Vec<Integration>, StoreError> {
        let tenants: HashMap<&str, &TenantId> = wanted
            .iter()
            .map(|(tenant, _)| (tenant.as_str(), tenant))
            .collect();
        let places = wanted
            .iter()
            .map(|(tenant, id)| (tenant.to_string(), keys::integration(id)))
            .collect();
        self.get_many(places)
            .await?
            .iter()
            .map(|item| {
                let tenant = tenants
                    .get(Reader(item).text(PK)?)
                    .ok_or(StoreError::Malformed("a record that was not asked for"))?;
                read(item, tenant)
            })
            .collect()
    }

    pub(crate) async fn get_many(
        &self,
        places: Vec<(String, String)>,
    ) -> Result<Vec<Attributes>, StoreError> {
        batch::get(&self.client, &self.table, &places).await
    }

    /// Puts the integration's line into its owner's roster. What is attested of its version is written with a new
    /// version alone: whoever else writes the line must not vouch for a record that may have been put back (F4).
    pub(crate) fn enrolment(
        &self,
        before: Option<&Integration>,
        after: &Integration,
    ) -> UpdateBuilder {
        let line = self
            .roster_update(after)
            .expression_attribute_values(":candidate", json(&Candidate::of(after)));
        if before.is_some_and(|before| before.credential_version == after.credential_version) {
            return line.update_expression("SET #id = :candidate");
        }
        line.update_expression("SET #id = :candidate, #attested = :attested")
            .expression_attribute_names("#attested", keys::attested(&after.id))
            .expression_attribute_values(":attested", text(&after.version_attested))
    }

    /// Takes the line out again.
    pub(crate) fn strike(
        &self,
        integration: &Integration,
    ) -> Result<TransactWriteItem, StoreError> {
        updated(
            self.roster_update(integration)
                .update_expression("REMOVE #id, #attested")
                .expression_attribute_names("#attested", keys::attested(&integration.id)),
        )
    }

    /// The condition that an integration is there, to be made together with what is written for it.
    pub(crate) fn presence(
        &self,
        integration: &Integration,
    ) -> Result<TransactWriteItem, StoreError> {
        let check = ConditionCheck::builder()
            .table_name(&self.table)
            .key(PK, text(integration.tenant.as_str()))
            .key(SK, text(keys::integration(&integration.id)))
            .condition_expression("attribute_exists(pk)")
            .build()
            .map_err(|_| StoreError::Malformed("integration"))?;
        Ok(TransactWriteItem::builder().condition_check(check).build())
    }

    fn roster_update(&self, integration: &Integration) -> UpdateBuilder {
        Update::builder()
            .table_name(&self.table)
            .key(PK, text(integration.tenant.as_str()))
            .key(SK, text(keys::roster(&integration.owner)))
            .expression_attribute_names("#id", integration.id.as_str())
    }
}

/// An update as a write of a transaction.
pub(crate) fn updated(update: UpdateBuilder) -> Result<TransactWriteItem, StoreError> {
    let update = update
        .build()
        .map_err(|_| StoreError::Malformed("update"))?;
    Ok(TransactWriteItem::builder().update(update).build())
}

pub(crate) fn write(integration: &Integration) -> Attributes {
    let mut item = keyed(
        integration.tenant.as_str(),
        keys::integration(&integration.id),
    );
    let fields: [(&str, AttributeValue); 19] = [
        ("id", text(integration.id.as_str())),
        ("owner", json(&integration.owner)),
        ("provider", text(integration.provider.as_str())),
        ("name", text(&integration.name)),
        ("settings", json(&integration.settings)),
        ("credentials", binary(integration.credentials.as_bytes())),
        ("credential_version", number(integration.credential_version)),
        ("latest_version", number(integration.latest_version)),
        ("version_attested", text(&integration.version_attested)),
        ("masked", json(&integration.masked)),
        ("accounts", json(&integration.accounts)),
        ("enabled", AttributeValue::Bool(integration.enabled)),
        ("status", text(integration.status.name())),
        ("facts", json(&integration.facts)),
        ("priority", number(integration.priority)),
        ("revision", number(integration.revision)),
        ("webhook", json(&integration.webhook)),
        ("created_at", time(integration.created_at)),
        ("created_by", text(integration.created_by.as_str())),
    ];
    item.extend(fields.map(|(name, value)| (name.to_owned(), value)));
    item.insert("updated_at".into(), time(integration.updated_at));
    item.insert("updated_by".into(), text(integration.updated_by.as_str()));
    if let Some(seal) = keys::seal(&integration.credentials) {
        item.insert(SEAL.into(), text(seal));
    }
    if let Some(at) = integration.returns_until {
        item.insert("returns_until".into(), time(at));
    }
    if let Some(at) = integration.verified_at {
        item.insert("verified_at".into(), time(at));
    }
    if let Some(at) = integration.expires_at {
        item.insert("expires_at".into(), time(at));
    }
    if let Some(failure) = &integration.last_error {
        item.insert("last_error".into(), json(failure));
    }
    item
}

pub(crate) fn read(item: &Attributes, tenant: &TenantId) -> Result<Integration, StoreError> {
    let item = Reader(item);
    let user = |name| UserId::parse(item.text(name)?).map_err(|_| StoreError::Malformed(name));
    Ok(Integration {
        id: IntegrationId::parse(item.text("id")?).map_err(|_| StoreError::Malformed("id"))?,
        tenant: tenant.clone(),
        owner: item.json("owner")?,
        provider: ProviderId::parse(item.text("provider")?)
            .map_err(|_| StoreError::Malformed("provider"))?,
        name: item.text("name")?.to_owned(),
        settings: item.json("settings")?,
        credentials: Sealed::from_bytes(item.binary("credentials")?.to_vec()),
        credential_version: item.number("credential_version")?,
        latest_version: item.number("latest_version")?,
        version_attested: item.text("version_attested")?.to_owned(),
        returns_until: item.find_time("returns_until"),
        masked: item.json("masked")?,
        accounts: item.json("accounts")?,
        enabled: item.flag("enabled")?,
        status: Status::parse(item.text("status")?).ok_or(StoreError::Malformed("status"))?,
        verified_at: item.find_time("verified_at"),
        last_error: item.find_json("last_error"),
        facts: item.json("facts")?,
        expires_at: item.find_time("expires_at"),
        priority: item.number("priority")?,
        revision: item.number("revision")?,
        webhook: item.json("webhook")?,
        created_at: item.time("created_at")?,
        created_by: user("created_by")?,
        updated_at: item.time("updated_at")?,
        updated_by: user("updated_by")?,
    })
}
