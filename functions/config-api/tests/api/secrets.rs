//! What is entered does not come back. That it is nowhere else either is shown in `tests/canary`.

use std::io::Write;
use std::sync::{Arc, Mutex};

use serde_json::json;
use testing::scan::Scanner;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;

use crate::stage::{ADMIN, INTEGRATIONS, Stage, WHATSAPP};

/// Where log lines go.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0
            .lock()
            .expect("no panic while logging")
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Our own code at the finest level, what is below us at the level that production has.
fn capture(lines: &Lines) -> tracing::subscriber::DefaultGuard {
    let ours = [
        "config_api",
        "webhook_ingress",
        "custody",
        "domain",
        "edge",
        "providers",
        "store",
        "vault",
    ];
    let filter = Targets::new()
        .with_default(LevelFilter::WARN)
        .with_targets(ours.map(|target| (target, LevelFilter::TRACE)));
    let lines = lines.clone();
    let layer = tracing_subscriber::fmt::layer()
        .json()
        .with_writer(move || lines.clone());
    tracing::subscriber::set_default(tracing_subscriber::registry().with(filter).with(layer))
}

/// Whether a text holds eight characters of a secret that follow one another; fewer are there by chance.
fn holds_part(text: &str, secret: &str) -> bool {
    let parts = secret.as_bytes().windows(8);
    let mut parts = parts.filter_map(|part| std::str::from_utf8(part).ok());
    parts.any(|part| text.contains(part))
}

#[tokio::test]
async fn e2_a_body_that_cannot_be_used_is_not_repeated() {
    const CANARY: &str = "CANARY-7f3a91c05be2d468";
    let scanner = Scanner::new([("canary", CANARY)]);
    let lines = Lines::default();
    let logging = capture(&lines);
    let stage = Stage::new().await;
    for (path, body) in [
        (WHATSAPP, format!(r#"{{"access_token":["{CANARY}"]}}"#)),
        (
            WHATSAPP,
            format!(r#"{{"phone_number_id":{{"{CANARY}":"{CANARY}"}}}}"#),
        ),
        (
            WHATSAPP,
            format!(r#"{{"{CANARY}":1,"name":["{CANARY}"],"priority":"{CANARY}"}}"#),
        ),
        (WHATSAPP, format!(r#"{{"{CANARY}":"{CANARY}"}}"#)),
        (WHATSAPP, format!(r#"{{"access_token":"{CANARY}"#)),
        (WHATSAPP, format!(r#""{CANARY}""#)),
        (INTEGRATIONS, format!(r#"{{"provider":"{CANARY}"}}"#)),
        (
            "/api/v1/messages",
            format!(r#"{{"{CANARY}":1,"wabaPayload":{{}}}}"#),
        ),
        (
            "/api/v1/messages",
            format!(r#"{{"metadata":{{"notAfter":"{CANARY}"}},"wabaPayload":{{}}}}"#),
        ),
    ] {
        assert!(!scanner.scan(body.as_bytes()).is_empty());
        let reply = stage.call(ADMIN, "POST", path, body.as_str()).await;
        assert!((400..500).contains(&reply.status), "{body}: {}", reply.text);
    }
    drop(logging);
    let lines = lines.0.lock().expect("no panic while logging").clone();
    assert!(!lines.is_empty());
    assert_eq!(scanner.scan(&lines), []);
    for answer in stage.answers.borrow().iter() {
        assert_eq!(scanner.scan(answer.as_bytes()), [], "{answer}");
    }
}

#[tokio::test]
async fn e4_what_was_entered_comes_back_as_set_with_its_last_four_characters_at_most() {
    let (stage, one) = Stage::configured().await;
    let by_id = format!("{INTEGRATIONS}/{}", one.id());
    let form = stage.form("one").await;
    stage.call(ADMIN, "POST", WHATSAPP, form.clone()).await;
    let name = json!({"name": "Front desk"});
    stage.call(ADMIN, "PATCH", &by_id, name).await;
    stage.get(ADMIN, INTEGRATIONS).await;
    let shown = stage.get(ADMIN, &by_id).await;

    assert!(shown.body["data"]["updated_at"].is_string());
    for field in ["access_token", "app_secret"] {
        let value = form[field].as_str().expect("text");
        assert!(value.len() > 20);
        let mask = shown.body["data"]["credentials"][field].clone();
        let fingerprint = mask["fingerprint"].as_str().expect("a fingerprint");
        let last4 = &value[value.len() - 4..];
        let expected = json!({"set": true, "last4": last4, "fingerprint": fingerprint});
        assert_eq!(mask, expected);
        // It tells that the same was entered twice, and another value from it; nobody can make it without the key.
        assert_eq!(one.body["data"]["credentials"][field], mask);
        let guess = domain::random::base32(&domain::random::sha256(value.as_bytes())[..8]);
        assert!(fingerprint.len() == 13 && fingerprint != guess);
        for answer in stage.answers.borrow().iter() {
            assert!(!holds_part(answer, value), "{field}: {answer}");
        }
        let half = json!({"set": true, "first": value[..value.len() / 2]});
        assert!(holds_part(&half.to_string(), value), "half of it is found");
    }
}

#[tokio::test]
#[should_panic(expected = "secrets stand in tables or on queues")]
async fn e1_control_a_secret_that_a_test_leaves_behind_is_noticed() {
    let stage = Stage::new().await;
    let form = stage.form("one").await;
    let text = json!({"body": form["access_token"]});
    let message = json!({"wabaPayload": {"to": "919876543220", "type": "text", "text": text}});
    stage.call(ADMIN, "POST", "/api/v1/messages", message).await;
}
