//! Sealed records by the ring key that holds them, for the commands that move them to another: read through the
//! `BySeal` indexes. A record that was moved is in the index no more, so what is left to do is what is still found
//! there, whoever was killed in between.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::Select;
use domain::Integration;
use domain::failure::StoreError;
use domain::ids::{IntegrationId, ProviderId, TenantId};
use domain::seal::Sealed;

use crate::error::{is_conditional_failure, unavailable};
use crate::integrations;
use crate::item::{Attributes, Reader, binary, text};
use crate::keys::{self, BY_SEAL, PK, SEAL, SK};
use crate::previous::{self, PreviousCredentials};
use crate::routes::{self, WebhookRoute};

/// Where a sealed record is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Place {
    /// In Integrations: partition and sort key.
    Integrations(String, String),
    /// In WebhookRoutes.
    WebhookRoutes(String),
}

/// A record with a seal.
#[derive(Debug, Clone)]
pub enum SealedRecord {
    /// An integration's credentials.
    Integration(Box<Integration>),
    /// Those it had before.
    Previous {
        /// Whose.
        tenant: TenantId,
        /// Of which type.
        provider: ProviderId,
        /// Of which integration.
        integration: IntegrationId,
        /// The credentials.
        previous: Box<PreviousCredentials>,
    },
    /// A webhook's secret.
    Route(Box<WebhookRoute>),
}

impl SealedRecord {
    /// The sealed value.
    pub fn sealed(&self) -> &Sealed {
        match self {
            Self::Integration(integration) => &integration.credentials,
            Self::Previous { previous, .. } => &previous.credentials,
            Self::Route(route) => &route.secret,
        }
    }
}

/// Both tables that hold seals.
#[derive(Debug, Clone)]
pub struct SealedRecords {
    client: Client,
    integrations_table: String,
    routes_table: String,
}

impl SealedRecords {
    /// Opens the tables of those names.
    pub fn new(client: Client, integrations_table: String, routes_table: String) -> Self {
        Self {
            client,
            integrations_table,
            routes_table,
        }
    }

    /// Places of records that a ring key holds, at most `limit`: all of them or one tenant's. Indexes lag behind by
    /// moments: an empty answer is proof only if it is empty again a little later.
    ///
    /// # Errors
    /// [`StoreError`] if a table does not answer.
    pub async fn held_by(
        &self,
        ring: &str,
        version: u32,
        tenant: Option<&TenantId>,
        limit: i32,
    ) -> Result<Vec<Place>, StoreError> {
        let mut places = Vec::new();
        for query in self.queries(ring, version, tenant) {
            let page = query.limit(limit).send().await.map_err(unavailable)?;
            for item in page.items() {
                let item = Reader(item);
                let pk = item.text(PK)?.to_owned();
                places.push(match item.find_text(SK) {
                    Some(sk) => Place::Integrations(pk, sk.to_owned()),
                    None => Place::WebhookRoutes(pk),
                });
            }
        }
        Ok(places)
    }

    /// How many records a ring key holds, counted up to `most`: all of them or one tenant's.
    ///
    /// # Errors
    /// [`StoreError`] if a table does not answer.
    pub async fn count(
        &self,
        ring: &str,
        version: u32,
        tenant: Option<&TenantId>,
        most: usize,
    ) -> Result<usize, StoreError> {
        let mut count = 0;
        for query in self.queries(ring, version, tenant) {
            let query = query.select(Select::Count);
            let mut start = None;
            while count < most {
                let page = query.clone().set_exclusive_start_key(start);
                let page = page.send().await.map_err(unavailable)?;
                count += usize::try_from(page.count).unwrap_or_default();
                start = page.last_evaluated_key;
                if start.is_none() {
                    break;
                }
            }
        }
        Ok(count.min(most))
    }

