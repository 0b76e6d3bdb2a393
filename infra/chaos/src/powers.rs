//! What all processes of a world are subject to: death, and the weather.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::Clock;
use testing::cloud::{Call, Fault};
use testing::dice::Dice;

use crate::message::Key;
use crate::point::{Kind, Point};
use crate::reapers::{Nobody, Reaper};
use crate::weather::Weather;

/// Decides over life and death, and how AWS fares.
pub struct Powers {
    inner: Mutex<Inner>,
}

/// How often points of a kind were come to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Seen {
    /// Most of them in one invocation.
    pub most: u32,
    /// Invocations that came to one.
    pub invocations: u32,
}

struct Inner {
    reaper: Box<dyn Reaper>,
    weather: Weather,
    dice: Dice,
    clock: Arc<dyn Clock>,
    trace: DefaultHasher,
    deliveries: HashMap<Key, u32>,
    seen: BTreeMap<Kind, Seen>,
}

impl Powers {
    /// Nobody dies, and the weather is fair.
    pub(crate) fn new(clock: Arc<dyn Clock>, dice: Dice) -> Self {
        let inner = Inner {
            reaper: Box::new(Nobody),
            weather: Weather::FAIR,
            dice,
            clock,
            trace: DefaultHasher::new(),
            deliveries: HashMap::new(),
            seen: BTreeMap::new(),
        };
        Self {
            inner: Mutex::new(inner),
        }
    }

    /// From now on this one decides who dies.
    pub fn reap(&self, reaper: impl Reaper + 'static) {
        self.with(|inner| inner.reaper = Box::new(reaper));
    }

    /// From now on AWS fails as often as that.
    pub fn set_weather(&self, weather: Weather) {
        self.with(|inner| inner.weather = weather);
    }

    /// What tells two runs apart that were not the same, point by point.
    pub fn trace(&self) -> u64 {
        self.with(|inner| inner.trace.finish())
    }

    /// All kinds of points that processes have come to.
    pub fn seen(&self) -> BTreeMap<Kind, Seen> {
        self.with(|inner| inner.seen.clone())
    }

    /// Counts a delivery of these; the how-manieth it is, for whichever was delivered most often.
    pub(crate) fn deliver(&self, batch: &[Key]) -> u32 {
        self.with(|inner| {
            let mut most = 1;
            for key in batch {
                let deliveries = inner.deliveries.entry(key.clone()).or_default();
                *deliveries += 1;
                most = most.max(*deliveries);
            }
            most
        })
    }

    /// Whether the process that handles this batch dies at this point.
    pub(crate) fn takes(&self, batch: &[Key], point: &Point) -> bool {
        self.with(|inner| {
            (inner.clock.now(), batch, point).hash(&mut inner.trace);
            let seen = inner.seen.entry(point.kind.clone()).or_default();
            seen.most = point.ordinal.max(seen.most);
            seen.invocations += u32::from(point.ordinal == 1);
            inner.reaper.takes(batch, point)
        })
    }

    /// How long a call to AWS takes, and how it fails, if it does.
    pub(crate) fn call(&self, call: &Call) -> (Duration, Option<Fault>) {
        self.with(|Inner { weather, dice, .. }| {
            let millis = 2 + dice.below(7) as u64;
            (Duration::from_millis(millis), weather.fault(call, dice))
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Inner) -> T) -> T {
        work(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
