//! Who dies, and where.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use domain::{Clock, Timestamp};
use testing::dice::Dice;

use crate::message::Key;
use crate::point::{Kind, Point};

/// Decides which processes die, and where.
pub trait Reaper: Send {
    /// Whether the process that handles this batch dies at this point.
    fn takes(&mut self, batch: &[Key], point: &Point) -> bool;
}

/// Nobody dies.
pub struct Nobody;

impl Reaper for Nobody {
    fn takes(&mut self, _: &[Key], _: &Point) -> bool {
        false
    }
}

/// With each batch a process dies once, at a point of one kind; at which of several, the dice say.
pub struct Once {
    kind: Kind,
    most: u32,
    dice: Dice,
    drawn: HashMap<Key, u32>,
    taken: HashSet<Key>,
}

impl Once {
    /// At points of that kind, of which there are so many at most.
    pub fn at(kind: Kind, most: u32, dice: Dice) -> Self {
        Self {
            kind,
            most,
            dice,
            drawn: HashMap::new(),
            taken: HashSet::new(),
        }
    }
}

impl Reaper for Once {
    fn takes(&mut self, batch: &[Key], point: &Point) -> bool {
        let Some(first) = batch.first() else {
            return false;
        };
        if point.kind != self.kind || batch.iter().any(|key| self.taken.contains(key)) {
            return false;
        }
        let drawn = self.drawn.entry(first.clone());
        let drawn = drawn.or_insert_with(|| 1 + self.dice.below(self.most as usize) as u32);
        let takes = *drawn == point.ordinal;
        if takes {
            self.taken.extend(batch.iter().cloned());
        }
        takes
    }
}

/// Whoever is taken by either.
pub struct Either<A, B>(pub A, pub B);

impl<A: Reaper, B: Reaper> Reaper for Either<A, B> {
    fn takes(&mut self, batch: &[Key], point: &Point) -> bool {
        self.0.takes(batch, point) || self.1.takes(batch, point)
    }
}

/// Every point may be the last, until a time.
pub struct Anywhere {
    probability: f64,
    until: Timestamp,
    clock: Arc<dyn Clock>,
    dice: Dice,
}

impl Anywhere {
    /// With that probability at every point, until then.
    pub fn new(probability: f64, until: Timestamp, clock: Arc<dyn Clock>, dice: Dice) -> Self {
        Self {
            probability,
            until,
            clock,
            dice,
        }
    }
}

impl Reaper for Anywhere {
    fn takes(&mut self, _: &[Key], _: &Point) -> bool {
        self.clock.now() < self.until && self.dice.chance(self.probability)
    }
}
