//! Which messages are taken and which are refused, and how.

use serde_json::{Value, json};

use crate::harness::{World, text_message};

/// A message of a type, otherwise right.
fn message(kind: &str, content: Value) -> Value {
    json!({ "messaging_product": "whatsapp", "to": "14155550199", "type": kind, kind: content })
}

/// The right text message with some fields set, or removed by null.
fn text_with(changes: Value) -> Value {
    let mut message = text_message("hello");
    let fields = message.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        fields.remove(name);
        if !value.is_null() {
            fields.insert(name.clone(), value.clone());
        }
    }
    message
}

fn interactive(kind: &str, action: Value) -> Value {
    message(
        "interactive",
        json!({ "type": kind, "body": { "text": "choose" }, "action": action }),
    )
}

fn reply_buttons(titles: &[&str]) -> Value {
    let button =
        |title: &&str| json!({ "type": "reply", "reply": { "id": title, "title": title } });
    interactive(
        "button",
        json!({ "buttons": titles.iter().map(button).collect::<Vec<_>>() }),
    )
}

fn rows(count: usize) -> Value {
    let row = |number| json!({ "id": format!("{number}"), "title": format!("row {number}") });
    interactive(
        "list",
        json!({ "button": "open", "sections": [{ "rows": (0..count).map(row).collect::<Vec<_>>() }] }),
    )
}

fn template(name: &str, language: &str, components: Value) -> Value {
    message(
        "template",
        json!({ "name": name, "language": { "code": language }, "components": components }),
    )
}

fn body(texts: &[&str]) -> Value {
    let parameter = |text: &&str| json!({ "type": "text", "text": text });
    json!({ "type": "body", "parameters": texts.iter().map(parameter).collect::<Vec<_>>() })
}

#[tokio::test]
async fn what_the_description_allows_is_accepted() {
    let world = World::start().await;
    let image =
        json!({ "type": "header", "parameters": [{ "type": "image", "image": { "id": "12" } }] });
    let url = json!({ "type": "button", "sub_type": "url", "index": "0",
        "parameters": [{ "type": "text", "text": "spring" }] });
    let named =
        |name: &str, text: &str| json!({ "type": "text", "parameter_name": name, "text": text });
    for accepted in [
        text_message(&"é".repeat(4096)),
        text_with(json!({ "type": null, "recipient_type": null })),
        text_with(
            json!({ "context": { "message_id": "wamid.x" }, "biz_opaque_callback_data": "x".repeat(512) }),
        ),
        text_with(json!({ "to": null, "recipient": "US.13491208655302741918" })),
        text_with(json!({ "to": "group-1", "recipient_type": "group" })),
        message(
            "image",
            json!({ "link": "https://files.example/a.png", "caption": "look" }),
        ),
        message("document", json!({ "id": "123", "filename": "a.pdf" })),
        message("audio", json!({ "id": "123", "voice": true })),
        message("sticker", json!({ "id": "123" })),
        message(
            "location",
            json!({ "latitude": "37.4", "longitude": -122.1, "name": "here" }),
        ),
        message(
            "reaction",
            json!({ "message_id": "wamid.x", "emoji": "👍" }),
        ),
        message("reaction", json!({ "message_id": "wamid.x", "emoji": "" })),
        message(
            "contacts",
            json!([{
                "name": { "formatted_name": "A B", "first_name": "A" },
                "phones": [{ "phone": "+1 415", "type": "WORK" }],
                "birthday": "2012-08-18",
            }]),
        ),
        reply_buttons(&["yes", "no", "later"]),
        rows(10),
        interactive(
            "cta_url",
            json!({ "name": "cta_url",
            "parameters": { "display_text": "open", "url": "https://a.example" } }),
        ),
        interactive(
            "location_request_message",
            json!({ "name": "send_location" }),
        ),
        interactive(
            "flow",
            json!({ "name": "flow",
            "parameters": { "flow_message_version": "3", "flow_id": "1", "flow_cta": "go" } }),
        ),
        template("hello_world", "en_US", json!([])),
        template("order_update", "en", json!([body(&["Ann", "17"])])),
        template("season_offer", "en", json!([image, body(&["Ann"]), url])),
        template(
            "appointment",
            "en",
            json!([
                { "type": "header", "parameters": [named("guest", "Ann")] },
                { "type": "body", "parameters": [named("hour", "9"), named("day", "Monday")] },
            ]),
        ),
    ] {
        let answer = world.send(accepted.clone()).await;
        assert_eq!(
            answer.status, 200,
            "{accepted} was answered {}",
            answer.body
        );
        assert!(
            answer.body["messages"][0]["id"]
                .as_str()
                .unwrap()
                .starts_with("wamid.")
        );
    }
}

