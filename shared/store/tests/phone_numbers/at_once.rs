//! Syncs and assignments that meet.

use std::time::Duration;

use store::WriteError;
use store::phone_numbers::Account;

use crate::stage::user;
use crate::team::{Listing, Team, e164, listed, listing, many};

const FIRST: &str = "+15550100001";
const SECOND: &str = "+15550100002";

#[tokio::test]
async fn two_syncs_at_once_end_as_one() {
    for _ in 0..10 {
        let team = Team::new();
        let integration = team.connect(domain::integration::Owner::Tenant).await;
        let (other, at) = (team.another_process(), team.stage.now());
        let listed = many(150);
        let account = Account {
            integration: &integration,
            listed: &listed,
            at,
        };
        let record = team.record("phone_numbers.sync");
        let (one, two) = tokio::join!(
            team.numbers.take_over(&account, &record),
            other.take_over(&account, &record)
        );
        let added = one.expect("taken over").added + two.expect("taken over").added;
        assert_eq!(added, 150, "each number was new to one of them");
        let all = team.all().await;
        assert_eq!(all.len(), 150);
        assert!(all.iter().all(|one| one.revision == 1));
        assert_eq!(team.recorded("phone_numbers.sync").await, 2);
    }
}

#[tokio::test]
async fn a_sync_that_knows_less_undoes_nothing() {
    let team = Team::new();
    let integration = team.connected(&listing(&[FIRST])).await;
    let early = team.stage.now().after(Duration::from_secs(30));
    // Of two syncs the one that asked later is done first.
    let renamed = Listing::from([(e164(SECOND), listed("Sales"))]);
    team.sync(&integration, &renamed).await;
    let known = team.all().await;
    let both = listing(&[FIRST, SECOND]);
    let late = team.try_sync(&integration, &both, early).await;
    late.expect("nothing to do");
    assert_eq!(team.all().await, known);
    let late = team.try_sync(&integration, &listing(&[]), early).await;
    late.expect("nothing to do");
    assert_eq!(team.all().await, known);
    // The control: as the later one it says what is so.
    team.sync(&integration, &both).await;
    assert_ne!(team.all().await, known);
}

#[tokio::test]
async fn a_sync_and_an_assignment_at_once_undo_neither() {
    let mut conflicts = 0;
    for round in 0..20 {
        let team = Team::new();
        let integration = team.connected(&listing(&[FIRST, SECOND])).await;
        let (other, at) = (team.another_process(), team.stage.now());
        let renamed = Listing::from([(e164(FIRST), listed("Sales"))]);
        let account = Account {
            integration: &integration,
            listed: &renamed,
            at: at.after(Duration::from_secs(1)),
        };
        let before = team.find(FIRST).await;
        let (sync, assign) = (
            team.record("phone_numbers.sync"),
            team.record("phone_number.assign"),
        );
        let to = user("u-2");
        // A process that has to look for the end of the trail first comes second.
        let (syncs, assigns) = if round % 2 == 0 {
            (&team.numbers, &other)
        } else {
            (&other, &team.numbers)
        };
        let (synced, assigned) = tokio::join!(
            syncs.take_over(&account, &sync),
            assigns.assign(&team.tenant, &before, Some(&to), &assign)
        );
        synced.expect("taken over");
        let now = team.find(FIRST).await;
        assert_eq!(now.listed.display_name, "Sales");
        match assigned {
            Ok(_) => assert_eq!(now.assigned_to, Some(to)),
            Err(WriteError::Conflict) => conflicts += 1,
            Err(other) => panic!("{other}"),
        }
        assert!(team.find(SECOND).await.retired_at.is_some());
    }
    assert!((1..20).contains(&conflicts), "{conflicts}");
}

#[tokio::test]
async fn an_assignment_on_what_was_read_before_is_refused() {
    let team = Team::new();
    team.connected(&listing(&[FIRST])).await;
    let stale = team.find(FIRST).await;
    let known = team.assign(FIRST, Some(&user("u-2"))).await;
    let record = team.record("phone_number.assign");
    let refused = team.numbers.assign(&team.tenant, &stale, None, &record);
    assert!(matches!(refused.await, Err(WriteError::Conflict)));
    assert_eq!(team.find(FIRST).await, known);
    assert_eq!(team.recorded("phone_number.assign").await, 1);
    assert_eq!(team.assign(FIRST, None).await.assigned_to, None);
}
