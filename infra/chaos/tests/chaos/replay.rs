//! The same seed gives the same run, call for call: whatever a run finds can be looked at again.

use chaos::provider::Answer;
use chaos::reapers::Anywhere;
use chaos::runs::alone;
use chaos::weather::Weather;
use chaos::world::{Layout, World};
use testing::cloud::Order;

use crate::{minutes, seconds};

fn run(seed: u64) -> u64 {
    alone(seed, async |mut dice| {
        let layout = Layout {
            order: Order::Any(dice.fork()),
            ..Layout::default()
        };
        let world = World::new(layout, dice.fork()).await;
        let until = world.now().after(minutes(5));
        let deaths = Anywhere::new(0.01, until, world.clock(), dice.fork());
        world.powers.reap(deaths);
        world.powers.set_weather(Weather {
            throttled: 0.1,
            not_sent: 0.1,
            ..Weather::FAIR
        });
        world.provider.answers(move |_| match dice.below(4) {
            0 => Answer::SlowDown(seconds(3)),
            1 => Answer::AcceptSilently,
            _ => Answer::Accept,
        });
        world.produce_many(300);
        world.until_quiet(minutes(60)).await;
        world.powers.trace()
    })
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let first = run(7);
    for _ in 0..3 {
        assert_eq!(run(7), first);
    }
    assert_ne!(run(8), first);
}
