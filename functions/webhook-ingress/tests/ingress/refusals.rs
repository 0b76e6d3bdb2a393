//! Whatever is wrong with a request, it is answered alike and nothing happens.

use serde_json::{Value, json};

use crate::stage::{ONE, Stage, TWO, body, path_of, post, sign};

fn with_header(value: Option<&str>) -> Value {
    let mut event = post(&ONE, &body(&ONE, 1));
    match value {
        Some(value) => event["headers"]["x-hub-signature-256"] = value.into(),
        None => event["headers"] = json!({}),
    }
    event
}

fn at(path: &str) -> Value {
    let mut event = post(&ONE, &body(&ONE, 1));
    event["rawPath"] = path.into();
    event
}

/// Each way of being wrong, with its name.
fn wrong() -> Vec<(String, Value)> {
    let text = body(&ONE, 1);
    let right = sign(&ONE, text.as_bytes());
    let hex = right.trim_start_matches("sha256=");
    let mut cases: Vec<(String, Value)> = vec![("no header".into(), with_header(None))];
    let many = vec![right.as_str(); 100].join(",");
    let headers = [
        String::new(),
        " ".into(),
        "sha256=".into(),
        "sha256".into(),
        "v0=".into(),
        "v1,".into(),
        hex.to_owned(),
        format!("sha1={hex}"),
        format!("SHA256={hex}"),
        format!("sha256={}", &hex[2..]),
        format!("sha256={}", &hex[1..]),
        format!("sha256={hex}00"),
        format!("sha256= {hex}"),
        format!("{right} "),
        format!("{right},{right}"),
        format!("sha256={}", "0".repeat(64)),
        format!("sha256={}", "g".repeat(64)),
        many,
        sign(&TWO, text.as_bytes()),
        sign(&ONE, format!("{text} ").as_bytes()),
    ];
    cases.extend(
        headers
            .iter()
            .map(|value| (format!("header {value:.80}"), with_header(Some(value)))),
    );
    let mut altered = post(&ONE, &text);
    altered["body"] = text.replace("wamid.IN0", "wamid.IN9").into();
    cases.push(("altered body".into(), altered));
    // Valid JSON of the same meaning is not the same bytes.
    let mut rewritten = post(&ONE, &text);
    rewritten["body"] = text
        .replace("नमस्ते", "\\u0928\\u092e\\u0938\\u094d\\u0924\\u0947")
        .into();
    cases.push(("rewritten body".into(), rewritten));
    let mut foreign = post(&ONE, &text);
    foreign["rawPath"] = path_of(&TWO).into();
    cases.push(("another tenant's URL".into(), foreign));
    let mut garbled = post(&ONE, "%%%");
    garbled["isBase64Encoded"] = true.into();
    cases.push(("not base 64".into(), garbled));
    let paths = [
        format!("/webhooks/whatsapp/{}x", ONE.token),
        "/webhooks/whatsapp/unknown".into(),
        format!("/webhooks/whatsapp/{}", "x".repeat(5_000)),
        "/webhooks/whatsapp/".into(),
        "/webhooks/whatsapp".into(),
        format!("/webhooks/telegram/{}", ONE.token),
        format!("/webhooks/WhatsApp/{}", ONE.token),
        format!("/webhooks/whatsapp/{}/x", ONE.token),
        format!("/hooks/whatsapp/{}", ONE.token),
        format!("/webhooks/whatsapp/{}", store::keys::route(ONE.token)),
        "/".into(),
        String::new(),
    ];
    cases.extend(
        paths
            .iter()
            .map(|path| (format!("path {path:.80}"), at(path))),
    );
    for method in ["PUT", "DELETE", "HEAD", ""] {
        let mut event = post(&ONE, &text);
        event["requestContext"]["http"]["method"] = method.into();
        cases.push((format!("method {method}"), event));
    }
    cases
}

#[tokio::test]
async fn all_refusals_are_the_same_to_the_byte_and_nothing_is_queued() {
    let stage = Stage::new().await;
    let expected = json!({"statusCode": 401, "body": "", "isBase64Encoded": false}).to_string();
    // Twice: a warm container must not tell either.
    for round in ["cold", "warm"] {
        for (what, event) in wrong() {
            let answer = stage.answer(event).await.to_string();
            assert_eq!(answer, expected, "{round}, {what}");
        }
    }
    assert!(stage.events().is_empty());
    // Each route's secret was opened once, and that alone is on record.
    let tenants: Vec<_> = stage
        .notices()
        .iter()
        .map(|n| n["tenant"].clone())
        .collect();
    assert_eq!(tenants.len(), 2, "{tenants:?}");
    assert!(stage.cloud.refused().is_empty());
}

#[tokio::test]
async fn every_provider_that_calls_us_refuses_without_a_secret() {
    let received_at = domain::Timestamp::from_seconds(1_767_225_600);
    for provider in providers::ALL {
        let Some(webhooks) = provider.webhooks() else {
            continue;
        };
        for body in [b"".as_slice(), b"{}"] {
            let unkeyed = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, b"");
            let signature = format!("sha256={}", hex::encode(ring::hmac::sign(&unkeyed, body)));
            let header = |_: &str| Some(signature.as_str());
            let request = providers::WebhookRequest {
                header: &header,
                body,
                received_at,
            };
            for secret in [None, Some(&domain::Credentials::default())] {
                let verifier = webhooks.verifier(secret);
                assert!(
                    !verifier.is_genuine(request),
                    "{}",
                    provider.descriptor().id
                );
                assert_eq!(verifier.answer_handshake(&[]), None);
            }
        }
    }
}

#[tokio::test]
async fn a_flood_of_unknown_urls_does_not_push_out_the_known_ones() {
    let stage = Stage::new().await;
    for number in 0..2_100 {
        let event = at(&format!("/webhooks/whatsapp/unknown-{number}"));
        assert_eq!(stage.status(event).await, 401);
    }
    stage.answer(post(&ONE, &body(&ONE, 0))).await;
    stage.cloud.reset_counts();
    assert_eq!(stage.status(post(&ONE, &body(&ONE, 0))).await, 200);
    assert_eq!(
        stage.cloud.counts(),
        [("SendMessageBatch".to_owned(), 1)].into()
    );
}

#[tokio::test]
async fn a_bad_signature_on_a_warm_route_costs_no_call() {
    let stage = Stage::new().await;
    stage.answer(post(&ONE, &body(&ONE, 0))).await;
    stage.cloud.reset_counts();
    for _ in 0..100 {
        assert_eq!(stage.status(with_header(Some("sha256=00"))).await, 401);
    }
    assert!(stage.cloud.counts().is_empty());
}
