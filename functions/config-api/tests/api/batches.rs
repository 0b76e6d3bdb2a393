//! Many messages in one request: each is taken in or refused as it would be alone, in few calls.

use std::num::NonZeroU32;

use contract::Quotas;
use serde_json::{Value, json};
use testing::cloud::{Calls, Fault};
use testing::switchboard as names;

use crate::sending_rights::{connect_own, grant};
use crate::stage::{
    ADMIN, AGENT, MANAGER, OPERATOR, Person, Reply, SERVICE, STRANGER, Stage, event,
};

pub(crate) const BATCH: &str = "/api/v1/messages/batch";

/// A message that is told from others by its number.
pub(crate) fn numbered(number: usize) -> Value {
    json!({"wabaPayload": {
        "to": format!("9198765{number:05}"), "type": "text", "text": {"body": format!("Hello {number}!")},
    }})
}

/// So many of them.
pub(crate) fn many(count: usize) -> Value {
    json!({"messages": (0..count).map(numbered).collect::<Vec<_>>()})
}

pub(crate) fn batch(messages: impl Into<Vec<Value>>) -> Value {
    json!({"messages": messages.into()})
}

async fn send(stage: &Stage, who: Person, body: Value) -> Reply {
    stage.call(who, "POST", BATCH, body).await
}

async fn send_under(stage: &Stage, who: Person, key: &str, body: Value) -> Reply {
    let headers = [("idempotency-key", key)];
    stage.call_with(who, "POST", BATCH, body, &headers).await
}

/// What became of each message, whether any was taken in or none.
fn outcomes(reply: &Reply) -> Vec<Value> {
    let told = match reply.status {
        202 => &reply.body["data"]["messages"],
        _ => &reply.body["items"],
    };
    let told = told.as_array().expect("a list").clone();
    assert!(
        told.iter()
            .enumerate()
            .all(|(place, one)| one["index"] == place)
    );
    told
}

/// In a word each: `accepted`, or the code.
fn words(reply: &Reply) -> Vec<String> {
    let word = |one: &Value| match one["status"].as_str() {
        Some(status) => status.to_owned(),
        None => one["error"]["code"].as_str().expect("a code").to_owned(),
    };
    outcomes(reply).iter().map(word).collect()
}

fn queued(stage: &Stage) -> Vec<Value> {
    let bodies = stage.cloud.messages(names::MESSAGES);
    let bodies = bodies
        .iter()
        .map(|body| serde_json::from_str(body).expect("JSON"));
    bodies.collect()
}

#[tokio::test]
async fn every_message_is_taken_in_and_answered_in_its_place() {
    let stage = Stage::new().await;
    for who in [ADMIN, SERVICE, OPERATOR] {
        let headers = [("x-switchboard-tenant", "t_one")];
        let reply = stage
            .call_with(who, "POST", BATCH, many(12), &headers)
            .await;
        assert_eq!(reply.status, 202, "{}", reply.text);
        let told = (
            &reply.body["data"]["accepted"],
            &reply.body["data"]["refused"],
        );
        assert_eq!(told, (&json!(12), &json!(0)));
        let queued = queued(&stage);
        for (place, one) in outcomes(&reply).iter().enumerate() {
            assert_eq!(one["status"], "accepted");
            let is_it = |message: &&Value| message["metadata"]["messageId"] == one["id"];
            let message = queued.iter().find(is_it).expect("queued");
            let mut metadata = json!({"tenantId": "t_one", "messageId": one["id"]});
            if who.role != "service" {
                metadata["userId"] = who.user.into();
            }
            assert_eq!(message["metadata"], metadata);
            assert_eq!(message["wabaPayload"], numbered(place)["wabaPayload"]);
            let id = one["id"].as_str().expect("an id");
            let shown = stage.get(ADMIN, &format!("/api/v1/messages/{id}")).await;
            assert_eq!(shown.body["data"]["status"], "accepted");
        }
    }
}

