//! How many calls to KMS all of it takes.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::future::join_all;
use vault::CacheLimits;

use crate::fakes::{self, Dice};
use crate::fleet::{Fleet, Rings};
use crate::rings::ring_of;

const SECOND: Duration = Duration::from_secs(1);

fn ratio(calls: usize, messages: usize) -> f64 {
    f64::from(u32::try_from(calls).expect("few")) / f64::from(u32::try_from(messages).expect("few"))
}

/// Calls per second of a fleet that has been at work for a while, over ten minutes in which each container sends for
/// all of its tenants every fifteen seconds.
async fn calls_per_second(containers: usize, tenants: usize, rings: Rings) -> f64 {
    let fleet = Fleet::new(containers, tenants, rings, CacheLimits::default()).await;
    let mut before = 0;
    for turn in 0..60 {
        if turn == 20 {
            before = fleet.calls();
        }
        for container in 0..containers {
            match rings {
                // Five tenants, others each time, need all rings in turn; the rest would find the keys there.
                Rings::Shared(_) => {
                    for tenant in (0..5).map(|n| (n * 40 + turn) % tenants) {
                        fleet.open(container, tenant).await.expect("opens");
                    }
                }
                Rings::Own => {
                    for tenant in 0..tenants {
                        fleet.open(container, tenant).await.expect("opens");
                    }
                }
            }
        }
        fleet.wait(15 * SECOND);
    }
    ratio(fleet.calls() - before, 600)
}

/// 200 containers × 200 active tenants / 300 s = 133 calls a second is what was promised; shared rings take a twentieth.
#[tokio::test]
async fn f7_shared_rings_stay_far_below_the_budget() {
    let calls = calls_per_second(200, 200, Rings::Shared(8)).await;
    println!(
        "200 containers, 200 tenants in 8 shared rings: {calls:.1} KMS calls a second (budget 133)"
    );
    assert!(calls <= 200.0 * 8.0 / 240.0, "{calls}");
}

/// If every tenant had a ring of its own: a key lives 240 to 300 s, on average 270 s, which makes 148 calls a second.
/// Containers know nothing of each other, so five tell what two hundred do.
#[tokio::test]
async fn f7_a_ring_for_each_tenant_takes_a_call_per_container_tenant_and_lifetime() {
    let calls = 40.0 * calls_per_second(5, 200, Rings::Own).await;
    println!("200 containers, 200 tenants in rings of their own: {calls:.1} KMS calls a second");
    assert!(calls <= 200.0 * 200.0 / 240.0, "{calls}");
}

/// Five hundred containers start at once on a backlog, ten messages each, while KMS throttles three calls of ten; what
/// cannot be opened comes back half a minute later. How many calls to KMS, and how many pairs of container and ring.
async fn cold_start(together: bool) -> (usize, usize) {
    const CONTAINERS: usize = 500;
    let mut dice = Dice::seeded("cold start");
    let fleet = Fleet::new(CONTAINERS, 1_000, Rings::Shared(8), CacheLimits::default()).await;
    let before = fleet.calls();
    fleet.world().service.throttle(dice.clone(), 30);
    let mut backlog: Vec<(usize, usize)> = (0..CONTAINERS * 10)
        .map(|number| (number % CONTAINERS, dice.below(1_000)))
        .collect();
    let pairs: HashSet<_> = backlog
        .iter()
        .map(|(container, tenant)| (*container, ring_of(&fleet.values[*tenant].1)))
        .collect();
    let mut rounds = 0;
    while !backlog.is_empty() {
        rounds += 1;
        let opened = join_all(backlog.iter().map(async |(container, tenant)| {
            if together {
                return fleet.open(*container, *tenant).await.is_ok();
            }
            let (place, sealed) = &fleet.values[*tenant];
            fleet.world().another().open(place, sealed).await.is_ok()
        }))
        .await;
        let mut opened = opened.into_iter();
        backlog.retain(|_| !opened.next().expect("one answer each"));
        fleet.wait(30 * SECOND);
    }
    let calls = fleet.calls() - before;
    let pairs = pairs.len();
    println!(
        "{CONTAINERS} cold containers, 30 % throttled: {calls} KMS calls for {pairs} pairs of container and ring, {rounds} rounds"
    );
    (calls, pairs)
}

