//! The dispatcher's promises, in a world in which everything may go wrong.
#![expect(
    clippy::expect_used,
    reason = "a test that cannot go on says what it expected"
)]
#![expect(clippy::print_stdout, reason = "a run tells its figures")]

mod crash_matrix;
mod credentials;
mod defects;
mod evidence;
mod fairness;
mod inbound;
mod random_deaths;
mod replay;
mod slow;
mod soak;

use std::time::Duration;

/// So many milliseconds.
const fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// So many seconds.
const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// So many minutes.
const fn minutes(count: u64) -> Duration {
    seconds(60 * count)
}
