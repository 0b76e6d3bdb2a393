//! A1, A2: processes die anywhere, at any time, alone and together with other trouble.

use chaos::judge::Verdict;
use chaos::provider::{Answer, Provider};
use chaos::reapers::Anywhere;
use chaos::runs::with_seeds;
use chaos::source::Delivery;
use chaos::weather::Weather;
use chaos::world::{Layout, World};
use testing::cloud::Order;

use crate::{minutes, seconds};

/// How long there is trouble, in minutes.
const TROUBLE: u64 = 9;

/// What goes wrong.
#[derive(Clone)]
pub(crate) struct Trouble {
    pub(crate) what: &'static str,
    pub(crate) messages: usize,
    /// At every point, from 0 to 1.
    pub(crate) deaths: f64,
    pub(crate) weather: Weather,
    pub(crate) delivery: Delivery,
    pub(crate) provider: fn(&Provider),
}

const NONE: Trouble = Trouble {
    what: "",
    messages: 2_000,
    deaths: 0.0,
    weather: Weather::FAIR,
    delivery: Delivery::USUAL,
    provider: |_| {},
};

/// A bit of everything.
pub(crate) const ALL: Trouble = Trouble {
    what: "everything at once",
    deaths: 0.005,
    weather: Weather {
        throttled: 0.1,
        lost: 0.05,
        not_sent: 0.2,
        sent_partly: 0.2,
    },
    delivery: Delivery {
        workers: 6,
        copies: 3,
        undeleted: 0.1,
        ..Delivery::USUAL
    },
    provider: |provider| {
        provider.answers(
            |request| match (request.earlier, request.at.millis() % 10) {
                (0, 0 | 1) => Answer::SlowDown(seconds(5)),
                (0, 2) => Answer::Unavailable,
                (0, 3) => Answer::AcceptSilently,
                (0, 4) => Answer::Refuse,
                _ => Answer::Accept,
            },
        );
    },
    ..NONE
};

/// For each seed what becomes of messages; all must be quiet half an hour after the last trouble.
pub(crate) fn run(trouble: &Trouble) -> Vec<Verdict> {
    with_seeds(trouble.what, async |mut dice| {
        let layout = Layout {
            order: Order::Any(dice.fork()),
            delivery: trouble.delivery.clone(),
            ..Layout::default()
        };
        let world = World::new(layout, dice.fork()).await;
        let until = world.now().after(minutes(TROUBLE));
        let deaths = Anywhere::new(trouble.deaths, until, world.clock(), dice.fork());
        world.powers.reap(deaths);
        world.powers.set_weather(trouble.weather.clone());
        (trouble.provider)(&world.provider);
        world.produce_many(trouble.messages);
        world.run_for(minutes(TROUBLE)).await;
        world.powers.set_weather(Weather::FAIR);
        let took = world.until_quiet(minutes(30)).await;
        let verdict = world.judge().await;
        let deaths = world.deaths();
        println!(
            "{}: {deaths} deaths, quiet after {took:?}, {verdict}",
            trouble.what
        );
        verdict.hold(trouble.what);
        verdict
    })
}

#[test]
fn a1_a2_deaths_anywhere() {
    run(&Trouble {
        what: "deaths anywhere",
        messages: 10_000,
        deaths: 0.05,
        ..NONE
    });
}

#[test]
fn a2_every_message_delivered_up_to_five_times_at_once() {
    run(&Trouble {
        what: "two to five deliveries at once",
        delivery: Delivery {
            workers: 6,
            copies: 5,
            undeleted: 0.1,
            ..Delivery::USUAL
        },
        ..NONE
    });
}

#[test]
fn a1_a2_a6_a_database_that_throttles_and_loses_its_answers() {
    run(&Trouble {
        what: "throttled, and answers lost",
        weather: Weather {
            throttled: 0.3,
            lost: 0.05,
            ..Weather::FAIR
        },
        ..NONE
    });
}

#[test]
fn a1_a2_a_queue_that_does_not_take_what_is_put_back_and_keeps_what_is_deleted() {
    let verdicts = run(&Trouble {
        what: "a queue that fails",
        weather: Weather {
            not_sent: 0.2,
            sent_partly: 0.2,
            ..Weather::FAIR
        },
        delivery: Delivery {
            undeleted: 0.1,
            ..Delivery::USUAL
        },
        provider: |provider| {
            provider.answers(|request| match request.earlier {
                0 => Answer::SlowDown(seconds(5)),
                _ => Answer::Accept,
            });
        },
        ..NONE
    });
    assert!(verdicts.iter().all(|verdict| verdict.dead == 0));
}

#[test]
fn a1_a2_everything_at_once() {
    run(&ALL);
}
