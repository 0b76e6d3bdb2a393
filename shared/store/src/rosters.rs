//! Rosters: all that choosing a credential needs, in one item per owner, one attribute per thing.

use aws_sdk_dynamodb::types::Update;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use domain::ids::{AgentId, IntegrationId, ProviderId, TenantId};
use domain::integration::Owner;
use domain::resolution::{Candidate, Roster};

use crate::item::{Attributes, Reader, text};
use crate::keys::{self, PK, SK};

/// The attribute of a tenant's roster that says that the tenant has left.
pub(crate) const REMOVED_AT: &str = "removed_at";

/// The condition that the tenant has not left.
pub(crate) const HERE: &str = "attribute_not_exists(removed_at)";

/// What an item holds.
pub(crate) fn read(item: &Attributes) -> Roster {
    let reader = Reader(item);
    let mut roster = Roster {
        tenant_removed: item.contains_key(REMOVED_AT),
        ..Roster::default()
    };
    for name in item.keys() {
        if let Ok(id) = IntegrationId::parse(name) {
            if let Some(mut line) = reader.find_json::<Candidate>(name) {
                let attested = reader.find_text(&keys::attested(&id));
                line.version_attested = attested.unwrap_or_default().to_owned();
                roster.candidates.insert(id, line);
            }
        } else if let Some(id) = agent_of(name) {
            match reader.find_json(name) {
                Some(Some(binding)) => {
                    roster.bindings.insert(id, binding);
                }
                Some(None) => {
                    roster.unbound.insert(id);
                }
                None => {}
            }
        } else if let Some(provider) = grant_of(name)
            && let Some(grant) = reader.find_json(name)
        {
            roster.grants.insert(provider, grant);
        }
    }
    roster
}

/// The agent whose attribute that is.
pub(crate) fn agent_of(name: &str) -> Option<AgentId> {
    AgentId::parse(name.strip_prefix(keys::BINDING)?).ok()
}

fn grant_of(name: &str) -> Option<ProviderId> {
    ProviderId::parse(name.strip_prefix(keys::GRANT)?).ok()
}

/// A change of a tenant's roster, made only while the tenant is here.
pub(crate) fn update(table: &str, tenant: &TenantId) -> UpdateBuilder {
    Update::builder()
        .table_name(table)
        .key(PK, text(tenant.as_str()))
        .key(SK, text(keys::roster(&Owner::Tenant)))
        .condition_expression(HERE)
}