    /// A query per table for what a ring key holds.
    fn queries(
        &self,
        ring: &str,
        version: u32,
        tenant: Option<&TenantId>,
    ) -> [QueryFluentBuilder; 2] {
        [
            (&self.integrations_table, PK),
            (&self.routes_table, "tenant"),
        ]
        .map(|(table, range)| {
            let query = self
                .client
                .query()
                .table_name(table)
                .index_name(BY_SEAL)
                .expression_attribute_names("#seal", SEAL)
                .expression_attribute_values(":seal", text(keys::seal_of(ring, version)));
            match tenant {
                None => query.key_condition_expression("#seal = :seal"),
                Some(tenant) => query
                    .key_condition_expression("#seal = :seal AND #tenant = :tenant")
                    .expression_attribute_names("#tenant", range)
                    .expression_attribute_values(":tenant", text(tenant.as_str())),
            }
        })
    }

    /// The record at a place; `None` if it is gone.
    ///
    /// # Errors
    /// [`StoreError`] if the table does not answer or the record is malformed.
    pub async fn find(&self, place: &Place) -> Result<Option<SealedRecord>, StoreError> {
        let get = self.client.get_item().consistent_read(true);
        let get = match place {
            Place::Integrations(pk, sk) => get
                .table_name(&self.integrations_table)
                .key(PK, text(pk))
                .key(SK, text(sk)),
            Place::WebhookRoutes(pk) => get.table_name(&self.routes_table).key(PK, text(pk)),
        };
        let answer = get.send().await.map_err(unavailable)?;
        answer
            .item
            .as_ref()
            .map(|item| read(place, item))
            .transpose()
    }

    /// Puts a seal in the place of the one that was read; `false` if the record has another by now, or is gone.
    /// Nothing else of the record changes, so nobody who is changing it is disturbed.
    ///
    /// # Errors
    /// [`StoreError`] if the table does not answer.
    pub async fn replace(
        &self,
        place: &Place,
        read: &Sealed,
        sealed: &Sealed,
    ) -> Result<bool, StoreError> {
        let update = self
            .client
            .update_item()
            .update_expression("SET #value = :sealed, #seal = :seal")
            .condition_expression("#value = :read")
            .expression_attribute_names("#seal", SEAL)
            .expression_attribute_values(":read", binary(read.as_bytes()))
            .expression_attribute_values(":sealed", binary(sealed.as_bytes()))
            .expression_attribute_values(
                ":seal",
                text(keys::seal(sealed).ok_or(StoreError::Malformed("seal"))?),
            );
        let update = match place {
            Place::Integrations(pk, sk) => update
                .table_name(&self.integrations_table)
                .key(PK, text(pk))
                .key(SK, text(sk))
                .expression_attribute_names("#value", "credentials"),
            Place::WebhookRoutes(pk) => update
                .table_name(&self.routes_table)
                .key(PK, text(pk))
                .expression_attribute_names("#value", "secret"),
        };
        match update.send().await {
            Ok(_) => Ok(true),
            Err(error) if is_conditional_failure(&error) => Ok(false),
            Err(error) => Err(unavailable(error)),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the tenant is the partition that the record was found in"
)]
fn read(place: &Place, item: &Attributes) -> Result<SealedRecord, StoreError> {
    let Place::Integrations(pk, sk) = place else {
        return Ok(SealedRecord::Route(Box::new(routes::read(item)?)));
    };
    let tenant = TenantId::from_trusted_source(pk).map_err(|_| StoreError::Malformed(PK))?;
    if sk.starts_with(keys::INTEGRATIONS) {
        let integration = integrations::read(item, &tenant)?;
        return Ok(SealedRecord::Integration(Box::new(integration)));
    }
    let integration = sk
        .strip_prefix(keys::PREVIOUS)
        .and_then(|id| IntegrationId::parse(id).ok())
        .ok_or(StoreError::Malformed(SK))?;
    let provider = ProviderId::parse(Reader(item).text("provider")?);
    Ok(SealedRecord::Previous {
        tenant,
        provider: provider.map_err(|_| StoreError::Malformed("provider"))?,
        integration,
        previous: Box::new(previous::read(item)?),
    })
}
