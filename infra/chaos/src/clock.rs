//! One time for everything: the domain's clock is the runtime's, which moves on when nobody has anything left to do.

use domain::{Clock, Timestamp};
use tokio::time::Instant;

/// A clock that shows the runtime's time. With a paused runtime nothing is ever waited for.
#[derive(Debug)]
pub struct VirtualClock {
    began: Instant,
}

/// What it shows at first: 2026-01-01T00:00:00Z.
const BEGINNING: Timestamp = Timestamp::from_seconds(1_767_225_600);

impl VirtualClock {
    /// A clock that begins now.
    pub fn start() -> Self {
        let began = Instant::now();
        Self { began }
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        BEGINNING.after(self.began.elapsed())
    }
}
