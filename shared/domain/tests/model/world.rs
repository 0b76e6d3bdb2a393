//! Everything there is: the record, the queues, two workers and the provider.

use domain::ledger::OnUnknown;

use crate::provider::Provider;
use crate::record::Record;
use crate::rules::{Defect, Rules};
use crate::worker::Worker;

/// The message on a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Queued {
    pub(crate) attempt: u32,
    pub(crate) route: usize,
}

/// The message as its producer puts it on the queue.
pub(crate) const FIRST: Queued = Queued {
    attempt: 1,
    route: 0,
};

/// The message among those that wait for a repair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Kept {
    pub(crate) attempt: u32,
    /// It is back on the queue; what is kept is not yet forgotten.
    pub(crate) released: bool,
}

/// What has been done wrong so far, as seen by who sees all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) struct Wrongs {
    /// A request left while another, of which nobody had said that it is in doubt, may have sent the message.
    pub(crate) unasked: bool,
    /// A request was decided on by who could read that the provider has the message.
    pub(crate) heedless: bool,
    /// A request took a route that had, on record, passed the message on.
    pub(crate) astray: bool,
}

/// The state of it all.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct World {
    pub(crate) record: Record,
    pub(crate) provider: Provider,
    pub(crate) workers: [Option<Worker>; 2],
    /// Copies on the queue, none of them held.
    pub(crate) queue: Vec<Queued>,
    /// Copies on the dead-letter queue.
    pub(crate) dead: Vec<Queued>,
    pub(crate) parked: Option<Kept>,
    /// Mishaps that may still come.
    pub(crate) mishaps: u8,
    pub(crate) wrongs: Wrongs,
}

impl World {
    /// A message that its producer has just put on the queue.
    pub(crate) fn new(mishaps: u8) -> Self {
        Self {
            record: Record::default(),
            provider: Provider::default(),
            workers: [None, None],
            queue: vec![FIRST],
            dead: Vec::new(),
            parked: None,
            mishaps,
            wrongs: Wrongs::default(),
        }
    }

    /// Nothing is under way and nothing will come of itself: what there is, is where the message rests.
    pub(crate) fn is_quiet(&self) -> bool {
        self.queue.is_empty()
            && self.workers.iter().all(Option::is_none)
            && self.record.lease().is_none()
    }

    /// Whether a copy is on the queue, or held by who received it.
    pub(crate) fn is_queued(&self) -> bool {
        let mut workers = self.workers.iter().flatten();
        !self.queue.is_empty() || workers.any(|worker| worker.held.is_some())
    }

    /// Whether a copy waits for somebody to send it on.
    pub(crate) fn is_kept(&self) -> bool {
        self.parked.is_some() || !self.dead.is_empty()
    }

    pub(crate) fn put(&mut self, copy: Queued) {
        self.queue.push(copy);
        self.queue.sort();
    }

    pub(crate) fn bury(&mut self, copy: Queued) {
        self.dead.push(copy);
        self.dead.sort();
    }

    pub(crate) fn keep(&mut self, attempt: u32) {
        self.parked = Some(Kept {
            attempt,
            released: false,
        });
    }

    /// What was kept goes back on the queue, as the next attempt.
    pub(crate) fn unpark(&mut self) {
        if let Some(kept) = &mut self.parked {
            kept.released = true;
            let attempt = kept.attempt + 1;
            self.put(Queued { attempt, route: 0 });
        }
    }

    /// A worker is through, or dead: what it has not acknowledged is given out again.
    pub(crate) fn leave(&mut self, at: usize) {
        if let Some(copy) = self.workers[at].take().and_then(|worker| worker.held) {
            self.put(copy);
        }
        self.record.leave(at);
    }

    /// Puts a claim; whether it is the worker's.
    pub(crate) fn claim(&mut self, attempt: u32, route: usize, at: usize, rules: &Rules) -> bool {
        if rules.with(Defect::ClaimOverwritten) {
            self.record.overwrite_claim(attempt, route, at);
            return true;
        }
        self.record.claim(attempt, route, at)
    }

    /// A request leaves.
    pub(crate) fn request(&mut self, attempt: u32, route: usize, rules: &Rules) {
        let unasked = self.provider.requests.iter().any(|earlier| {
            rules.policy == OnUnknown::Keep || !self.record.is_unknown(earlier.attempt)
        });
        self.wrongs.unasked |= unasked;
        self.wrongs.astray |= route < self.record.ledger().route();
        self.provider.ask(attempt, route);
    }
}

/// Takes one copy like that away.
pub(crate) fn remove(copies: &mut Vec<Queued>, copy: Queued) {
    if let Some(place) = copies.iter().position(|other| *other == copy) {
        copies.remove(place);
    }
}
