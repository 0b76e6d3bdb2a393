//! Integrations with their sealed credentials, and the rosters from which one is chosen.
//!
//! An integration, its line in the roster, its webhook route and its claims on provider accounts change in one
//! transaction or not at all.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, Delete, KeysAndAttributes, Put, TransactWriteItem, Update,
};
use domain::Caller;
use domain::failure::{Failure, StoreError};
use domain::ids::{IntegrationId, ProviderId, TenantId, UserId};
use domain::integration::{Integration, Owner, Reference, Status};
use domain::resolution::{self, Candidate, Resolution, Roster, Wanted};
use domain::seal::Sealed;
use domain::time::Timestamp;

use crate::error::{WriteError, is_conditional_failure, unavailable};
use crate::item::{Attributes, Reader, binary, json, keyed, number, text, time};
use crate::keys::{self, PK, SK};
use crate::notifications::Notification;
use crate::routes::{self, WebhookRoute};

/// Most integrations that one listing reads.
pub const MOST_PER_TENANT: usize = 1_000;

/// The Integrations table.
#[derive(Debug, Clone)]
pub struct Integrations {
    client: Client,
    table: String,
}

/// A roster of a tenant, or of one of its users.
pub type RosterKey = (TenantId, Option<UserId>);

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
        let wanted = owners.iter().map(|owner| match owner {
            Owner::Tenant => (caller.tenant.clone(), None),
            Owner::User(user) => (caller.tenant.clone(), Some(user.clone())),
        });
        let rosters = self.find_rosters(&wanted.collect::<Vec<_>>()).await?;
        let rosters: Vec<&Roster> = rosters.values().collect();
        let wanted = Wanted {
            provider: Some(provider),
            users: vec![&caller.user],
            ..Wanted::default()
        };
        match resolution::resolve(&rosters, &wanted) {
            Resolution::Use(id, _) | Resolution::Unusable(id, ..) => {
                self.find(&caller.tenant, &id).await
            }
            Resolution::NotConfigured => Ok(None),
        }
    }

    /// All integrations of a tenant, in the order of their ids.
    ///
    /// # Errors
    /// [`StoreError`] if the table does not answer or a record is malformed.
    pub async fn list(&self, tenant: &TenantId) -> Result<Vec<Integration>, StoreError> {
        let mut found = Vec::new();
        let mut start = None;
        loop {
            let page = self
                .client
                .query()
                .table_name(&self.table)
                .key_condition_expression("pk = :tenant AND begins_with(sk, :prefix)")
                .expression_attribute_values(":tenant", text(tenant.as_str()))
                .expression_attribute_values(":prefix", text(keys::INTEGRATIONS))
                .consistent_read(true)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(unavailable)?;
            for item in page.items() {
                found.push(read(item, tenant)?);
            }
            start = page.last_evaluated_key;
            if start.is_none() || found.len() >= MOST_PER_TENANT {
                return Ok(found);
            }
        }
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
            let roster = item
                .keys()
                .filter_map(|name| {
                    Some((
                        IntegrationId::parse(name).ok()?,
                        reader.find_json::<Candidate>(name)?,
                    ))
                })
                .collect();
            rosters.insert((*key).clone(), Roster(roster));
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

    async fn get_many(&self, places: Vec<(String, String)>) -> Result<Vec<Attributes>, StoreError> {
        const TRIES: usize = 5;
        let mut found = Vec::with_capacity(places.len());
        for hundred in places.chunks(100) {
            let mut left: Vec<Attributes> = hundred
                .iter()
                .map(|(pk, sk)| keyed(pk.as_str(), sk.as_str()))
                .collect();
            for _ in 0..TRIES {
                // What is read decides for good: a repair just made must be seen.
                let wanted = KeysAndAttributes::builder()
                    .consistent_read(true)
                    .set_keys(Some(std::mem::take(&mut left)))
                    .build()
                    .map_err(|_| StoreError::Malformed("key"))?;
                let answer = self
                    .client
                    .batch_get_item()
                    .request_items(&self.table, wanted)
                    .send()
                    .await
                    .map_err(unavailable)?;
                found.extend(
                    answer
                        .responses
                        .into_iter()
                        .flatten()
                        .flat_map(|(_, items)| items),
                );
                left = answer
                    .unprocessed_keys
                    .into_iter()
                    .flatten()
                    .flat_map(|(_, rest)| rest.keys)
                    .collect();
                if left.is_empty() {
                    break;
                }
            }
            if !left.is_empty() {
                return Err(StoreError::Unavailable("the database (throttled)", None));
            }
        }
        Ok(found)
    }

    /// Records what a test of the stored credential found; `false` if there is nothing to record: the credential was
    /// replaced meanwhile, or its state is known already and `notification` was given, which is told once.
    ///
    /// # Errors
    /// [`StoreError`] if the table does not answer.
    pub async fn record_verdict(
        &self,
        tested: &Integration,
        verdict: &Verdict,
        notification: Option<&Notification>,
    ) -> Result<bool, StoreError> {
        const TRIES: usize = 5;
        let mut current = tested.clone();
        for _ in 0..TRIES {
            if self.try_verdict(&current, verdict, notification).await? {
                return Ok(true);
            }
            let key = (tested.tenant.clone(), tested.id.clone());
            let Some(stored) = self.find_many(&[key]).await?.into_iter().next() else {
                return Ok(false);
            };
            let replaced = stored.credential_version != tested.credential_version;
            let told = notification.is_some() && stored.status == verdict.status;
            if replaced || told {
                return Ok(false);
            }
            current = stored;
        }
        Err(StoreError::Unavailable(
            "the record, which changes all the time,",
            None,
        ))
    }

    /// Writes the verdict over exactly that revision, for the roster's line is made from it.
    async fn try_verdict(
        &self,
        current: &Integration,
        verdict: &Verdict,
        notification: Option<&Notification>,
    ) -> Result<bool, StoreError> {
        let mut after = current.clone();
        after.status = verdict.status;
        let mut set =
            "SET #status = :status, updated_at = :now, revision = revision + :one".to_owned();
        let mut update = Update::builder()
            .table_name(&self.table)
            .key(PK, text(current.tenant.as_str()))
            .key(SK, text(keys::integration(&current.id)))
            .condition_expression("revision = :read AND #status <> :known")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":read", number(current.revision))
            // Told once: only the write that changes the state may tell.
            .expression_attribute_values(
                ":known",
                text(notification.map_or("", |_| verdict.status.name())),
            )
            .expression_attribute_values(":status", text(verdict.status.name()))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":now", time(verdict.at));
        if let Some(failure) = &verdict.failure {
            set.push_str(", last_error = :failure");
            update = update.expression_attribute_values(":failure", json(failure));
        }
        if verdict.status == Status::Connected {
            set.push_str(", verified_at = :now REMOVE last_error");
        }
        let update = update
            .update_expression(set)
            .build()
            .map_err(|_| StoreError::Malformed("integration"))?;
        let mut writes = vec![
            TransactWriteItem::builder().update(update).build(),
            self.enrol(&after)?,
        ];
        if let Some(notification) = notification {
            writes.push(notification.put(&self.table)?);
        }
        let written = self
            .client
            .transact_write_items()
            .set_transact_items(Some(writes))
            .send()
            .await;
        match written {
            Ok(_) => Ok(true),
            Err(error) if cancelled_by_condition(error.as_service_error()).is_some() => Ok(false),
            Err(error) => Err(unavailable(error)),
        }
    }

    /// Notes how the provider's registration of the webhook ended; a record changed meanwhile is left alone.
    ///
    /// # Errors
    /// [`StoreError`] if the table does not answer.
    pub async fn record_webhook(&self, integration: &Integration) -> Result<(), StoreError> {
        let answer = self
            .client
            .update_item()
            .table_name(&self.table)
            .key(PK, text(integration.tenant.as_str()))
            .key(SK, text(keys::integration(&integration.id)))
            .update_expression("SET webhook = :webhook, revision = revision + :one")
            .condition_expression("credential_version = :version")
            .expression_attribute_values(":webhook", json(&integration.webhook))
            .expression_attribute_values(":version", number(integration.credential_version))
            .expression_attribute_values(":one", number(1))
            .send()
            .await;
        match answer {
            Ok(_) => Ok(()),
            Err(error) if is_conditional_failure(&error) => Ok(()),
            Err(error) => Err(unavailable(error)),
        }
    }

    /// Puts the integration's line into its owner's roster.
    fn enrol(&self, integration: &Integration) -> Result<TransactWriteItem, StoreError> {
        let update = self
            .roster_update(integration)
            .update_expression("SET #id = :candidate")
            .expression_attribute_values(":candidate", json(&Candidate::of(integration)))
            .build()
            .map_err(|_| StoreError::Malformed("roster"))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    fn strike(&self, integration: &Integration) -> Result<TransactWriteItem, StoreError> {
        let update = self
            .roster_update(integration)
            .update_expression("REMOVE #id")
            .build()
            .map_err(|_| StoreError::Malformed("roster"))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    fn roster_update(
        &self,
        integration: &Integration,
    ) -> aws_sdk_dynamodb::types::builders::UpdateBuilder {
        Update::builder()
            .table_name(&self.table)
            .key(PK, text(integration.tenant.as_str()))
            .key(SK, text(keys::roster(&integration.owner)))
            .expression_attribute_names("#id", integration.id.as_str())
    }
}

/// What a test of a stored credential found.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// The state that follows.
    pub status: Status,
    /// Why it does not work.
    pub failure: Option<Failure>,
    /// When it was tested.
    pub at: Timestamp,
}

