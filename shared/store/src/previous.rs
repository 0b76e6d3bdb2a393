//! The credentials that an integration had before: kept for a while, in case those that replaced them fail in use.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use domain::Integration;
use domain::failure::StoreError;
use domain::integration::Masked;
use domain::seal::Sealed;
use domain::time::Timestamp;
use serde_json::{Map, Value};

use crate::integrations::Integrations;
use crate::item::{Attributes, Reader, binary, json, keyed, number, text};
use crate::keys::{self, SEAL, TTL};

/// Credentials that worked when they were replaced, with the settings that belong to them.
#[derive(Debug, Clone)]
pub struct PreviousCredentials {
    /// The version they are sealed as.
    pub credential_version: u64,
    /// The vault's word for that.
    pub version_attested: String,
    /// The sealed secret values.
    pub credentials: Sealed,
    /// Values that are not secret, by field name.
    pub settings: Map<String, Value>,
    /// How the secret values are shown.
    pub masked: BTreeMap<String, Masked>,
    /// What the provider told about the account.
    pub facts: Map<String, Value>,
    /// When the token ends, where that is known.
    pub expires_at: Option<Timestamp>,
}

impl PreviousCredentials {
    /// Those an integration has now.
    pub fn of(integration: &Integration) -> Self {
        Self {
            credential_version: integration.credential_version,
            version_attested: integration.version_attested.clone(),
            credentials: integration.credentials.clone(),
            settings: integration.settings.clone(),
            masked: integration.masked.clone(),
            facts: integration.facts.clone(),
            expires_at: integration.expires_at,
        }
    }

    /// The integration with these credentials again, and no others to go back to.
    #[must_use]
    pub fn restored(&self, integration: &Integration) -> Integration {
        let Self {
            credential_version,
            version_attested,
            credentials,
            settings,
            masked,
            facts,
            expires_at,
        } = self.clone();
        Integration {
            credential_version,
            version_attested,
            credentials,
            settings,
            masked,
            facts,
            expires_at,
            returns_until: None,
            ..integration.clone()
        }
    }
}

impl Integrations {
    /// The credentials an integration had before, if they are still kept.
    ///
    /// # Errors
    /// [`StoreError`] if the table does not answer or the record is malformed.
    pub async fn find_previous(
        &self,
        integration: &Integration,
    ) -> Result<Option<PreviousCredentials>, StoreError> {
        let place = (
            integration.tenant.to_string(),
            keys::previous(&integration.id),
        );
        self.get_many(vec![place])
            .await?
            .first()
            .map(read)
            .transpose()
    }
}

/// Keeps them until then.
pub(crate) fn put(
    integration: &Integration,
    previous: &PreviousCredentials,
    until: Timestamp,
    table: &str,
) -> Result<TransactWriteItem, StoreError> {
    let mut item = keyed(integration.tenant.as_str(), keys::previous(&integration.id));
    let fields = [
        ("credential_version", number(previous.credential_version)),
        ("version_attested", text(&previous.version_attested)),
        ("credentials", binary(previous.credentials.as_bytes())),
        ("settings", json(&previous.settings)),
        ("masked", json(&previous.masked)),
        ("facts", json(&previous.facts)),
        ("expires_at", json(&previous.expires_at)),
        ("provider", text(integration.provider.as_str())),
        (TTL, number(until.seconds())),
    ];
    item.extend(fields.map(|(name, value)| (name.to_owned(), value)));
    if let Some(seal) = keys::seal(&previous.credentials) {
        item.insert(SEAL.into(), text(seal));
    }
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(item))
        .build()
        .map_err(|_| StoreError::Malformed("previous credentials"))?;
    Ok(TransactWriteItem::builder().put(put).build())
}

pub(crate) fn read(item: &Attributes) -> Result<PreviousCredentials, StoreError> {
    let item = Reader(item);
    Ok(PreviousCredentials {
        credential_version: item.number("credential_version")?,
        version_attested: item.text("version_attested")?.to_owned(),
        credentials: Sealed::from_bytes(item.binary("credentials")?.to_vec()),
        settings: item.json("settings")?,
        masked: item.json("masked")?,
        facts: item.json("facts")?,
        expires_at: item.json("expires_at")?,
    })
}
