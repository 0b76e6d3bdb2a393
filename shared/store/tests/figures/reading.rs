//! What is read: no more than was asked for, and no more than can be.

use std::time::Duration;

use domain::IntegrationId;
use domain::figures::{Figure, Hour};
use serde_json::json;
use store::figures::{HourlyFigures, Hours};
use testing::switchboard::ACTIVITY;

use crate::stage::{Stage, sent};

const HOUR: Duration = Duration::from_secs(3600);

async fn read(stage: &Stage, from: Hour, to: Hour) -> Hours {
    let figures = HourlyFigures::new(stage.client.clone(), ACTIVITY.into());
    let read = figures.read(&stage.tenant, &stage.integration, from, to);
    read.await.expect("readable")
}

#[tokio::test]
async fn the_hours_asked_for_and_no_other() {
    let stage = Stage::new();
    let book = stage.book("c1");
    let begin = Hour::of(stage.now());
    let neighbours = [IntegrationId::make(), IntegrationId::make()];
    for hour in 0..100 {
        // The hour's number tells it from others; every tenth is empty.
        if hour % 10 != 0 {
            stage.send(&book, hour);
        }
        for neighbour in &neighbours {
            book.count(&stage.tenant, neighbour, stage.now(), &sent());
        }
        stage.clock.advance(HOUR);
        stage.settle(&book).await;
    }
    for (from, to) in [(0, 100), (9, 12), (10, 11), (30, 31), (99, 200), (50, 50)] {
        let read = read(&stage, begin.later(from), begin.later(to)).await;
        assert_eq!(read.from, begin.later(from));
        let told: Vec<_> = read
            .hours
            .iter()
            .map(|(hour, figures)| (*hour, figures.count(Figure::Sent)))
            .collect();
        let wanted: Vec<_> = (from..to.min(100))
            .filter(|hour| hour % 10 != 0)
            .map(|hour| (begin.later(hour), u64::try_from(hour).expect("small")))
            .collect();
        assert_eq!(told, wanted, "{from} to {to}");
    }
}

#[tokio::test]
async fn a_day_of_ten_containers_is_one_call_and_few_units() {
    let stage = Stage::new();
    let books: Vec<_> = (0..10).map(|n| stage.book(&format!("c{n}"))).collect();
    for _ in 0..24 {
        for book in &books {
            stage.send(book, 1);
            book.close().await;
        }
        stage.clock.advance(HOUR);
    }
    stage.cloud.reset_counts();
    let end = Hour::of(stage.now());
    let read = read(&stage, end.later(-24), end).await;
    assert_eq!(read.sum().count(Figure::Sent), 240);
    assert_eq!(stage.cloud.count("Query"), 1);
    let units = stage.cloud.units();
    assert!(units.read <= 10.0, "{units:?}");
}

#[tokio::test]
async fn too_much_to_read_is_cut_at_the_earlier_end_between_two_hours() {
    let stage = Stage::new();
    let begin = Hour::of(stage.now());
    // Far larger than they are, so that few are many; and four of them are a page, in the middle of an hour.
    let figures = json!({"counts": {"sent": 1}, "failures": {"x".repeat(300_000): 1}}).to_string();
    for hour in 0..40 {
        for container in ["c1", "c2", "c3"] {
            let sk = format!(
                "FIGURES#{}#{}#{container}#1",
                stage.integration,
                begin.later(hour)
            );
            let item = json!({"pk": {"S": "t_one"}, "sk": {"S": sk}, "figures": {"S": figures}});
            let put = json!({"TableName": ACTIVITY, "Item": item}).to_string();
            let target = "DynamoDB_20120810.PutItem";
            stage.cloud.answer(target, put.as_bytes());
        }
    }
    assert_eq!(stage.items(), 120);
    stage.cloud.reset_counts();
    let read = read(&stage, begin, begin.later(40)).await;
    assert_eq!(stage.cloud.count("Query"), 20);
    assert_eq!(read.from, begin.later(14), "80 of 120 were read");
    assert_eq!(read.hours.keys().next(), Some(&read.from));
    assert!(
        read.hours.values().all(|one| one.count(Figure::Sent) == 3),
        "whole hours"
    );
    // The rest is asked for with the place where it was cut.
    let rest = self::read(&stage, begin, read.from).await;
    assert_eq!(rest.from, begin);
    assert_eq!(rest.hours.len() + read.hours.len(), 40);
}

#[tokio::test]
async fn a_record_of_another_form_is_an_error_and_not_left_out() {
    let stage = Stage::new();
    let sk = format!("FIGURES#{}#2026-01-01T00#c1#1", stage.integration);
    let item = json!({"pk": {"S": "t_one"}, "sk": {"S": sk}, "figures": {"S": "1"}});
    let put = json!({"TableName": ACTIVITY, "Item": item}).to_string();
    stage
        .cloud
        .answer("DynamoDB_20120810.PutItem", put.as_bytes());
    let figures = HourlyFigures::new(stage.client.clone(), ACTIVITY.into());
    let hour = Hour::of(stage.now());
    let read = figures.read(&stage.tenant, &stage.integration, hour, hour.later(1));
    let error = read.await.expect_err("malformed");
    assert_eq!(error.to_string(), "a stored record is malformed: figures");
}
