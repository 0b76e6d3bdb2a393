//! H1, H2, H3, H5: credentials that stop working.

use std::collections::BTreeMap;

use chaos::message::Sending;
use chaos::provider::Answer;
use chaos::runs::{alone, with_seeds};
use chaos::world::{Layout, World};
use domain::ledger::MessageStatus::{Failed, Parked, Sent};
use serde_json::Value;
use testing::alarms::Alarms;
use testing::switchboard as names;

use crate::{minutes, seconds};

const MESSAGES: usize = 1_000;
const RECIPIENTS: usize = 50;
/// Of every eleven one, from the eighth on.
const WITH_DEADLINE: usize = 91;

async fn world(tenants: usize, dice: testing::dice::Dice) -> World {
    let layout = Layout {
        tenants,
        ..Layout::default()
    };
    World::new(layout, dice).await
}

/// The provider does not know the first version of anybody's credentials.
fn first_version_is_refused(world: &World) {
    world.provider.answers(|request| match request.version {
        1 => Answer::BadCredential,
        _ => Answer::Accept,
    });
    world.provider.checks(|caller| match caller.version {
        1 => Answer::BadCredential,
        _ => Answer::Accept,
    });
}

/// Messages of the first tenant to so many recipients in turn; of every eleven one has a deadline of its own.
fn produce(world: &World) {
    let deadline = world.now().after(minutes(10));
    let message = |number: usize| Sending {
        to: format!("91987654{:04}", number % RECIPIENTS),
        not_after: (number % 11 == 7).then_some(deadline),
        ..Sending::new(world.tenant(0), &format!("m-{number:04}"))
    };
    world.produce(&(0..MESSAGES).map(message).collect::<Vec<_>>());
}

/// Items of the table of integrations, by the beginning of their place.
fn items(world: &World, kind: &str) -> Vec<Value> {
    let mut items = world.cloud.items(names::INTEGRATIONS);
    items.retain(|item| {
        let place = item["sk"]["S"].as_str();
        place.is_some_and(|place| place.starts_with(kind))
    });
    items
}

/// How many integrations are `invalid`.
fn invalid(world: &World) -> usize {
    let items = items(world, "INTEGRATION#").into_iter();
    items
        .filter(|item| item["status"]["S"] == "invalid")
        .count()
}

/// Codes of what tenants were told.
fn told(world: &World) -> Vec<String> {
    let items = items(world, "NOTIFICATION#").into_iter();
    items
        .map(|item| item["code"]["S"].as_str().unwrap_or_default().to_owned())
        .collect()
}

/// Lines of audit trails about that action.
fn records(world: &World, action: &str) -> usize {
    let items = world.cloud.items(names::AUDIT).into_iter();
    let records = items.filter_map(|item| {
        let record = item["record"]["S"].as_str()?;
        serde_json::from_str::<Value>(record).ok()
    });
    records.filter(|record| record["action"] == action).count()
}

#[test]
fn h1_h5_a_refused_credential_is_disabled_once_and_what_waited_leaves_once_and_in_order() {
    with_seeds("a refused credential", async |dice| {
        let world = world(1, dice).await;
        first_version_is_refused(&world);
        produce(&world);
        let took = world.until_quiet(minutes(30)).await;
        let verdict = world.judge().await;
        verdict.hold("a refused credential");
        let (requests, checks) = (world.provider.log().len(), world.provider.checked().len());
        println!("parked within {took:?}: {requests} requests, {checks} checks");
        assert_eq!(verdict.count(Parked), MESSAGES);
        assert_eq!(world.parked().len(), MESSAGES);
        assert_eq!(invalid(&world), 1);
        assert_eq!(told(&world), ["integration_invalid"]);
        assert_eq!(records(&world, "integration.disable"), 1);

        world.run_for(minutes(10)).await;
        world.repair(0).await;
        world.until_quiet(minutes(30)).await;
        let verdict = world.judge().await;
        verdict.hold("after the repair");
        assert_eq!(verdict.count(Sent), MESSAGES - WITH_DEADLINE);
        assert_eq!(verdict.count(Failed), WITH_DEADLINE, "expired");
        assert_eq!(world.parked().len(), 0);
        let mut told = told(&world);
        told.sort();
        assert_eq!(told, ["integration_invalid", "messages_expired"]);
        let sent = world.provider.log().into_iter();
        let sent = sent.filter(|entry| entry.provider_id.is_some());
        let sent = sent.map(|entry| (entry.request.to, entry.request.message.to_string()));
        assert_eq!(out_of_order(sent), []);
    });
}

