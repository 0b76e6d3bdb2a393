//! When something is written, and what.

use std::time::Duration;

use domain::IntegrationId;
use domain::event::EventKind;
use domain::failure::FailureKind;
use domain::figures::{Figure, Hour};
use store::ledger::RETENTION;
use testing::switchboard::ACTIVITY;

use crate::stage::{MINUTE, Stage, failed, sent};

#[tokio::test]
async fn what_happens_within_a_minute_is_one_write() {
    let stage = Stage::new();
    let book = stage.book("c1");
    for _ in 0..59 {
        stage.send(&book, 10);
        stage.settle(&book).await;
        stage.clock.advance(Duration::from_secs(1));
    }
    assert_eq!(stage.writes(), 0, "no change is a minute old");
    stage.clock.advance(Duration::from_secs(1));
    stage.settle(&book).await;
    assert_eq!((stage.writes(), stage.sent().await), (1, 590));
    stage.clock.advance(MINUTE * 30);
    stage.settle(&book).await;
    assert_eq!(stage.writes(), 1, "nothing has changed");
}

#[tokio::test]
async fn the_minute_begins_with_the_first_change_that_is_not_written() {
    let stage = Stage::new();
    let book = stage.book("c1");
    stage.send(&book, 1);
    stage.clock.advance(MINUTE);
    stage.settle(&book).await;
    stage.clock.advance(MINUTE * 10);
    stage.send(&book, 1);
    stage.clock.advance(MINUTE - Duration::from_millis(1));
    stage.settle(&book).await;
    assert_eq!(stage.writes(), 1);
    stage.clock.advance(Duration::from_millis(1));
    stage.settle(&book).await;
    assert_eq!(stage.writes(), 2);
}

#[tokio::test]
async fn an_hour_of_a_container_is_one_item_however_often_it_is_written() {
    let stage = Stage::new();
    let book = stage.book("c1");
    for minutes in 1..=59_u64 {
        stage.send(&book, 3);
        stage.clock.advance(MINUTE);
        if minutes < 59 {
            stage.settle(&book).await;
            assert_eq!(stage.sent().await, 3 * minutes, "a total, not a difference");
        }
    }
    book.close().await;
    assert_eq!((stage.writes(), stage.items()), (59, 1));
    assert_eq!(stage.sent().await, 177);
    let item = stage.cloud.items(ACTIVITY).remove(0);
    let key = format!("FIGURES#{}#2026-01-01T00#c1#1", stage.integration);
    assert_eq!(
        (&item["pk"]["S"], &item["sk"]["S"]),
        (&"t_one".into(), &key.into())
    );
    let end = Hour::of(stage.now()).end().after(RETENTION).seconds();
    assert_eq!(item["expires_at_s"]["N"], end.to_string());
    assert!(item.get("listed").is_none(), "it is no event");
}

#[tokio::test]
async fn containers_and_integrations_are_added_up_each_for_itself() {
    let stage = Stage::new();
    let books = [stage.book("c1"), stage.book("c2"), stage.book("c3")];
    let other = IntegrationId::make();
    for (book, count) in books.iter().zip([1, 20, 300]) {
        stage.send(book, count);
        let refused = failed(FailureKind::InvalidRequest);
        book.count(&stage.tenant, &stage.integration, stage.now(), &refused);
        book.count(&stage.tenant, &other, stage.now(), &sent());
        let two = crate::stage::tenant("t_two");
        book.count(&two, &stage.integration, stage.now(), &sent());
        book.count_event(&two, &other, stage.now(), &EventKind::Message);
        book.close().await;
    }
    assert_eq!(stage.writes(), 3, "one call each");
    let sum = stage.sum().await;
    assert_eq!(
        (sum.count(Figure::Sent), sum.count(Figure::Failed)),
        (321, 3)
    );
    assert_eq!(sum.failures()["provider_refused_request"], 3);
    let others = stage.read_of(&stage.tenant, &other).await.sum();
    assert_eq!(
        (others.count(Figure::Sent), others.count(Figure::Failed)),
        (3, 0)
    );
    let twos = stage
        .read_of(&crate::stage::tenant("t_two"), &other)
        .await
        .sum();
    assert_eq!(
        (twos.count(Figure::Sent), twos.count(Figure::Received)),
        (0, 3)
    );
}

/// What the name of a container is for: the check above sees it.
#[tokio::test]
async fn control_containers_of_one_name_would_overwrite_each_other() {
    let stage = Stage::new();
    for count in [20, 1] {
        let book = stage.book("c1");
        stage.send(&book, count);
        book.close().await;
    }
    assert_eq!(stage.sent().await, 1, "20 are lost");
}

#[tokio::test]
async fn an_hour_that_is_over_is_written_at_once_and_forgotten() {
    let stage = Stage::new();
    let book = stage.book("c1");
    stage.clock.advance(Duration::from_millis(3_599_999));
    let last = stage.now();
    stage.send(&book, 2);
    stage.clock.advance(Duration::from_millis(1));
    stage.send(&book, 5);
    stage.settle(&book).await;
    assert_eq!(
        (stage.writes(), stage.sent().await),
        (1, 2),
        "the new hour waits"
    );
    stage.clock.advance(MINUTE);
    stage.settle(&book).await;
    let read = stage.read().await.hours;
    let told: Vec<_> = read
        .iter()
        .map(|(hour, figures)| (hour.to_string(), figures.count(Figure::Sent)))
        .collect();
    let hours = ["2026-01-01T00", "2026-01-01T01"].map(str::to_owned);
    let [first, second] = hours;
    assert_eq!(told, [(first, 2), (second, 5)]);
    // Somebody comes late: what is on record stays.
    book.count(&stage.tenant, &stage.integration, last, &sent());
    stage.settle(&book).await;
    assert_eq!((stage.items(), stage.sent().await), (3, 8));
}

#[tokio::test]
async fn too_many_totals_are_written_at_the_next_occasion() {
    let stage = Stage::new();
    let book = stage.book("c1");
    let count = |integration: &IntegrationId| {
        book.count(&stage.tenant, integration, stage.now(), &sent());
    };
    count(&stage.integration);
    (1..10_000).for_each(|_| count(&IntegrationId::make()));
    stage.settle(&book).await;
    assert_eq!(stage.items(), 0);
    count(&IntegrationId::make());
    stage.settle(&book).await;
    assert_eq!((stage.items(), stage.writes()), (10_001, 401));
    // The next occasion forgets them, and another total is begun.
    stage.settle(&book).await;
    count(&stage.integration);
    book.close().await;
    assert_eq!((stage.items(), stage.sent().await), (10_002, 2));
}
