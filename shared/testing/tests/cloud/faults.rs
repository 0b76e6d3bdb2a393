//! Failures on demand, as the SDK sees them.

use std::time::{Duration, Instant};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::AttributeValue::S;
use testing::cloud::{Calls, Cloud, Fault};

use crate::code;

fn cloud() -> Cloud {
    Cloud::default()
        .with_table("Routes", "pk", None)
        .with_table("Audit", "pk", None)
        .with_key("k")
}

async fn put(
    client: &Client,
    table: &str,
    pk: &str,
) -> Result<(), SdkError<aws_sdk_dynamodb::operation::put_item::PutItemError>> {
    client
        .put_item()
        .table_name(table)
        .item("pk", S(pk.into()))
        .send()
        .await
        .map(drop)
}

#[tokio::test]
async fn the_sdk_retries_what_it_should() {
    for fault in [
        Fault::Throttle,
        Fault::ThroughputExceeded,
        Fault::InternalError,
        Fault::Reset,
    ] {
        let cloud = cloud();
        let client = Client::new(&cloud.sdk_config());
        cloud.faults().fail(Calls::of("PutItem").times(2), fault);
        let began = Instant::now();
        put(&client, "Routes", "a")
            .await
            .unwrap_or_else(|error| panic!("{fault:?}: {error:?}"));
        assert_eq!(cloud.count("PutItem"), 3, "{fault:?}");
        assert!(cloud.faults().spent());
        assert!(began.elapsed() < Duration::from_secs(2), "{fault:?}");
    }
}

#[tokio::test]
async fn the_sdk_gives_up_after_three_attempts_or_at_once() {
    let cloud = cloud();
    let client = Client::new(&cloud.sdk_config());
    cloud
        .faults()
        .fail(Calls::of("PutItem").times(3), Fault::ThroughputExceeded);
    assert_eq!(
        code(put(&client, "Routes", "a").await),
        "ProvisionedThroughputExceededException"
    );
    cloud
        .faults()
        .fail(Calls::of("PutItem"), Fault::AccessDenied);
    assert_eq!(
        code(put(&client, "Routes", "a").await),
        "AccessDeniedException"
    );
    assert_eq!(cloud.count("PutItem"), 4);
    assert!(cloud.items("Routes").is_empty());
}

#[tokio::test]
async fn a_rule_finds_its_calls() {
    let cloud = cloud();
    let client = Client::new(&cloud.sdk_config());
    cloud.faults().fail(
        Calls::of("PutItem").on("Audit").after(1),
        Fault::AccessDenied,
    );
    put(&client, "Audit", "1").await.unwrap();
    put(&client, "Routes", "1").await.unwrap();
    assert!(!cloud.faults().spent());
    put(&client, "Audit", "2").await.unwrap_err();
    put(&client, "Audit", "3").await.unwrap();
    assert!(cloud.faults().spent());

    cloud
        .faults()
        .fail(Calls::any().after(1).always(), Fault::AccessDenied);
    put(&client, "Routes", "2").await.unwrap();
    put(&client, "Routes", "3").await.unwrap_err();
    put(&client, "Audit", "4").await.unwrap_err();
    cloud.faults().clear();
    put(&client, "Audit", "4").await.unwrap();
}

#[tokio::test]
async fn a_write_can_be_made_and_its_answer_lost() {
    let cloud = cloud();
    let client = Client::new(&cloud.sdk_config());
    cloud
        .faults()
        .fail(Calls::of("PutItem").times(3), Fault::AppliedButLost);
    let error = put(&client, "Routes", "a").await.unwrap_err();
    assert!(matches!(error, SdkError::DispatchFailure(_)), "{error:?}");
    assert_eq!(cloud.items("Routes").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_silent_service_meets_the_time_limit() {
    for (fault, written) in [(Fault::Timeout, 0), (Fault::AppliedButSilent, 1)] {
        let cloud = cloud();
        cloud.faults().fail(Calls::any().always(), fault);
        let limit = TimeoutConfig::builder().read_timeout(Duration::from_secs(3));
        let limit = limit.operation_timeout(Duration::from_secs(5));
        let config = cloud
            .sdk_config()
            .into_builder()
            .timeout_config(limit.build())
            .build();
        let client = Client::new(&config);
        let began = tokio::time::Instant::now();
        put(&client, "Routes", "a").await.unwrap_err();
        assert_eq!(began.elapsed().as_secs(), 5);
        assert_eq!(cloud.count("PutItem"), 2);
        assert_eq!(cloud.items("Routes").len(), written);
    }
}

#[tokio::test]
async fn a_key_can_be_disabled_for_one_call() {
    let cloud = cloud();
    let client = aws_sdk_kms::Client::new(&cloud.sdk_config());
    cloud
        .faults()
        .fail(Calls::of("GenerateDataKey").on("k"), Fault::KeyDisabled);
    let generate = || {
        client
            .generate_data_key()
            .key_id(Cloud::key_arn("k"))
            .number_of_bytes(32)
            .send()
    };
    assert_eq!(code(generate().await), "DisabledException");
    generate().await.unwrap();
}
