//! What there is, and new versions.

use domain::seal::Purpose;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use testing::clock::ManualClock;
use testing::switchboard as names;

use crate::seeding::Seeds;
use crate::stage::{Stage, kms_key};

async fn seeded() -> Stage {
    let stage = Stage::new();
    let seeds = Seeds::new(&stage);
    for tenant in ["t_one", "t_two", "t_three", "t_four"] {
        seeds.tenant(tenant, 1).await;
    }
    stage
}

fn rows(listed: &Value) -> Vec<(String, u64, bool, u64)> {
    let rows = listed["rings"].as_array().unwrap().iter();
    rows.map(|row| {
        (
            row["ring"].as_str().unwrap().to_owned(),
            row["version"].as_u64().unwrap(),
            row["seals"].as_bool().unwrap(),
            row["records"].as_u64().unwrap(),
        )
    })
    .collect()
}

#[tokio::test]
async fn f6_all_rings_are_listed_with_what_they_hold() {
    let stage = seeded().await;
    stage
        .operator("rings rotate credentials/shared-0")
        .await
        .complete();
    stage
        .operator("tenant own-ring t_one --pause 0")
        .await
        .complete();
    let listed = stage.operator("rings list").await.complete();
    let rows = rows(&listed);
    let shared: Vec<_> = rows
        .iter()
        .filter(|row| row.0.contains("/shared-"))
        .collect();
    let own: Vec<_> = rows
        .iter()
        .filter(|row| row.0.contains("/tenant-"))
        .collect();
    assert_eq!((shared.len(), own.len()), (5, 2), "{listed}");
    assert_eq!(own.iter().map(|row| row.3).collect::<Vec<_>>(), [2, 2]);
    let zero: Vec<_> = rows
        .iter()
        .filter(|row| row.0 == "credentials/shared-0")
        .collect();
    assert_eq!((zero[0].1, zero[0].2), (1, false));
    assert_eq!((zero[1].1, zero[1].2, zero[1].3), (2, true, 0));
    let records: u64 = rows.iter().map(|row| row.3).sum();
    assert_eq!(records, 16);
    assert_eq!(listed["rings"][0]["kms_key"], kms_key(Purpose::Credentials));
}

#[tokio::test]
async fn f6_rings_under_a_tenants_own_kms_key_are_found() {
    let stage = seeded().await;
    let cloud = stage
        .cloud
        .clone()
        .with_key("tenants")
        .with_key("tenants-webhooks");
    let [one, other] = ["tenants", "tenants-webhooks"].map(testing::cloud::Cloud::key_arn);
    let line = format!("tenant own-ring t_one --kms-key {one} --webhook-kms-key {other} --pause 0");
    stage.operator(&line).await.complete();
    let own = |listed: Value| {
        let rows = rows(&listed).into_iter();
        rows.filter(|row| row.0.contains("/tenant-")).count()
    };
    assert_eq!(own(stage.operator("rings list").await.complete()), 0);
    assert_eq!(
        own(stage.operator("rings list --tenant t_one").await.complete()),
        2
    );
    let line = format!("rings list --kms-key {one} --kms-key {other}");
    assert_eq!(own(stage.operator(&line).await.complete()), 2);
    drop(cloud);
}

#[tokio::test]
async fn f6_all_rings_are_rotated_once_however_often_that_is_run() {
    let clock = Arc::new(ManualClock::default());
    let stage = Stage::at(clock.clone());
    let seeds = Seeds::new(&stage);
    for tenant in ["t_one", "t_two", "t_three", "t_four"] {
        seeds.tenant(tenant, 1).await;
    }
    let rotated = stage.operator("rings rotate --all").await.complete();
    assert_eq!(rotated["rotated"].as_array().unwrap().len(), 4, "{rotated}");
    let again = stage.operator("rings rotate --all").await.complete();
    assert_eq!(again["left_alone"].as_array().unwrap().len(), 4, "{again}");
    clock.advance(Duration::from_secs(3601));
    let line = "rings rotate --all --purpose webhook-secrets";
    let later = stage.operator(line).await.complete();
    let rotated = later["rotated"].as_array().unwrap();
    assert_eq!(rotated.len(), 2, "{later}");
    assert!(rotated.iter().all(|row| row["version"] == 3));
}

