//! Ten minutes without KMS: what has its keys goes on, what has none waits, and nothing is blamed on a credential.

use std::time::Duration;

use aws_sdk_kms::config::timeout::TimeoutConfig;
use serde_json::json;
use testing::cloud::{Calls, Fault};
use testing::switchboard as names;

use crate::stage::{Stage, TENANT, arrived, text};

const MESSAGES: usize = 500;
const OUTAGE: Duration = Duration::from_secs(600);
const SHORTLY: Duration = Duration::from_secs(5);
/// Containers that all have to get the key anew when KMS is back.
const CONTAINERS: usize = 4;

/// How KMS fails.
#[derive(Debug, Clone, Copy)]
enum Outage {
    Calls(Fault),
    /// First no call is answered, then no connection holds.
    Silence,
    KeyDisabled,
    KeyPendingDeletion,
}

/// It may answer the next call.
const NO_ANSWER: [Outage; 3] = [
    Outage::Calls(Fault::Throttle),
    Outage::Calls(Fault::InternalError),
    Outage::Silence,
];

/// It refuses until somebody changes that.
const REFUSAL: [Outage; 3] = [
    Outage::Calls(Fault::AccessDenied),
    Outage::KeyDisabled,
    Outage::KeyPendingDeletion,
];

impl Outage {
    fn begin(self, stage: &Stage) {
        let (faults, calls) = (stage.cloud.faults(), Calls::of("Decrypt"));
        match self {
            Self::Calls(fault) => faults.fail(calls.always(), fault),
            Self::Silence => {
                faults.fail(calls.clone().times(100), Fault::Timeout);
                faults.fail(calls.always(), Fault::Reset);
            }
            Self::KeyDisabled => stage.cloud.set_key_enabled(names::CREDENTIALS_KEY, false),
            Self::KeyPendingDeletion => stage.cloud.schedule_key_deletion(names::CREDENTIALS_KEY),
        }
    }

    fn end(self, stage: &Stage) {
        match self {
            Self::Calls(_) | Self::Silence => stage.cloud.faults().clear(),
            _ => stage.cloud.set_key_enabled(names::CREDENTIALS_KEY, true),
        }
    }
}

/// Containers whose calls do not wait for ever.
fn containers(stage: &Stage) -> Vec<message_dispatch::Context> {
    let limit = TimeoutConfig::builder().read_timeout(Duration::from_millis(1));
    let sdk = stage.cloud.sdk_config().into_builder();
    let sdk = sdk.timeout_config(limit.build()).build();
    (0..CONTAINERS).map(|_| stage.container(&sdk)).collect()
}

/// Lets the containers take turns until there is nothing to receive.
async fn work(stage: &Stage, containers: &[message_dispatch::Context]) {
    for container in containers.iter().cycle() {
        if stage.turn_in(container).await == 0 {
            return;
        }
    }
}

/// No credential was blamed, nothing was given up.
async fn nothing_is_blamed(stage: &Stage) -> Result<(), String> {
    let status = stage.shown().await["status"].clone();
    if status != "connected" {
        return Err(format!("the integration is {status}"));
    }
    if !stage.told().is_empty() {
        return Err(format!("the tenant was told {:?}", stage.told()));
    }
    let dead = stage.cloud.messages(names::MESSAGES_DLQ).len();
    let failed = stage.cloud.items(names::ACTIVITY);
    let failed = failed.iter().filter(|item| {
        let place = item["sk"]["S"].as_str().unwrap_or_default();
        let fact = item["fact"]["S"].as_str().unwrap_or_default();
        place.starts_with("PARKED#") || fact.contains("failed") || fact.contains("parked")
    });
    match (dead, failed.count()) {
        (0, 0) => Ok(()),
        (dead, failed) => Err(format!("{dead} dead letters, {failed} failed or parked")),
    }
}

async fn all_are_sent_once(stage: &Stage) {
    let mut sent = stage.delivered().await;
    assert_eq!(sent.len(), MESSAGES);
    sent.sort();
    sent.dedup();
    assert_eq!(sent.len(), MESSAGES);
}

async fn with_warm_keys(outage: Outage) {
    let stage = Stage::connected().await;
    let containers = containers(&stage);
    for container in &containers {
        let id = domain::MessageId::make();
        let first = [arrived(&text(id.as_str()))];
        assert!(stage.dispatch_in(container, &first).await.is_empty());
    }
    stage
        .control(http::Method::DELETE, "/_sandbox/requests", json!(null))
        .await;
    outage.begin(&stage);
    stage.produce_many(MESSAGES).await;
    // Turns all through the outage.
    let every = MESSAGES / 10 / 5;
    for _ in 0..5 {
        for container in containers.iter().cycle().take(every) {
            assert_eq!(stage.turn_in(container).await, 10);
        }
        stage.clock.advance(OUTAGE / 5);
    }
    all_are_sent_once(&stage).await;
    assert!(stage.cloud.messages(names::MESSAGES).is_empty());
    nothing_is_blamed(&stage).await.expect("nothing is blamed");
    outage.end(&stage);
}

async fn with_cold_keys(outage: Outage) {
    let stage = Stage::connected().await;
    let containers = containers(&stage);
    outage.begin(&stage);
    stage.produce_many(MESSAGES).await;
    work(&stage, &containers).await;
    // Some come again in between, and wait again.
    for container in &containers {
        stage.clock.advance(OUTAGE / 5);
        assert_eq!(stage.turn_in(container).await, 10);
    }
    stage.clock.advance(OUTAGE / 5);
    assert!(stage.delivered().await.is_empty());
    assert_eq!(stage.cloud.messages(names::MESSAGES).len(), MESSAGES);
    nothing_is_blamed(&stage).await.expect("nothing is blamed");
    outage.end(&stage);
    stage.cloud.reset_counts();
    while !stage.cloud.messages(names::MESSAGES).is_empty() {
        work(&stage, &containers).await;
        stage.clock.advance(SHORTLY);
    }
    all_are_sent_once(&stage).await;
    nothing_is_blamed(&stage).await.expect("nothing is blamed");
    let asked = stage.cloud.count("Decrypt");
    assert!(
        asked <= CONTAINERS as u64,
        "{asked} calls to KMS after it came back"
    );
}

#[tokio::test]
async fn f8_with_warm_keys_everything_goes_out_while_kms_does_not_answer() {
    for outage in NO_ANSWER {
        with_warm_keys(outage).await;
    }
}

#[tokio::test]
async fn f8_with_warm_keys_everything_goes_out_while_kms_refuses_the_key() {
    for outage in REFUSAL {
        with_warm_keys(outage).await;
    }
}

#[tokio::test]
async fn h4_with_cold_keys_everything_waits_until_kms_answers_and_goes_out_once() {
    for outage in NO_ANSWER {
        with_cold_keys(outage).await;
    }
}

#[tokio::test]
async fn h4_with_cold_keys_everything_waits_until_kms_takes_the_key_and_goes_out_once() {
    for outage in REFUSAL {
        with_cold_keys(outage).await;
    }
}

#[tokio::test]
async fn f8_control_a_seal_that_does_not_open_is_noticed_as_blame() {
    let mut stage = Stage::connected().await;
    stage.tamper().await;
    stage.forget();
    stage.produce(&text("m-1")).await;
    stage.until_quiet(SHORTLY).await;
    let blamed = nothing_is_blamed(&stage).await;
    assert_eq!(blamed, Err("the integration is \"invalid\"".to_owned()));
    assert_eq!(stage.told(), ["integration_invalid"], "{TENANT}");
}
