//! A bounded list of what happened, oldest first: the request log and the list of deliveries.

use std::collections::VecDeque;
use std::sync::Mutex;

use crate::sync::lock;

/// Entries kept; older ones are forgotten.
const CAPACITY: usize = 50_000;

/// Entries get rising numbers, which stay valid (or become unknown) when old entries go.
#[derive(Debug)]
pub(crate) struct Journal<T> {
    inner: Mutex<Inner<T>>,
}

#[derive(Debug)]
struct Inner<T> {
    /// Number of the oldest entry kept.
    first: u64,
    entries: VecDeque<T>,
}

impl<T> Default for Journal<T> {
    fn default() -> Self {
        Self {
            inner: Mutex::new(Inner {
                first: 1,
                entries: VecDeque::new(),
            }),
        }
    }
}

impl<T: Clone> Journal<T> {
    /// Adds an entry and returns its number.
    pub(crate) fn push(&self, entry: T) -> u64 {
        let mut inner = lock(&self.inner);
        if inner.entries.len() == CAPACITY {
            inner.entries.pop_front();
            inner.first += 1;
        }
        inner.entries.push_back(entry);
        inner.first + inner.entries.len() as u64 - 1
    }

    /// Changes an entry; does nothing when it has been forgotten.
    pub(crate) fn update(&self, number: u64, change: impl FnOnce(&mut T)) {
        let mut inner = lock(&self.inner);
        let index = number
            .checked_sub(inner.first)
            .and_then(|index| usize::try_from(index).ok());
        if let Some(entry) = index.and_then(|index| inner.entries.get_mut(index)) {
            change(entry);
        }
    }

    /// Copies of the entries that match, oldest first.
    pub(crate) fn list(&self, matches: impl Fn(&T) -> bool) -> Vec<T> {
        lock(&self.inner)
            .entries
            .iter()
            .filter(|entry| matches(entry))
            .cloned()
            .collect()
    }

    /// Forgets everything; numbers go on rising.
    pub(crate) fn clear(&self) {
        let mut inner = lock(&self.inner);
        inner.first += inner.entries.len() as u64;
        inner.entries.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_newest_are_kept_and_numbers_stay_valid() {
        let journal = Journal::default();
        let first = journal.push(0);
        for entry in 1..=CAPACITY {
            journal.push(entry);
        }
        let last = journal.push(7);
        journal.update(first, |entry| *entry = 99);
        journal.update(last, |entry| *entry = 8);
        let kept = journal.list(|_| true);
        assert_eq!(
            (kept.len(), kept.first(), kept.last()),
            (CAPACITY, Some(&2), Some(&8))
        );

        journal.clear();
        journal.update(last, |entry| *entry = 99);
        assert_eq!(journal.push(1), last + 1);
        assert_eq!(journal.list(|_| true), [1]);
    }
}