#[tokio::test]
async fn the_answer_names_recipient_and_message() {
    let world = World::start().await;
    let body = world
        .send(text_with(json!({ "to": "+1 (415) 555-0199" })))
        .await
        .body;
    assert_eq!(body["messaging_product"], "whatsapp");
    assert_eq!(
        body["contacts"],
        json!([{ "input": "+1 (415) 555-0199", "wa_id": "14155550199" }])
    );
    let user = "US.13491208655302741918";
    let body = world
        .send(text_with(json!({ "to": null, "recipient": user })))
        .await
        .body;
    assert_eq!(
        body["contacts"],
        json!([{ "input": user, "user_id": user }])
    );
}

#[tokio::test]
async fn wrong_envelopes_are_refused() {
    let world = World::start().await;
    refused(
        &world,
        [
            (json!({}), 100),
            (text_with(json!({ "messaging_product": null })), 100),
            (text_with(json!({ "messaging_product": "sms" })), 100),
            (text_with(json!({ "to": null })), 100),
            (text_with(json!({ "to": 14_155_550_199_u64 })), 100),
            (text_with(json!({ "to": "somebody" })), 131_009),
            (text_with(json!({ "to": "+1 555 010 0001" })), 131_021),
            (text_with(json!({ "recipient": "US.1" })), 100),
            (
                text_with(json!({ "to": null, "recipient": "nobody" })),
                131_009,
            ),
            (text_with(json!({ "recipient_type": "crowd" })), 100),
            (text_with(json!({ "type": "fax" })), 100),
            (text_with(json!({ "type": "order" })), 131_051),
            (text_with(json!({ "type": "image" })), 100),
            (text_with(json!({ "text": null })), 131_008),
            (text_with(json!({ "text": "hello" })), 100),
            (text_with(json!({ "image": { "id": "1" } })), 100),
            (text_with(json!({ "colour": "red" })), 100),
            (text_with(json!({ "context": {} })), 131_008),
            (
                text_with(json!({ "biz_opaque_callback_data": "x".repeat(513) })),
                100,
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn wrong_contents_are_refused() {
    let world = World::start().await;
    refused(&world, [
        (text_message(""), 131_008),
        (text_message(&"é".repeat(4097)), 100),
        (text_with(json!({ "text": { "body": "a", "preview_url": "yes" } })), 100),
        (text_with(json!({ "text": { "body": "a", "colour": "red" } })), 100),
        (message("image", json!({})), 131_008),
        (message("image", json!({ "id": "1", "link": "https://a.example/b" })), 131_009),
        (message("image", json!({ "link": "a.png" })), 100),
        (message("image", json!({ "id": "1", "caption": "x".repeat(1025) })), 100),
        (message("image", json!({ "id": "1", "filename": "a.png" })), 100),
        (message("audio", json!({ "id": "1", "caption": "a" })), 100),
        (message("location", json!({ "latitude": 91, "longitude": 0 })), 100),
        (message("location", json!({ "latitude": 9 })), 131_008),
        (message("reaction", json!({ "message_id": "wamid.x" })), 131_008),
        (message("reaction", json!({ "message_id": "wamid.x", "emoji": "nice" })), 100),
        (message("contacts", json!([])), 100),
        (message("contacts", json!([{ "name": { "formatted_name": "A" } }])), 131_008),
        (message("contacts", json!([{ "name": { "formatted_name": "A", "first_name": "A" }, "birthday": "x" }])), 100),
        (interactive("poll", json!({})), 100),
        (message("interactive", json!({ "type": "button", "action": {} })), 131_008),
        (reply_buttons(&[]), 131_009),
        (reply_buttons(&["1", "2", "3", "4"]), 131_009),
        (reply_buttons(&["same", "same"]), 131_009),
        (reply_buttons(&["a title of 21 letters"]), 131_009),
        (rows(11), 131_009),
        (interactive("list", json!({ "sections": [{ "rows": [] }] })), 131_008),
        (interactive("cta_url", json!({ "name": "cta_url" })), 131_008),
        (interactive("flow", json!({ "name": "flow", "parameters": { "flow_message_version": "3", "flow_cta": "go" } })), 131_009),
        (interactive("product", json!({ "catalog_id": "1" })), 131_008),
    ])
    .await;
}

#[tokio::test]
async fn templates_have_to_fit() {
    let world = World::start().await;
    let button = |index: Value| {
        json!({ "type": "button", "sub_type": "url", "index": index,
        "parameters": [{ "type": "text", "text": "x" }] })
    };
    let image =
        json!({ "type": "header", "parameters": [{ "type": "image", "image": { "id": "12" } }] });
    let text_header = json!({ "type": "header", "parameters": [{ "type": "text", "text": "x" }] });
    let user = |mut message: Value| {
        message.as_object_mut().unwrap().remove("to");
        message["recipient"] = "US.1".into();
        message
    };
    refused(&world, [
        (template("nothing", "en", json!([])), 132_001),
        (template("hello_world", "fr", json!([])), 132_001),
        (template("in_review", "en", json!([])), 132_001),
        (template("paused_offer", "en", json!([])), 132_015),
        (template("disabled_offer", "en", json!([])), 132_016),
        (template("hello_world", "en_US", json!([body(&["extra"])])), 132_000),
        (template("order_update", "en", json!([body(&["one"])])), 132_000),
        (template("order_update", "en", json!([])), 132_000),
        (template("order_update", "en", json!([{ "type": "body", "parameters": [{ "type": "text" }, { "type": "text", "text": "b" }] }])), 131_008),
        (template("season_offer", "en", json!([body(&["Ann"]), button(json!("0"))])), 132_000),
        (template("season_offer", "en", json!([text_header, body(&["Ann"]), button(json!("0"))])), 132_012),
        (template("season_offer", "en", json!([image, body(&["Ann"])])), 131_008),
        (template("season_offer", "en", json!([image, body(&["Ann"]), button(json!("1"))])), 132_018),
        (template("season_offer", "en", json!([image, body(&["Ann"]), button(json!(0))])), 100),
        (template("appointment", "en", json!([text_header, body(&["a", "b"])])), 131_008),
        (user(template("sign_in_code", "en", json!([body(&["1"]), button(json!("0"))]))), 131_062),
        (message("template", json!({ "name": "hello_world" })), 131_008),
    ])
    .await;
    let missing = world.send(template("nothing", "en", json!([]))).await;
    assert_eq!(missing.status, 404);
    assert_eq!(
        missing.body["error"]["error_data"]["messaging_product"],
        "whatsapp"
    );
}

#[tokio::test]
async fn messages_can_be_marked_as_read() {
    let world = World::start().await;
    let receipt = json!({ "messaging_product": "whatsapp", "status": "read", "message_id": "wamid.x",
        "typing_indicator": { "type": "text" } });
    assert_eq!(world.send(receipt).await.body, json!({ "success": true }));
    refused(&world, [
        (json!({ "messaging_product": "whatsapp", "status": "read" }), 131_008),
        (json!({ "messaging_product": "whatsapp", "status": "seen", "message_id": "wamid.x" }), 100),
        (json!({ "messaging_product": "whatsapp", "status": "read", "message_id": "other" }), 100),
    ])
    .await;
}

async fn refused<const N: usize>(world: &World, cases: [(Value, i64); N]) {
    for (message, code) in cases {
        let answer = world.send(message.clone()).await;
        assert!(answer.status >= 400, "{message} was accepted");
        assert_eq!(
            answer.error().1,
            code,
            "{message} was answered {}",
            answer.body
        );
    }
}