/// Writes integrations together with what belongs to them.
#[derive(Debug, Clone)]
pub struct IntegrationChanges {
    integrations: Integrations,
    routes_table: String,
}

impl IntegrationChanges {
    /// Writes to both tables.
    pub fn new(integrations: Integrations, routes_table: String) -> Self {
        Self {
            integrations,
            routes_table,
        }
    }

    /// Saves a new integration (`before` is `None`) or a changed one, with its route, roster line and claims.
    ///
    /// # Errors
    /// [`WriteError::Conflict`] if it was changed meanwhile, [`WriteError::AccountTaken`] if an account belongs to
    /// another integration; nothing is written then.
    pub async fn save(
        &self,
        before: Option<&Integration>,
        after: &Integration,
        route: Option<&WebhookRoute>,
    ) -> Result<(), WriteError> {
        let (table, routes_table) = (&self.integrations.table, &self.routes_table);
        let mut put = Put::builder()
            .table_name(table)
            .set_item(Some(write(after)));
        put = match before {
            None => put.condition_expression("attribute_not_exists(pk)"),
            Some(before) => put
                .condition_expression("revision = :read")
                .expression_attribute_values(":read", number(before.revision)),
        };
        let put = put
            .build()
            .map_err(|_| StoreError::Malformed("integration"))?;
        let mut writes = vec![
            TransactWriteItem::builder().put(put).build(),
            self.integrations.enrol(after)?,
        ];
        let held: &[String] = before.map_or(&[], |before| &before.accounts);
        for account in &after.accounts {
            writes.push(routes::put_claim(
                &after.provider,
                account,
                &after.id,
                routes_table,
            )?);
        }
        for account in held
            .iter()
            .filter(|account| !after.accounts.contains(account))
        {
            let key = keys::claim(&after.provider, account);
            writes.push(routes::delete(key, &after.id, routes_table)?);
        }
        if let Some(route) = route {
            writes.push(routes::put(route, routes_table)?);
        }
        let left = before.and_then(|before| before.webhook.as_ref());
        if let Some(left) = left.filter(|left| !after.is_called_on(&left.route)) {
            writes.push(routes::delete(&left.route, &after.id, routes_table)?);
        }
        self.write(writes).await
    }

