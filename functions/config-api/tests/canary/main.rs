//! The canary (E1): a secret's plaintext exists only in our process memory and on the wire to its provider.
//!
//! Every secret field of every provider gets a value that is like no other text. With these all functions live through
//! whatever there is to live through ([`life`]), while everything is seen that comes out of them ([`sinks`]). None of
//! it holds any of the values, nor of those that we make ourselves, in any encoding, nor an end of one. That the search
//! would find them is shown by letting them out ([`leaks`]), and that they were used by the provider's own log.
#![expect(
    clippy::expect_used,
    reason = "a test that cannot go on says what it expected"
)]

mod canaries;
mod child;
mod configs;
mod door;
mod ear;
mod echo;
mod errors;
mod leaks;
mod life;
mod secrets;
mod sinks;
mod stage;
mod tap;
mod told;
mod trap;
mod wire;

use testing::scan::{Part, Scanner, written};

use crate::secrets::RING_KEY;
use crate::sinks::Sink;
use crate::stage::Stage;

#[tokio::test]
async fn e1_a_secret_is_in_our_memory_and_at_its_provider_and_nowhere_else() {
    ear::listen();
    let stage = Stage::new().await;
    Box::pin(life::live(&stage)).await;
    stage.seen.hear(ear::heard());
    Box::pin(stage.errs(&child::canary())).await;
    stage
        .secrets
        .keep("canary of whatsapp", child::canary().as_bytes());
    let scanner = stage.secrets.scanner();
    let seen = stage.seen.all();
    for sink in Sink::ALL {
        let held = seen.get(&sink).map_or(&[][..], Vec::as_slice);
        assert!(!held.is_empty(), "nothing was seen in {sink:?}");
        let (keys, leaks): (Vec<_>, Vec<_>) = scanner
            .scan(held)
            .into_iter()
            .partition(|leak| leak.secret.starts_with(RING_KEY));
        assert_eq!(leaks, [], "{sink:?}");
        // The one thing that is found: the SDK tells at its finest level what KMS answers. For this the log is deaf to
        // what libraries say below a warning.
        assert_eq!(keys.is_empty(), sink != Sink::Traced, "{sink:?}: {keys:?}");
    }
    let told = stage.seen.told();
    for told in &told {
        let beyond = told.beyond(&scanner, &stage.secrets);
        assert_eq!(beyond, [], "{:?}", told.operation);
    }
    for operation in told::OPERATIONS {
        let mut told = told.iter().filter(|told| told.operation == operation);
        assert!(
            told.any(|told| told.tells(&scanner)),
            "{operation:?} told nothing"
        );
    }
    wire::holds_all(&stage).await;
}

#[test]
fn e1_a_process_as_ours_are_prints_no_secret() {
    let printed = child::printed("as_we_do");
    let scanner = printed.secrets.scanner();
    assert!(printed.secrets.all().len() > 10);
    for (name, held) in [("out", &printed.out), ("err", &printed.err)] {
        assert_eq!(scanner.scan(held), [], "standard {name}");
    }
    let out = String::from_utf8_lossy(&printed.out);
    for said in ["at our finest level", "panic", "tamper"] {
        assert!(out.contains(said), "{said}");
    }
}

#[test]
fn e1_control_what_a_process_prints_is_found_where_it_printed_it() {
    for (kind, out, err) in [
        ("logs", true, false),
        ("prints", true, false),
        ("complains", false, true),
        ("panics_loudly", false, true),
        ("panics", false, false),
    ] {
        let printed = child::printed(kind);
        let scanner = printed.secrets.scanner();
        let found = [&printed.out, &printed.err].map(|held| !scanner.scan(held).is_empty());
        assert_eq!(found, [out, err], "{kind}");
    }
}

/// What may be told in one answer is as much a leak in any other place.
#[tokio::test]
async fn e1_control_a_secret_that_was_told_is_found_in_every_neighbouring_sink() {
    const NEIGHBOURS: [Sink; 7] = [
        Sink::Answer,
        Sink::AnswerHead,
        Sink::Problem,
        Sink::Notifications,
        Sink::Audit,
        Sink::Traced,
        Sink::Logged,
    ];
    ear::listen();
    let stage = Stage::new().await;
    let token = life::told(&stage).await;
    let scanner = Scanner::with_ends([("token", &token)]);
    let told = stage.seen.told();
    assert!(told.iter().all(|told| told.tells(&scanner)) && told.len() == 2);
    stage.seen.kept(&stage.cloud);
    stage.seen.hear(ear::heard());
    for (sink, held) in stage.seen.all() {
        assert_eq!(scanner.scan(&held), [], "{sink:?}");
    }
    for sink in NEIGHBOURS {
        leaks::leak(&stage, sink, &token);
    }
    stage.seen.kept(&stage.cloud);
    stage.seen.hear(ear::heard());
    for (sink, held) in stage.seen.all() {
        let found = !scanner.scan(&held).is_empty();
        assert_eq!(found, NEIGHBOURS.contains(&sink), "{sink:?}");
    }
    stage.cloud.take_violations();
}

#[tokio::test]
async fn e1_control_a_leak_is_found_in_its_sink_and_in_no_other() {
    ear::listen();
    let stage = Stage::new().await;
    let mut leaks = Vec::new();
    for sink in Sink::ALL {
        for (number, _) in written("").iter().enumerate() {
            let name = format!("{sink:?} {number}");
            let canary = canaries::plain(&name);
            let (encoding, text) = written(&canary).swap_remove(number);
            leaks::leak(&stage, sink, &text);
            leaks.push((sink, encoding, name, canary));
        }
    }
    stage.seen.kept(&stage.cloud);
    stage.seen.hear(ear::heard());
    stage.cloud.take_violations();

    let canaries = leaks.iter().map(|(_, _, name, canary)| (name, canary));
    let scanner = Scanner::with_ends(canaries.map(|(name, canary)| (name.clone(), canary)));
    for (place, held) in stage.seen.all() {
        let found = scanner.scan(&held);
        for (sink, encoding, name, _) in &leaks {
            let told = found.iter().any(|leak| {
                leak.secret == *name && leak.encoding == *encoding && leak.part == Part::Whole
            });
            assert_eq!(told, *sink == place, "{name} as {encoding:?} in {place:?}");
        }
    }
}
