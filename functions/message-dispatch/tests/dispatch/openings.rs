//! No credential is used of whose opening there is no record; and what was counted adds up.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use testing::cloud::{Calls, Fault};
use testing::switchboard as names;

use crate::stage::{Stage, WHATSAPP, arrived, text};

const A_MINUTE: Duration = Duration::from_secs(60);

/// The lines about openings for sending.
fn lines(stage: &Stage) -> Vec<Value> {
    let openings = stage.records("credentials.open").into_iter();
    openings.filter(|one| one["purpose"] == "send").collect()
}

/// How many openings these lines are.
fn counted(stage: &Stage) -> u64 {
    let counts = lines(stage).into_iter();
    counts.map(|line| line["count"].as_u64().unwrap_or(1)).sum()
}

async fn send(stage: &Stage, id: &str) -> bool {
    stage.dispatch(&[arrived(&text(id))]).await.is_empty()
}

/// Calls to the provider's messages so far, whatever came of them.
async fn asked(stage: &Stage) -> usize {
    let path = "/_sandbox/requests?path=/messages";
    let all = stage.control(Method::GET, path, Value::Null).await;
    all.as_array().expect("a list").len()
}

#[tokio::test]
async fn the_first_opening_of_a_minute_is_on_record_before_the_credential_is_used() {
    for fault in [
        Fault::Throttle,
        Fault::InternalError,
        Fault::AccessDenied,
        Fault::Reset,
    ] {
        let stage = Stage::connected().await;
        let calls = Calls::any().on(names::AUDIT).always();
        stage.cloud.faults().fail(calls, fault);
        for id in ["m-1", "m-2", "m-3"] {
            stage.produce(&text(id)).await;
        }
        // For ten minutes.
        for _ in 0..30 {
            stage.turn().await;
            stage.clock.advance(Duration::from_secs(20));
        }
        assert_eq!(asked(&stage).await, 0, "{fault:?}");
        assert_eq!(stage.cloud.messages(names::MESSAGES).len(), 3);
        assert!(stage.cloud.messages(names::MESSAGES_DLQ).is_empty());
        assert!(stage.told().is_empty());
        assert_eq!(stage.shown().await["status"], "connected");
        stage.cloud.faults().clear();
        stage.until_quiet(Duration::from_secs(5)).await;
        let mut sent = stage.delivered().await;
        sent.sort();
        assert_eq!(sent, ["m-1", "m-2", "m-3"], "{fault:?}");
        assert!(!lines(&stage).is_empty());
    }
}

#[tokio::test]
async fn within_the_minute_further_openings_are_counted_and_need_no_table() {
    let stage = Stage::connected().await;
    assert!(send(&stage, "m-0").await);
    let calls = Calls::any().on(names::AUDIT).always();
    stage.cloud.faults().fail(calls, Fault::AccessDenied);
    for number in 1..10 {
        assert!(send(&stage, &format!("m-{number}")).await);
    }
    assert_eq!(stage.delivered().await.len(), 10);
    stage.cloud.faults().clear();
    assert_eq!((lines(&stage).len(), counted(&stage)), (1, 1));
    stage.clock.advance(A_MINUTE);
    assert!(send(&stage, "m-10").await);
    assert_eq!((lines(&stage).len(), counted(&stage)), (2, 11));
}

#[tokio::test]
async fn what_was_counted_is_on_record_a_minute_later_or_when_the_process_ends() {
    let stage = Stage::connected().await;
    for number in 0..5 {
        assert!(send(&stage, &format!("m-{number}")).await);
    }
    stage.clock.advance(A_MINUTE);
    // Whatever makes the function run.
    assert!(stage.dispatch(&[]).await.is_empty());
    assert_eq!((lines(&stage).len(), counted(&stage)), (2, 5));
    for number in 5..9 {
        assert!(send(&stage, &format!("m-{number}")).await);
    }
    stage.dispatch.last_words().await;
    assert_eq!((lines(&stage).len(), counted(&stage)), (4, 9));
}

/// A dice of its own for every seed, the same in every run.
fn dice(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    move |sides| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % sides
    }
}

#[tokio::test]
async fn the_counts_of_all_lines_are_the_openings_whenever_they_were_and_whatever_failed() {
    for seed in 1..=4 {
        let mut dice = dice(seed);
        let stage = Stage::connected().await;
        let other = stage.container(&stage.cloud.sdk_config());
        for number in 0..40 {
            stage.clock.advance(Duration::from_secs(dice(40)));
            let fault = match dice(6) {
                0 => Some((Fault::AccessDenied, 3)),
                1 => Some((Fault::AppliedButLost, 1)),
                2 => Some((Fault::AppliedButLost, 3)),
                _ => None,
            };
            if let Some((fault, times)) = fault {
                let calls = Calls::of("PutItem").on(names::AUDIT).times(times);
                stage.cloud.faults().fail(calls, fault);
            }
            let container = [&stage.dispatch, &other][usize::from(dice(2) == 1)];
            let batch = [arrived(&text(&format!("m-{number}")))];
            assert!(stage.dispatch_in(container, &batch).await.is_empty());
            stage.cloud.faults().clear();
        }
        // One message a batch, and one opening: what was not opened was not sent.
        let sent = stage.delivered().await.len();
        assert!((20..=40).contains(&sent), "seed {seed}: {sent}");
        stage.clock.advance(A_MINUTE);
        for container in [&stage.dispatch, &other] {
            assert!(stage.dispatch_in(container, &[]).await.is_empty());
        }
        assert_eq!(counted(&stage), sent as u64, "seed {seed}");
        assert!(lines(&stage).len() < sent);
    }
}

