//! How long an exchange with a provider may take.

use std::time::Duration;

/// Time to reach the provider: its name, its address, TLS.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Time until the head of the answer is there, reaching the provider included; and time without a byte of its body.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(8);
/// Time for the whole exchange.
pub const TOTAL_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a connection is kept for the next request. Providers keep theirs longer: whoever sends on one that is just
/// being closed cannot know what became of the request.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(15);

/// The limits of one client. They can be made shorter, never longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub(super) connect: Duration,
    pub(super) head: Duration,
    pub(super) total: Duration,
}

impl Limits {
    /// [`CONNECT_TIMEOUT`], [`HEAD_TIMEOUT`] and [`TOTAL_TIMEOUT`].
    pub const STANDARD: Self = Self {
        connect: CONNECT_TIMEOUT,
        head: HEAD_TIMEOUT,
        total: TOTAL_TIMEOUT,
    };

    /// The same limits, all of them that many times shorter; zero leaves them as they are.
    #[must_use]
    pub fn divided_by(self, times: u32) -> Self {
        let times = times.max(1);
        Self {
            connect: self.connect / times,
            head: self.head / times,
            total: self.total / times,
        }
    }
}
