//! Random bytes for trace ids, message ids and challenges. Nothing secret depends on them.

use ring::rand::{SecureRandom, SystemRandom};

/// `N` random bytes; zeros in the unlikely case that the system has none to give.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut out = [0; N];
    SystemRandom::new().fill(&mut out).ok();
    out
}