#[tokio::test]
async fn openings_that_a_cached_key_serves_are_on_record_all_the_same() {
    let stage = Stage::connected().await;
    stage.cloud.reset_counts();
    for minute in 0..4 {
        assert!(send(&stage, &format!("m-{minute}")).await);
        stage.clock.advance(A_MINUTE);
    }
    assert_eq!(stage.cloud.count("Decrypt"), 1);
    assert_eq!((lines(&stage).len(), counted(&stage)), (4, 4));
}

#[tokio::test]
async fn the_claims_name_the_container_that_the_lines_name() {
    let stage = Stage::connected().await;
    let other = stage.container(&stage.cloud.sdk_config());
    for (number, container) in [&stage.dispatch, &other, &other].into_iter().enumerate() {
        let batch = [arrived(&text(&format!("m-{number}")))];
        assert!(stage.dispatch_in(container, &batch).await.is_empty());
    }
    let containers: Vec<String> = lines(&stage)
        .iter()
        .map(|line| line["request"].as_str().expect("a container").to_owned())
        .collect();
    assert_eq!(containers.len(), 2);
    assert_ne!(containers[0], containers[1]);
    let items = stage.cloud.items(names::ACTIVITY);
    let claims = items.iter().filter_map(|item| {
        let is_claim = item["sk"]["S"].as_str()?.contains("#CLAIM#");
        let claim: Value = serde_json::from_str(item["fact"]["S"].as_str()?).ok()?;
        is_claim.then(|| claim["owner"].as_str().expect("an owner").to_owned())
    });
    let claims: Vec<String> = claims.collect();
    let of = |container: &String| {
        let name = format!("{container}-");
        claims
            .iter()
            .filter(|owner| owner.starts_with(&name))
            .count()
    };
    let mut counts: Vec<usize> = containers.iter().map(of).collect();
    counts.sort_unstable();
    assert_eq!((claims.len(), counts), (3, vec![1, 2]));
}

#[tokio::test]
async fn an_opening_that_failed_is_on_record_as_such() {
    let mut stage = Stage::connected().await;
    stage.tamper().await;
    stage.forget();
    assert!(send(&stage, "m-1").await);
    let outcomes: Vec<_> = lines(&stage)
        .iter()
        .map(|one| one["outcome"].clone())
        .collect();
    assert_eq!(outcomes, [json!("does_not_open")]);
}

#[tokio::test]
async fn f4_an_older_record_put_back_is_found_out_with_what_the_role_allows() {
    let mut stage = Stage::connected().await;
    let older = stage.item("INTEGRATION#").expect("an integration");
    stage.rotate().await;
    stage.put_back(&older).await;
    stage.forget();
    // The role of the function lets it read integrations in batches only.
    let calls = Calls::of("GetItem").on(names::INTEGRATIONS).always();
    stage.cloud.faults().fail(calls, Fault::AccessDenied);
    assert!(send(&stage, "m-1").await);
    stage.cloud.faults().clear();
    assert_eq!(asked(&stage).await, 0);
    assert_eq!(stage.message("m-1").await.0, "parked");
    assert_eq!(stage.told(), ["integration_invalid"]);
}

/// Whatever is written over it, by us or by the tenant, the older record is not believed.
#[tokio::test]
async fn f4_no_later_write_of_ours_vouches_for_an_older_record() {
    let mut stage = Stage::connected().await;
    let older = stage.item("INTEGRATION#").expect("an integration");
    stage.rotate().await;
    let attested = attested(&stage);
    for number in 0..3 {
        stage.put_back(&older).await;
        let renamed = json!({"name": format!("Desk {number}")});
        let (status, body) = stage.api("PATCH", WHATSAPP, renamed).await;
        assert_eq!(status, 200, "{body}");
        stage.forget();
        assert!(send(&stage, &format!("m-{number}")).await);
        assert_eq!(asked(&stage).await, 0);
        assert_eq!(self::attested(&stage), attested);
    }
    // The same record under the attestation that belongs to it is the control: nothing else refuses it.
    let mut roster = stage.item("ROSTER").expect("a roster");
    for (name, value) in roster.as_object_mut().into_iter().flatten() {
        if name.starts_with("attested#") {
            *value = older["version_attested"].clone();
        }
    }
    stage.put_back(&older).await;
    stage.put_back(&with_line_of(&roster, &older)).await;
    stage.forget();
    assert!(send(&stage, "m-control").await);
    assert_eq!(stage.message("m-control").await.0, "sent");
}

/// What the roster attests.
fn attested(stage: &Stage) -> Value {
    let roster = stage.item("ROSTER").expect("a roster");
    let mut attested = roster.as_object().into_iter().flatten();
    let (_, value) = attested
        .find(|(name, _)| name.starts_with("attested#"))
        .expect("an attestation");
    value.clone()
}

/// The roster with the integration's line switched on again.
fn with_line_of(roster: &Value, integration: &Value) -> Value {
    let mut roster = roster.clone();
    let id = integration["id"]["S"].as_str().expect("an id");
    let line = roster[id]["S"].as_str().expect("a line");
    let mut line: Value = serde_json::from_str(line).expect("JSON");
    line["status"] = "connected".into();
    roster[id]["S"] = line.to_string().into();
    roster
}
