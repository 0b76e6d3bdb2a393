//! What came in is counted once, in a write a minute.

use std::time::Duration;

use domain::figures::{Figure, Figures};
use serde_json::json;
use testing::cloud::{Calls, Fault};
use testing::switchboard as names;

use crate::stage::Stage;

const MINUTE: Duration = Duration::from_secs(60);

/// Everything that can come, once.
fn everything(stage: &Stage) -> Vec<String> {
    let mut all = vec![stage.message("wamid.A1"), stage.message("wamid.A2")];
    all.extend(["sent", "delivered", "read", "failed"].map(|status| stage.status(status, 1)));
    all.push(stage.status("read", 1).replace(r#""message":"m-1","#, ""));
    for kind in ["quarantined", "account"] {
        all.push(stage.event(&json!({"id": kind, "occurred_at": "2026-01-01T00:00:00.000Z", "kind": kind, "payload": {}})));
    }
    all
}

fn counted(figures: &Figures) -> [u64; 6] {
    [
        Figure::Received,
        Figure::Delivered,
        Figure::Read,
        Figure::Undelivered,
        Figure::OtherEvents,
        Figure::Sent,
    ]
    .map(|figure| figures.count(figure))
}

#[tokio::test]
async fn what_is_delivered_again_and_again_counts_once() {
    let stage = Stage::new();
    let mut batch = everything(&stage);
    for _ in 0..6 {
        assert!(stage.route(&batch).await.is_empty());
        batch.rotate_left(4);
    }
    stage.end().await;
    let figures = stage.figures().await;
    assert_eq!(counted(&figures), [2, 1, 1, 1, 3, 0]);
    let failures: Vec<_> = figures.failures().iter().collect();
    assert_eq!(failures, [(&"undeliverable".into(), &1)]);
    let last = figures.last_failure.as_ref().map(|last| &*last.code);
    assert_eq!(last, Some("undeliverable"));
}

/// The check above counts; it does not only look.
#[tokio::test]
async fn control_what_is_new_counts_every_time() {
    let stage = Stage::new();
    for time in 0..6 {
        let batch = everything(&stage).into_iter();
        let other = |event: String| {
            let event = event.replace("wamid.", &format!("wamid.{time}."));
            let event = event.replace(r#""id":""#, &format!(r#""id":"{time}"#));
            event.replace("m-1", &format!("m-{time}"))
        };
        let batch: Vec<_> = batch.map(other).collect();
        assert!(stage.route(&batch).await.is_empty());
    }
    stage.end().await;
    assert_eq!(counted(&stage.figures().await), [12, 6, 6, 6, 18, 0]);
}

#[tokio::test]
async fn there_is_one_write_a_minute_and_one_at_the_end() {
    let stage = Stage::new();
    for number in 0..30 {
        stage.route(&[stage.message(&format!("a{number}"))]).await;
        stage.clock.advance(Duration::from_secs(2));
    }
    assert_eq!(stage.cloud.count("BatchWriteItem"), 0);
    stage.route(&[stage.message("b")]).await;
    assert_eq!(stage.cloud.count("BatchWriteItem"), 1);
    assert_eq!(counted(&stage.figures().await)[0], 31);
    stage.route(&[stage.message("c")]).await;
    assert_eq!(counted(&stage.figures().await)[0], 31, "it waits");
    stage.end().await;
    assert_eq!(stage.cloud.count("BatchWriteItem"), 2);
    assert_eq!(counted(&stage.figures().await)[0], 32);
}

#[tokio::test]
async fn figures_that_cannot_be_written_hold_nothing_up() {
    for fault in [Fault::Throttle, Fault::AccessDenied, Fault::Reset] {
        let stage = Stage::new();
        let calls = Calls::of("BatchWriteItem").on(names::ACTIVITY).always();
        stage.cloud.faults().fail(calls, fault);
        for id in ["a", "b", "c"] {
            assert!(stage.route(&[stage.message(id)]).await.is_empty());
            stage.clock.advance(MINUTE);
        }
        assert_eq!(counted(&stage.figures().await)[0], 0, "{fault:?}");
        stage.cloud.faults().clear();
        assert!(stage.route(&[stage.message("d")]).await.is_empty());
        assert_eq!(counted(&stage.figures().await)[0], 4, "{fault:?}");
    }
}

#[tokio::test]
async fn what_could_not_be_kept_is_not_counted_until_it_is() {
    let stage = Stage::new();
    let batch = [stage.message("a"), stage.status("read", 1)];
    stage
        .cloud
        .faults()
        .fail(Calls::any().always(), Fault::Throttle);
    assert_eq!(stage.route(&batch).await, [0, 1]);
    stage.cloud.faults().clear();
    stage.end().await;
    assert_eq!(counted(&stage.figures().await), [0; 6]);
    assert!(stage.route(&batch).await.is_empty());
    stage.end().await;
    assert_eq!(counted(&stage.figures().await), [1, 0, 1, 0, 0, 0]);
}
