//! Webhook routes: how a public URL finds its tenant, and the secret that proves who calls it.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, TransactWriteItem, Update};
use domain::Integration;
use domain::failure::StoreError;
use domain::ids::{IntegrationId, ProviderId, TenantId};
use domain::integration::webhook_secret_place;
use domain::seal::{SealContext, Sealed};
use domain::time::Timestamp;

use crate::error::unavailable;
use crate::item::{Attributes, Reader, binary, json, number, text, time};
use crate::keys::{self, PK, SEAL, TTL};

const ENDS_AT: &str = "ends_at";

/// The record behind one webhook URL.
#[derive(Debug, Clone)]
pub struct WebhookRoute {
    /// SHA-256 of the URL's token, hex.
    pub key: String,
    /// Whose it is.
    pub tenant: TenantId,
    /// Which integration it feeds.
    pub integration: IntegrationId,
    /// Who may call it.
    pub provider: ProviderId,
    /// Ids at the provider that payloads on this route may name.
    pub accounts: Vec<String>,
    /// The sealed values that verify the caller.
    pub secret: Sealed,
    /// The revision the seal is bound to.
    pub secret_version: u64,
    /// When it ends, if another URL has taken its place.
    pub ends_at: Option<Timestamp>,
}

impl WebhookRoute {
    /// The place its secret is sealed for.
    pub fn secret_place(&self) -> SealContext<'_> {
        let Self {
            tenant,
            provider,
            integration,
            secret_version,
            ..
        } = self;
        webhook_secret_place(tenant, provider, integration, *secret_version)
    }

    /// Whether it has not ended. DynamoDB removes what has ended, but in its own time.
    pub fn is_answered_at(&self, now: Timestamp) -> bool {
        self.ends_at.is_none_or(|end| now < end)
    }
}

/// The WebhookRoutes table, for reading.
#[derive(Debug, Clone)]
pub struct WebhookRoutes {
    client: Client,
    table: String,
}

impl WebhookRoutes {
    /// Opens the table of that name.
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// The route of a URL's token.
    ///
    /// # Errors
    /// [`StoreError`]: nothing is known about the token then.
    pub async fn find(&self, token: &str) -> Result<Option<WebhookRoute>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .key(PK, text(keys::route(token)))
            .consistent_read(true)
            .send()
            .await
            .map_err(unavailable)?;
        answer.item.as_ref().map(read).transpose()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a verified webhook's tenant is its route's own record"
)]
pub(crate) fn read(item: &Attributes) -> Result<WebhookRoute, StoreError> {
    let item = Reader(item);
    let malformed = |name| move |_| StoreError::Malformed(name);
    Ok(WebhookRoute {
        key: item.text(PK)?.to_owned(),
        tenant: TenantId::from_trusted_source(item.text("tenant")?).map_err(malformed("tenant"))?,
        integration: IntegrationId::parse(item.text("integration")?)
            .map_err(malformed("integration"))?,
        provider: ProviderId::parse(item.text("provider")?).map_err(malformed("provider"))?,
        accounts: item.json("accounts")?,
        secret: Sealed::from_bytes(item.binary("secret")?.to_vec()),
        secret_version: item.number("secret_version")?,
        ends_at: item.find_time(ENDS_AT),
    })
}

/// Writes the route, new or of the same integration.
pub(crate) fn put(route: &WebhookRoute, table: &str) -> Result<TransactWriteItem, StoreError> {
    let mut item: Attributes = [
        (PK, text(&route.key)),
        ("tenant", text(route.tenant.as_str())),
        ("integration", text(route.integration.as_str())),
        ("provider", text(route.provider.as_str())),
        ("accounts", json(&route.accounts)),
        ("secret", binary(route.secret.as_bytes())),
        ("secret_version", number(route.secret_version)),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    if let Some(seal) = keys::seal(&route.secret) {
        item.insert(SEAL.into(), text(seal));
    }
    if let Some(end) = route.ends_at {
        item.insert(ENDS_AT.into(), time(end));
        item.insert(TTL.into(), removable_after(end));
    }
    owned_put(item, (&route.tenant, &route.integration), table)
}

/// Gives the integration's own route an end.
pub(crate) fn end(
    route: &str,
    end: Timestamp,
    (tenant, integration): Owner<'_>,
    table: &str,
) -> Result<TransactWriteItem, StoreError> {
    let update = Update::builder()
        .table_name(table)
        .key(PK, text(route))
        .update_expression("SET #end = :end, #ttl = :ttl")
        .condition_expression("integration = :own AND tenant = :tenant")
        .expression_attribute_names("#end", ENDS_AT)
        .expression_attribute_names("#ttl", TTL)
        .expression_attribute_values(":end", time(end))
        .expression_attribute_values(":ttl", removable_after(end))
        .expression_attribute_values(":own", text(integration.as_str()))
        .expression_attribute_values(":tenant", text(tenant.as_str()))
        .build()
        .map_err(|_| StoreError::Malformed("route"))?;
    Ok(TransactWriteItem::builder().update(update).build())
}

/// The first whole second by which it has ended.
fn removable_after(end: Timestamp) -> AttributeValue {
    number(end.seconds() + 1)
}

/// Takes an account at a provider for one integration.
pub(crate) fn put_claim(
    account: &str,
    integration: &Integration,
    table: &str,
) -> Result<TransactWriteItem, StoreError> {
    let Integration {
        tenant,
        id,
        provider,
        ..
    } = integration;
    let item = [
        (PK.to_owned(), text(keys::claim(provider, account))),
        ("tenant".to_owned(), text(tenant.as_str())),
        ("integration".to_owned(), text(id.as_str())),
    ];
    owned_put(item.into(), (tenant, id), table)
}

/// Whose a route or a claim is: the same id of another tenant is another integration. The first claims named no tenant.
const OWN: &str = "attribute_not_exists(pk) OR \
    integration = :own AND (attribute_not_exists(tenant) OR tenant = :tenant)";

type Owner<'a> = (&'a TenantId, &'a IntegrationId);

fn owned_put(
    item: Attributes,
    (tenant, integration): Owner<'_>,
    table: &str,
) -> Result<TransactWriteItem, StoreError> {
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(item))
        .condition_expression(OWN)
        .expression_attribute_values(":own", text(integration.as_str()))
        .expression_attribute_values(":tenant", text(tenant.as_str()))
        .build()
        .map_err(|_| StoreError::Malformed("route"))?;
    Ok(TransactWriteItem::builder().put(put).build())
}

/// Removes a route or a claim, if it is the integration's own.
pub(crate) fn delete(
    key: impl Into<String>,
    (tenant, integration): Owner<'_>,
    table: &str,
) -> Result<TransactWriteItem, StoreError> {
    let delete = Delete::builder()
        .table_name(table)
        .key(PK, text(key))
        .condition_expression(OWN)
        .expression_attribute_values(":own", text(integration.as_str()))
        .expression_attribute_values(":tenant", text(tenant.as_str()))
        .build()
        .map_err(|_| StoreError::Malformed("route"))?;
    Ok(TransactWriteItem::builder().delete(delete).build())
}
