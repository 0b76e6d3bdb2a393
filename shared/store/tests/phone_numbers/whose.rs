//! To which of several accounts a number belongs.

use domain::integration::Owner;

use crate::stage::user;
use crate::team::{Team, listing, personal, set_up_with};

const FIRST: &str = "+15550100001";
const SECOND: &str = "+15550100002";

#[tokio::test]
async fn s1_59_a_number_of_two_accounts_is_one_and_stays_where_it_came_from() {
    let team = Team::new();
    let one = team.connected(&listing(&[FIRST])).await;
    let before = team.find(FIRST).await;
    let two = team.connected(&listing(&[FIRST, SECOND])).await;
    assert_eq!(team.all().await.len(), 2);
    assert_eq!(team.find(FIRST).await, before);
    assert_eq!(team.find(SECOND).await.integration, two.id);
    // Nor does an account retire what is another's.
    team.sync(&two, &listing(&[])).await;
    assert_eq!(team.find(FIRST).await.retired_at, None);
    assert!(team.find(SECOND).await.retired_at.is_some());
    team.sync(&one, &listing(&[FIRST])).await;
}

#[tokio::test]
async fn s1_59_the_same_number_of_two_tenants_is_two() {
    let mut team = Team::new();
    team.connected(&listing(&[FIRST])).await;
    let theirs = team.assign(FIRST, Some(&user("u-2"))).await;
    team.tenant = crate::stage::tenant("t_two");
    team.connected(&listing(&[FIRST])).await;
    assert_eq!(team.find(FIRST).await.assigned_to, None);
    team.tenant = crate::stage::tenant("t_one");
    assert_eq!(team.find(FIRST).await, theirs);
}

#[tokio::test]
async fn an_integration_has_the_number_that_it_is_set_up_with() {
    let team = Team::new();
    let one = team.connected(&set_up_with(&[FIRST, SECOND])).await;
    team.assign(SECOND, Some(&user("u-2"))).await;
    let two = team.connected(&set_up_with(&[SECOND, FIRST])).await;
    let (first, second) = (team.find(FIRST).await, team.find(SECOND).await);
    assert_eq!(
        (first.integration, second.integration),
        (one.id.clone(), two.id)
    );
    assert!(first.listed.is_primary && second.listed.is_primary);
    assert_eq!(second.assigned_to, Some(user("u-2")));
    // And keeps it.
    team.sync(&one, &set_up_with(&[FIRST, SECOND])).await;
    assert_ne!(team.find(SECOND).await.integration, one.id);
}

#[tokio::test]
async fn a_number_that_its_account_has_no_more_goes_to_one_that_has_it() {
    let team = Team::new();
    let one = team.connected(&set_up_with(&[FIRST])).await;
    let two = team.connected(&listing(&[FIRST])).await;
    assert_eq!(team.find(FIRST).await.integration, one.id);
    team.sync(&one, &listing(&[])).await;
    team.sync(&two, &listing(&[FIRST])).await;
    let now = team.find(FIRST).await;
    assert_eq!((now.integration, now.retired_at), (two.id, None));
}

#[tokio::test]
async fn a_person_takes_no_number_from_the_organisation_or_from_others() {
    let team = Team::new();
    let shared = team.connected(&listing(&[FIRST])).await;
    for owner in [personal("u-7"), personal("u-8")] {
        let own = team.connect(owner).await;
        team.sync(&own, &set_up_with(&[FIRST])).await;
        assert_eq!(team.find(FIRST).await.integration, shared.id);
        team.sync(&own, &listing(&[FIRST, SECOND])).await;
    }
    assert_eq!(team.find(SECOND).await.owner, personal("u-7"));
}

#[tokio::test]
async fn the_organisation_takes_a_number_from_a_person_and_nobody_keeps_what_they_cannot_see() {
    let team = Team::new();
    let own = team.connect(personal("u-7")).await;
    team.sync(&own, &set_up_with(&[FIRST])).await;
    team.assign(FIRST, Some(&user("u-7"))).await;
    let shared = team.connected(&listing(&[FIRST])).await;
    let taken = team.find(FIRST).await;
    assert_eq!(
        (&taken.integration, &taken.owner),
        (&shared.id, &Owner::Tenant)
    );
    assert_eq!(taken.assigned_to, Some(user("u-7")));
    team.sync(&own, &set_up_with(&[FIRST])).await;
    assert_eq!(team.find(FIRST).await.integration, shared.id);

    team.assign(FIRST, Some(&user("u-9"))).await;
    team.sync(&shared, &listing(&[])).await;
    team.sync(&own, &set_up_with(&[FIRST])).await;
    let back = team.find(FIRST).await;
    assert_eq!((back.owner, back.assigned_to), (personal("u-7"), None));
}
