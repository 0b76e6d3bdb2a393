//! What a genuine webhook becomes.

use std::time::Duration;

use serde_json::json;
use testing::cloud::{Calls, Fault};
use testing::switchboard as names;

use crate::stage::{ONE, Stage, TWO, body, post, post_bytes};

#[tokio::test]
async fn a_batch_becomes_single_events_with_their_tenant() {
    let stage = Stage::new().await;
    assert_eq!(stage.status(post(&ONE, &body(&ONE, 2))).await, 200);
    let events = stage.events();
    let ids: Vec<_> = events
        .iter()
        .map(|one| one["event"]["id"].as_str().unwrap_or_default())
        .collect();
    assert_eq!(ids, ["wamid.IN0", "wamid.IN1", "wamid.OUT:delivered:"]);
    for event in &events {
        assert_eq!(event["tenant"], ONE.tenant);
        assert_eq!(event["provider"], "whatsapp");
        assert_eq!(event["received_at"], "2026-01-01T00:00:00.000Z");
        assert_eq!(event["event"]["account"], ONE.phone);
    }
    assert_eq!(events[0]["event"]["kind"], "message");
    assert_eq!(events[0]["event"]["payload"]["text"]["body"], "नमस्ते 👋");
    assert_eq!(events[0]["event"]["contacts"][0]["profile"]["name"], "Asha");
    let status = &events[2]["event"]["kind"]["status"];
    assert_eq!(
        *status,
        json!({"message": "m-1", "provider_id": "wamid.OUT", "status": "delivered"})
    );
    assert!(stage.cloud.refused().is_empty());
}

#[tokio::test]
async fn a_warm_webhook_makes_one_call() {
    let stage = Stage::new().await;
    stage.answer(post(&ONE, &body(&ONE, 0))).await;
    stage.cloud.reset_counts();
    assert_eq!(stage.status(post(&ONE, &body(&ONE, 9))).await, 200);
    assert_eq!(
        stage.cloud.counts(),
        [("SendMessageBatch".to_owned(), 1)].into()
    );
}

#[tokio::test]
async fn a_route_is_read_again_after_a_minute_and_its_key_is_not() {
    let stage = Stage::new().await;
    stage.answer(post(&ONE, &body(&ONE, 0))).await;
    stage.clock.advance(Duration::from_secs(61));
    stage.cloud.reset_counts();
    assert_eq!(stage.status(post(&ONE, &body(&ONE, 0))).await, 200);
    // One of the two puts the opening on record.
    let calls = [("GetItem", 1), ("SendMessageBatch", 2)];
    assert_eq!(
        stage.cloud.counts(),
        calls.map(|(name, n)| (name.to_owned(), n)).into()
    );
}

#[tokio::test]
async fn more_events_than_a_call_takes_are_put_in_several() {
    let stage = Stage::new().await;
    assert_eq!(stage.status(post(&ONE, &body(&ONE, 24))).await, 200);
    assert_eq!(stage.events().len(), 25);
    assert_eq!(stage.cloud.count("SendMessageBatch"), 1 + 3);
}

#[tokio::test]
async fn the_signature_is_over_the_bytes_as_they_came() {
    let escaped = body(&ONE, 1)
        .replace('👋', "\\ud83d\\udc4b")
        .replace('/', "\\/");
    let spaced = format!("\r\n {} \n", body(&ONE, 1));
    for text in [body(&ONE, 1), escaped, spaced] {
        for event in [post(&ONE, &text), post_bytes(&ONE, text.as_bytes())] {
            let stage = Stage::new().await;
            assert_eq!(stage.status(event).await, 200, "{text:.40}");
            assert_eq!(stage.events().len(), 2, "{text:.40}");
        }
    }
}

