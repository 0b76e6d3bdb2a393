//! The paths that front ends and services knew before: thin, onto the same operations, in their own form of bodies.

pub(crate) mod dashboard;
pub(crate) mod elevenlabs;
pub(crate) mod tenant_whatsapp;
pub(crate) mod whatsapp_settings;

use contract::fields::Mask;
use contract::integrations::{About, Ownership};
use domain::integration::{Owner, Status};
use domain::{Given, Integration};
use edge::Problem;
use providers::Provider;
use serde_json::Value;

use crate::ask::Ask;
use crate::integrations::change::{Change, Saved};

/// The owner's default integration of a type.
async fn default_of(
    ask: &Ask<'_>,
    provider: &dyn Provider,
    owner: Owner,
) -> Result<Option<Integration>, Problem> {
    let id = providers::id_of(provider);
    let integrations = &ask.context.integrations;
    Ok(integrations.find_default(ask.caller, &id, &[owner]).await?)
}

/// Gives the owner's default integration of a type new values, or makes it.
async fn save(
    ask: &Ask<'_>,
    provider: &'static dyn Provider,
    owner: Owner,
    enabled: Option<bool>,
    fields: Given,
) -> Result<Saved, Problem> {
    let about = About {
        owner: Some(match &owner {
            Owner::Tenant => Ownership::Tenant,
            Owner::User(_) => Ownership::User,
        }),
        enabled,
        ..About::default()
    };
    let before = default_of(ask, provider, owner).await?;
    let change = Change {
        ask: *ask,
        provider,
        before,
    };
    change.save(about, fields).await
}

fn provider(id: &str) -> Result<&'static dyn Provider, Problem> {
    providers::find(id).ok_or_else(|| Problem::not_found("provider"))
}

fn mask(integration: &Integration, field: &str) -> Option<Mask> {
    integration.masked.get(field).map(Mask::from)
}

fn setting(integration: &Integration, field: &str) -> Option<Value> {
    integration.settings.get(field).cloned()
}

fn is_connected(integration: &Integration) -> bool {
    integration.shown_status() == Status::Connected
}
