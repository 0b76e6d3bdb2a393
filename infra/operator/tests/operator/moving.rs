//! Giving a tenant rings of its own, and taking them back.

use domain::seal::Purpose;
use serde_json::Value;
use testing::cloud::Cloud;
use testing::switchboard as names;

use crate::breaking_off::at_every_call;
use crate::kept::{Kept, look};
use crate::seeding::{RECORDS_EACH, Seeds};
use crate::stage::{Stage, kms_key};

const OWN: &str = "tenant own-ring t_one --pause 0";
const SHARED: &str = "tenant shared-ring t_one --pause 0";

async fn seeded() -> Stage {
    let stage = Stage::new();
    let seeds = Seeds::new(&stage);
    for tenant in ["t_one", "t_two", "t_three", "t_four"] {
        seeds.tenant(tenant, 2).await;
    }
    stage
}

/// How many records rings of a tenant's own hold.
fn own(kept: &Kept) -> usize {
    let rings = kept
        .held
        .iter()
        .filter(|(ring, _)| ring.contains("/tenant-"));
    rings.map(|(_, count)| count).sum()
}

/// All that is stored of everybody but that tenant, as it stands.
fn of_others(stage: &Stage, tenant: &str) -> Vec<Value> {
    [
        names::INTEGRATIONS,
        names::WEBHOOK_ROUTES,
        names::ACTIVITY,
        names::AUDIT,
    ]
    .into_iter()
    .flat_map(|table| stage.cloud.items(table))
    .filter(|item| item["pk"]["S"] != tenant && item["tenant"]["S"] != tenant)
    .collect()
}

#[tokio::test]
async fn f6_a_tenants_records_move_to_a_ring_of_its_own_and_back() {
    let stage = seeded().await;
    let others = of_others(&stage, "t_one");
    let all = look(&stage).await.count();
    let moved = stage.operator(OWN).await.complete();
    assert_eq!(moved["moved"], 2 * RECORDS_EACH, "{moved}");
    let kept = look(&stage).await;
    assert_eq!((own(&kept), kept.count()), (2 * RECORDS_EACH, all));
    assert_eq!(kept.failed, Vec::<String>::new());
    // What it saves from now on is under its own ring too.
    Seeds::new(&stage).tenant("t_one", 1).await;
    assert_eq!(own(&look(&stage).await), 3 * RECORDS_EACH);

    let moved = stage.operator(SHARED).await.complete();
    assert_eq!(moved["moved"], 3 * RECORDS_EACH, "{moved}");
    let kept = look(&stage).await;
    assert_eq!(own(&kept), 0);
    assert_eq!(kept.failed, Vec::<String>::new());
    assert_eq!(of_others(&stage, "t_one"), others);
    // And forth once more, to the ring that is still there.
    stage.operator(OWN).await.complete();
    assert_eq!(own(&look(&stage).await), 3 * RECORDS_EACH);
}

#[tokio::test]
async fn f6_a_tenants_own_kms_keys_hold_its_records_and_no_others() {
    let stage = seeded().await;
    drop(stage.cloud.clone().with_key("one").with_key("one-webhooks"));
    let [one, webhooks] = ["one", "one-webhooks"].map(Cloud::key_arn);
    let line = format!("{OWN} --kms-key {one} --webhook-kms-key {webhooks}");
    let moved = stage.operator(&line).await.complete();
    assert_eq!(moved["seals"][0]["kms_key"], one);
    assert_eq!(moved["seals"][1]["kms_key"], webhooks);
    assert_eq!(look(&stage).await.failed, Vec::<String>::new());
    stage.cloud.set_key_enabled("one", false);
    stage.cloud.set_key_enabled("one-webhooks", false);
    let failed = look(&stage).await.failed;
    assert_eq!(failed.len(), 2 * RECORDS_EACH);
    assert!(
        failed
            .iter()
            .all(|of| of.contains("t_one") || of.contains("WebhookRoutes"))
    );
}

