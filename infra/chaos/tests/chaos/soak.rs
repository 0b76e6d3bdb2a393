//! A1, A2, for as long as one likes: `SOAK=100` in the environment is 200,000 messages, in worlds of 2,000.

use std::fs;

use crate::random_deaths::{ALL, run};

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the size of a run configures no function"
)]
fn a1_a2_soak() {
    let worlds = std::env::var("SOAK")
        .ok()
        .and_then(|text| text.parse().ok());
    let mut first = None;
    for world in 1..=worlds.unwrap_or(0_u64) {
        for verdict in run(&ALL) {
            verdict.hold("soak");
        }
        let resident = resident();
        println!("world {world}: {} MiB", resident >> 20);
        // The first worlds fill caches and what the allocator keeps.
        if world == 10 {
            first = Some(resident);
        }
    }
    if let Some(first) = first {
        assert!(resident() < first + first / 20, "memory grows");
    }
}

/// Bytes of memory that this process has.
fn resident() -> u64 {
    let pages = fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages = pages.split_whitespace().nth(1).expect("a number");
    pages.parse::<u64>().expect("a number") * 4096
}
