//! Each kind of fault, on the wire.

use std::time::{Duration, Instant};

use http::Method;
use serde_json::{Value, json};

use crate::harness::{Receiver, World, text_message};

#[tokio::test]
async fn the_provider_s_own_errors() {
    let world = World::start().await;
    for (fault, expected) in [
        ("rate_limit", (400, 130_429, None)),
        ("bad_credential", (401, 190, None)),
        ("missing_scope", (403, 10, None)),
    ] {
        world.fault(json!({ "fault": fault })).await;
        let answer = world.send(text_message("hello")).await;
        assert_eq!(answer.error(), expected, "{fault}");
        assert!(answer.headers.contains_key("facebook-api-version"));
    }
    assert_eq!(
        world.send(text_message("hello")).await.status,
        200,
        "each was for one request"
    );
}

#[tokio::test]
async fn any_answer() {
    let world = World::start().await;
    world.fault(json!({ "fault": { "status": 503, "body": { "a": 1 }, "headers": { "retry-after": "7" } } })).await;
    let answer = world.send(text_message("hello")).await;
    assert_eq!((answer.status, &answer.body), (503, &json!({ "a": 1 })));
    assert_eq!(answer.headers["retry-after"], "7");
    world
        .fault(json!({ "fault": "status", "status": 502, "body": "<html>" }))
        .await;
    let answer = world.send(text_message("hello")).await;
    assert_eq!((answer.status, &answer.body), (502, &json!("<html>")));
}

#[tokio::test]
async fn a_late_answer() {
    let world = World::start().await;
    for fault in [
        json!({ "fault": { "delay_ms": 80 } }),
        json!({ "fault": "delay_ms", "delay_ms": 80 }),
        json!({ "fault": { "fault": "delay_ms", "delay_ms": 80 } }),
    ] {
        world.fault(fault).await;
        let begin = Instant::now();
        assert_eq!(world.send(text_message("hello")).await.status, 200);
        assert!(begin.elapsed() >= Duration::from_millis(80));
    }
}

#[tokio::test]
async fn a_reset_before_anything_happened() {
    let (world, receiver) = (World::start().await, Receiver::start().await);
    world.register(&receiver).await;
    world.fault(json!({ "fault": "reset" })).await;
    let error = world.try_send(text_message("hello")).await.unwrap_err();
    assert!(error.to_lowercase().contains("reset"), "{error}");
    tokio::time::sleep(Duration::from_millis(40)).await;
    assert!(
        receiver.posts(0).await.is_empty(),
        "the message was not accepted"
    );
    let last = world.requests().await.pop().unwrap();
    assert_eq!(
        (&last["status"], &last["fault"]),
        (&Value::Null, &json!("reset"))
    );
}

#[tokio::test]
async fn a_reset_after_the_message_was_accepted() {
    let (world, receiver) = (World::start().await, Receiver::start().await);
    world.register(&receiver).await;
    world
        .fault(json!({ "fault": "accept_then_reset", "path": "/messages" }))
        .await;
    let mut message = text_message("hello");
    message["biz_opaque_callback_data"] = "mine".into();
    let error = world.try_send(message).await.unwrap_err();
    assert!(error.to_lowercase().contains("reset"), "{error}");
    let posts = receiver.posts(3).await;
    let status = &posts[0].json()["entry"][0]["changes"][0]["value"]["statuses"][0];
    assert_eq!(status["biz_opaque_callback_data"], "mine");
}

#[tokio::test]
async fn an_answer_that_breaks_off() {
    let world = World::start().await;
    world.fault(json!({ "fault": "truncate" })).await;
    let error = world.try_send(text_message("hello")).await.unwrap_err();
    assert!(
        error.contains("end of file") || error.contains("closed"),
        "{error}"
    );
    let last = world.requests().await.pop().unwrap();
    assert_eq!(last["status"], 200);
}

#[tokio::test]
async fn faults_meet_only_what_they_are_for() {
    let world = World::start().await;
    let two = World::of("two").await.account;
    world
        .fault(json!({ "fault": "rate_limit", "path": "/messages", "account": "two", "times": 2 }))
        .await;
    assert_eq!(
        world.send(text_message("hello")).await.status,
        200,
        "of another account"
    );
    let as_two = async |path: &str, body: Value| {
        let method = if body.is_null() {
            Method::GET
        } else {
            Method::POST
        };
        world
            .graph_as(&two.token, method, path, body)
            .await
            .unwrap()
            .status
    };
    assert_eq!(
        as_two(&two.phone, Value::Null).await,
        200,
        "of another path"
    );
    let path = format!("{}/messages", two.phone);
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(as_two(&path, text_message("hello")).await);
    }
    assert_eq!(statuses, [400, 400, 200]);

    world
        .fault(json!({ "fault": "rate_limit", "times": 0 }))
        .await;
    for _ in 0..3 {
        assert_eq!(world.send(text_message("hello")).await.status, 400);
    }
    let list = world.control(Method::GET, "faults", Value::Null).await;
    assert_eq!(
        (
            &list[0]["times"],
            &list[0]["hits"],
            list.as_array().unwrap().len()
        ),
        (&json!(0), &json!(3), 1)
    );
    world.control(Method::DELETE, "faults", Value::Null).await;
    assert_eq!(world.send(text_message("hello")).await.status, 200);
}

#[tokio::test]
async fn wrong_faults_are_refused_by_name() {
    let world = World::start().await;
    for (wrong, field) in [
        (json!({ "fault": "reset" }), "provider"),
        (json!({ "provider": "fax", "fault": "reset" }), "provider"),
        (json!({ "provider": "whatsapp" }), "fault"),
        (
            json!({ "provider": "whatsapp", "fault": "explode" }),
            "fault",
        ),
        (json!({ "provider": "whatsapp", "fault": 5 }), "fault"),
        (json!({ "provider": "whatsapp", "fault": {} }), "fault"),
        (
            json!({ "provider": "whatsapp", "fault": "reset", "status": 500 }),
            "status",
        ),
        (
            json!({ "provider": "whatsapp", "fault": { "status": 99 } }),
            "status",
        ),
        (
            json!({ "provider": "whatsapp", "fault": { "status": 500, "delay_ms": 1 } }),
            "status",
        ),
        (
            json!({ "provider": "whatsapp", "fault": { "delay_ms": "1" } }),
            "delay_ms",
        ),
        (
            json!({ "provider": "whatsapp", "fault": "delay_ms" }),
            "delay_ms",
        ),
        (
            json!({ "provider": "whatsapp", "fault": { "status": 500, "headers": { "a b": "c" } } }),
            "headers",
        ),
        (
            json!({ "provider": "whatsapp", "fault": "reset", "times": -1 }),
            "times",
        ),
        (
            json!({ "provider": "whatsapp", "fault": "reset", "account": "nobody" }),
            "account",
        ),
        (
            json!({ "provider": "whatsapp", "fault": "reset", "paths": "x" }),
            "paths",
        ),
    ] {
        let answer = world
            .try_control(Method::POST, "faults", wrong.clone())
            .await;
        assert_eq!(
            (answer.status, answer.body["field"].as_str()),
            (400, Some(field)),
            "{wrong}"
        );
        assert!(answer.body["error"].as_str().unwrap().contains(field));
    }
    let nonsense = world.try_control(Method::POST, "faults", json!([1])).await;
    assert_eq!(nonsense.status, 400);
}
