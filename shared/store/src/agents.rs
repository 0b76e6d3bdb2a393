//! Agents. An agent and what it is bound to, which stands in the tenant's roster, are written in one transaction with
//! the audit record of it, or not at all.

use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, Delete, Put, TransactWriteItem};
use domain::Agent;
use domain::audit::AuditRecord;
use domain::failure::StoreError;
use domain::ids::{AgentId, IntegrationId, TenantId, UserId};
use domain::integration::Owner;

use crate::audit::AuditTrail;
use crate::integrations::{self, Integrations};
use crate::item::{Attributes, Reader, json, keyed, number, text, time};
use crate::keys::{self, PK, SK};
use crate::recorded::{Recorded, Refused};
use crate::rosters::{self, HERE, REMOVED_AT};

/// Most agents of one tenant.
pub const MOST_PER_TENANT: usize = 200;

/// The attribute of the tenant's roster that names the default agent.
const DEFAULT: &str = "default_agent";
/// The attribute of the tenant's roster that counts its agents.
const COUNT: &str = "agents";

/// Why an agent was not written.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// It was changed or removed since it was read: read again.
    #[error("the agent was changed meanwhile")]
    Conflict,
    /// An integration that it names is not there, or is not the tenant's own.
    #[error("the tenant has no integration {0}")]
    NoIntegration(IntegrationId),
    /// The tenant has [`MOST_PER_TENANT`] already.
    #[error("the tenant has {MOST_PER_TENANT} agents, and no more are kept")]
    TooMany,
    /// The tenant has left; nothing is kept for it any more.
    #[error("the tenant was removed")]
    TenantRemoved,
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The agents of tenants.
#[derive(Clone)]
pub struct Agents {
    integrations: Integrations,
    recorded: Recorded,
}

/// A write, and what it means if its condition does not hold.
type Writes<'a> = Vec<(Stake<'a>, TransactWriteItem)>;

#[derive(Clone, Copy)]
enum Stake<'a> {
    /// The agent as it was read.
    Agent,
    /// An integration that the agent names.
    Integration(&'a IntegrationId),
    /// The tenant's roster.
    Roster,
}

impl Agents {
    /// Writes to the table and to the trail.
    pub fn new(integrations: Integrations, trail: AuditTrail) -> Self {
        let recorded = Recorded::new(integrations.client.clone(), trail);
        Self {
            integrations,
            recorded,
        }
    }

    /// One agent of a tenant.
    ///
    /// # Errors
    /// [`StoreError`] if the table does not answer or the record is malformed.
    pub async fn find(&self, tenant: &TenantId, id: &AgentId) -> Result<Option<Agent>, StoreError> {
        let places = [keys::roster(&Owner::Tenant), keys::agent(id)];
        let places = places.map(|sk| (tenant.to_string(), sk)).into();
        let items = self.integrations.get_many(places).await?;
        let of = |sk: String| {
            items
                .iter()
                .find(move |item| item.get(SK) == Some(&text(&sk)))
        };
        let default = of(keys::roster(&Owner::Tenant)).and_then(default_of);
        of(keys::agent(id))
            .map(|item| read(item, tenant, default.as_ref()))
            .transpose()
    }

    /// All agents of a tenant, the oldest first.
    ///
    /// # Errors
    /// [`StoreError`] if the table does not answer or a record is malformed.
    pub async fn list(&self, tenant: &TenantId) -> Result<Vec<Agent>, StoreError> {
        let Some(roster) = self.roster(tenant).await? else {
            return Ok(Vec::new());
        };
        let default = default_of(&roster);
        let places = roster
            .keys()
            .filter_map(|name| rosters::agent_of(name))
            .map(|id| (tenant.to_string(), keys::agent(&id)))
            .collect();
        let items = self.integrations.get_many(places).await?;
        let mut agents = items
            .iter()
            .map(|item| read(item, tenant, default.as_ref()))
            .collect::<Result<Vec<_>, _>>()?;
        agents.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        Ok(agents)
    }

    /// Keeps a new agent. If it is the default, no other is any more.
    ///
    /// # Errors
    /// [`AgentError`]; nothing is written then.
    pub async fn create(&self, agent: &Agent, record: &AuditRecord) -> Result<(), AgentError> {
        self.save(None, agent, record).await
    }