#[tokio::test]
async fn f6_back_under_shared_rings_a_tenants_own_kms_keys_are_needed_no_more() {
    let stage = seeded().await;
    drop(stage.cloud.clone().with_key("one").with_key("one-webhooks"));
    let [one, webhooks] = ["one", "one-webhooks"].map(Cloud::key_arn);
    let line = format!("{OWN} --kms-key {one} --webhook-kms-key {webhooks}");
    stage.operator(&line).await.complete();
    // Saved while the ring is the tenant's own.
    Seeds::new(&stage).tenant("t_one", 1).await;
    stage.operator(SHARED).await.complete();
    stage.cloud.set_key_enabled("one", false);
    stage.cloud.set_key_enabled("one-webhooks", false);
    assert_eq!(look(&stage).await.failed, Vec::<String>::new());
}

#[tokio::test]
async fn f6_another_kms_key_for_a_ring_of_ones_own_is_a_new_version() {
    let stage = seeded().await;
    stage.operator(OWN).await.complete();
    drop(stage.cloud.clone().with_key("one"));
    let line = format!("{OWN} --kms-key {}", Cloud::key_arn("one"));
    let moved = stage.operator(&line).await.complete();
    assert_eq!(moved["seals"][0]["version"], 2, "{moved}");
    assert_eq!(moved["seals"][1]["version"], 1, "{moved}");
    // Credentials, those before, of two integrations; webhook secrets stay.
    assert_eq!(moved["moved"], 4, "{moved}");
    assert_eq!(look(&stage).await.failed, Vec::<String>::new());
}

/// One integration of each of two tenants.
async fn small() -> Stage {
    let stage = Stage::new();
    let seeds = Seeds::new(&stage);
    seeds.tenant("t_one", 1).await;
    seeds.tenant("t_two", 1).await;
    stage
}

#[tokio::test]
async fn f6_giving_a_ring_of_its_own_goes_on_where_it_was_broken_off() {
    let calls = at_every_call(OWN, small, async |stage| {
        let kept = look(stage).await;
        assert_eq!((own(&kept), kept.count()), (RECORDS_EACH, 2 * RECORDS_EACH));
        assert_eq!(kept.failed, Vec::<String>::new());
    })
    .await;
    assert!(calls > 30, "{calls}");
}

#[tokio::test]
async fn f6_returning_to_shared_rings_goes_on_where_it_was_broken_off() {
    let moved = async || {
        let stage = small().await;
        stage.operator(OWN).await.complete();
        stage
    };
    let calls = at_every_call(SHARED, moved, async |stage| {
        let kept = look(stage).await;
        assert_eq!((own(&kept), kept.count()), (0, 2 * RECORDS_EACH));
        assert_eq!(kept.failed, Vec::<String>::new());
    })
    .await;
    assert!(calls > 30, "{calls}");
}

#[tokio::test]
async fn f6_a_tenant_is_moved_while_it_works() {
    let stage = seeded().await;
    let seeds = Seeds::new(&stage);
    let seeded = seeds.tenant("t_one", 10).await;
    let work = async {
        for one in &seeded {
            let current = seeds.find(&one.integration).await.expect("it is there");
            assert!(seeds.change(&current, &one.token).await.is_some());
            assert_eq!(look(&stage).await.failed, Vec::<String>::new());
        }
    };
    tokio::join!(async { stage.operator(OWN).await.complete() }, work);
    stage.operator(OWN).await.complete();
    let kept = look(&stage).await;
    assert_eq!(own(&kept), 12 * RECORDS_EACH);
    assert_eq!(kept.failed, Vec::<String>::new());
}

#[tokio::test]
async fn f6_a_tenants_chain_tells_of_the_move() {
    let stage = seeded().await;
    stage.operator(OWN).await.complete();
    let items = stage.cloud.items(names::AUDIT);
    let records: Vec<Value> = items
        .iter()
        .filter(|item| item["pk"]["S"] == "t_one")
        .map(|item| serde_json::from_str(item["record"]["S"].as_str().unwrap()).unwrap())
        .filter(|record: &Value| record["action"] == "tenant.own_ring")
        .collect();
    let ends: Vec<&str> = records
        .iter()
        .map(|r| r["outcome"].as_str().unwrap())
        .collect();
    assert_eq!(ends, ["begun", "ok"]);
    assert_eq!(records[1]["count"], 2 * RECORDS_EACH);
    let keys = records[0]["purpose"].as_str().unwrap();
    assert!(keys.contains(&kms_key(Purpose::Credentials)), "{keys}");
    stage.operator("audit verify t_one").await.complete();
}
