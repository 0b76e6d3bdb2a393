//! What the vault stands on, with nothing in it that would have to be wiped.

use std::sync::Mutex;

use async_trait::async_trait;
use domain::failure::StoreError;
use domain::key_ring::{KeyRings, WrappedRingKey};
use domain::opening::{Opening, Witness};
use vault::{DataKey, KeyContext, KeyService, KeyServiceError};
use zeroize::Zeroizing;

#[derive(Default)]
pub(crate) struct Rows(Mutex<Vec<WrappedRingKey>>);

#[async_trait]
impl KeyRings for Rows {
    async fn find(&self, ring: &str, version: u32) -> Result<Option<WrappedRingKey>, StoreError> {
        let newest = self.find_newest(ring).await?;
        Ok(newest.filter(|row| row.version == version))
    }

    async fn find_newest(&self, ring: &str) -> Result<Option<WrappedRingKey>, StoreError> {
        let rows = self.0.lock().expect("unpoisoned");
        Ok(rows.iter().rfind(|row| row.ring == ring).cloned())
    }

    async fn add(&self, key: &WrappedRingKey) -> Result<bool, StoreError> {
        self.0.lock().expect("unpoisoned").push(key.clone());
        Ok(true)
    }
}

/// A key service with this one key.
pub(crate) struct Service(pub(crate) &'static str);

impl Service {
    async fn key(&self) -> Zeroizing<Vec<u8>> {
        // As over a network.
        tokio::task::yield_now().await;
        Zeroizing::new(self.0.as_bytes().to_vec())
    }
}

#[async_trait]
impl KeyService for Service {
    async fn generate(&self, _: &str, _: KeyContext<'_>) -> Result<DataKey, KeyServiceError> {
        Ok(DataKey {
            plaintext: self.key().await,
            wrapped: b"wrapped".to_vec(),
        })
    }

    async fn unwrap_key(
        &self,
        _: &str,
        _: KeyContext<'_>,
        _: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, KeyServiceError> {
        Ok(self.key().await)
    }

    async fn rewrap(
        &self,
        _: &str,
        _: &str,
        _: KeyContext<'_>,
        wrapped: &[u8],
    ) -> Result<Vec<u8>, KeyServiceError> {
        Ok(wrapped.to_vec())
    }
}

/// Lets everything be handed out.
pub(crate) struct Unrecorded;

#[async_trait]
impl Witness for Unrecorded {
    async fn saw(&self, _: &Opening<'_>) -> Result<(), StoreError> {
        Ok(())
    }
}
