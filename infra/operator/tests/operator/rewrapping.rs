//! Putting ring keys under another KMS key.

use domain::seal::Purpose;
use serde_json::json;
use testing::cloud::Cloud;
use testing::switchboard as names;

use crate::breaking_off::at_every_call;
use crate::kept::look;
use crate::seeding::Seeds;
use crate::stage::{Stage, kms_key};

const NEW: &str = "next";

const TENANTS: [&str; 4] = ["t_one", "t_two", "t_three", "t_four"];

/// Rings with two versions each, and one of a tenant's own.
async fn seeded(tenants: &[&str]) -> Stage {
    let stage = Stage::new();
    let seeds = Seeds::new(&stage);
    for tenant in tenants {
        seeds.tenant(tenant, 1).await;
    }
    stage.operator("rings rotate --all").await.complete();
    stage
        .operator("tenant own-ring t_one --pause 0")
        .await
        .complete();
    drop(stage.cloud.clone().with_key(NEW));
    stage
}

fn rewrap() -> String {
    let (from, to) = (kms_key(Purpose::Credentials), Cloud::key_arn(NEW));
    format!("rings rewrap --from {from} --to {to} --pause 0")
}

/// With the old KMS key disabled everything opens.
async fn check(stage: &Stage) {
    stage.cloud.set_key_enabled(names::CREDENTIALS_KEY, false);
    let kept = look(stage).await;
    assert_eq!(kept.failed, Vec::<String>::new());
    let old = kms_key(Purpose::Credentials);
    let rows = stage.cloud.items(names::KEY_RINGS);
    assert!(rows.iter().all(|row| row["kms_key"]["S"] != old));
}

#[tokio::test]
async fn f6_after_rewrapping_the_old_kms_key_may_be_disabled() {
    let stage = seeded(&TENANTS).await;
    let rewrapped = stage.operator(&rewrap()).await.complete();
    assert_eq!(rewrapped["rewrapped"], 5, "{rewrapped}");
    assert_eq!(rewrapped["still_configured"], json!(true));
    check(&stage).await;
    // The rings of webhook secrets are where they were.
    let listed = stage.operator("rings list").await.complete();
    let webhooks = kms_key(Purpose::WebhookSecrets);
    let rows = listed["rings"].as_array().unwrap().iter();
    let (webhook, others): (Vec<_>, Vec<_>) =
        rows.partition(|row| row["purpose"] == "webhook-secrets");
    assert!(webhook.iter().all(|row| row["kms_key"] == webhooks));
    assert!(
        others
            .iter()
            .all(|row| row["kms_key"] == Cloud::key_arn(NEW))
    );
}

#[tokio::test]
async fn f6_without_rewrapping_nothing_opens_once_the_old_kms_key_is_disabled() {
    let stage = seeded(&TENANTS).await;
    stage.cloud.set_key_enabled(names::CREDENTIALS_KEY, false);
    assert_eq!(look(&stage).await.failed.len(), 4 * 2);
}

#[tokio::test]
async fn f6_rewrapping_goes_on_where_it_was_broken_off() {
    let one = async || seeded(&["t_one"]).await;
    let calls = at_every_call(&rewrap(), one, check).await;
    assert!(calls > 10, "{calls}");
}

#[tokio::test]
async fn f6_functions_that_hold_keys_do_not_notice() {
    let stage = seeded(&TENANTS).await;
    let rewrap = rewrap();
    let operate = async { stage.operator(&rewrap).await.complete() };
    let look_on = async {
        for _ in 0..20 {
            assert_eq!(look(&stage).await.failed, Vec::<String>::new());
        }
    };
    tokio::join!(operate, look_on);
    check(&stage).await;
}
