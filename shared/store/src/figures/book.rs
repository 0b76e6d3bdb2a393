//! Counting. A message costs no write of its own: what a container counts for an integration within an hour is kept in
//! memory as a total, and the total is put over the one before, a minute after the first change that it did not have yet.
//! Writing it again does no harm, so nothing is read and nothing is conditional.
//!
//! What is due rides along with other writes to the table ([`FigureBook::due`]) or is written by itself
//! ([`FigureBook::settle`]); [`FigureBook::close`] writes the rest when the process is told to end. A process that is
//! killed takes what it counted since the last write with it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::WriteRequest;
use domain::event::EventKind;
use domain::failure::StoreError;
use domain::figures::{Figures, Hour};
use domain::ids::{IntegrationId, TenantId};
use domain::ledger::AttemptResult;
use domain::time::Timestamp;

use super::item;
use crate::batch::{self, MOST_WRITES};
use crate::keys;

/// How long a change waits for others before it is written.
const WINDOW: Duration = Duration::from_secs(60);
/// Totals that are kept at once. If there are more, all are written at the next occasion, and begun anew.
const MOST: usize = 10_000;

/// What is counted together.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    tenant: TenantId,
    integration: IntegrationId,
    hour: Hour,
}

/// What was counted together, and what of it is on record.
struct Page {
    /// No other page of this container has it, so none is ever put over another, whenever it was begun.
    number: u64,
    total: Figures,
    /// When the first change came that is in no write yet.
    changed_at: Option<Timestamp>,
    /// A total that is under way is not overtaken by a later one: they might arrive the other way round.
    under_way: bool,
}

impl Page {
    const fn is_at_rest(&self) -> bool {
        self.changed_at.is_none() && !self.under_way
    }
}

#[derive(Default)]
struct Pages {
    open: HashMap<Key, Page>,
    begun: u64,
}

/// Counts what happens through integrations, in one container.
pub struct FigureBook {
    client: Client,
    table: String,
    container: String,
    pages: Mutex<Pages>,
}

impl FigureBook {
    /// Counts into the table of that name, under the container's name, which no other may have.
    pub fn new(client: Client, table: String, container: String) -> Self {
        Self {
            client,
            table,
            container,
            pages: Mutex::default(),
        }
    }

    /// Counts an attempt that ended at `at`.
    pub fn count(
        &self,
        tenant: &TenantId,
        integration: &IntegrationId,
        at: Timestamp,
        result: &AttemptResult,
    ) {
        self.add(tenant, integration, at, &Figures::of_attempt(at, result));
    }

    /// Counts an event that was told for the first time at `at`.
    pub fn count_event(
        &self,
        tenant: &TenantId,
        integration: &IntegrationId,
        at: Timestamp,
        kind: &EventKind,
    ) {
        self.add(tenant, integration, at, &Figures::of_event(at, kind));
    }

    fn add(
        &self,
        tenant: &TenantId,
        integration: &IntegrationId,
        at: Timestamp,
        figures: &Figures,
    ) {
        if figures.is_empty() {
            return;
        }
        let key = Key {
            tenant: tenant.clone(),
            integration: integration.clone(),
            hour: Hour::of(at),
        };
        let mut pages = self.pages();
        let Pages { open, begun } = &mut *pages;
        let page = open.entry(key).or_insert_with(|| {
            *begun += 1;
            Page {
                number: *begun,
                total: Figures::default(),
                changed_at: None,
                under_way: false,
            }
        });
        page.total.add(figures);
        page.changed_at.get_or_insert(at);
    }

    /// Takes the totals that are to be written by now: those with a change a minute old, and those of hours that are
    /// over. They stay due unless they are written.
    pub fn due(&self, now: Timestamp) -> Due<'_> {
        let crowded = self.forget(now);
        self.take(|hour, changed_at| {
            crowded || changed_at.until(now) >= WINDOW || hour.end() <= now
        })
    }

    /// Writes what is due, for a function with no other write that it could ride along with. What cannot be written
    /// stays due.
    pub async fn settle(&self, now: Timestamp) {
        self.write(self.due(now)).await;
    }

    /// Writes all that was counted: the process ends.
    pub async fn close(&self) {
        self.write(self.take(|_, _| true)).await;
    }

    async fn write(&self, mut due: Due<'_>) {
        while !due.pages.is_empty() {
            let rest = due.split_off(MOST_WRITES);
            if let Err(error) = self.put(due).await {
                tracing::warn!(%error, "figures are kept for later");
                return;
            }
            due = rest;
        }
    }

    async fn put(&self, due: Due<'_>) -> Result<(), StoreError> {
        batch::write(&self.client, &self.table, due.puts()?).await?;
        due.written();
        Ok(())
    }

    /// Forgets totals that are on record: those of hours that are over, and all of them if there are too many, which is
    /// returned.
    fn forget(&self, now: Timestamp) -> bool {
        let mut pages = self.pages();
        let crowded = pages.open.len() > MOST;
        pages
            .open
            .retain(|key, page| !(page.is_at_rest() && (crowded || key.hour.end() <= now)));
        crowded
    }

    /// Takes the changed totals that `which` holds for, the oldest change first.
    fn take(&self, which: impl Fn(Hour, Timestamp) -> bool) -> Due<'_> {
        let mut taken = Vec::new();
        for (key, page) in &mut self.pages().open {
            let changed_at = page.changed_at.filter(|_| !page.under_way);
            if let Some(changed_at) = changed_at.filter(|at| which(key.hour, *at)) {
                page.changed_at = None;
                page.under_way = true;
                taken.push(Taken {
                    key: key.clone(),
                    number: page.number,
                    total: page.total.clone(),
                    changed_at,
                });
            }
        }
        taken.sort_unstable_by_key(|one| one.changed_at);
        Due {
            book: self,
            pages: taken,
        }
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A total as it is to be written.
struct Taken {
    key: Key,
    number: u64,
    total: Figures,
    changed_at: Timestamp,
}

/// Totals that are to be written; what is dropped unwritten stays due.
#[must_use = "what is dropped stays due"]
pub struct Due<'a> {
    book: &'a FigureBook,
    pages: Vec<Taken>,
}

impl<'a> Due<'a> {
    /// Leaves all but so many for the next time.
    pub(crate) fn keep_first(&mut self, most: usize) {
        drop(self.split_off(most));
    }

    /// Parts with all but so many.
    fn split_off(&mut self, most: usize) -> Self {
        let most = most.min(self.pages.len());
        Due {
            book: self.book,
            pages: self.pages.split_off(most),
        }
    }

    /// The writes to make, one each.
    pub(crate) fn puts(&self) -> Result<Vec<WriteRequest>, StoreError> {
        let container = &self.book.container;
        let items = self.pages.iter().map(
            |Taken {
                 key, number, total, ..
             }| {
                let sk = keys::figures(&key.integration, key.hour, container, *number);
                batch::put(item(&key.tenant, sk, key.hour, total))
            },
        );
        items.collect()
    }

    /// They are on record.
    pub(crate) fn written(mut self) {
        self.back(|_, _| {});
    }

    /// They are under way no more.
    fn back(&mut self, mut also: impl FnMut(&mut Page, &Taken)) {
        let mut pages = self.book.pages();
        for taken in self.pages.drain(..) {
            if let Some(page) = pages.open.get_mut(&taken.key) {
                page.under_way = false;
                also(page, &taken);
            }
        }
    }
}

impl Drop for Due<'_> {
    fn drop(&mut self) {
        self.back(|page, taken| page.changed_at = Some(taken.changed_at));
    }
}
