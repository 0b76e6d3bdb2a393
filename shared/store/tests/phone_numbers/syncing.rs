//! What a sync adds, brings up to date and retires.

use domain::NumberId;
use domain::phone::NumberKind;
use serde_json::json;
use store::phone_numbers::{MOST_PER_TENANT, SyncError, TakenOver};
use testing::cloud::{Calls, Fault};

use crate::stage::user;
use crate::team::{Listing, Team, e164, listed, listing, many, set_up_with};

const FIRST: &str = "+15550100001";
const SECOND: &str = "+15550100002";
const THIRD: &str = "+15550100003";

#[tokio::test]
async fn s1_58_a_number_is_kept_with_all_that_is_known_of_it() {
    let team = Team::new();
    let integration = team.connected(&set_up_with(&[FIRST])).await;
    let assigned = team.assign(FIRST, Some(&user("u-2"))).await;
    assert_eq!(team.find(FIRST).await, assigned);
    let (id, at) = (NumberId::of(&e164(FIRST)), assigned.synced_at.millis());
    let item = team.stage.items(&team.tenant, "NUMBER#").pop();
    let kept = json!({
        "pk": {"S": "t_one"}, "sk": {"S": format!("NUMBER#{id}")}, "owner": {"S": "{\"kind\":\"tenant\"}"},
        "phone_number": {"S": FIRST}, "integration_id": {"S": integration.id.as_str()},
        "provider_id": {"S": format!("id of {FIRST}")}, "display_name": {"S": FIRST},
        "number_type": {"S": "\"virtual\""}, "is_primary": {"BOOL": true}, "can_call": {"BOOL": true},
        "can_sms": {"BOOL": false}, "assigned_to_user_id": {"S": "u-2"}, "synced_at": {"N": at.to_string()},
        "revision": {"N": "2"},
    });
    assert_eq!(item, Some(kept));
    let found = team.numbers.find(&team.tenant, &id).await.expect("read");
    assert_eq!(found, Some(assigned));
}

#[tokio::test]
async fn s1_8_new_numbers_are_added_known_ones_updated_and_missing_ones_retired() {
    let team = Team::new();
    let integration = team.connected(&set_up_with(&[FIRST, SECOND])).await;
    team.assign(FIRST, Some(&user("u-2"))).await;
    team.assign(SECOND, Some(&user("u-3"))).await;

    let mut changed = listing(&[FIRST, THIRD]);
    let first = changed.get_mut(&e164(FIRST)).expect("a number");
    first.provider_id = None;
    first.display_name = "Front desk".into();
    first.kind = NumberKind::TollFree;
    first.can_sms = true;
    let taken = team.sync(&integration, &changed).await;
    assert_eq!(
        taken,
        TakenOver {
            added: 1,
            retired: 1
        }
    );
    let [first, second, third] = team.all().await.try_into().expect("three");
    let now = team.stage.now();
    assert_eq!(first.listed, changed[&e164(FIRST)]);
    assert_eq!((first.synced_at, first.retired_at), (now, None));
    assert_eq!((first.assigned_to, first.revision), (Some(user("u-2")), 3));
    assert_eq!(second.retired_at, Some(now));
    assert!(second.synced_at < now);
    assert_eq!(second.assigned_to, Some(user("u-3")), "for when it is back");
    assert_eq!((third.revision, third.assigned_to), (1, None));

    let back = listing(&[FIRST, SECOND, THIRD]);
    let taken = team.sync(&integration, &back).await;
    assert_eq!(taken, TakenOver::default(), "none of them is new");
    let second = team.find(SECOND).await;
    assert_eq!(second.retired_at, None);
    assert_eq!(second.assigned_to, Some(user("u-3")));
    assert_eq!(team.recorded("phone_numbers.sync").await, 3);
}

#[tokio::test]
async fn being_seen_again_changes_no_entity_tag_and_another_name_does() {
    let team = Team::new();
    let integration = team.connected(&listing(&[FIRST])).await;
    let before = team.find(FIRST).await;
    team.sync(&integration, &listing(&[FIRST])).await;
    let after = team.find(FIRST).await;
    assert!(after.synced_at > before.synced_at);
    assert_eq!(after.revision, before.revision);
    let renamed = Listing::from([(e164(FIRST), listed("Sales"))]);
    team.sync(&integration, &renamed).await;
    assert_eq!(team.find(FIRST).await.revision, before.revision + 1);
}

#[tokio::test]
async fn very_many_numbers_are_taken_over_in_transactions_of_a_hundred_with_one_record() {
    let team = Team::new();
    let integration = team.connect(domain::integration::Owner::Tenant).await;
    for count in [97, 98, 99, 500] {
        team.stage.cloud.reset_counts();
        let recorded = team.recorded("phone_numbers.sync").await;
        team.sync(&integration, &many(count)).await;
        let calls = usize::try_from(team.stage.cloud.count("TransactWriteItems"));
        assert_eq!(calls, Ok(count.div_ceil(98)), "{count}");
        assert_eq!(team.recorded("phone_numbers.sync").await, recorded + 1);
        assert_eq!(team.all().await.len(), count);
    }
    assert!(team.stage.cloud.refused().is_empty());
}

#[tokio::test]
async fn a_sync_that_was_broken_off_is_completed_by_the_next() {
    let team = Team::new();
    let integration = team.connect(domain::integration::Owner::Tenant).await;
    let faults = team.stage.cloud.faults();
    let second = Calls::of("TransactWriteItems").after(1).always();
    faults.fail(second, Fault::AccessDenied);
    let (now, listed) = (team.stage.now(), many(250));
    let broken = team.try_sync(&integration, &listed, now).await;
    assert!(matches!(broken, Err(SyncError::Store(_))));
    assert_eq!(team.all().await.len(), 98);
    assert_eq!(team.recorded("phone_numbers.sync").await, 1);
    faults.clear();
    let taken = team.sync(&integration, &listed).await;
    assert_eq!(taken.added, 250 - 98);
    assert_eq!(team.all().await.len(), 250);
}

#[tokio::test]
async fn nothing_is_changed_without_its_record() {
    let team = Team::new();
    let integration = team.connected(&listing(&[FIRST])).await;
    let before = team.all().await;
    for fault in [Fault::AccessDenied, Fault::Reset, Fault::InternalError] {
        let calls = Calls::of("TransactWriteItems").always();
        team.stage.cloud.faults().fail(calls, fault);
        let now = team.stage.now();
        let refused = team.try_sync(&integration, &listing(&[SECOND]), now).await;
        assert!(matches!(refused, Err(SyncError::Store(_))), "{fault:?}");
        team.stage.cloud.faults().clear();
        assert_eq!(team.all().await, before, "{fault:?}");
    }
    assert_eq!(team.recorded("phone_numbers.sync").await, 1);
}

#[tokio::test]
async fn a_tenant_has_a_thousand_numbers_and_no_more() {
    let team = Team::new();
    let integration = team.connect(domain::integration::Owner::Tenant).await;
    team.sync(&integration, &many(MOST_PER_TENANT)).await;
    let other = team.connect(domain::integration::Owner::Tenant).await;
    let (now, one_more) = (team.stage.now(), listing(&["+442079460000"]));
    let refused = team.try_sync(&other, &one_more, now).await;
    assert!(matches!(refused, Err(SyncError::TooMany)));
    assert_eq!(team.all().await.len(), MOST_PER_TENANT);
    // What is known is still brought up to date.
    team.sync(&integration, &many(MOST_PER_TENANT)).await;
}
