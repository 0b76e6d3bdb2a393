//! Finding what somebody did to an audit trail.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::audit::AuditRecord;
use domain::time::SystemClock;
use domain::{Clock as _, Timestamp};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::Instant;
use store::audit::AuditTrail;
use store::keys;
use testing::switchboard as names;

use crate::stage::{Stage, tenant};

const TENANT: &str = "t_one";

type Item = HashMap<String, AttributeValue>;

/// A chain of that many records.
async fn chain(length: usize) -> Stage {
    let stage = Stage::new();
    append(&stage, length).await;
    stage
}

async fn append(stage: &Stage, count: usize) {
    let trail = AuditTrail::new(stage.dynamodb(), names::AUDIT.into(), stage.clock.clone());
    for number in 0..count {
        let at = Timestamp::from_seconds(i64::try_from(number).unwrap());
        let record = AuditRecord::new(format!("u-{number}"), at, "integration.configure");
        trail.append(&tenant(TENANT), &record).await.unwrap();
    }
}

/// Whether it is whole, and what was found.
async fn verify(stage: &Stage, head: Option<&str>) -> (bool, Value) {
    let head = head.map_or_else(String::new, |head| format!("--head {head}"));
    let ran = stage
        .operator(&format!("audit verify {TENANT} {head}"))
        .await;
    (ran.done.unwrap(), ran.result)
}

async fn read(stage: &Stage, number: u64) -> Item {
    let found = stage
        .dynamodb()
        .query()
        .table_name(names::AUDIT)
        .key_condition_expression("pk = :t AND sk = :n")
        .expression_attribute_values(":t", AttributeValue::S(TENANT.into()))
        .expression_attribute_values(":n", AttributeValue::S(keys::audit(number)))
        .send()
        .await
        .unwrap();
    found.items()[0].clone()
}

async fn put(stage: &Stage, item: Item) {
    let put = stage.dynamodb().put_item().table_name(names::AUDIT);
    put.set_item(Some(item)).send().await.unwrap();
}

async fn drop_record(stage: &Stage, number: u64) {
    stage
        .dynamodb()
        .delete_item()
        .table_name(names::AUDIT)
        .key("pk", AttributeValue::S(TENANT.into()))
        .key("sk", AttributeValue::S(keys::audit(number)))
        .send()
        .await
        .unwrap();
}

#[tokio::test]
async fn e3_a_whole_chain_is_found_whole_and_its_head_told() {
    let stage = chain(50).await;
    let (whole, found) = verify(&stage, None).await;
    assert!(whole, "{found}");
    assert_eq!(found["records"], 50);
    let head = found["head"].as_str().unwrap().to_owned();
    assert!(head.starts_with("50:") && head.len() == 3 + 64, "{head}");
    append(&stage, 5).await;
    let (whole, found) = verify(&stage, Some(&head)).await;
    assert!(whole && found["records"] == 55, "{found}");
    let (whole, found) = {
        let ran = stage.operator("audit verify t_two").await;
        (ran.done.unwrap(), ran.result)
    };
    assert!(
        whole && found["records"] == 0 && found["head"].is_null(),
        "{found}"
    );
}

#[tokio::test]
async fn e3_an_edited_record_is_found() {
    for number in [1, 17, 50] {
        let stage = chain(50).await;
        let mut item = read(&stage, number).await;
        let record = item["record"]
            .as_s()
            .unwrap()
            .replace("configure", "delete");
        item.insert("record".into(), AttributeValue::S(record));
        put(&stage, item).await;
        let (whole, found) = verify(&stage, None).await;
        assert!(!whole && found["broken_at"] == number, "{found}");
        assert!(
            found["broken"].as_str().unwrap().contains("edited"),
            "{found}"
        );
    }
}

#[tokio::test]
async fn e3_a_record_that_is_none_any_more_is_found() {
    for (attribute, value) in [
        ("hash", AttributeValue::S("none".into())),
        ("previous", AttributeValue::N("7".into())),
        ("record", AttributeValue::S("none".into())),
        ("record", AttributeValue::Bool(true)),
    ] {
        let stage = chain(50).await;
        let mut item = read(&stage, 17).await;
        item.insert(attribute.into(), value);
        put(&stage, item).await;
        let (whole, found) = verify(&stage, None).await;
        assert!(!whole && found["broken_at"] == 17, "{attribute}: {found}");
    }
}

#[tokio::test]
async fn e3_a_dropped_record_is_found() {
    for number in [1, 17, 49] {
        let stage = chain(50).await;
        drop_record(&stage, number).await;
        let (whole, found) = verify(&stage, None).await;
        assert!(!whole && found["broken_at"] == number, "{found}");
        assert!(
            found["broken"].as_str().unwrap().contains("missing"),
            "{found}"
        );
    }
}

#[tokio::test]
async fn e3_reordered_records_are_found() {
    let stage = chain(50).await;
    let (mut one, mut other) = (read(&stage, 17).await, read(&stage, 18).await);
    let place = one.insert("sk".into(), other["sk"].clone()).unwrap();
    other.insert("sk".into(), place);
    put(&stage, one).await;
    put(&stage, other).await;
    let (whole, found) = verify(&stage, None).await;
    assert!(!whole && found["broken_at"] == 17, "{found}");
}

#[tokio::test]
async fn e3_a_chain_that_was_cut_off_is_told_by_the_head_that_was_noted() {
    let stage = chain(50).await;
    let head = verify(&stage, None).await.1["head"]
        .as_str()
        .unwrap()
        .to_owned();
    for number in 46..=50 {
        drop_record(&stage, number).await;
    }
    let (whole, found) = verify(&stage, None).await;
    assert!(whole, "a chain alone cannot tell: {found}");
    let (whole, found) = verify(&stage, Some(&head)).await;
    assert!(!whole && found["broken_at"] == 46, "{found}");
    assert!(
        found["broken"].as_str().unwrap().contains("cut off"),
        "{found}"
    );
    // Records that were added since do not hide it.
    append(&stage, 10).await;
    let (whole, found) = verify(&stage, Some(&head)).await;
    assert!(!whole && found["broken_at"] == 50, "{found}");
    assert!(
        found["broken"].as_str().unwrap().contains("written anew"),
        "{found}"
    );
}

#[tokio::test]
async fn e3_a_table_that_does_not_answer_is_no_broken_chain() {
    use testing::cloud::{Calls, Fault};
    let stage = chain(5).await;
    let reads = Calls::of("Query").on(names::AUDIT).always();
    stage.cloud.faults().fail(reads, Fault::AccessDenied);
    let failure = stage.operator("audit verify t_one").await.failure();
    assert!(
        failure.contains("AccessDeniedException") && failure.contains("run the command again"),
        "{failure}"
    );
}

/// `VERIFY_RECORDS=100000 cargo test --release --package operator -- --ignored --nocapture e3_how_long`
#[tokio::test]
#[ignore = "measures; VERIFY_RECORDS sets how many"]
async fn e3_how_long_a_long_chain_takes() {
    let count = crate::under_load::number("VERIFY_RECORDS", 10_000);
    let stage = chain(count).await;
    let (began, at) = (Instant::now(), SystemClock.now());
    let (whole, found) = verify(&stage, None).await;
    assert!(whole && found["records"] == json!(count), "{found}");
    let seconds = began.elapsed().as_secs_f64();
    println!("{at}: {count} records verified in {seconds:.2} s");
}
