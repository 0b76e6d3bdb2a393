//! What becomes of numbers when their integration goes, and when their tenant does.

use domain::integration::Owner;
use store::phone_numbers::SyncError;
use testing::cloud::{Calls, Fault};

use crate::team::{Team, listing, many};

const FIRST: &str = "+15550100001";
const SECOND: &str = "+15550100002";

#[tokio::test]
async fn with_an_integration_its_numbers_go_and_no_others() {
    let team = Team::new();
    let kept = team.connected(&listing(&[FIRST])).await;
    let gone = team.connected(&listing(&[FIRST, SECOND])).await;
    let record = team.record("integration.delete");
    team.stage.cloud.reset_counts();
    let deleted = team.stage.changes.delete(&gone, &record).await;
    deleted.expect("removed");
    assert_eq!(team.stage.cloud.count("TransactWriteItems"), 1);
    let all = team.all().await;
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].integration, kept.id);
}

#[tokio::test]
async fn a_removal_that_fails_leaves_the_numbers() {
    let team = Team::new();
    let integration = team.connected(&listing(&[FIRST])).await;
    let before = team.all().await;
    let record = team.record("integration.delete");
    let calls = Calls::of("TransactWriteItems").always();
    team.stage.cloud.faults().fail(calls, Fault::AccessDenied);
    let refused = team.stage.changes.delete(&integration, &record).await;
    assert!(refused.is_err());
    team.stage.cloud.faults().clear();
    assert_eq!(team.all().await, before);
}

#[tokio::test]
async fn very_many_numbers_follow_their_integration_also_after_a_crash() {
    for crash in [false, true] {
        let team = Team::new();
        let gone = team.connected(&many(500)).await;
        let record = team.record("integration.delete");
        if crash {
            let calls = Calls::of("TransactWriteItems").after(1).always();
            team.stage.cloud.faults().fail(calls, Fault::AccessDenied);
        }
        let deleted = team.stage.changes.delete(&gone, &record).await;
        deleted.expect("the integration is gone all the same");
        team.stage.cloud.faults().clear();
        let left = team.all().await;
        assert_eq!(left.len(), if crash { 420 } else { 0 });
        // What was left is had by whoever has it.
        let other = team.connect(Owner::Tenant).await;
        team.sync(&other, &many(500)).await;
        let all = team.all().await;
        assert_eq!(all.len(), 500);
        assert!(all.iter().all(|one| one.integration == other.id));
    }
}

#[tokio::test]
async fn no_number_comes_after_its_integration_is_gone() {
    for _ in 0..10 {
        let team = Team::new();
        let integration = team.connect(Owner::Tenant).await;
        let record = team.record("integration.delete");
        let (now, listed) = (team.stage.now(), listing(&[FIRST]));
        let (synced, deleted) = tokio::join!(
            team.try_sync(&integration, &listed, now),
            team.stage.changes.delete(&integration, &record)
        );
        deleted.expect("removed");
        assert!(matches!(synced, Ok(_) | Err(SyncError::Removed)));
        let late = team.try_sync(&integration, &listed, now).await;
        assert!(matches!(late, Err(SyncError::Removed)));
        assert!(team.all().await.is_empty());
    }
}

#[tokio::test]
async fn b10_of_a_removed_tenants_numbers_nothing_is_left() {
    let team = Team::new();
    team.connected(&many(30)).await;
    let record = team.record("tenant.remove");
    let now = team.stage.now();
    let tenants = &team.stage.tenants;
    let marked = tenants.mark_removed(&team.tenant, now, &record).await;
    marked.expect("marked");
    while tenants.sweep(&team.tenant).await.expect("swept") > 0 {}
    assert!(team.all().await.is_empty());
}
