//! How fast a provider lets an account send.

use std::time::Duration;

/// How fast an account may send, in all and to one recipient. Whoever keeps to it is not throttled but by accident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Messages per second of one account.
    pub per_second: u32,
    /// Messages that an account which has rested may send at once.
    pub burst: u32,
    /// Time from one message to the next to the same recipient.
    pub recipient_interval: Duration,
    /// Messages that a recipient who has been left alone may be sent at once.
    pub recipient_burst: u32,
}

impl Pace {
    /// As fast as one likes.
    pub const NONE: Self = Self {
        per_second: u32::MAX,
        burst: u32::MAX,
        recipient_interval: Duration::ZERO,
        recipient_burst: u32::MAX,
    };
}