    /// Removes an integration, its sealed credentials, roster line, route and claims.
    ///
    /// # Errors
    /// [`WriteError::Conflict`] if it was changed meanwhile; nothing is removed then.
    pub async fn delete(&self, integration: &Integration) -> Result<(), WriteError> {
        let delete = Delete::builder()
            .table_name(&self.integrations.table)
            .key(PK, text(integration.tenant.as_str()))
            .key(SK, text(keys::integration(&integration.id)))
            .condition_expression("revision = :read")
            .expression_attribute_values(":read", number(integration.revision))
            .build()
            .map_err(|_| StoreError::Malformed("integration"))?;
        let mut writes = vec![
            TransactWriteItem::builder().delete(delete).build(),
            self.integrations.strike(integration)?,
        ];
        for account in &integration.accounts {
            let key = keys::claim(&integration.provider, account);
            writes.push(routes::delete(key, &integration.id, &self.routes_table)?);
        }
        if let Some(webhook) = &integration.webhook {
            writes.push(routes::delete(
                &webhook.route,
                &integration.id,
                &self.routes_table,
            )?);
        }
        self.write(writes).await
    }

    async fn write(&self, writes: Vec<TransactWriteItem>) -> Result<(), WriteError> {
        let answer = self
            .integrations
            .client
            .transact_write_items()
            .set_transact_items(Some(writes))
            .send()
            .await;
        match answer {
            Ok(_) => Ok(()),
            Err(error) => match cancelled_by_condition(error.as_service_error()) {
                // The first write is the record itself; the others are what it lays claim to.
                Some(0) => Err(WriteError::Conflict),
                Some(_) => Err(WriteError::AccountTaken),
                None => Err(unavailable(error).into()),
            },
        }
    }
}

/// The place of the first write whose condition did not hold.
fn cancelled_by_condition(error: Option<&TransactWriteItemsError>) -> Option<usize> {
    match error? {
        TransactWriteItemsError::TransactionCanceledException(cancelled) => cancelled
            .cancellation_reasons()
            .iter()
            .position(|reason| reason.code() == Some("ConditionalCheckFailed")),
        _ => None,
    }
}

fn write(integration: &Integration) -> Attributes {
    let mut item = keyed(
        integration.tenant.as_str(),
        keys::integration(&integration.id),
    );
    let fields: [(&str, AttributeValue); 17] = [
        ("id", text(integration.id.as_str())),
        ("owner", json(&integration.owner)),
        ("provider", text(integration.provider.as_str())),
        ("name", text(&integration.name)),
        ("settings", json(&integration.settings)),
        ("credentials", binary(integration.credentials.as_bytes())),
        ("credential_version", number(integration.credential_version)),
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

fn read(item: &Attributes, tenant: &TenantId) -> Result<Integration, StoreError> {
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