#[tokio::test]
async fn a_thousand_messages_take_a_hundred_and_forty_calls() {
    let stage = Stage::new().await;
    let mut thousand = many(1_000);
    let filling = "x".repeat(1_000);
    for one in thousand["messages"].as_array_mut().expect("a list") {
        let text = one["wabaPayload"]["text"]["body"].as_str().expect("text");
        one["wabaPayload"]["text"]["body"] = format!("{text} {filling}").into();
    }
    stage.cloud.reset_counts();
    let reply = send_under(&stage, ADMIN, "key-1", thousand.clone()).await;
    assert_eq!(reply.body["data"]["accepted"], 1_000, "{:.300}", reply.text);
    let calls = |name: &str, count| (name.to_owned(), count);
    let (inserts, sends) = (
        calls("BatchExecuteStatement", 40),
        calls("SendMessageBatch", 100),
    );
    let counts: Vec<_> = stage.cloud.counts().into_iter().collect();
    assert_eq!(counts, [inserts.clone(), sends.clone()]);
    // What it takes to read the hashes that are on record comes on top when it is asked again.
    stage.cloud.reset_counts();
    let again = send_under(&stage, ADMIN, "key-1", thousand).await;
    assert_eq!(again.text, reply.text);
    let counts: Vec<_> = stage.cloud.counts().into_iter().collect();
    assert_eq!(counts, [inserts, calls("BatchGetItem", 10), sends]);
}

#[tokio::test]
async fn what_somebody_may_send_through_is_read_once() {
    let (stage, _) = Stage::configured().await;
    grant(&stage, MANAGER).await;
    stage.cloud.reset_counts();
    let reply = send(&stage, MANAGER, many(100)).await;
    assert_eq!(reply.body["data"]["accepted"], 100, "{:.300}", reply.text);
    // Rosters, then permissions.
    assert_eq!(stage.cloud.count("BatchGetItem"), 2);
    assert_eq!(stage.cloud.count("GetItem") + stage.cloud.count("Query"), 0);
}

#[tokio::test]
async fn what_is_wrong_with_one_is_said_of_it_alone() {
    let stage = Stage::new().await;
    let of = |metadata: Value| {
        let mut message = numbered(0);
        message["metadata"] = metadata;
        message
    };
    let long = json!({"wabaPayload": {"text": "x".repeat(64 * 1024)}});
    let deep = (0..16).fold(json!("CANARY"), |inner, _| json!([inner]));
    let cases = [
        (numbered(1), "accepted", Value::Null),
        (json!("CANARY"), "invalid_body", Value::Null),
        (json!({}), "invalid_fields", json!("wabaPayload")),
        (
            of(json!({"channel": "CANARY"})),
            "invalid_fields",
            json!("metadata.channel"),
        ),
        (
            of(json!({"fallback": ["CANARY"]})),
            "invalid_fields",
            json!("metadata.fallback"),
        ),
        (of(json!({"tenantId": "t_two"})), "not_found", Value::Null),
        (of(json!({"userId": "u-other"})), "forbidden", Value::Null),
        (
            json!({"wabaPayload": {}, "colour": 1}),
            "invalid_fields",
            json!("colour"),
        ),
        (
            json!({"wabaPayload": {"a": deep}}),
            "invalid_body",
            json!("?"),
        ),
        (long, "body_too_large", Value::Null),
        (numbered(2), "accepted", Value::Null),
    ];
    let body = batch(cases.iter().map(|case| case.0.clone()).collect::<Vec<_>>());
    let reply = send(&stage, ADMIN, body).await;
    assert_eq!(reply.status, 202, "{}", reply.text);
    for (one, (given, word, field)) in outcomes(&reply).iter().zip(&cases) {
        let given = format!("{given:.60}");
        match *word {
            "accepted" => assert_eq!(one["status"], "accepted", "{given}"),
            code => {
                assert_eq!(one["error"]["code"], code, "{given}");
                assert_eq!(one["error"]["errors"][0]["field"], *field, "{given}");
                assert!(one["error"]["status"].as_u64() < Some(500) && one["id"].is_null());
            }
        }
    }
    assert_eq!(queued(&stage).len(), 2);
    assert_eq!(
        (
            &reply.body["data"]["accepted"],
            &reply.body["data"]["refused"]
        ),
        (&json!(2), &json!(9))
    );
    assert!(!reply.text.contains("CANARY"), "{}", reply.text);
}

