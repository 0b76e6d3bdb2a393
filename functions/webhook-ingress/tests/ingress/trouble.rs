//! When something of ours does not work, the provider is asked to come again.

use std::time::Duration;

use testing::cloud::{Calls, Fault};
use testing::switchboard as names;

use crate::stage::{ONE, Stage, body, post, post_bytes};

#[tokio::test]
async fn without_the_queue_nothing_is_called_taken() {
    for fault in [
        Fault::InternalError,
        Fault::Throttle,
        Fault::AccessDenied,
        Fault::Reset,
    ] {
        let stage = Stage::new().await;
        let calls = Calls::of("SendMessageBatch").on(names::INBOUND).always();
        stage.cloud.faults().fail(calls, fault);
        assert_eq!(
            stage.status(post(&ONE, &body(&ONE, 1))).await,
            503,
            "{fault:?}"
        );
        stage.cloud.faults().clear();
        assert_eq!(
            stage.status(post(&ONE, &body(&ONE, 1))).await,
            200,
            "{fault:?}"
        );
        assert_eq!(stage.events().len(), 2, "{fault:?}");
    }
}

#[tokio::test]
async fn without_the_tables_or_the_key_nobody_is_refused_for_good() {
    let calls = [
        Calls::of("GetItem").on(names::WEBHOOK_ROUTES).always(),
        Calls::of("GetItem").on(names::KEY_RINGS).always(),
        Calls::of("Decrypt").always(),
    ];
    for calls in calls {
        let stage = Stage::new().await;
        stage
            .cloud
            .faults()
            .fail(calls.clone(), Fault::AccessDenied);
        assert_eq!(
            stage.status(post(&ONE, &body(&ONE, 1))).await,
            503,
            "{calls:?}"
        );
        stage.cloud.faults().clear();
        // A denial is remembered for half a minute.
        stage.clock.advance(Duration::from_secs(31));
        // The trouble is not remembered as a wrong URL.
        assert_eq!(
            stage.status(post(&ONE, &body(&ONE, 1))).await,
            200,
            "{calls:?}"
        );
    }
}

#[tokio::test]
async fn a_known_route_serves_while_its_table_is_down() {
    let stage = Stage::new().await;
    stage.answer(post(&ONE, &body(&ONE, 0))).await;
    stage
        .cloud
        .faults()
        .fail(Calls::of("GetItem").always(), Fault::InternalError);
    assert_eq!(stage.status(post(&ONE, &body(&ONE, 0))).await, 200);
}

#[tokio::test]
async fn a_body_is_refused_for_its_size_before_anything_is_looked_up() {
    let stage = Stage::new().await;
    let cap = webhook_ingress::MAX_BODY_BYTES;
    let calls = stage.cloud.counts();
    for event in [
        post(&ONE, &" ".repeat(cap + 1)),
        post_bytes(&ONE, &vec![b' '; cap + 1]),
    ] {
        assert_eq!(stage.status(event).await, 413);
    }
    assert_eq!(stage.cloud.counts(), calls);
    assert_eq!(stage.status(post(&ONE, &" ".repeat(cap))).await, 200);
}
