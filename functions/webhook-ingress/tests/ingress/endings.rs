//! A URL that was rotated out is answered until its end, and from that moment on like one that never was.

use std::time::Duration;

use serde_json::{Value, json};

use crate::stage::{Account, ONE, Stage, TWO, body, path_of, post};

/// Half of the time that a route is remembered.
const SOON: Duration = Duration::from_secs(30);
const A_MOMENT: Duration = Duration::from_millis(1);

fn delivery(account: &Account) -> Value {
    post(account, &body(account, 1))
}

fn handshake(account: &Account) -> Value {
    let token = account.verify_token;
    json!({
        "rawPath": path_of(account),
        "rawQueryString": format!("hub.mode=subscribe&hub.challenge=1&hub.verify_token={token}"),
        "headers": {},
        "requestContext": {"http": {"method": "GET"}, "requestId": "r-1"},
    })
}

#[tokio::test]
async fn it_ends_on_the_moment_also_where_it_is_remembered() {
    let stage = Stage::new().await;
    stage.end(&ONE, stage.now().after(SOON)).await;
    for event in [delivery(&ONE), handshake(&ONE)] {
        assert_eq!(stage.status(event).await, 200);
    }
    stage.clock.advance(SOON - A_MOMENT);
    for event in [delivery(&ONE), handshake(&ONE)] {
        assert_eq!(stage.status(event).await, 200);
    }
    stage.clock.advance(A_MOMENT);
    let unknown = stage.answer(wrong_url()).await;
    for event in [delivery(&ONE), handshake(&ONE)] {
        assert_eq!(stage.answer(event).await, unknown);
    }
    assert_eq!(stage.events().len(), 4);
}

/// The control: what has no end is remembered for longer than that, even if it is gone.
#[tokio::test]
async fn one_without_an_end_is_remembered_for_a_minute() {
    let stage = Stage::new().await;
    assert_eq!(stage.status(delivery(&TWO)).await, 200);
    stage.end(&TWO, stage.now().after(SOON)).await;
    stage.clock.advance(SOON);
    assert_eq!(stage.status(delivery(&TWO)).await, 200);
    stage.clock.advance(SOON);
    assert_eq!(stage.status(delivery(&TWO)).await, 401);
}

#[tokio::test]
async fn one_that_has_ended_is_not_answered_while_its_record_is_still_there() {
    let stage = Stage::new().await;
    stage.end(&ONE, stage.now()).await;
    let unknown = stage.answer(wrong_url()).await;
    for event in [delivery(&ONE), handshake(&ONE)] {
        assert_eq!(stage.answer(event).await, unknown);
    }
    assert!(stage.events().is_empty());
    // Its secret is not even opened.
    assert!(stage.notices().is_empty());
    assert_eq!(stage.status(delivery(&TWO)).await, 200);
}

fn wrong_url() -> Value {
    let mut event = delivery(&ONE);
    event["rawPath"] = "/webhooks/whatsapp/unknown".into();
    event
}