#[tokio::test]
async fn what_is_signed_and_unreadable_is_kept_as_it_came_and_not_asked_for_again() {
    let stage = Stage::new().await;
    let bodies: [&[u8]; 5] = [b"", b"{", b"\xff\xfe", b"\xef\xbb\xbf{}", b"\0"];
    for body in bodies {
        assert_eq!(stage.status(post_bytes(&ONE, body)).await, 200, "{body:?}");
    }
    let events = stage.events();
    assert_eq!(events.len(), bodies.len());
    assert!(
        events
            .iter()
            .all(|event| event["event"]["kind"] == "account")
    );
    assert!(events.iter().any(|event| event["event"]["payload"] == "{"));
}

#[tokio::test]
async fn what_is_too_large_for_the_queue_is_marked_and_more_than_any_provider_sends_is_refused() {
    let stage = Stage::new().await;
    let long = body(&ONE, 1).replacen(
        "\"messages\":[{",
        &format!("\"messages\":[{{\"pad\":\"{}\",", "x".repeat(300_000)),
        1,
    );
    assert_eq!(stage.status(post(&ONE, &long)).await, 200);
    let events = stage.events();
    assert!(
        events
            .iter()
            .any(|event| event["event"]["payload"]["too_large"].as_u64() > Some(300_000))
    );
    assert_eq!(stage.status(post(&ONE, &body(&ONE, 2_100))).await, 413);
    assert_eq!(stage.events().len(), events.len());
}

#[tokio::test]
async fn another_accounts_number_in_a_signed_body_is_quarantined() {
    let stage = Stage::new().await;
    // Signed by tenant one on tenant one's URL, speaking of tenant two's number.
    assert_eq!(stage.status(post(&ONE, &body(&TWO, 1))).await, 200);
    let events = stage.events();
    assert_eq!(events.len(), 2);
    for event in events {
        assert_eq!(event["tenant"], ONE.tenant);
        assert_eq!(event["event"]["kind"], "quarantined");
        assert_eq!(event["event"]["account"], TWO.phone);
    }
}

#[tokio::test]
async fn an_event_without_any_account_is_quarantined() {
    let stage = Stage::new().await;
    let text = json!({"object": "whatsapp_business_account",
        "entry": [{"changes": [{"field": "account_update", "value": {"event": "VERIFIED_ACCOUNT"}}]}]});
    assert_eq!(stage.status(post(&ONE, &text.to_string())).await, 200);
    assert_eq!(stage.events()[0]["event"]["kind"], "quarantined");
}

#[tokio::test]
async fn news_of_the_business_account_is_an_event_of_its_own_kind() {
    let stage = Stage::new().await;
    let text = json!({"object": "whatsapp_business_account", "entry": [{"id": ONE.waba, "time": 1767225000,
        "changes": [{"field": "account_update", "value": {"event": "VERIFIED_ACCOUNT"}}]}]});
    assert_eq!(stage.status(post(&ONE, &text.to_string())).await, 200);
    assert_eq!(stage.events()[0]["event"]["kind"], "account");
}

#[tokio::test]
async fn nothing_to_tell_is_nothing_to_queue() {
    let stage = Stage::new().await;
    let empty = r#"{"object":"whatsapp_business_account","entry":[]}"#;
    let other = r#"{"object":"page","entry":[{"id":"1","changes":[]}]}"#;
    for body in [empty, other, "{}"] {
        assert_eq!(stage.status(post(&ONE, body)).await, 200, "{body}");
    }
    assert!(stage.events().is_empty());
}

#[tokio::test]
async fn a_queue_that_took_a_part_gets_the_whole_again() {
    let stage = Stage::new().await;
    // The call before puts the opening on record.
    let calls = Calls::of("SendMessageBatch").on(names::INBOUND).after(1);
    stage.cloud.faults().fail(calls, Fault::Partial(1));
    let event = post(&ONE, &body(&ONE, 2));
    assert_eq!(stage.status(event.clone()).await, 503);
    assert_eq!(stage.status(event).await, 200);
    // The first event is there twice; the router keeps it once.
    assert_eq!(stage.events().len(), 4);
}