    /// Keeps a changed agent in the place of the one that was read. If it became the default, no other is any more.
    ///
    /// # Errors
    /// [`AgentError`]; nothing is written then.
    pub async fn update(
        &self,
        before: &Agent,
        after: &Agent,
        record: &AuditRecord,
    ) -> Result<(), AgentError> {
        self.save(Some(before), after, record).await
    }

    /// Removes an agent.
    ///
    /// # Errors
    /// [`AgentError`]; nothing is removed then.
    pub async fn delete(&self, agent: &Agent, record: &AuditRecord) -> Result<(), AgentError> {
        let delete = Delete::builder()
            .table_name(&self.integrations.table)
            .key(PK, text(agent.tenant.as_str()))
            .key(SK, text(keys::agent(&agent.id)))
            .condition_expression("revision = :read")
            .expression_attribute_values(":read", number(agent.revision))
            .build()
            .map_err(|_| StoreError::Malformed("agent"))?;
        let delete = TransactWriteItem::builder().delete(delete).build();
        let roster = self.enrol(Some(agent), None)?;
        let writes = vec![(Stake::Agent, delete), (Stake::Roster, roster)];
        self.write(agent, false, record, writes).await
    }

    async fn save(
        &self,
        before: Option<&Agent>,
        after: &Agent,
        record: &AuditRecord,
    ) -> Result<(), AgentError> {
        let put = Put::builder()
            .table_name(&self.integrations.table)
            .set_item(Some(write(after)));
        let put = match before {
            None => put.condition_expression("attribute_not_exists(pk)"),
            Some(before) => put
                .condition_expression("revision = :read")
                .expression_attribute_values(":read", number(before.revision)),
        };
        let put = put.build().map_err(|_| StoreError::Malformed("agent"))?;
        let put = TransactWriteItem::builder().put(put).build();
        let mut writes = vec![
            (Stake::Agent, put),
            (Stake::Roster, self.enrol(before, Some(after))?),
        ];
        for id in newly_named(before, after) {
            writes.push((Stake::Integration(id), self.is_the_tenants(after, id)?));
        }
        self.write(after, before.is_none(), record, writes).await
    }

    /// The roster's part of a change: what the agent is bound to, who the default is, how many agents there are. Only
    /// what changes is written, so that two changes at once do not undo each other.
    fn enrol(
        &self,
        before: Option<&Agent>,
        after: Option<&Agent>,
    ) -> Result<TransactWriteItem, StoreError> {
        let agent = after.or(before).ok_or(StoreError::Malformed("agent"))?;
        let was_default = before.is_some_and(|agent| agent.is_default);
        let is_default = after.is_some_and(|agent| agent.is_default);
        let (mut set, mut remove, mut condition) = (Vec::new(), Vec::new(), HERE.to_owned());
        let mut update = rosters::update(&self.integrations.table, &agent.tenant)
            .expression_attribute_names("#agent", keys::binding(&agent.id));
        match after {
            Some(after) => {
                set.push("#agent = :binding");
                update = update.expression_attribute_values(":binding", json(&after.binding()));
            }
            None => remove.push("#agent"),
        }
        if was_default != is_default {
            update = update
                .expression_attribute_names("#default", DEFAULT)
                .expression_attribute_values(":id", text(agent.id.as_str()));
            if is_default {
                set.push("#default = :id");
            } else {
                remove.push("#default");
                condition.push_str(" AND #default = :id");
            }
        }
        let mut expression = String::new();
        for (clause, parts) in [("SET", set), ("REMOVE", remove)] {
            if !parts.is_empty() {
                expression.push_str(&format!("{clause} {} ", parts.join(", ")));
            }
        }
        let grows = i8::from(after.is_some()) - i8::from(before.is_some());
        if grows != 0 {
            expression.push_str("ADD #count :grows");
            update = update
                .expression_attribute_names("#count", COUNT)
                .expression_attribute_values(":grows", number(grows));
        }
        if grows > 0 {
            condition.push_str(" AND (attribute_not_exists(#count) OR #count < :most)");
            update = update.expression_attribute_values(":most", number(MOST_PER_TENANT));
        }
        integrations::updated(
            update
                .update_expression(expression)
                .condition_expression(condition),
        )
    }

