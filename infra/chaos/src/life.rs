//! The life of a process: it passes points, and at any of them it may end.

use std::collections::HashMap;
use std::fmt;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use testing::cloud::{Answer, Call, Fault, Gate};
use tokio::sync::Notify;
use tokio::time::sleep;

use crate::defect::Defect;
use crate::message::Key;
use crate::point::{Kind, Moment, Point, Step};
use crate::powers::Powers;

/// One process's life.
pub(crate) struct Life {
    powers: Arc<Powers>,
    defect: Option<Defect>,
    present: Mutex<Present>,
    died: Notify,
}

/// What a process is at.
#[derive(Default)]
struct Present {
    batch: Vec<Key>,
    delivery: u32,
    counts: HashMap<(Step, Moment), u32>,
    death: Option<Point>,
    faults: Vec<Step>,
}

impl fmt::Debug for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Life")
    }
}

impl Life {
    /// Begins, with that defect in the process.
    pub(crate) fn new(powers: Arc<Powers>, defect: Option<Defect>) -> Self {
        Self {
            powers,
            defect,
            present: Mutex::default(),
            died: Notify::new(),
        }
    }

    /// An invocation begins, with that batch.
    pub(crate) fn begin(&self, batch: Vec<Key>) {
        let mut present = self.present();
        present.delivery = self.powers.deliver(&batch);
        present.batch = batch;
        present.counts.clear();
        present.faults.clear();
    }

    /// Passes a point, or stays there for ever: whoever is dead does nothing more.
    pub(crate) async fn at(&self, step: &str, moment: Moment) {
        if self.ends(step, moment) {
            self.died.notify_one();
            pending().await
        }
    }

    fn ends(&self, step: &str, moment: Moment) -> bool {
        let mut present = self.present();
        if present.death.is_some() {
            return true;
        }
        let count = present.counts.entry((step.to_owned(), moment)).or_default();
        *count += 1;
        let ordinal = *count;
        let kind = Kind {
            delivery: present.delivery,
            step: step.to_owned(),
            moment,
        };
        let point = Point { kind, ordinal };
        let ends = self.powers.takes(&present.batch, &point);
        present.death = ends.then_some(point);
        ends
    }

    /// Waits for the end; where it came.
    pub(crate) async fn death(&self) -> Point {
        loop {
            if let Some(point) = self.present().death.clone() {
                return point;
            }
            self.died.notified().await;
        }
    }

    /// What AWS failed at in the present invocation.
    pub(crate) fn faults(&self) -> Vec<Step> {
        self.present().faults.clone()
    }

    fn present(&self) -> MutexGuard<'_, Present> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Gate for Life {
    async fn enter(&self, call: &Call) -> Option<Fault> {
        let step = step(call);
        self.at(&step, Moment::Leaving).await;
        let (latency, fault) = self.powers.call(call);
        if fault.is_some() {
            self.present().faults.push(step);
        }
        sleep(latency).await;
        fault.or_else(|| self.defect.and_then(|defect| defect.fault(call)))
    }

    async fn leave(&self, call: &Call, answer: &mut Answer) {
        if let Some(defect) = self.defect {
            defect.distort(call, answer);
        }
        self.at(&step(call), Moment::Arrived).await;
    }
}

fn step(call: &Call) -> Step {
    match call.resources.first() {
        Some(resource) => format!("{} {resource}", call.operation),
        None => call.operation.clone(),
    }
}
