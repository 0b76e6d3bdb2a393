//! The tables of `template.yaml` with their indexes, made in a stand-in. Without the indexes fewer write units would be
//! counted than AWS bills.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata as _;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType,
};
use store::keys;

use crate::Failure;

/// Their names, which the functions have from their environment.
pub(crate) struct Tables {
    /// Integrations.
    pub(crate) integrations: String,
    /// Webhook routes.
    pub(crate) routes: String,
    /// Messages and events.
    pub(crate) activity: String,
    /// Wrapped ring keys.
    pub(crate) key_rings: String,
    /// Audit records.
    pub(crate) audit: String,
}

/// The one number among the key attributes.
const VERSION: &str = "version";

/// A partition key, and a sort key unless there is none.
type Keys = (&'static str, Option<&'static str>);

/// An index: its name, its key, and what it holds.
type Index = (&'static str, Keys, ProjectionType);

impl Tables {
    /// Makes those that are not there.
    ///
    /// # Errors
    /// If one is refused.
    pub(crate) async fn create(&self, client: &Client) -> Result<(), Failure> {
        let item = (keys::PK, Some(keys::SK));
        let (by_seal, some) = (keys::BY_SEAL, ProjectionType::KeysOnly);
        let tables = [
            (
                &self.integrations,
                item,
                (by_seal, (keys::SEAL, Some(keys::PK)), some.clone()),
            ),
            (
                &self.routes,
                (keys::PK, None),
                (by_seal, (keys::SEAL, Some("tenant")), some.clone()),
            ),
            (
                &self.activity,
                item,
                (
                    keys::ACTIVITY_BY_TIME,
                    (keys::PK, Some(keys::LISTED)),
                    some.clone(),
                ),
            ),
            (
                &self.key_rings,
                ("ring", Some(VERSION)),
                ("ByKmsKey", ("kms_key", Some("ring")), some),
            ),
            (
                &self.audit,
                item,
                (
                    keys::AUDIT_BY_PROVIDER,
                    (keys::PK, Some(keys::PROVIDER_SEQ)),
                    ProjectionType::All,
                ),
            ),
        ];
        for (name, key, index) in tables {
            create(client, name, key, index).await?;
        }
        Ok(())
    }
}

async fn create(
    client: &Client,
    name: &str,
    key: Keys,
    (index, index_key, holds): Index,
) -> Result<(), Failure> {
    let projection = Projection::builder().projection_type(holds).build();
    let index = GlobalSecondaryIndex::builder()
        .index_name(index)
        .set_key_schema(Some(schema(index_key)?))
        .projection(projection);
    let mut attributes: Vec<_> = [Some(key.0), key.1, Some(index_key.0), index_key.1]
        .into_iter()
        .flatten()
        .collect();
    attributes.sort_unstable();
    attributes.dedup();
    let definitions: Result<_, _> = attributes.into_iter().map(definition).collect();
    let made = client
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest)
        .set_key_schema(Some(schema(key)?))
        .set_attribute_definitions(Some(definitions?))
        .global_secondary_indexes(index.build()?)
        .send()
        .await;
    match made {
        Ok(_) => Ok(()),
        Err(error) if error.code() == Some("ResourceInUseException") => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn schema((hash, range): Keys) -> Result<Vec<KeySchemaElement>, Failure> {
    let keys = [
        Some((hash, KeyType::Hash)),
        range.map(|name| (name, KeyType::Range)),
    ];
    keys.into_iter()
        .flatten()
        .map(|(name, role)| {
            let element = KeySchemaElement::builder().attribute_name(name);
            Ok(element.key_type(role).build()?)
        })
        .collect()
}

fn definition(name: &str) -> Result<AttributeDefinition, Failure> {
    let kind = match name {
        VERSION => ScalarAttributeType::N,
        _ => ScalarAttributeType::S,
    };
    let definition = AttributeDefinition::builder().attribute_name(name);
    Ok(definition.attribute_type(kind).build()?)
}