    /// The condition that an integration is there and the whole tenant's.
    fn is_the_tenants(
        &self,
        agent: &Agent,
        id: &IntegrationId,
    ) -> Result<TransactWriteItem, StoreError> {
        let check = ConditionCheck::builder()
            .table_name(&self.integrations.table)
            .key(PK, text(agent.tenant.as_str()))
            .key(SK, text(keys::integration(id)))
            .condition_expression("#owner = :tenant")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":tenant", json(&Owner::Tenant))
            .build()
            .map_err(|_| StoreError::Malformed("integration"))?;
        Ok(TransactWriteItem::builder().condition_check(check).build())
    }

    async fn write(
        &self,
        agent: &Agent,
        is_new: bool,
        record: &AuditRecord,
        writes: Writes<'_>,
    ) -> Result<(), AgentError> {
        let (stakes, writes): (Vec<Stake<'_>>, Vec<_>) = writes.into_iter().unzip();
        let place = match self.recorded.write(&agent.tenant, record, writes).await {
            Ok(()) => return Ok(()),
            Err(Refused::Store(error)) => return Err(error.into()),
            Err(Refused::Condition(place)) => place,
        };
        match stakes[place] {
            Stake::Agent => Err(AgentError::Conflict),
            Stake::Integration(id) => Err(AgentError::NoIntegration(id.clone())),
            Stake::Roster => {
                let roster = self.roster(&agent.tenant).await?.unwrap_or_default();
                Err(if roster.contains_key(REMOVED_AT) {
                    AgentError::TenantRemoved
                } else if is_new {
                    AgentError::TooMany
                } else {
                    AgentError::Conflict
                })
            }
        }
    }

    async fn roster(&self, tenant: &TenantId) -> Result<Option<Attributes>, StoreError> {
        let place = (tenant.to_string(), keys::roster(&Owner::Tenant));
        Ok(self.integrations.get_many(vec![place]).await?.pop())
    }
}

/// The integrations that a change would use: those the agent did not name before, and the one of a number that is
/// switched on again.
fn newly_named<'a>(before: Option<&Agent>, after: &'a Agent) -> Vec<&'a IntegrationId> {
    let named = before.map(Agent::integrations).unwrap_or_default();
    let is_on = |agent: &Agent| agent.binding().is_some_and(|binding| binding.enabled);
    let switched_on = is_on(after) && !before.is_some_and(is_on);
    let number = after.whatsapp.as_ref().map(|number| &number.integration);
    after
        .integrations()
        .into_iter()
        .filter(|id| !named.contains(id) || (switched_on && number == Some(*id)))
        .collect()
}

fn default_of(roster: &Attributes) -> Option<AgentId> {
    AgentId::parse(Reader(roster).find_text(DEFAULT)?).ok()
}

fn write(agent: &Agent) -> Attributes {
    let mut item = keyed(agent.tenant.as_str(), keys::agent(&agent.id));
    let fields: [(&str, AttributeValue); 11] = [
        ("id", text(agent.id.as_str())),
        ("name", text(&agent.name)),
        ("enabled", AttributeValue::Bool(agent.enabled)),
        ("whatsapp", json(&agent.whatsapp)),
        ("behaviour", json(&agent.behaviour)),
        ("destination", json(&agent.destination)),
        ("revision", number(agent.revision)),
        ("created_at", time(agent.created_at)),
        ("created_by", text(agent.created_by.as_str())),
        ("updated_at", time(agent.updated_at)),
        ("updated_by", text(agent.updated_by.as_str())),
    ];
    item.extend(fields.map(|(name, value)| (name.to_owned(), value)));
    if let Some(description) = &agent.description {
        item.insert("description".into(), text(description));
    }
    item
}

fn read(
    item: &Attributes,
    tenant: &TenantId,
    default: Option<&AgentId>,
) -> Result<Agent, StoreError> {
    let item = Reader(item);
    let user = |name| UserId::parse(item.text(name)?).map_err(|_| StoreError::Malformed(name));
    let id = AgentId::parse(item.text("id")?).map_err(|_| StoreError::Malformed("id"))?;
    Ok(Agent {
        is_default: default == Some(&id),
        id,
        tenant: tenant.clone(),
        name: item.text("name")?.to_owned(),
        description: item.find_text("description").map(str::to_owned),
        enabled: item.flag("enabled")?,
        whatsapp: item.json("whatsapp")?,
        behaviour: item.json("behaviour")?,
        destination: item.json("destination")?,
        revision: item.number("revision")?,
        created_at: item.time("created_at")?,
        created_by: user("created_by")?,
        updated_at: item.time("updated_at")?,
        updated_by: user("updated_by")?,
    })
}
