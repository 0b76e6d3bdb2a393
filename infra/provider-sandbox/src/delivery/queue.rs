//! What waits for one destination, and what of it can go out together.

use std::collections::{BTreeMap, HashSet};
use std::sync::Mutex;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::Update;
use crate::sync::lock;

/// Most updates in one POST.
const BATCH: usize = 50;

/// Updates that wait for one destination.
#[derive(Default)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    changed: Notify,
}

#[derive(Default)]
struct Waiting {
    /// By when it is due, then by when it came.
    updates: BTreeMap<(Instant, u64), Update>,
    count: u64,
    /// Subjects with a batch under way.
    busy: HashSet<String>,
}

impl Queue {
    pub(super) fn add(&self, updates: Vec<Update>) {
        let mut waiting = lock(&self.waiting);
        for update in updates {
            waiting.count += 1;
            let key = (update.due, waiting.count);
            waiting.updates.insert(key, update);
        }
        drop(waiting);
        self.changed.notify_one();
    }

    /// Returns once an update can go out.
    pub(super) async fn ready(&self) {
        loop {
            let next = lock(&self.waiting).next_due();
            match next {
                Some(due) if due <= Instant::now() => return,
                Some(due) => drop(tokio::time::timeout_at(due, self.changed.notified()).await),
                None => self.changed.notified().await,
            }
        }
    }

    /// Takes what can go out now, of each subject only the first.
    pub(super) fn take(&self) -> Vec<Update> {
        let now = Instant::now();
        let mut waiting = lock(&self.waiting);
        let Waiting { updates, busy, .. } = &mut *waiting;
        let due = updates.iter().take_while(|((due, _), _)| *due <= now);
        let keys: Vec<_> = due
            .filter(|(_, update)| busy.insert(update.subject.clone()))
            .take(BATCH)
            .map(|(key, _)| *key)
            .collect();
        keys.iter().filter_map(|key| updates.remove(key)).collect()
    }

    pub(super) fn release(&self, batch: &[Update]) {
        let mut waiting = lock(&self.waiting);
        for update in batch {
            waiting.busy.remove(&update.subject);
        }
        drop(waiting);
        self.changed.notify_one();
    }
}

impl Waiting {
    fn next_due(&self) -> Option<Instant> {
        let mut free = self
            .updates
            .iter()
            .filter(|(_, update)| !self.busy.contains(&update.subject));
        free.next().map(|((due, _), _)| *due)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn queue_of(subjects: &[&str]) -> Queue {
        let (queue, due) = (Queue::default(), Instant::now());
        let update = |subject: &&str| Update {
            subject: (*subject).to_owned(),
            due,
            content: Value::Null,
        };
        queue.add(subjects.iter().map(update).collect());
        queue
    }

    fn subjects(batch: &[Update]) -> Vec<&str> {
        batch.iter().map(|update| update.subject.as_str()).collect()
    }

    #[test]
    fn a_batch_has_one_update_of_a_subject_and_the_next_waits_for_it() {
        let queue = queue_of(&["a", "a", "b", "a"]);
        let first = queue.take();
        assert_eq!(subjects(&first), ["a", "b"]);
        assert!(queue.take().is_empty(), "both are under way");
        queue.release(&first);
        assert_eq!(subjects(&queue.take()), ["a"]);
    }

    #[test]
    fn a_batch_is_bounded() {
        let names: Vec<String> = (0..BATCH + 10).map(|number| number.to_string()).collect();
        let queue = queue_of(&names.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(queue.take().len(), BATCH);
        assert_eq!(queue.take().len(), 10);
    }
}