#[tokio::test]
async fn if_none_is_taken_in_the_request_is_refused() {
    let stage = Stage::new().await;
    let body = batch([
        json!({}),
        json!({"wabaPayload": {}, "metadata": {"tenantId": "t_two"}}),
    ]);
    let reply = send(&stage, ADMIN, body).await;
    reply.is_problem(422, "no_message_accepted");
    assert_eq!(words(&reply), ["invalid_fields", "not_found"]);
    // Somebody who may send through nothing is told so of each.
    let reply = send(&stage, AGENT, many(2)).await;
    reply.is_problem(422, "no_message_accepted");
    assert_eq!(words(&reply), ["credentials_not_configured"; 2]);
    assert_eq!(stage.items(), [0; 4]);
    assert!(queued(&stage).is_empty());
}

#[tokio::test]
async fn i1_a_batch_has_bounds() {
    let stage = Stage::new().await;
    for body in [
        json!({"messages": []}),
        many(1_001),
        json!({"messages": {}}),
        json!({"messages": null}),
        json!({}),
        json!([]),
        json!({"messages": [numbered(1)], "colour": 1}),
    ] {
        let reply = send(&stage, ADMIN, body).await;
        reply.is_problem(422, "invalid_fields");
        assert_eq!(reply.body["errors"][0]["field"], "messages");
    }
    let twice = format!("{{\"messages\": [{0}], \"messages\": [{0}]}}", numbered(1));
    let large = format!("{{\"messages\": [{}\"x\"]}}", " ".repeat(4 * 1024 * 1024));
    for (body, status, code) in [
        (twice.as_str(), 422, "invalid_fields"),
        ("{\"messages\": [", 400, "invalid_body"),
        ("", 400, "invalid_body"),
        (&large, 413, "body_too_large"),
    ] {
        send(&stage, ADMIN, body.into())
            .await
            .is_problem(status, code);
    }
    let headers = [("content-type", "text/plain")];
    let reply = stage
        .call_with(ADMIN, "POST", BATCH, many(1), &headers)
        .await;
    reply.is_problem(415, "unsupported_media_type");
    for key in ["", "a b", &"x".repeat(129)] {
        send_under(&stage, ADMIN, key, many(1))
            .await
            .is_problem(400, "invalid_parameter");
    }
    assert_eq!(stage.items(), [0; 4]);
    // A thousand messages of four kilobytes are within them.
    let mut full = many(1_000);
    for one in full["messages"].as_array_mut().expect("a list") {
        one["wabaPayload"]["text"]["body"] = "x".repeat(4_000).into();
    }
    let reply = send(&stage, SERVICE, full).await;
    assert_eq!(reply.body["data"]["accepted"], 1_000, "{:.300}", reply.text);
}

#[tokio::test]
async fn i5_ten_messages_count_as_a_request() {
    let mut stage = Stage::new().await;
    let own = NonZeroU32::new(10).expect("a number");
    stage.pace(Quotas {
        own,
        ..Quotas::WIDE
    });
    for (count, status) in [(61, 202), (31, 429), (20, 202), (1, 429)] {
        let reply = send(&stage, ADMIN, many(count)).await;
        assert_eq!(reply.status, status, "{count}: {:.300}", reply.text);
    }
    assert_eq!(send(&stage, STRANGER, many(100)).await.status, 202);
}

#[tokio::test]
async fn what_the_queue_does_not_take_is_told_and_can_be_repeated() {
    let stage = Stage::new().await;
    let calls = Calls::of("SendMessageBatch").on(names::MESSAGES);
    stage.cloud.faults().fail(calls, Fault::Partial(3));
    let reply = send_under(&stage, ADMIN, "key-1", many(5)).await;
    assert_eq!(reply.status, 202, "{}", reply.text);
    let mut expected = ["accepted"; 5];
    expected[3..].fill("temporarily_unavailable");
    assert_eq!(words(&reply), expected);
    let refused = &outcomes(&reply)[4];
    assert_eq!(refused["error"]["status"], 503);
    assert_eq!(queued(&stage).len(), 3);
    let again = send_under(&stage, ADMIN, "key-1", many(5)).await;
    assert_eq!(words(&again), ["accepted"; 5]);
    assert_eq!(outcomes(&again)[4]["id"], refused["id"]);
    assert_eq!(queued(&stage).len(), 8);
}

