//! G6, G8: who waits loses nothing by it, and those who waited do not all come back at once.

use std::collections::BTreeMap;

use chaos::message::Sending;
use chaos::provider::Answer;
use chaos::runs::{alone, size, with_seeds};
use chaos::source::Delivery;
use chaos::weather::Weather;
use chaos::world::{Layout, World};
use domain::ledger::MessageStatus::{Failed, Sent};

use crate::{minutes, seconds};

/// How often each message is slowed down.
const DEFERRALS: usize = 50;

async fn slowed_down(world: &World) {
    world.provider.answers(|request| match request.earlier {
        DEFERRALS => Answer::Accept,
        _ => Answer::SlowDown(seconds(2)),
    });
    world.produce_many(20);
    world.until_quiet(minutes(600)).await;
}

#[test]
fn g6_fifty_deferrals_use_up_nothing() {
    with_seeds("fifty deferrals", async |dice| {
        let world = World::new(Layout::default(), dice).await;
        slowed_down(&world).await;
        let verdict = world.judge().await;
        verdict.hold("fifty deferrals");
        assert_eq!(verdict.count(Sent), 20);
        assert_eq!(verdict.dead, 0, "nothing is on the dead-letter queue");
        assert_eq!(world.provider.log().len(), 20 * (DEFERRALS + 1));
    });
}

#[test]
#[should_panic(expected = "nothing is on the dead-letter queue")]
fn g6_waiting_on_the_queues_own_time_is_found() {
    alone(1, async |dice| {
        let world = World::new(Layout::default(), dice).await;
        // What is put back is never taken: each message stays where it is, and is received again and again.
        world.powers.set_weather(Weather {
            not_sent: 1.0,
            ..Weather::FAIR
        });
        slowed_down(&world).await;
        let verdict = world.judge().await;
        assert_eq!(verdict.dead, 0, "nothing is on the dead-letter queue");
    });
}

#[test]
fn g8_after_an_hour_without_the_provider_all_leave_once_and_not_at_once() {
    let messages = size(1_000, 10_000);
    with_seeds("an hour without the provider", async |dice| {
        // Most of an hour is waiting: what comes within some seconds is looked at together.
        let layout = Layout {
            delivery: Delivery {
                gather: seconds(5),
                ..Delivery::USUAL
            },
            ..Layout::default()
        };
        let world = World::new(layout, dice).await;
        let (began, up) = (world.now(), world.now().after(minutes(60)));
        world
            .provider
            .answers(move |request| match request.at < up {
                true => Answer::Unavailable,
                false => Answer::Accept,
            });
        // Every tenth has a deadline of its own.
        let deadline = began.after(minutes(5));
        world.produce_so(messages, |sending| {
            let every_tenth = sending.key.id.as_str().ends_with('7');
            Sending {
                not_after: every_tenth.then_some(deadline),
                ..sending
            }
        });
        world.run_for(minutes(60)).await;
        world.until_quiet(minutes(60)).await;
        let took = up.until(world.now());
        let verdict = world.judge().await;
        let mut arrived = BTreeMap::<i64, usize>::new();
        for entry in world
            .provider
            .log()
            .iter()
            .filter(|one| one.provider_id.is_some())
        {
            *arrived.entry(entry.request.at.seconds()).or_default() += 1;
        }
        let most = arrived.values().max().copied().unwrap_or_default();
        println!(
            "drained {took:?} after the hour, at most {most} in a second, {} requests, {verdict}",
            world.provider.log().len()
        );
        verdict.hold("an hour without the provider");
        assert_eq!(verdict.count(Failed), messages / 10, "expired");
        assert_eq!(verdict.count(Sent) + verdict.dead, messages - messages / 10);
        // In one moment of the world is what comes within five seconds.
        assert!(most <= messages / 10, "a herd: {most} at once");
    });
}
