//! Grants of the platform's own account.

use std::time::Duration;

use domain::grant::{Ended, EndedWhy, Grant};
use store::WriteError;
use testing::cloud::{Calls, Fault};

use crate::stage::{Stage, tenant, user, whatsapp};

fn grant(stage: &Stage) -> Grant {
    Grant {
        granted_by: user("operator-1"),
        granted_at: stage.now(),
        until: Some(stage.now().after(Duration::from_secs(3600))),
        ended: None,
    }
}

fn ended(stage: &Stage) -> Ended {
    Ended {
        at: stage.now(),
        by: user("operator-2"),
        why: EndedWhy::Migrated,
    }
}

async fn give(stage: &Stage, to: &str) -> Result<(), WriteError> {
    let record = stage.record("grant.set");
    let grants = &stage.grants;
    grants
        .grant(&tenant(to), &whatsapp(), &grant(stage), &record)
        .await
}

async fn end(stage: &Stage, of: &str) -> Result<(), WriteError> {
    let record = stage.record("grant.end");
    let grants = &stage.grants;
    grants
        .end(&tenant(of), &whatsapp(), ended(stage), &record)
        .await
}

#[tokio::test]
async fn a_grant_is_in_the_roster_with_its_end_and_on_record() {
    let stage = Stage::new();
    let one = tenant("t_one");
    assert!(stage.grants.list(&one).await.expect("read").is_empty());
    assert!(matches!(
        end(&stage, "t_one").await,
        Err(WriteError::Conflict)
    ));
    give(&stage, "t_one").await.expect("granted");
    let roster = stage.roster(&one).await;
    assert_eq!(roster.grants[&whatsapp()], grant(&stage));
    assert!(stage.roster(&tenant("t_two")).await.grants.is_empty());

    end(&stage, "t_one").await.expect("ended");
    let over = Grant {
        ended: Some(ended(&stage)),
        ..grant(&stage)
    };
    assert_eq!(
        stage.grants.list(&one).await.expect("read")[&whatsapp()],
        over
    );
    assert!(matches!(
        end(&stage, "t_one").await,
        Err(WriteError::Conflict)
    ));
    assert_eq!(stage.recorded(&one, "grant.end").await, 1);
    give(&stage, "t_one").await.expect("granted again");
    assert!(stage.roster(&one).await.grants[&whatsapp()].is_live(stage.now()));
    assert_eq!(stage.recorded(&one, "grant.set").await, 2);
}

#[tokio::test]
async fn of_many_who_end_a_grant_one_does() {
    let stage = Stage::new();
    give(&stage, "t_one").await.expect("granted");
    let (a, b, c) = tokio::join!(
        end(&stage, "t_one"),
        end(&stage, "t_one"),
        end(&stage, "t_one")
    );
    let done = [a, b, c].into_iter().filter(Result::is_ok).count();
    assert_eq!(done, 1);
    assert_eq!(stage.recorded(&tenant("t_one"), "grant.end").await, 1);
}

#[tokio::test]
async fn a_removed_tenant_is_granted_nothing_and_keeps_nothing() {
    let stage = Stage::new();
    let one = tenant("t_one");
    give(&stage, "t_one").await.expect("granted");
    give(&stage, "t_two").await.expect("granted");
    let record = stage.record("tenant.remove");
    let marked = stage.tenants.mark_removed(&one, stage.now(), &record).await;
    marked.expect("marked");
    for refused in [give(&stage, "t_one").await, end(&stage, "t_one").await] {
        assert!(
            matches!(refused, Err(WriteError::TenantRemoved)),
            "{refused:?}"
        );
    }
    assert_eq!(stage.tenants.count_left(&one).await.expect("counted"), 1);
    while stage.tenants.sweep(&one).await.expect("swept") > 0 {}
    assert_eq!(stage.tenants.count_left(&one).await.expect("counted"), 0);
    let roster = stage.items(&one, "ROSTER").remove(0);
    let mut names: Vec<&String> = roster.as_object().expect("an item").keys().collect();
    names.sort();
    assert_eq!(names, ["pk", "removed_at", "sk"]);
    assert_eq!(stage.roster(&tenant("t_two")).await.grants.len(), 1);
}

#[tokio::test]
async fn a_grant_and_its_record_are_written_together_or_not_at_all() {
    for (fault, is_done) in [
        (Fault::Reset, false),
        (Fault::AccessDenied, false),
        // The control: here it was done, and only the answer was lost.
        (Fault::AppliedButLost, true),
    ] {
        let stage = Stage::new();
        let calls = Calls::of("TransactWriteItems").times(3);
        stage.cloud.faults().fail(calls, fault);
        let granted = give(&stage, "t_one").await;
        stage.cloud.faults().clear();
        assert_eq!(granted.is_ok(), is_done, "{fault:?}: {granted:?}");
        let one = tenant("t_one");
        let grants = stage.grants.list(&one).await.expect("read").len();
        let records = stage.recorded(&one, "grant.set").await;
        assert_eq!(
            (grants, records),
            (usize::from(is_done), usize::from(is_done))
        );
    }
}