#[tokio::test]
async fn f7_five_hundred_cold_containers_make_no_storm() {
    let (calls, pairs) = cold_start(true).await;
    assert!(calls <= 2 * pairs, "{calls} calls, {pairs} pairs");
}

#[tokio::test]
async fn f7_control_messages_that_each_ask_for_themselves_make_a_storm() {
    let (calls, pairs) = cold_start(false).await;
    assert!(calls > 2 * pairs, "{calls} calls, {pairs} pairs");
}

/// What an hour took.
struct Hour {
    calls: usize,
    messages: usize,
}

impl Hour {
    /// At every beat so many batches of ten, for a thousand tenants in eight rings, each batch in some container; five
    /// minutes to get warm, then the hour that counts.
    async fn of(containers: usize, beat: Duration, batches: usize, limits: CacheLimits) -> Self {
        let mut dice = Dice::seeded("an hour");
        let fleet = Fleet::new(containers, 1_000, Rings::Shared(8), limits).await;
        let mut work = async |time: Duration| {
            let before = fleet.calls();
            let beats = usize::try_from(time.as_millis() / beat.as_millis()).expect("few");
            for _ in 0..beats {
                for _ in 0..batches {
                    let container = dice.below(containers);
                    fleet.dispatch(container, &mut dice).await;
                }
                fleet.wait(beat);
            }
            Self {
                calls: fleet.calls() - before,
                messages: beats * batches * 10,
            }
        };
        let cold = work(300 * SECOND).await;
        let warm = work(3_600 * SECOND).await;
        println!(
            "{containers} containers, {} messages an hour: {} KMS calls in the first five minutes, {} in the hour after: {:.5} a message",
            warm.messages,
            cold.calls,
            warm.calls,
            warm.per_message()
        );
        warm
    }

    fn per_message(&self) -> f64 {
        ratio(self.calls, self.messages)
    }
}

/// Forty messages a second in one container.
#[tokio::test]
async fn f7_a_container_that_sends_steadily_asks_less_than_once_in_a_thousand_messages() {
    let hour = Hour::of(1, SECOND / 4, 1, CacheLimits::default()).await;
    assert_eq!(hour.messages, 144_000);
    assert!(hour.per_message() <= 0.001, "{}", hour.per_message());
}

/// A thousand tenants at one message a minute each, over twenty containers.
#[tokio::test]
async fn f7_a_thousand_quiet_tenants_ask_less_than_once_in_a_thousand_messages() {
    let hour = Hour::of(20, 6 * SECOND, 10, CacheLimits::default()).await;
    assert_eq!(hour.messages, 60_000);
    assert!(hour.per_message() <= 0.001, "{}", hour.per_message());
}

/// The same, if no KMS key vouches for what is under it: every container asks for every ring twelve to fifteen times.
#[tokio::test]
async fn f7_control_without_vouching_calls_grow_with_rings_times_containers() {
    let hour = Hour::of(20, 6 * SECOND, 10, fakes::unvouched()).await;
    assert!(
        (1_600..=20 * 8 * 15).contains(&hour.calls),
        "{}",
        hour.calls
    );
}

/// The same with a cache too small for the rings.
#[tokio::test]
async fn f7_control_a_cache_without_room_asks_for_nearly_every_message() {
    let limits = CacheLimits {
        keys: 1,
        ..CacheLimits::default()
    };
    let fleet = Fleet::new(1, 1_000, Rings::Shared(8), limits).await;
    let before = fleet.calls();
    let mut dice = Dice::seeded("no room");
    for _ in 0..100 {
        for _ in 0..10 {
            let tenant = dice.below(1_000);
            fleet.open(0, tenant).await.expect("opens");
        }
    }
    let per_message = ratio(fleet.calls() - before, 1_000);
    assert!(per_message > 0.5, "{per_message}");
}
