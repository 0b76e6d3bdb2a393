//! Lambda's event source for a queue: it hands batches to processes, as many at once as there may be, and deletes what
//! they are done with.

use std::cell::RefCell;
use std::pin::Pin;
use std::time::Duration;

use domain::{Clock, Timestamp};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use serde_json::Value;
use testing::dice::Dice;
use tokio::sync::Notify;
use tokio::time::sleep;

use crate::message::Key;
use crate::process::{End, Process};
use crate::queue::{Queue, Received};

/// How an event source works.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Invocations at once.
    pub workers: usize,
    /// Every batch is delivered to up to so many processes at once.
    pub copies: usize,
    /// Deletions that are lost, from 0 to 1.
    pub undeleted: f64,
    /// How long messages are gathered before they are handed out; nothing where they are handed out at once.
    pub gather: Duration,
    /// Every invocation has a process of its own, which remembers nothing.
    pub cold: bool,
    /// A mistake: what is received is deleted before it is handled.
    pub acknowledged_first: bool,
}

impl Delivery {
    /// Eight at once, and nothing goes wrong.
    pub const USUAL: Self = Self {
        workers: 8,
        copies: 1,
        undeleted: 0.0,
        gather: Duration::ZERO,
        cold: false,
        acknowledged_first: false,
    };
}

/// Where processes come from, and who is told how they end.
pub(crate) trait Works {
    /// A cold process.
    fn start(&self) -> Process;

    /// An invocation with that batch ended so.
    fn ended(&self, batch: &[Key], process: &Process, end: &End<Value>);
}

/// An event source.
pub(crate) struct Source {
    pub(crate) queue: Queue,
    delivery: Delivery,
    dice: RefCell<Dice>,
    idle: RefCell<Vec<Process>>,
    news: Notify,
}

impl Source {
    pub(crate) fn new(queue: Queue, delivery: Delivery, dice: Dice) -> Self {
        Self {
            queue,
            delivery,
            dice: RefCell::new(dice),
            idle: RefCell::default(),
            news: Notify::new(),
        }
    }

    /// Somebody put something on the queue.
    pub(crate) fn notify(&self) {
        self.news.notify_one();
    }

    /// Works until `end`, or until nothing is under way and `is_done`.
    pub(crate) async fn run(
        &self,
        works: &impl Works,
        clock: &dyn Clock,
        is_done: impl Fn() -> bool,
        end: Timestamp,
    ) {
        /// Longest time between two looks.
        const LOOK: Duration = Duration::from_secs(1);
        let mut running: FuturesUnordered<Pin<Box<dyn Future<Output = ()> + '_>>> =
            FuturesUnordered::new();
        while clock.now() < end {
            while running.len() < self.delivery.workers {
                let batch = self.queue.receive();
                if batch.is_empty() {
                    break;
                }
                if self.delivery.acknowledged_first {
                    self.queue.delete(&batch.iter().collect::<Vec<_>>());
                }
                for _ in 0..self.copies() {
                    running.push(Box::pin(self.deliver(works, batch.clone())));
                }
            }
            if running.is_empty() && is_done() {
                return;
            }
            let next = self.queue.next().map(|next| clock.now().until(next));
            let wait = next.filter(|next| !next.is_zero()).unwrap_or(LOOK);
            let wait = wait.max(self.delivery.gather).min(clock.now().until(end));
            tokio::select! {
                biased;
                Some(()) = running.next(), if !running.is_empty() => {}
                () = self.news.notified() => {}
                () = sleep(wait) => {}
            }
        }
        while running.next().await.is_some() {}
    }

    fn copies(&self) -> usize {
        match self.delivery.copies {
            1 => 1,
            most => 2 + self.dice.borrow_mut().below(most - 1),
        }
    }

    /// One invocation, and what Lambda does with its answer.
    async fn deliver(&self, works: &impl Works, batch: Vec<Received>) {
        let event = Received::event(&batch);
        let keys: Vec<Key> = batch.iter().filter_map(|one| one.key.clone()).collect();
        let process = self.idle.borrow_mut().pop();
        let process = process.unwrap_or_else(|| works.start());
        let end = process.batch(&event, keys.clone()).await;
        works.ended(&keys, &process, &end);
        if let End::Answer(answer) = end {
            if !self.delivery.cold {
                self.idle.borrow_mut().push(process);
            }
            if !self.dice.borrow_mut().chance(self.delivery.undeleted) {
                self.queue.delete(&Received::done(&batch, &answer));
            }
        }
    }
}
