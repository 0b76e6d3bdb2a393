//! News of messages: in every order and repeated, they end the same.

use domain::ledger::MessageStatus::{self, Delivered, Failed, Read, Sent};

use crate::stage::Stage;

/// All orders of the items.
fn orders(items: &[usize]) -> Vec<Vec<usize>> {
    if items.is_empty() {
        return vec![Vec::new()];
    }
    items
        .iter()
        .flat_map(|first| {
            let rest: Vec<usize> = items.iter().copied().filter(|item| item != first).collect();
            orders(&rest).into_iter().map(|mut order| {
                order.insert(0, *first);
                order
            })
        })
        .collect()
}

const NAMES: [&str; 4] = ["sent", "delivered", "read", "failed"];

fn end_of(given: &[usize]) -> MessageStatus {
    match given {
        _ if given.contains(&2) => Read,
        _ if given.contains(&1) => Delivered,
        _ if given.contains(&3) => Failed,
        _ => Sent,
    }
}

#[tokio::test]
async fn every_order_ends_the_same() {
    for subset in 1..16_usize {
        let given: Vec<usize> = (0..4).filter(|bit| subset & (1 << bit) != 0).collect();
        let mut ends = Vec::new();
        for order in orders(&given) {
            let stage = Stage::new();
            for place in &order {
                let seconds = u64::try_from(*place).expect("small");
                assert!(
                    stage
                        .route(&[stage.status(NAMES[*place], seconds)])
                        .await
                        .is_empty()
                );
            }
            ends.push((stage.ledger().await, stage.state().await));
        }
        let (_, (status, _)) = &ends[0];
        assert_eq!(*status, end_of(&given), "{given:?}");
        assert!(
            ends.iter().all(|end| *end == ends[0]),
            "{given:?}: {ends:?}"
        );
    }
}

#[tokio::test]
async fn repeats_in_any_place_change_nothing() {
    let stage = Stage::new();
    for name in NAMES {
        stage.route(&[stage.status(name, 1)]).await;
    }
    let end = stage.ledger().await;
    for first in NAMES {
        for second in NAMES {
            // Even when the same news comes with another time.
            let batch = [stage.status(first, 50), stage.status(second, 60)];
            assert!(stage.route(&batch).await.is_empty());
            assert_eq!(stage.ledger().await, end);
        }
    }
    assert_eq!(stage.state().await.0, Read);
    assert_eq!(stage.items().len(), 1);
}

#[tokio::test]
async fn the_whole_of_it_in_one_batch_fifty_times() {
    let stage = Stage::new();
    let batch: Vec<String> = (0..50)
        .map(|number| stage.status(NAMES[number % 3], 1))
        .collect();
    assert!(stage.route(&batch).await.is_empty());
    let (status, steps) = stage.state().await;
    assert_eq!(status, Read);
    assert_eq!(
        steps.iter().map(|step| step.status).collect::<Vec<_>>(),
        [Sent, Delivered, Read]
    );
    assert_eq!(stage.items().len(), 1);
}

#[tokio::test]
async fn a_failure_tells_why() {
    let stage = Stage::new();
    stage
        .route(&[stage.status("sent", 1), stage.status("failed", 2)])
        .await;
    let ledger = stage.ledger().await;
    let failure = ledger.evidence.failure.expect("why");
    assert_eq!(failure.provider_code.as_deref(), Some("131026"));
    assert_eq!(ledger.evidence.provider_id.as_deref(), Some("wamid.1"));
    assert_eq!(stage.state().await.0, Failed);
}

#[tokio::test]
async fn news_of_a_message_that_is_not_ours_is_kept_as_an_event() {
    let stage = Stage::new();
    let own = stage.status("sent", 1);
    let foreign = own.replace(r#""message":"m-1","#, "");
    assert_ne!(own, foreign);
    assert!(stage.route(&[foreign]).await.is_empty());
    assert!(stage.ledger().await.is_empty());
    let items = stage.items();
    assert_eq!(items.len(), 1);
    assert_eq!(items[0]["kind"]["S"], "status");
}

#[tokio::test]
async fn news_changes_only_its_own_tenants_message() {
    let stage = Stage::new();
    stage.route(&[stage.status("sent", 1)]).await;
    let before = stage.ledger().await;
    let foreign = stage.status("read", 1).replace("t_one", "t_two");
    assert!(stage.route(&[foreign]).await.is_empty());
    assert_eq!(stage.ledger().await, before);
    let items = stage.items();
    let owners: Vec<_> = items.iter().map(|item| item["pk"]["S"].as_str()).collect();
    assert_eq!(owners, [Some("t_one"), Some("t_two")]);
}