#[tokio::test]
async fn what_nobody_took_is_a_problem_that_passes() {
    let stage = Stage::new().await;
    for operation in ["SendMessageBatch", "BatchExecuteStatement"] {
        for fault in [Fault::InternalError, Fault::AccessDenied, Fault::Reset] {
            stage
                .cloud
                .faults()
                .fail(Calls::of(operation).always(), fault);
            let reply = send_under(&stage, ADMIN, "key-1", many(30)).await;
            reply.is_problem(503, "temporarily_unavailable");
            assert_eq!(reply.headers["retry-after"], "5");
            assert_eq!(words(&reply), ["temporarily_unavailable"; 30]);
            stage.cloud.faults().clear();
        }
    }
    assert!(queued(&stage).is_empty());
    // One that will never be taken in does not hide that the others may be.
    stage
        .cloud
        .faults()
        .fail(Calls::of("SendMessageBatch").always(), Fault::InternalError);
    let reply = send(&stage, ADMIN, batch([json!({}), numbered(1)])).await;
    reply.is_problem(503, "temporarily_unavailable");
    assert_eq!(words(&reply), ["invalid_fields", "temporarily_unavailable"]);
    stage.cloud.faults().clear();
    let reply = send_under(&stage, ADMIN, "key-1", many(30)).await;
    assert_eq!(reply.body["data"]["accepted"], 30, "{}", reply.text);
}

#[tokio::test]
async fn what_is_not_on_record_does_not_go_on_the_queue() {
    let stage = Stage::new().await;
    let calls = Calls::of("BatchExecuteStatement").on(names::ACTIVITY);
    stage
        .cloud
        .faults()
        .fail(calls.times(2), Fault::Partial(10));
    let reply = send_under(&stage, ADMIN, "key-1", many(40)).await;
    assert_eq!(reply.body["data"]["accepted"], 20, "of two calls ten each");
    assert_eq!(queued(&stage).len(), 20);
    // What was known before cannot be told while it cannot be read; what is new is taken in all the same.
    let calls = Calls::of("BatchGetItem").always();
    stage.cloud.faults().fail(calls, Fault::AccessDenied);
    let again = send_under(&stage, ADMIN, "key-1", many(40)).await;
    let turned = |word: &String| match word.as_str() {
        "accepted" => "temporarily_unavailable",
        _ => "accepted",
    };
    assert_eq!(
        words(&again),
        words(&reply).iter().map(turned).collect::<Vec<_>>()
    );
    stage.cloud.faults().clear();
    let reply = send_under(&stage, ADMIN, "key-1", many(40)).await;
    assert_eq!(reply.body["data"]["accepted"], 40, "{}", reply.text);
}

#[tokio::test]
async fn nothing_is_taken_in_while_nobody_knows_who_may_send() {
    let (stage, _) = Stage::configured().await;
    grant(&stage, MANAGER).await;
    for nth in [0, 1] {
        let calls = Calls::of("BatchGetItem")
            .on(names::INTEGRATIONS)
            .after(nth)
            .times(3);
        stage.cloud.faults().fail(calls, Fault::InternalError);
        let reply = send(&stage, MANAGER, many(3)).await;
        reply.is_problem(503, "temporarily_unavailable");
        assert!(reply.body["items"].is_null());
        stage.cloud.faults().clear();
    }
    assert!(queued(&stage).is_empty());
    assert!(stage.cloud.items(names::ACTIVITY).is_empty());
}

