//! C10, K16 to K19: what a provider was answered for is kept, each event once, wherever ingress and router die.

use chaos::doors::{Doors, Kept};
use chaos::point::{Kind, Moment};
use chaos::reapers::{Anywhere, Once};
use chaos::runs::{alone, each, seeds, with_seeds};
use chaos::source::Delivery;
use futures_util::join;
use testing::dice::Dice;

use crate::minutes;

const POSTS: usize = 50;
/// In each: more than one call to the queue takes.
const EVENTS: usize = 12;

async fn play(doors: &Doors) {
    join!(doors.call(POSTS, EVENTS), doors.route(POSTS, minutes(60)));
}

fn is_complete(kept: &Kept) -> bool {
    *kept
        == Kept {
            kept: POSTS * EVENTS * 2,
            lost: Vec::new(),
            invented: Vec::new(),
        }
}

#[test]
fn c10_a_death_at_any_point_of_the_way_in_loses_nothing() {
    for seed in seeds("a death on the way in") {
        let kinds = alone(seed, async |dice| {
            let doors = Doors::new(5, Delivery::USUAL, dice).await;
            play(&doors).await;
            assert!(is_complete(&doors.kept()), "{:?}", doors.kept());
            doors.powers.seen()
        });
        let kinds: Vec<_> = kinds.into_iter().collect();
        let ends = each(seed, &kinds, async |(kind, seen), dice| {
            let doors = Doors::new(5, Delivery::USUAL, dice).await;
            let most = if seen.invocations > 4 { seen.most } else { 1 };
            let once = Once::at(kind.clone(), most, Dice::from(seed));
            doors.powers.reap(once);
            play(&doors).await;
            (doors.deaths(), doors.dead(), doors.kept())
        });
        println!(
            "{:44}{:>8}{:>8}{:>8}",
            "on the way in", "deaths", "kept", "lost"
        );
        for ((kind, _), (deaths, dead, kept)) in kinds.iter().zip(&ends) {
            println!(
                "{:44}{deaths:>8}{:>8}{:>8}",
                kind.to_string(),
                kept.kept,
                kept.lost.len()
            );
            assert!(is_complete(kept), "{kind}: {kept:?}");
            assert!(
                *deaths > 0 && *dead == 0,
                "{kind}: {deaths} deaths, {dead} dead letters"
            );
        }
    }
}

#[test]
fn c10_deaths_anywhere_on_the_way_in() {
    with_seeds("deaths anywhere on the way in", async |mut dice| {
        let doors = Doors::new(5, Delivery::USUAL, dice.fork()).await;
        let until = doors.now().after(minutes(9));
        let deaths = Anywhere::new(0.05, until, doors.clock(), dice);
        doors.powers.reap(deaths);
        play(&doors).await;
        println!("{} deaths, {} dead letters", doors.deaths(), doors.dead());
        assert!(is_complete(&doors.kept()), "{:?}", doors.kept());
    });
}

#[test]
#[should_panic(expected = "lost")]
fn c10_events_that_are_acknowledged_before_they_are_handled_are_found() {
    alone(1, async |dice| {
        let delivery = Delivery {
            acknowledged_first: true,
            ..Delivery::USUAL
        };
        let doors = Doors::new(5, delivery, dice).await;
        let kind = Kind {
            delivery: 1,
            step: "PutItem Activity".into(),
            moment: Moment::Leaving,
        };
        doors.powers.reap(Once::at(kind, 1, Dice::from(1)));
        play(&doors).await;
        assert!(is_complete(&doors.kept()), "lost: {:?}", doors.kept());
    });
}
