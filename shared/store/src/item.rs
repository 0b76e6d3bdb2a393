//! Items to and from DynamoDB's attribute values.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, Delete, TransactWriteItem};
use domain::failure::StoreError;
use domain::ids::TenantId;
use domain::time::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::keys::{PK, SK};

pub(crate) type Attributes = HashMap<String, AttributeValue>;

pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(crate) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub(crate) fn time(value: Timestamp) -> AttributeValue {
    number(value.millis())
}

pub(crate) fn binary(value: &[u8]) -> AttributeValue {
    AttributeValue::B(Blob::new(value))
}

/// Structured values are kept as JSON text: they are read and written whole.
pub(crate) fn json(value: &impl Serialize) -> AttributeValue {
    text(serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned()))
}

/// A new item under its keys.
pub(crate) fn keyed(pk: impl Into<String>, sk: impl Into<String>) -> Attributes {
    [(PK.to_owned(), text(pk)), (SK.to_owned(), text(sk))].into()
}

/// The removal of a tenant's item, if it is there.
pub(crate) fn removal(
    tenant: &TenantId,
    sk: String,
    table: &str,
) -> Result<TransactWriteItem, StoreError> {
    let delete = Delete::builder()
        .table_name(table)
        .key(PK, text(tenant.as_str()))
        .key(SK, text(sk))
        .build()
        .map_err(|_| StoreError::Malformed("key"))?;
    Ok(TransactWriteItem::builder().delete(delete).build())
}

/// Typed reading of an item's attributes; what is missing or of another type is an error that names it.
pub(crate) struct Reader<'a>(pub(crate) &'a Attributes);

impl Reader<'_> {
    pub(crate) fn text(&self, name: &'static str) -> Result<&str, StoreError> {
        self.find_text(name).ok_or(StoreError::Malformed(name))
    }

    pub(crate) fn find_text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_s().ok().map(String::as_str)
    }

    pub(crate) fn number<N: std::str::FromStr>(&self, name: &'static str) -> Result<N, StoreError> {
        self.find_number(name).ok_or(StoreError::Malformed(name))
    }

    pub(crate) fn find_number<N: std::str::FromStr>(&self, name: &str) -> Option<N> {
        self.0.get(name)?.as_n().ok()?.parse().ok()
    }

    pub(crate) fn time(&self, name: &'static str) -> Result<Timestamp, StoreError> {
        self.find_time(name).ok_or(StoreError::Malformed(name))
    }

    pub(crate) fn find_time(&self, name: &str) -> Option<Timestamp> {
        self.find_number(name).map(Timestamp::from_millis)
    }

    pub(crate) fn flag(&self, name: &'static str) -> Result<bool, StoreError> {
        self.0
            .get(name)
            .and_then(|value| value.as_bool().ok())
            .copied()
            .ok_or(StoreError::Malformed(name))
    }

    pub(crate) fn binary(&self, name: &'static str) -> Result<&[u8], StoreError> {
        self.0
            .get(name)
            .and_then(|value| value.as_b().ok())
            .map(AsRef::as_ref)
            .ok_or(StoreError::Malformed(name))
    }

    pub(crate) fn json<T: DeserializeOwned>(&self, name: &'static str) -> Result<T, StoreError> {
        self.find_json(name).ok_or(StoreError::Malformed(name))
    }

    pub(crate) fn find_json<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        serde_json::from_str(self.find_text(name)?).ok()
    }
}