#[tokio::test]
async fn f6_what_makes_no_sense_is_refused_and_says_what_to_do() {
    let stage = seeded().await;
    let webhooks = kms_key(Purpose::WebhookSecrets);
    let credentials = kms_key(Purpose::Credentials);
    for (line, says) in [
        (
            "rings reseal credentials/shared-0 1".to_owned(),
            "rotate credentials/shared-0",
        ),
        (
            "rings reseal credentials/shared-0 9".to_owned(),
            "no version 9",
        ),
        (
            "rings rotate credentials/shared-9".to_owned(),
            "does not exist",
        ),
        (
            format!("rings rotate --all --kms-key {credentials}"),
            "--purpose",
        ),
        (
            format!("rings rotate credentials/shared-0 --kms-key {webhooks}"),
            "another purpose",
        ),
        (
            format!("rings rewrap --from {credentials} --to {credentials}"),
            "nothing to do",
        ),
        (
            format!("rings rewrap --from {credentials} --to {webhooks} --pause 0"),
            "another purpose",
        ),
        (
            format!("tenant own-ring t_one --kms-key {webhooks}"),
            "a KMS key each",
        ),
        (
            "tenant remove t_one --confirm t_two".to_owned(),
            "--confirm t_one",
        ),
    ] {
        let before = stage.cloud.items(names::KEY_RINGS);
        let failure = stage.operator(&line).await.failure();
        assert!(failure.contains(says), "{line}: {failure}");
        assert_eq!(stage.cloud.items(names::KEY_RINGS), before, "{line}");
    }
}

#[tokio::test]
async fn f6_a_kms_key_that_cannot_be_used_is_told_before_anything_changes() {
    let stage = seeded().await;
    stage
        .cloud
        .clone()
        .with_key("theirs")
        .set_key_enabled("theirs", false);
    let arn = testing::cloud::Cloud::key_arn("theirs");
    let before = stage.cloud.items(names::KEY_RINGS);
    let failure = stage
        .operator(&format!("tenant own-ring t_one --kms-key {arn}"))
        .await
        .failure();
    assert!(
        failure.contains("cannot be used") && failure.contains("DisabledException"),
        "{failure}"
    );
    assert_eq!(stage.cloud.items(names::KEY_RINGS), before);
}

#[tokio::test]
async fn e3_operations_on_rings_stand_in_the_platforms_chain() {
    let stage = seeded().await;
    stage
        .operator("rings rotate credentials/shared-0")
        .await
        .complete();
    stage
        .operator("rings reseal credentials/shared-0 1 --pause 0")
        .await
        .complete();
    stage
        .operator("rings rotate credentials/shared-9")
        .await
        .failure();
    let records: Vec<Value> = stage
        .cloud
        .items(names::AUDIT)
        .iter()
        .filter(|item| item["pk"]["S"] == operator::PLATFORM)
        .map(|item| serde_json::from_str(item["record"]["S"].as_str().unwrap()).unwrap())
        .collect();
    let told: Vec<(&str, &str, &str)> = records
        .iter()
        .map(|record| {
            let text = |name: &str| record[name].as_str().unwrap();
            assert_eq!(text("actor"), "operator:tester");
            assert!(text("request").starts_with("run_"));
            (text("action"), text("purpose"), text("outcome"))
        })
        .collect();
    assert_eq!(
        told,
        [
            ("ring.rotate", "credentials/shared-0", "begun"),
            ("ring.rotate", "credentials/shared-0", "ok"),
            ("ring.reseal", "credentials/shared-0 1", "begun"),
            ("ring.reseal", "credentials/shared-0 1", "ok"),
            ("ring.rotate", "credentials/shared-9", "begun"),
            ("ring.rotate", "credentials/shared-9", "no_such_ring"),
        ]
    );
    stage
        .operator("audit verify switchboard:platform")
        .await
        .complete();
}
