//! What the sandbox sends to us.

use std::collections::HashMap;
use std::time::Duration;

use http::{Method, StatusCode};
use ring::hmac;
use serde_json::{Value, json};

use crate::harness::{Post, Receiver, World, text_message};

fn is_signed(post: &Post, secret: &str) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let expected = hex::encode(hmac::sign(&key, &post.body));
    post.header("x-hub-signature-256") == format!("sha256={expected}")
}

async fn registered() -> (World, Receiver) {
    let (world, receiver) = (World::start().await, Receiver::start().await);
    world.register(&receiver).await;
    (world, receiver)
}

#[tokio::test]
async fn a_sent_message_is_followed_by_its_statuses_in_order() {
    let (world, receiver) = registered().await;
    let mut message = text_message("hello");
    message["biz_opaque_callback_data"] = "our/id-ü".into();
    let id = world.send(message).await.body["messages"][0]["id"].clone();
    let posts = receiver.posts(3).await;
    for (post, name) in posts.iter().zip(["sent", "delivered", "read"]) {
        assert!(is_signed(post, &world.account.secret));
        assert_eq!(post.header("content-type"), "application/json");
        let body = post.json();
        assert_eq!(body["object"], "whatsapp_business_account");
        assert_eq!(body["entry"][0]["id"], world.account.waba);
        let change = &body["entry"][0]["changes"][0];
        assert_eq!(change["field"], "messages");
        assert_eq!(
            change["value"]["metadata"]["phone_number_id"],
            world.account.phone
        );
        let status = &change["value"]["statuses"][0];
        assert_eq!((&status["id"], &status["status"]), (&id, &json!(name)));
        assert_eq!(status["recipient_id"], "14155550199");
        assert_eq!(status["biz_opaque_callback_data"], "our/id-ü");
        assert!(status["timestamp"].is_string());
    }
    let raw = String::from_utf8(posts[0].body.to_vec()).unwrap();
    assert!(raw.contains(r"our\/id-\u00fc") && raw.is_ascii(), "{raw}");
}

#[tokio::test]
async fn the_number_s_own_url_goes_before_that_of_the_account() {
    let (world, receiver) = registered().await;
    let own = Receiver::start().await;
    let configuration = json!({ "webhook_configuration":
        { "override_callback_uri": own.url(), "verify_token": crate::harness::VERIFY_TOKEN } });
    assert_eq!(
        world
            .graph(Method::POST, &world.account.phone, configuration)
            .await
            .status,
        200
    );
    world.send(text_message("hello")).await;
    own.posts(3).await;
    let list = world.control(Method::GET, "webhooks", Value::Null).await;
    assert!(
        list.as_array()
            .unwrap()
            .iter()
            .all(|delivery| delivery["url"] == own.url())
    );
    assert!(receiver.posts(0).await.is_empty());
}

#[tokio::test]
async fn without_a_subscription_or_with_statuses_off_nothing_is_sent() {
    let (world, receiver) = registered().await;
    world
        .control(Method::POST, "settings", json!({ "statuses": false }))
        .await;
    world.send(text_message("hello")).await;
    world
        .control(Method::POST, "settings", json!({ "statuses": true }))
        .await;
    let path = format!("{}/subscribed_apps", world.account.waba);
    world.graph(Method::DELETE, &path, Value::Null).await;
    world.send(text_message("hello")).await;
    tokio::time::sleep(Duration::from_millis(40)).await;
    assert!(receiver.posts(0).await.is_empty());
}

#[tokio::test]
async fn what_is_not_answered_with_200_comes_again() {
    let (world, receiver) = registered().await;
    *receiver.seen.answers.lock().unwrap() =
        vec![StatusCode::ACCEPTED, StatusCode::INTERNAL_SERVER_ERROR];
    world.send(text_message("hello")).await;
    let posts = receiver.posts(5).await;
    let names: Vec<String> = posts
        .iter()
        .map(|post| post.statuses()[0].1.clone())
        .collect();
    assert_eq!(names, ["sent", "sent", "sent", "delivered", "read"]);
    assert_eq!(posts[0].body, posts[2].body);
    let list = world
        .control(Method::GET, "webhooks?account=one", Value::Null)
        .await;
    assert_eq!(
        (&list[0]["attempts"], &list[0]["status"]),
        (&json!(3), &json!(200))
    );
}

