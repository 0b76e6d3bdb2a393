//! `/api/dashboard/integrations`: the caller's own CRM (S2-40 to S2-44).

use contract::fields::Mask;
use contract::integrations::{About, Ownership};
use contract::older::{ChangeIntegration, CreateIntegration, DashboardIntegration, Kind};
use domain::Integration;
use domain::integration::Owner;
use domain::text::camel_case;
use edge::http::HttpReply;
use edge::{Problem, input};
use providers::Provider;
use providers::descriptor::Category;
use serde_json::{Map, Value};

use super::{is_connected, mask};
use crate::ask::Ask;
use crate::integrations::change::Change;
use crate::integrations::{self, delete as removal, provider_of};

pub(crate) async fn create(ask: &Ask<'_>) -> Result<HttpReply, Problem> {
    let given: CreateIntegration = input::read(ask.request.json_object()?)?;
    let (provider, fields) = given.configuration.of_category(Category::Crm)?;
    let about = About {
        name: Some(given.name),
        owner: Some(Ownership::User),
        ..About::default()
    };
    let change = Change {
        ask: *ask,
        provider,
        before: None,
    };
    let saved = change.save(about, fields).await?;
    Ok(HttpReply::data(201, &view(&saved.integration)))
}

pub(crate) async fn change(ask: &Ask<'_>, id: &str) -> Result<HttpReply, Problem> {
    let given: ChangeIntegration = input::read(ask.request.json_object()?)?;
    let (existing, provider) = find(ask, id).await?;
    let about = About {
        name: given.name,
        enabled: given.is_active,
        ..About::default()
    };
    let change = Change {
        ask: *ask,
        provider,
        before: Some(existing),
    };
    let saved = change.save(about, Map::new().into()).await?;
    Ok(HttpReply::data(200, &view(&saved.integration)))
}

pub(crate) async fn delete(ask: &Ask<'_>, id: &str) -> Result<HttpReply, Problem> {
    let (integration, _) = find(ask, id).await?;
    removal::remove(ask, &integration).await
}

/// The caller's own CRM; what is anything else is none.
async fn find(ask: &Ask<'_>, id: &str) -> Result<(Integration, &'static dyn Provider), Problem> {
    let missing = || Problem::not_found("integration");
    let integration = integrations::find(ask, id).await?;
    let provider = provider_of(&integration)?;
    let is_crm = provider.descriptor().category == Category::Crm;
    if !is_crm || integration.owner == Owner::Tenant {
        return Err(missing());
    }
    Ok((integration, provider))
}

fn view(integration: &Integration) -> DashboardIntegration<'_> {
    let mut configuration: Map<String, Value> = integration
        .settings
        .iter()
        .map(|(name, value)| (camel_case(name), value.clone()))
        .collect();
    for field in integration.masked.keys() {
        configuration.insert(
            camel_case(field),
            mask(integration, field).map(Mask::into_value).into(),
        );
    }
    DashboardIntegration {
        id: &integration.id,
        name: &integration.name,
        kind: Kind::Crm,
        provider: integration.provider.as_str().to_uppercase(),
        is_active: integration.enabled,
        is_connected: is_connected(integration),
        configuration,
        created_at: integration.created_at,
        updated_at: integration.updated_at,
    }
}
