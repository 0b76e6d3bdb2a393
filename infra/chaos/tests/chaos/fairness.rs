//! G5: one tenant's provider hangs, under ten times the load; the others do not notice.

use std::collections::HashMap;
use std::time::Duration;

use chaos::message::Sending;
use chaos::provider::Answer;
use chaos::runs::{alone, with_seeds};
use chaos::source::Delivery;
use chaos::world::{Layout, World};
use domain::ledger::MessageStatus::Sent;
use domain::{MessageId, Timestamp};
use futures_util::join;
use testing::cloud::Order;
use testing::dice::Dice;
use tokio::time::sleep;

use crate::{millis, minutes, seconds};

const TENANTS: usize = 50;
/// The noisy one's account.
const NOISY: &str = "phone-tenant-0";
/// From one message of a tenant to its next.
const EVERY: Duration = seconds(40);
const TIMES: usize = 10;
/// So few that the noisy one could take them all.
const DELIVERY: Delivery = Delivery {
    workers: 3,
    ..Delivery::USUAL
};

/// An account and a message.
type Which = (String, MessageId);

/// How it was for the others.
#[derive(Debug)]
struct Felt {
    /// Time from the queue to the provider that 95 % did not exceed.
    p95: Duration,
    /// Messages that were not sent.
    failures: usize,
    /// The noisy tenant's part of the time that invocations took, in percent.
    share: u32,
}

/// Puts everybody's messages on the queue when their time has come; when that was.
async fn produce(world: &World, mut dice: Dice, time: Duration) -> HashMap<Which, Timestamp> {
    let mut due = Vec::new();
    for tenant in 0..TENANTS {
        let times = if tenant == 0 { TIMES } else { 1 };
        let count = time.as_millis() / EVERY.as_millis() * times as u128;
        for number in 0..count {
            let at = millis(dice.below(time.as_millis() as usize) as u64);
            due.push((
                at,
                Sending::new(world.tenant(tenant), &format!("m-{number}")),
            ));
        }
    }
    due.sort_by_key(|(at, _)| *at);
    let began = world.now();
    let mut accepted = HashMap::new();
    for (at, sending) in due {
        sleep(world.now().until(began.after(at))).await;
        let which = (
            format!("phone-{}", sending.key.tenant),
            sending.key.id.clone(),
        );
        accepted.insert(which, world.now());
        world.produce(&[sending]);
    }
    accepted
}

async fn feel(mut dice: Dice, delivery: Delivery, time: Duration, hangs: bool) -> Felt {
    let layout = Layout {
        tenants: TENANTS,
        order: Order::Fair,
        delivery,
        ..Layout::default()
    };
    let world = World::new(layout, dice.fork()).await;
    world
        .provider
        .answers(move |request| match request.account.as_str() {
            NOISY if hangs => Answer::Hang,
            _ => Answer::Accept,
        });
    let (accepted, ()) = join!(produce(&world, dice, time), world.run_for(time));
    world.run_for(minutes(1)).await;
    let mut took = Vec::new();
    let mut busy = Duration::ZERO;
    for entry in world.provider.log() {
        let request = entry.request;
        if request.account == NOISY {
            busy += if hangs { seconds(10) } else { millis(190) };
            continue;
        }
        let accepted = accepted[&(request.account, request.message)];
        took.push(accepted.until(request.at));
    }
    took.sort_unstable();
    let mut failures = 0;
    for case in world.cases().await {
        let sent = case.ledger.status(world.now()) == Sent;
        failures += usize::from(case.key.tenant != *world.tenant(0) && !sent);
    }
    let slots = time * DELIVERY.workers as u32;
    Felt {
        p95: took[took.len() * 95 / 100],
        failures,
        share: (busy.as_millis() * 100 / slots.as_millis()) as u32,
    }
}

#[test]
fn g5_one_whose_provider_hangs_is_not_noticed_by_the_others() {
    with_seeds("a neighbour whose provider hangs", async |dice| {
        let usual = feel(dice.clone(), DELIVERY, minutes(30), false).await;
        let beside = feel(dice, DELIVERY, minutes(30), true).await;
        println!("all well: {usual:?}, beside the neighbour: {beside:?}");
        assert!(
            beside.p95 <= usual.p95 * 2,
            "{beside:?} instead of {usual:?}"
        );
        assert_eq!((usual.failures, beside.failures), (0, 0));
        assert!(beside.share <= 20, "{beside:?}");
    });
}

#[test]
#[should_panic(expected = "the others notice")]
fn g5_processes_that_remember_nothing_are_found() {
    alone(1, async |dice| {
        let forgetful = Delivery {
            cold: true,
            ..DELIVERY
        };
        let usual = feel(dice.clone(), forgetful.clone(), minutes(10), false).await;
        let beside = feel(dice, forgetful, minutes(10), true).await;
        println!("forgetful: {usual:?}, beside the neighbour: {beside:?}");
        assert!(beside.p95 <= usual.p95 * 2, "the others notice");
    });
}
