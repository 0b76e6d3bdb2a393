//! Runs: each a world of its own, on a thread of its own, in which time does not pass by itself and chance follows from a
//! seed. The same seed gives the same run, call for call.

use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;

use testing::dice::Dice;
use tokio::runtime::Builder;

/// Worlds at once in this process: they share the vault's places for keys that are on their way, and none must wait for
/// another's, for its own time would pass meanwhile.
const AT_ONCE: usize = 2;

/// Runs one world to its end.
///
/// # Panics
/// If it does.
pub fn alone<T: Send>(seed: u64, run: impl AsyncFnOnce(Dice) -> T + Send) -> T {
    let _place = Place::take();
    let on_its_own = || {
        let mut dice = Dice::from(seed);
        domain::random::seeded::begin(dice.roll());
        fastrand::seed(dice.roll());
        let runtime = Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        runtime.block_on(run(dice))
    };
    let ended = thread::scope(|scope| scope.spawn(on_its_own).join());
    ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Runs one world for each, all with the same seed; what came of them, in the same order.
///
/// # Panics
/// If one of them does.
pub fn each<I: Sync, T: Send>(
    seed: u64,
    items: &[I],
    run: impl AsyncFn(&I, Dice) -> T + Sync,
) -> Vec<T> {
    side_by_side(items, |item| {
        alone(seed, async |dice| run(item, dice).await)
    })
}

/// Runs one world for each seed; see [`seeds`].
///
/// # Panics
/// If one of them does.
pub fn with_seeds<T: Send>(what: &str, run: impl AsyncFn(Dice) -> T + Sync) -> Vec<T> {
    side_by_side(&seeds(what), |seed| {
        alone(*seed, async |dice| run(dice).await)
    })
}

/// The seeds to run: `SEED=n` that one, `SEEDS=n` so many, else one. Prints them, with what they are the seeds of.
#[expect(clippy::disallowed_methods, reason = "a seed configures no function")]
#[expect(
    clippy::print_stdout,
    reason = "a test that fails shows what it printed"
)]
pub fn seeds(what: &str) -> Vec<u64> {
    const FIRST: u64 = 20_260_101;
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let seeds: Vec<u64> = match (number("SEED"), number("SEEDS")) {
        (Some(seed), _) => vec![seed],
        (None, count) => (FIRST..FIRST + count.unwrap_or(1)).collect(),
    };
    for seed in &seeds {
        println!("{what}: SEED={seed}");
    }
    seeds
}

/// How large a run is: `usual`, or `at_length` where `SOAK` is set in the environment.
#[expect(
    clippy::disallowed_methods,
    reason = "the size of a run configures no function"
)]
pub fn size(usual: usize, at_length: usize) -> usize {
    match std::env::var("SOAK") {
        Ok(_) => at_length,
        Err(_) => usual,
    }
}

fn side_by_side<I: Sync, T: Send>(items: &[I], run: impl Fn(&I) -> T + Sync) -> Vec<T> {
    let next = Mutex::new(items.iter().enumerate());
    let work = || {
        let mut ends = Vec::new();
        loop {
            let item = next.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((place, item)) = item else {
                return ends;
            };
            ends.push((place, run(item)));
        }
    };
    let mut ends: Vec<(usize, T)> = thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
        let ends = workers.into_iter().map(|worker| worker.join());
        ends.flat_map(|ends| ends.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    ends.sort_by_key(|(place, _)| *place);
    ends.into_iter().map(|(_, end)| end).collect()
}

static TAKEN: Mutex<usize> = Mutex::new(0);
static FREED: Condvar = Condvar::new();

/// A place among the worlds of this process.
struct Place;

impl Place {
    fn take() -> Self {
        let taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = FREED
            .wait_while(taken, |taken| *taken >= AT_ONCE)
            .unwrap_or_else(PoisonError::into_inner);
        *taken += 1;
        Self
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        *TAKEN.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        FREED.notify_one();
    }
}
