//! A3: what nobody knows is shown, and settled by the provider's own word; without that it stays, and is sent once more
//! only where that is wanted.

use chaos::message::Sending;
use chaos::point::{Kind, Moment, SEND};
use chaos::provider::Answer;
use chaos::reapers::Once;
use chaos::runs::with_seeds;
use chaos::world::{Layout, World};
use domain::event::DeliveryStatus::{Delivered, Read, Sent};
use domain::ledger::{Ledger, MessageStatus};
use testing::dice::Dice;

use crate::{millis, minutes, seconds};

const MESSAGES: usize = 500;

/// With each batch a process dies when the last requests have arrived.
fn dies_in_mid_request(world: &World) {
    let kind = Kind {
        delivery: 1,
        step: SEND.into(),
        moment: Moment::Arrived,
    };
    world.powers.reap(Once::at(kind, 10, Dice::from(1)));
}

#[test]
fn a3_evidence_before_in_and_after_the_outcome_ends_the_same() {
    with_seeds("evidence around the outcome", async |mut dice| {
        let world = World::new(Layout::default(), dice.fork()).await;
        // All permutations with repeats: each at its own time, from before the answer to long after the outcome.
        world.provider.tells(move |_| {
            let mut told = vec![(dice.below(400), Sent), (dice.below(400), Delivered)];
            for status in [Sent, Delivered, Read] {
                for _ in 0..dice.below(3) {
                    told.push((dice.below(400), status));
                }
            }
            told.into_iter()
                .map(|(after, status)| (millis(after as u64), status))
                .collect()
        });
        world.produce_many(MESSAGES);
        world.until_quiet(minutes(30)).await;
        let cases = world.cases().await;
        let overtook =
            |ledger: &Ledger| ledger.evidence.sent_at < ledger.outcomes.last().map(|o| o.at);
        let overtaken = cases.iter().filter(|case| overtook(&case.ledger)).count();
        println!("{overtaken} of {MESSAGES} were told of before their outcome");
        assert!((MESSAGES / 10..MESSAGES * 9 / 10).contains(&overtaken));
        let verdict = world.judge().await;
        verdict.hold("evidence around the outcome");
        let ends = [MessageStatus::Delivered, MessageStatus::Read];
        assert_eq!(
            ends.map(|end| verdict.count(end)).iter().sum::<usize>(),
            MESSAGES
        );
    });
}

#[test]
fn a3_evidence_settles_what_nobody_knew() {
    with_seeds("evidence after silence and death", async |mut dice| {
        let world = World::new(Layout::default(), dice.fork()).await;
        dies_in_mid_request(&world);
        let mut silent = dice.fork();
        world.provider.answers(move |_| match silent.below(2) {
            0 => Answer::AcceptSilently,
            _ => Answer::Accept,
        });
        world
            .provider
            .tells(move |_| vec![(millis(dice.below(600_000) as u64), Sent)]);
        world.produce_many(MESSAGES);
        world.until_quiet(minutes(30)).await;
        let verdict = world.judge().await;
        verdict.hold("evidence after silence and death");
        let accepted = world.provider.log().len();
        assert_eq!(verdict.count(MessageStatus::Sent), accepted);
        // Of requests that never arrived there is no word, and nobody can know that there will be none.
        assert_eq!(verdict.count(MessageStatus::Unknown), MESSAGES - accepted);
        assert!(accepted > MESSAGES / 2, "{accepted}");
    });
}

#[test]
fn a3_what_nobody_knows_is_shown_within_a_minute_and_stays() {
    with_seeds("unknown without evidence", async |dice| {
        let world = World::new(Layout::default(), dice).await;
        dies_in_mid_request(&world);
        world.provider.answers(|_| Answer::AcceptSilently);
        world.produce_many(MESSAGES);
        // Everything is claimed within a few seconds, for 35 s each.
        world.run_for(seconds(35 + 60)).await;
        for case in world.cases().await {
            let ends = case.ledger.claims.iter().map(|claim| claim.lease_until);
            let since = ends.max().expect("a claim").until(world.now());
            assert!(since >= seconds(30), "the test looks too early");
            assert_eq!(case.ledger.status(world.now()), MessageStatus::Unknown);
        }
        world.until_quiet(minutes(30)).await;
        world.run_for(minutes(120)).await;
        let verdict = world.judge().await;
        verdict.hold("unknown without evidence");
        assert_eq!(verdict.count(MessageStatus::Unknown), MESSAGES);
        assert!(
            world
                .provider
                .log()
                .iter()
                .all(|entry| entry.request.earlier == 0)
        );
    });
}

fn to_be_sent_again(sending: Sending) -> Sending {
    Sending {
        resend: true,
        ..sending
    }
}

#[test]
fn a3_where_that_is_wanted_it_is_sent_once_more_and_not_again() {
    with_seeds("sent once more", async |dice| {
        let world = World::new(Layout::default(), dice).await;
        world
            .provider
            .answers(|request| match request.account.as_str() {
                "phone-tenant-0" => Answer::AcceptSilently,
                _ if request.earlier == 0 => Answer::AcceptSilently,
                _ => Answer::Accept,
            });
        // Of these the provider tells in time.
        world
            .provider
            .tells(|request| match request.account.as_str() {
                "phone-tenant-1" => vec![(minutes(14), Sent)],
                _ => Vec::new(),
            });
        world.produce_so(100, to_be_sent_again);
        world.until_quiet(minutes(60)).await;
        let verdict = world.judge().await;
        verdict.hold("sent once more");
        let requests = |account| {
            let log = world.provider.log().into_iter();
            log.filter(|entry| entry.request.account == account).count()
        };
        assert_eq!(requests("phone-tenant-0"), 10, "never answered: twice each");
        assert_eq!(requests("phone-tenant-1"), 5, "told of in time: once each");
        assert_eq!(world.provider.log().len(), 10 + 5 + 18 * 10);
        assert_eq!(verdict.count(MessageStatus::Unknown), 5);
        assert_eq!(verdict.count(MessageStatus::Sent), 95);
    });
}