#[tokio::test]
async fn a_slow_receiver_gets_batches_in_which_each_message_keeps_its_order() {
    const MESSAGES: usize = 300;
    let (world, receiver) = registered().await;
    *receiver.seen.pause.lock().unwrap() = Duration::from_millis(30);
    for _ in 0..MESSAGES {
        assert_eq!(world.send(text_message("hello")).await.status, 200);
    }
    let count = |posts: &[Post]| {
        posts
            .iter()
            .map(|post| post.statuses().len())
            .sum::<usize>()
    };
    let posts = receiver
        .posts_until(|posts| count(posts) >= 3 * MESSAGES)
        .await;
    assert!(posts.len() < 3 * MESSAGES / 2, "{} posts", posts.len());
    let mut seen: HashMap<String, Vec<String>> = HashMap::new();
    for (id, name) in posts.iter().flat_map(Post::statuses) {
        seen.entry(id).or_default().push(name);
    }
    assert_eq!(seen.len(), MESSAGES);
    assert!(
        seen.values()
            .all(|names| *names == ["sent", "delivered", "read"])
    );
}

#[tokio::test]
async fn an_inbound_text_is_delivered_and_our_answer_told() {
    let (world, receiver) = registered().await;
    let wanted = json!({ "provider": "whatsapp", "from": "4915550001", "text": "grüß/dich 😀" });
    let told = world.control(Method::POST, "send", wanted).await;
    assert_eq!(
        (&told["status"], &told["url"]),
        (&json!(200), &json!(receiver.url()))
    );
    let post = &receiver.posts(1).await[0];
    assert!(is_signed(post, &world.account.secret));
    assert!(String::from_utf8_lossy(&post.body).contains(r"gr\u00fc\u00df\/dich \ud83d\ude00"));
    let value = &post.json()["entry"][0]["changes"][0]["value"];
    assert_eq!(value["messages"][0]["text"]["body"], "grüß/dich 😀");
    assert_eq!(value["messages"][0]["from"], "4915550001");
    assert_eq!(value["messages"][0]["id"], told["message_id"]);
    assert_eq!(value["contacts"][0]["wa_id"], "4915550001");
    assert_eq!(value["metadata"]["phone_number_id"], world.account.phone);
}

#[tokio::test]
async fn events_can_be_anything() {
    let (world, receiver) = registered().await;
    *receiver.seen.answers.lock().unwrap() = vec![StatusCode::UNAUTHORIZED];
    let send = async |fields: Value| {
        let mut wanted = json!({ "provider": "whatsapp" });
        wanted
            .as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        world.control(Method::POST, "send", wanted).await
    };
    let told = send(json!({ "text": "hi", "tamper": true, "phone_number_id": "99" })).await;
    assert_eq!(told["status"], 401);
    send(json!({ "message": { "type": "image", "id": "wamid.fixed", "image": { "id": "5" } } }))
        .await;
    send(json!({ "value": { "event": "VERIFIED_ACCOUNT" }, "field": "account_update", "waba_id": "7" })).await;
    send(json!({ "raw_body": "not json" })).await;
    send(json!({ "raw_body": { "object": "page" } })).await;

    let posts = receiver.posts(5).await;
    assert!(!is_signed(&posts[0], &world.account.secret));
    assert!(
        posts[1..]
            .iter()
            .all(|post| is_signed(post, &world.account.secret))
    );
    let change = |post: &Post| post.json()["entry"][0]["changes"][0].clone();
    assert_eq!(
        change(&posts[0])["value"]["metadata"]["phone_number_id"],
        "99"
    );
    assert_eq!(
        change(&posts[1])["value"]["messages"][0]["id"],
        "wamid.fixed"
    );
    assert_eq!(change(&posts[2])["field"], "account_update");
    assert_eq!(posts[2].json()["entry"][0]["id"], "7");
    assert_eq!(&posts[3].body[..], b"not json");
    assert_eq!(posts[4].json(), json!({ "object": "page" }));
}

#[tokio::test]
async fn events_that_cannot_be_sent_are_refused() {
    let world = World::start().await;
    let send = async |wanted: Value| {
        let answer = world.try_control(Method::POST, "send", wanted).await;
        (
            answer.status,
            answer.body["field"].as_str().map(str::to_owned),
        )
    };
    let field = |name: &str| (400, Some(name.to_owned()));
    assert_eq!(
        send(json!({ "provider": "whatsapp", "text": "hi" })).await,
        (409, None)
    );
    assert_eq!(send(json!({ "text": "hi" })).await, field("provider"));
    assert_eq!(
        send(json!({ "provider": "whatsapp", "account": "x" })).await,
        field("account")
    );
    assert_eq!(
        send(json!({ "provider": "whatsapp", "txt": "x" })).await,
        field("txt")
    );
    let receiver = Receiver::start().await;
    world.register(&receiver).await;
    assert_eq!(send(json!({ "provider": "whatsapp" })).await, field("text"));
    let both = json!({ "provider": "whatsapp", "text": "a", "value": {} });
    assert_eq!(send(both).await, field("value"));
    let typeless = json!({ "provider": "whatsapp", "message": {} });
    assert_eq!(send(typeless).await, field("message"));
}
