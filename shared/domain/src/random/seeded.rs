//! Random bytes that can be repeated, for worlds that are tests. Never in what is deployed.

use std::cell::Cell;

#[cfg(not(debug_assertions))]
compile_error!("randomness that can be repeated is for tests alone");

thread_local! {
    static STATE: Cell<Option<u64>> = const { Cell::new(None) };
}

/// From now on this thread's random bytes follow from the seed.
pub fn begin(seed: u64) {
    STATE.set(Some(seed));
}

/// Fills `bytes` if this thread's follow from a seed (SplitMix64).
pub(super) fn fill(bytes: &mut [u8]) -> bool {
    let Some(mut state) = STATE.get() else {
        return false;
    };
    for eight in bytes.chunks_mut(8) {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let mixed = (mixed ^ (mixed >> 31)).to_be_bytes();
        eight.copy_from_slice(&mixed[..eight.len()]);
    }
    STATE.set(Some(state));
    true
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::random::bytes;

    #[test]
    fn bytes_follow_from_the_seed_on_this_thread_alone() {
        let rolled = |seed| {
            begin(seed);
            (bytes::<16>(), bytes::<3>())
        };
        let first = rolled(1);
        assert_eq!(first, rolled(1));
        assert_ne!(first, rolled(2));
        let elsewhere = || thread::spawn(bytes::<16>).join().unwrap();
        assert_ne!(elsewhere(), elsewhere());
    }
}