/// Messages that arrived before one of the same recipient's that was taken in earlier: recipients and messages, as they
/// arrived.
fn out_of_order(arrived: impl IntoIterator<Item = (String, String)>) -> Vec<(String, String)> {
    let mut last = BTreeMap::<String, String>::new();
    let mut wrong = Vec::new();
    for (to, message) in arrived {
        let before = last.entry(to.clone()).or_default();
        match *before > message {
            true => wrong.push((to, message)),
            false => *before = message,
        }
    }
    wrong
}

#[test]
fn h5_one_that_overtook_another_is_found() {
    let log = |messages: [&str; 4]| messages.map(|m| (m[..1].to_owned(), m.to_owned()));
    assert!(out_of_order(log(["a1", "b1", "a2", "b2"])).is_empty());
    assert_eq!(out_of_order(log(["a2", "b1", "a1", "b2"])).len(), 1);
}

#[test]
fn h2_a_late_refusal_of_what_was_replaced_disables_nothing() {
    with_seeds("a late refusal", async |dice| {
        let world = world(1, dice).await;
        first_version_is_refused(&world);
        world.provider.set_latency(4_000, 8_000);
        produce(&world);
        // All that is under way at the repair was sent with what is replaced by it.
        world.run_for(seconds(2)).await;
        world.repair(0).await;
        world.until_quiet(minutes(60)).await;
        world.judge().await.hold("a late refusal");
        assert_eq!(invalid(&world), 0);
        assert!(told(&world).is_empty(), "{:?}", told(&world));
        let late = world.provider.log().into_iter();
        let late = late.filter(|entry| entry.answer == Answer::BadCredential);
        println!("{} late refusals", late.clone().count());
        assert!(late.count() > 0);
    });
}

/// The provider refuses everybody for a while; how many are disabled then, and whether operators heard of it.
async fn refuses_all(tenants: usize, dice: testing::dice::Dice) -> (World, bool) {
    let alarms = Alarms::watch();
    let world = world(tenants, dice).await;
    let up = world.now().after(minutes(5));
    world
        .provider
        .answers(move |request| match request.at < up {
            true => Answer::BadCredential,
            false => Answer::Accept,
        });
    let clock = world.clock();
    world.provider.checks(move |_| match clock.now() < up {
        true => Answer::BadCredential,
        false => Answer::Accept,
    });
    world.produce_many(MESSAGES);
    world.until_quiet(minutes(60)).await;
    let heard = alarms.take().into_iter();
    let mut heard = heard.filter(|alarm| alarm.field("alarm") == Some("provider_refuses_many"));
    let heard = heard.next().is_some();
    (world, heard)
}

#[test]
fn h3_a_provider_that_refuses_everybody_disables_nobody() {
    with_seeds("a provider that refuses everybody", async |dice| {
        let (world, heard) = refuses_all(20, dice).await;
        let verdict = world.judge().await;
        println!("{verdict}, {} disabled", invalid(&world));
        verdict.hold("a provider that refuses everybody");
        assert_eq!(invalid(&world), 0);
        assert_eq!(verdict.count(Sent), MESSAGES);
        assert!(heard, "the operator is alarmed");
    });
}

#[test]
fn h3_a_provider_that_refuses_a_few_disables_those() {
    let (disabled, heard) = alone(1, async |dice| {
        let (world, heard) = refuses_all(3, dice).await;
        world.judge().await.hold("a provider that refuses a few");
        (invalid(&world), heard)
    });
    assert_eq!((disabled, heard), (3, false));
}
