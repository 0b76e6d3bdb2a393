//! Many append to one tenant's chain at once, each with what it remembers of the head: nothing is lost, nothing stands
//! twice, and the chain does not fork.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_types::SdkConfig;
use domain::TenantId;
use domain::audit::AuditRecord;
use domain::time::{Clock, SystemClock, Timestamp};
use futures_util::future::join_all;
use store::audit::AuditTrail;
use testing::cloud::{Calls, Cloud, Fault};
use testing::switchboard as names;

use crate::chains;
use crate::forgetful::without_conditions;
use crate::shaky::shaky;

const TASKS: usize = 32;
const FEW: usize = 6;
const EACH: usize = 50;

fn cloud() -> Cloud {
    names::cloud(Arc::new(SystemClock))
}

fn trail(sdk: &SdkConfig) -> AuditTrail {
    let client = aws_sdk_dynamodb::Client::new(sdk);
    AuditTrail::new(client, names::AUDIT.into(), Arc::new(SystemClock))
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test is a trusted source of tenants"
)]
fn tenant(name: &str) -> TenantId {
    TenantId::from_trusted_source(name).expect("a tenant")
}

fn record(actor: &str) -> AuditRecord {
    AuditRecord::new(actor, SystemClock.now(), "integration.configure")
}

/// Appends in so many tasks, each with a trail of its own.
async fn append_at_once(sdk: &SdkConfig, tenants: &[TenantId], tasks: usize) {
    let tasks = (0..tasks).map(|task| {
        let (trail, tenants) = (trail(sdk), tenants.to_vec());
        tokio::spawn(async move {
            for number in 0..EACH {
                for tenant in &tenants {
                    let record = record(&format!("{tenant}-{task}-{number}"));
                    trail.append(tenant, &record).await.expect("recorded");
                }
            }
        })
    });
    for task in join_all(tasks).await {
        task.expect("no panic");
    }
}

/// How often each actor stands in a tenant's trail.
fn actors(cloud: &Cloud, tenant: &TenantId) -> BTreeMap<String, usize> {
    let mut actors = BTreeMap::new();
    for item in cloud.items(names::AUDIT) {
        if item["pk"]["S"] == tenant.as_str() {
            let record = item["record"]["S"].as_str().expect("a record");
            let record: AuditRecord = serde_json::from_str(record).expect("our own form");
            *actors.entry(record.actor).or_default() += 1;
        }
    }
    actors
}

#[tokio::test(start_paused = true)]
async fn what_many_append_at_once_on_a_bad_day_is_all_there_once_in_one_chain() {
    let (cloud, tenant) = (cloud(), tenant("t_one"));
    append_at_once(&shaky(&cloud), std::slice::from_ref(&tenant), TASKS).await;
    let actors = actors(&cloud, &tenant);
    assert_eq!(actors.len(), TASKS * EACH);
    assert!(actors.values().all(|times| *times == 1));
    chains::hold(&cloud);
}

#[tokio::test(start_paused = true)]
async fn control_appends_without_the_condition_lose_records_and_verifying_finds_it() {
    let (cloud, tenant) = (cloud(), tenant("t_one"));
    let sdk = without_conditions(&cloud, |_| true);
    append_at_once(&sdk, std::slice::from_ref(&tenant), FEW).await;
    assert!(actors(&cloud, &tenant).len() < FEW * EACH);
    let verified = trail(&cloud.sdk_config()).verify(&tenant, |_| {}).await;
    verified.expect_err("records were overwritten");
}

#[tokio::test(start_paused = true)]
async fn the_chains_of_two_tenants_do_not_disturb_each_other() {
    let (cloud, tenants) = (cloud(), [tenant("t_one"), tenant("t_two")]);
    append_at_once(&cloud.sdk_config(), &tenants, FEW).await;
    for tenant in &tenants {
        let actors = actors(&cloud, tenant);
        assert_eq!(actors.len(), FEW * EACH);
        let own = format!("{tenant}-");
        assert!(actors.keys().all(|actor| actor.starts_with(&own)));
    }
    chains::hold(&cloud);
}

#[tokio::test(start_paused = true)]
async fn the_same_record_of_two_writers_is_two_records() {
    let (cloud, tenant) = (cloud(), tenant("t_one"));
    let sdk = cloud.sdk_config();
    let (one, two) = (trail(&sdk), trail(&sdk));
    let record = AuditRecord::new("webhook-ingress", Timestamp::from_seconds(9), "a.b");
    let both = tokio::join!(one.append(&tenant, &record), two.append(&tenant, &record));
    assert!(both.0.is_ok() && both.1.is_ok());
    assert_eq!(cloud.items(names::AUDIT).len(), 2);
    chains::hold(&cloud);
}

#[tokio::test(start_paused = true)]
async fn an_append_whose_answers_are_all_lost_is_found_to_be_done() {
    let (cloud, tenant) = (cloud(), tenant("t_one"));
    let trail = trail(&cloud.sdk_config());
    trail.append(&tenant, &record("u-1")).await.expect("added");
    let calls = Calls::of("PutItem").times(3);
    cloud.faults().fail(calls, Fault::AppliedButLost);
    trail.append(&tenant, &record("u-2")).await.expect("added");
    assert!(cloud.faults().spent());
    trail.append(&tenant, &record("u-3")).await.expect("added");
    assert_eq!(cloud.items(names::AUDIT).len(), 3);
    chains::hold(&cloud);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_recorded_is_an_error_and_leaves_no_trace() {
    for fault in [
        Fault::AccessDenied,
        Fault::Throttle,
        Fault::InternalError,
        Fault::Reset,
    ] {
        let (cloud, tenant) = (cloud(), tenant("t_one"));
        let trail = trail(&cloud.sdk_config());
        trail.append(&tenant, &record("u-1")).await.expect("added");
        cloud.faults().fail(Calls::any().always(), fault);
        let refused = trail.append(&tenant, &record("u-2")).await;
        refused.expect_err("the table is down");
        cloud.faults().clear();
        assert_eq!(cloud.items(names::AUDIT).len(), 1, "{fault:?}");
        trail.append(&tenant, &record("u-3")).await.expect("added");
        chains::hold(&cloud);
    }
}
