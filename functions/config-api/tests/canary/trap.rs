//! A clock that may panic when it is asked, with a text of one's choice: what every function asks, at every depth.

use std::sync::{Arc, Mutex};

use domain::time::{Clock, Timestamp};
use testing::clock::ManualClock;

/// The clock.
pub(crate) struct Trap {
    clock: Arc<ManualClock>,
    set: Mutex<Option<(usize, String)>>,
}

impl Trap {
    pub(crate) fn new(clock: Arc<ManualClock>) -> Self {
        let set = Mutex::default();
        Self { clock, set }
    }

    /// Lets it be asked so many times, and panics the next time, once.
    pub(crate) fn set(&self, after: usize, text: &str) {
        *self.set.lock().expect("unpoisoned") = Some((after, text.to_owned()));
    }

    /// Whether it has panicked since it was set. It will not any more.
    pub(crate) fn sprang(&self) -> bool {
        self.set.lock().expect("unpoisoned").take().is_none()
    }

    fn springs(&self) -> Option<String> {
        let mut set = self.set.lock().expect("unpoisoned");
        let (left, _) = set.as_mut()?;
        match left.checked_sub(1) {
            Some(fewer) => {
                *left = fewer;
                None
            }
            None => set.take().map(|(_, text)| text),
        }
    }
}

impl Clock for Trap {
    fn now(&self) -> Timestamp {
        if let Some(text) = self.springs() {
            panic!("{text}");
        }
        self.clock.now()
    }
}
