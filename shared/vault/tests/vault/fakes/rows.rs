//! A KeyRings table in memory.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;
use domain::failure::StoreError;
use domain::key_ring::{KeyRingUpkeep, KeyRings, OwnRing, RowName, RowPage, WrappedRingKey};

type Kept = BTreeMap<(String, u32), WrappedRingKey>;

#[derive(Default)]
pub(crate) struct Rows {
    kept: Mutex<Kept>,
    /// Nothing is done, every call fails.
    pub(crate) down: AtomicBool,
    /// Writes take effect, and then their answers are lost.
    pub(crate) loses_answers: AtomicBool,
    /// A defect: a row that is missing because the table is down looks as if it had never been.
    pub(crate) takes_down_for_gone: AtomicBool,
    /// A defect: conditional writes forget their condition.
    pub(crate) writes_blindly: AtomicBool,
    pub(crate) reads: AtomicUsize,
}

impl Rows {
    pub(crate) fn put(&self, row: WrappedRingKey) {
        self.kept().insert((row.ring.clone(), row.version), row);
    }

    /// All rows are gone.
    pub(crate) fn clear(&self) {
        self.kept().clear();
    }

    pub(crate) fn all(&self) -> Vec<WrappedRingKey> {
        self.kept().values().cloned().collect()
    }

    /// Numbers of a ring's versions.
    pub(crate) fn versions(&self, ring: &str) -> Vec<u32> {
        self.of(ring).iter().map(|row| row.version).collect()
    }

    fn of(&self, ring: &str) -> Vec<WrappedRingKey> {
        let (first, last) = ((ring.to_owned(), 0), (ring.to_owned(), u32::MAX));
        let kept = self.kept();
        kept.range(first..=last)
            .map(|(_, row)| row.clone())
            .collect()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().expect("unpoisoned")
    }

    async fn answer(&self) -> Result<(), StoreError> {
        // Others get their turn, as over a network.
        tokio::task::yield_now().await;
        if self.down.load(Ordering::SeqCst) {
            return Err(lost());
        }
        Ok(())
    }

    fn written(&self, done: bool) -> Result<bool, StoreError> {
        if self.loses_answers.load(Ordering::SeqCst) {
            return Err(lost());
        }
        Ok(done)
    }

    fn writes_blindly(&self) -> bool {
        self.writes_blindly.load(Ordering::SeqCst)
    }
}

fn lost() -> StoreError {
    StoreError::Unavailable("the database", None)
}

#[async_trait]
impl KeyRings for Rows {
    async fn find(&self, ring: &str, version: u32) -> Result<Option<WrappedRingKey>, StoreError> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        match self.answer().await {
            Err(_) if self.takes_down_for_gone.load(Ordering::SeqCst) => return Ok(None),
            answer => answer?,
        }
        Ok(self.kept().get(&(ring.to_owned(), version)).cloned())
    }

    async fn find_newest(&self, ring: &str) -> Result<Option<WrappedRingKey>, StoreError> {
        self.answer().await?;
        Ok(self.of(ring).pop())
    }

    async fn add(&self, key: &WrappedRingKey) -> Result<bool, StoreError> {
        self.answer().await?;
        let name = (key.ring.clone(), key.version);
        let free = !self.kept().contains_key(&name);
        if free || self.writes_blindly() {
            self.put(key.clone());
            return self.written(true);
        }
        self.written(false)
    }
}

#[async_trait]
impl KeyRingUpkeep for Rows {
    async fn replace_wrapped(
        &self,
        row: &WrappedRingKey,
        kms_key: &str,
        wrapped: &[u8],
    ) -> Result<bool, StoreError> {
        self.answer().await?;
        let found = self.of(&row.ring).into_iter().find(|found| {
            found.version == row.version && (found.wrapped == row.wrapped || self.writes_blindly())
        });
        let done = found.map(|found| {
            self.put(WrappedRingKey {
                kms_key: kms_key.into(),
                wrapped: wrapped.into(),
                ..found
            });
        });
        self.written(done.is_some())
    }

    async fn set_seals(&self, ring: &str, version: u32, seals: bool) -> Result<bool, StoreError> {
        self.answer().await?;
        let done = self
            .kept()
            .get_mut(&(ring.to_owned(), version))
            .map(|row| row.seals = seals);
        self.written(done.is_some())
    }

    async fn list_versions(&self, ring: &str) -> Result<Vec<WrappedRingKey>, StoreError> {
        self.answer().await?;
        Ok(self.of(ring))
    }

    async fn list_under(
        &self,
        kms_key: &str,
        after: Option<&RowName>,
    ) -> Result<RowPage, StoreError> {
        const PAGE: usize = 3;
        self.answer().await?;
        let mut rows: Vec<RowName> = self
            .all()
            .into_iter()
            .filter(|row| row.kms_key == kms_key)
            .map(|row| RowName {
                ring: row.ring,
                version: row.version,
            })
            .filter(|name| after.is_none_or(|after| name > after))
            .collect();
        let more = rows.len() > PAGE;
        rows.truncate(PAGE);
        let next = rows.last().cloned().filter(|_| more);
        Ok(RowPage { rows, next })
    }

    async fn destroy(&self, ring: &OwnRing) -> Result<usize, StoreError> {
        self.answer().await?;
        let rows = self.of(ring.as_str());
        let mut kept = self.kept();
        for row in &rows {
            kept.remove(&(row.ring.clone(), row.version));
        }
        Ok(rows.len())
    }
}
