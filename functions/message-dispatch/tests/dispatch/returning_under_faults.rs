//! The return to the secrets before, while AWS fails or the process dies at any of its calls: the end is the same.

use std::time::Duration;

use serde_json::json;
use testing::cloud::{Calls, Fault};
use testing::switchboard as names;

use crate::stage::{PROOF, Stage, text};

/// No turn makes more calls.
const MOST_CALLS: usize = 40;
const SHORTLY: Duration = Duration::from_secs(5);
/// Long enough after a refusal for it to have consequences.
const SECOND_LOOK: Duration = Duration::from_secs(60);

/// For each call of the turn in which the refusal is found: that one fails so, and those that follow it as often as
/// `times` says. Then everything works again.
async fn at_each_call(fault: Fault, times: usize) {
    let mut met = 0;
    for call in 0..MOST_CALLS {
        let mut stage = Stage::connected().await;
        stage.rotate().await;
        stage.provider_fails(PROOF, json!("bad_credential")).await;
        stage.produce(&text("m-1")).await;
        assert_eq!(stage.turn().await, 1, "the first look");
        stage.clock.advance(SECOND_LOOK);
        let calls = Calls::any().after(call).times(times);
        let Some(lived) = stage.turn_under(calls, fault).await else {
            break;
        };
        met += 1;
        stage.forget();
        stage.until_quiet(SHORTLY).await;
        if !lived {
            stage.produce(&text("m-2")).await;
            stage.until_quiet(SHORTLY).await;
        }

        let at = format!("{fault:?} at call {call}");
        assert_eq!(stage.version(), "1", "{at}");
        assert_eq!(stage.shown().await["status"], "connected", "{at}");
        assert_eq!(stage.told(), ["credentials_returned"], "{at}");
        assert_eq!(stage.records("credentials.return").len(), 1, "{at}");
        assert!(stage.cloud.messages(names::MESSAGES_DLQ).is_empty(), "{at}");
        let sent = stage.delivered().await;
        match (stage.message("m-1").await.0.as_str(), lived) {
            ("sent", true) => assert_eq!(sent, ["m-1"], "{at}"),
            ("sent", false) => assert_eq!(sent, ["m-1", "m-2"], "{at}"),
            // Nobody knows what a process did that died holding a claim.
            ("unknown", false) => assert_eq!(sent, ["m-2"], "{at}"),
            (other, _) => panic!("{at}: {other}"),
        }
    }
    assert!((8..MOST_CALLS).contains(&met), "{met} calls");
}

/// As many attempts as the SDK makes.
const ALL: usize = 3;

#[tokio::test]
async fn h1_a_call_that_is_not_answered_is_made_good() {
    at_each_call(Fault::Reset, ALL).await;
}

#[tokio::test]
async fn h1_a_call_whose_answer_is_lost_is_not_made_twice() {
    at_each_call(Fault::AppliedButLost, ALL).await;
}

#[tokio::test]
async fn h1_a_process_that_dies_before_a_call_takes_effect_leaves_nothing_half_done() {
    at_each_call(Fault::Timeout, 1).await;
}

#[tokio::test]
async fn h1_a_process_that_dies_after_a_call_took_effect_leaves_nothing_half_done() {
    at_each_call(Fault::AppliedButSilent, 1).await;
}
