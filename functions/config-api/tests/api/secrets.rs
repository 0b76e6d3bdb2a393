//! The canary: after a whole life of an integration no secret stands anywhere in the clear.

use std::io::Write;
use std::sync::{Arc, Mutex};

use http::Method;
use serde_json::{Value, json};
use testing::scan::Scanner;
use testing::switchboard as names;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;

use crate::stage::{ADMIN, AGENT, INTEGRATIONS, STRANGER, Stage, WHATSAPP};

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

/// The tenant's own values, and those that we made and told the provider.
async fn secrets(stage: &Stage) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for account in ["one", "two"] {
        let form = stage.form(account).await;
        for name in ["access_token", "app_secret"] {
            let value = form[name].as_str().expect("text").to_owned();
            found.push((format!("{name} of {account}"), value));
        }
    }
    for call in stage.requests().await {
        let told = &call["body"]["webhook_configuration"];
        let token = told["override_callback_uri"]
            .as_str()
            .and_then(|url| url.rsplit('/').next());
        for (name, value) in [
            ("URL token", token),
            ("verify token", told["verify_token"].as_str()),
        ] {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                found.push((name.to_owned(), value.to_owned()));
            }
        }
    }
    found
}

#[tokio::test]
async fn no_secret_stands_anywhere_in_the_clear() {
    let lines = Lines::default();
    let logging = capture(&lines);
    let (stage, _) = Stage::configured().await;
    let form = stage.form("one").await;
    stage.call(ADMIN, "POST", WHATSAPP, form.clone()).await;
    stage
        .call(ADMIN, "PATCH", WHATSAPP, json!({"name": "Front desk"}))
        .await;
    // Refusals of every kind, each with secrets in the request.
    stage.call(STRANGER, "POST", WHATSAPP, form.clone()).await;
    stage.call(AGENT, "POST", WHATSAPP, form.clone()).await;
    stage
        .call(ADMIN, "POST", WHATSAPP, format!("{form}{form}"))
        .await;
    for field in ["waba_id", "graph_version", "name", "colour"] {
        let mut wrong = form.clone();
        wrong[field] = form["access_token"].clone();
        stage
            .call(ADMIN, "POST", WHATSAPP, wrong)
            .await
            .is_problem(422, "invalid_fields");
    }
    let mut wrong = form.clone();
    wrong["app_secret"] = stage.form("two").await["app_secret"].clone();
    stage
        .call(ADMIN, "POST", WHATSAPP, wrong)
        .await
        .is_problem(422, "permission_missing");
    for path in [INTEGRATIONS, WHATSAPP] {
        stage.get(ADMIN, path).await;
        stage.get(AGENT, path).await;
    }
    let message =
        json!({"wabaPayload": {"to": "919876543220", "type": "text", "text": {"body": "Hello!"}}});
    stage.call(ADMIN, "POST", "/api/v1/messages", message).await;
    let inbound = json!({"provider": "whatsapp", "text": "Hello!"});
    stage.control(Method::POST, "/_sandbox/send", inbound).await;
    stage.fault(json!("reset")).await;
    stage
        .call(ADMIN, "POST", WHATSAPP, form)
        .await
        .is_problem(503, "provider_unavailable");

    let secrets = secrets(&stage).await;
    let mut kept = dump(&stage);
    stage.call(ADMIN, "DELETE", WHATSAPP, Value::Null).await;
    drop(logging);
    kept.extend(dump(&stage));
    let lines = lines.0.lock().expect("no panic while logging").clone();
    kept.push((
        "logs".to_owned(),
        String::from_utf8_lossy(&lines).into_owned(),
    ));
    for answer in stage.answers.borrow().iter() {
        kept.push(("an answer".to_owned(), answer.clone()));
    }

    assert!(
        secrets.len() >= 6,
        "the URL's token and the verify token were told to the provider"
    );
    let scanner = Scanner::new(secrets);
    for (place, text) in &kept {
        assert!(
            scanner.scan(text.as_bytes()).is_empty(),
            "{place}: {:?}",
            scanner.scan(text.as_bytes())
        );
    }
    // All of it was looked at: each place holds something, and where secrets belong they are found.
    for place in [
        names::INTEGRATIONS,
        names::WEBHOOK_ROUTES,
        names::KEY_RINGS,
        names::AUDIT,
        names::ACTIVITY,
        names::MESSAGES,
        names::INBOUND,
        "logs",
        "an answer",
    ] {
        assert!(
            kept.iter().any(|(at, text)| at == place && text.len() > 2),
            "{place} is empty"
        );
    }
    let seen = Value::from(stage.requests().await).to_string();
    assert!(scanner.scan(seen.as_bytes()).len() >= 4);
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

/// Everything that is kept, by place.
fn dump(stage: &Stage) -> Vec<(String, String)> {
    let tables = [
        names::INTEGRATIONS,
        names::WEBHOOK_ROUTES,
        names::KEY_RINGS,
        names::AUDIT,
        names::ACTIVITY,
    ];
    let queues = [
        names::MESSAGES,
        names::MESSAGES_DLQ,
        names::INBOUND,
        names::INBOUND_DLQ,
    ];
    let items = tables.map(|table| {
        (
            table.to_owned(),
            Value::from(stage.cloud.items(table)).to_string(),
        )
    });
    let bodies = queues.map(|queue| (queue.to_owned(), stage.cloud.messages(queue).join("\n")));
    items.into_iter().chain(bodies).collect()
}