#[tokio::test]
async fn s1_64_each_is_held_against_what_its_sender_may() {
    let (stage, configured) = Stage::configured().await;
    grant(&stage, MANAGER).await;
    let own = connect_own(&stage, AGENT, "two").await;
    let through = |metadata: Value| {
        let mut message = numbered(0);
        message["metadata"] = metadata;
        message
    };
    let messages = [
        through(json!({"integrationId": configured.id()})),
        through(json!({"integrationId": own})),
        through(json!({})),
        through(json!({"channel": "exotel_sms"})),
        through(json!({"messageId": "m-1"})),
        through(json!({"assignedTo": AGENT.user})),
    ];
    let reply = send(&stage, MANAGER, batch(messages.clone())).await;
    let none = "credentials_not_configured";
    let expected = [
        "accepted",
        none,
        "accepted",
        none,
        "invalid_fields",
        "forbidden",
    ];
    assert_eq!(words(&reply), expected);
    let reply = send(&stage, AGENT, batch(messages)).await;
    let expected = [
        "forbidden",
        "accepted",
        "accepted",
        none,
        "invalid_fields",
        "accepted",
    ];
    assert_eq!(words(&reply), expected);
    let tied = queued(&stage)
        .into_iter()
        .map(|one| one["metadata"]["integrationId"].clone());
    let of_agent = &tied.collect::<Vec<_>>()[2..];
    assert_eq!(of_agent, [own.as_str(), &own, &own]);
}

#[tokio::test]
async fn a4_items_may_bring_their_own_ids() {
    let stage = Stage::new().await;
    let named = |id: &str, number| {
        let mut message = numbered(number);
        message["metadata"] = json!({"messageId": id});
        message
    };
    // Two of one id are one message if they are the same, and else the first.
    let messages = [
        named("m-1", 1),
        named("m-2", 2),
        named("m-1", 1),
        named("m-2", 3),
    ];
    let reply = send(&stage, SERVICE, batch(messages.clone())).await;
    let expected = ["accepted", "accepted", "accepted", "idempotency_key_reused"];
    assert_eq!(words(&reply), expected);
    assert_eq!(outcomes(&reply)[0]["id"], "m-1");
    assert_eq!(queued(&stage).len(), 2);
    // Alone or among others, it is the same message.
    let alone = |message: Value| stage.call(SERVICE, "POST", "/api/v1/messages", message);
    assert_eq!(alone(named("m-1", 1)).await.status, 202);
    alone(named("m-2", 3))
        .await
        .is_problem(422, "idempotency_key_reused");
    // An id and a key both name the message.
    let reply = send_under(&stage, SERVICE, "key-1", batch(messages)).await;
    reply.is_problem(422, "no_message_accepted");
    assert_eq!(words(&reply), ["invalid_fields"; 4]);
}

#[tokio::test]
async fn a4_a_key_names_the_messages_of_a_batch_by_their_places() {
    let stage = Stage::new().await;
    let first = send_under(&stage, ADMIN, "key-1", many(3)).await;
    let again = send_under(&stage, SERVICE, "key-1", many(3)).await;
    assert_eq!((first.status, &first.text), (202, &again.text));
    // Those that differ are refused; those that are new are taken in.
    let changed = [numbered(0), numbered(7), numbered(2), numbered(3)];
    let reply = send_under(&stage, ADMIN, "key-1", batch(changed)).await;
    let expected = ["accepted", "idempotency_key_reused", "accepted", "accepted"];
    assert_eq!(words(&reply), expected);
    assert_eq!(outcomes(&reply)[1]["error"]["status"], 422);
    let ids = |reply: &Reply| -> Vec<Value> {
        outcomes(reply)
            .iter()
            .map(|one| one["id"].clone())
            .collect()
    };
    assert_eq!(ids(&reply)[2], ids(&first)[2]);
    // Another key, another tenant, and a request for one message name other messages.
    let mut all = ids(&first);
    all.extend(ids(&send_under(&stage, ADMIN, "key-2", many(3)).await));
    all.extend(ids(&send_under(&stage, STRANGER, "key-1", many(3)).await));
    let mut alone = event(ADMIN, "POST", "/api/v1/messages", &numbered(0));
    alone["headers"]["idempotency-key"] = "key-1".into();
    all.push(stage.raw(alone).await.id().into());
    let count = all.len();
    all.sort_by_key(Value::to_string);
    all.dedup();
    assert_eq!((count, all.len()), (10, 10));
}
