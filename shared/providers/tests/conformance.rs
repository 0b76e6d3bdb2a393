//! What is asked of every provider in the list, whoever it is.
#![expect(
    clippy::expect_used,
    reason = "a test that cannot go on says what it expected"
)]

use domain::FailureKind::{OutcomeUnknown, Throttled, Unavailable};
use domain::{Credentials, Failure, MessageId, Timestamp};
use providers::form::Filled;
use providers::http::Egress;
use providers::{ALL, Overrides, Provider, WebhookRequest};
use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// Answers every request alike, on loopback.
struct Server {
    url: String,
    _serving: JoinSet<()>,
}

impl Server {
    async fn answering(status: u16, body: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let reply = format!(
                    "HTTP/1.1 {status} X\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                    body.len()
                );
                let mut request = [0; 8192];
                if stream.read(&mut request).await.is_ok() {
                    stream.write_all(reply.as_bytes()).await.unwrap_or_default();
                }
            }
        });
        Self {
            url,
            _serving: serving,
        }
    }
}

/// A form filled in with made-up values of the right look.
fn filled(provider: &dyn Provider) -> Filled {
    let mut form = Map::new();
    for field in provider.descriptor().fields {
        let canary = format!("CANARY{}", "0123456789abcdef".repeat(3));
        let value = match field.form {
            providers::descriptor::Form::Token { max, .. } => {
                canary[..canary.len().min(max)].to_owned()
            }
            _ => field.example.to_owned(),
        };
        form.insert(field.name.to_owned(), value.into());
    }
    providers::form::read(provider, form, None).expect("examples fit their fields")
}

/// What a check and a send make of a server's answer.
async fn failures(provider: &dyn Provider, status: u16, body: &'static str) -> Vec<Failure> {
    let server = Server::answering(status, body).await;
    let filled = filled(provider);
    let overrides: Value = json!({ provider.descriptor().id: {"base_url": server.url} });
    let overrides: Overrides = serde_json::from_value(overrides).expect("overrides");
    let http = Egress::new(None).expect("a client");
    let connection = overrides.connect(provider, &filled.settings, &filled.credentials, &http);
    let mut failures: Vec<Failure> = provider.check(connection).await.err().into_iter().collect();
    if let Some(messages) = provider.messages() {
        let payload =
            serde_json::value::to_raw_value(&json!({"to": "1", "type": "text"})).expect("JSON");
        let id = MessageId::parse("m-1").expect("valid");
        failures.extend(messages.send(connection, &id, &payload).await.err());
    }
    for failure in &failures {
        let printed = format!("{failure:?} {failure} {filled:?}");
        assert!(!printed.contains("CANARY"), "{printed}");
        assert!(
            !failure.detail.is_empty() && !failure.hint.is_empty(),
            "{printed}"
        );
    }
    assert!(
        !failures.is_empty(),
        "{} takes {status} {body} for success",
        provider.descriptor().id
    );
    failures
}

#[tokio::test]
async fn a_401_rejects_the_credential() {
    for provider in ALL {
        for failure in failures(*provider, 401, r#"{"error":{"code":190}}"#).await {
            assert!(failure.kind.blames_credentials(), "{failure:?}");
        }
    }
}

#[tokio::test]
async fn a_429_throttles() {
    for provider in ALL {
        for body in ["", "{}", "<html>"] {
            for failure in failures(*provider, 429, body).await {
                assert_eq!(failure.kind, Throttled, "{body}");
            }
        }
    }
}

#[tokio::test]
async fn trouble_and_garbage_blame_nobody() {
    for provider in ALL {
        for (status, body) in [
            (500, ""),
            (502, "<html>"),
            (503, "{}"),
            (599, "x"),
            (200, ""),
            (200, "garbage"),
            (200, "[]"),
        ] {
            for failure in failures(*provider, status, body).await {
                assert!(
                    matches!(failure.kind, Unavailable | OutcomeUnknown),
                    "{status} {body}: {failure:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_redirect_is_never_followed() {
    for provider in ALL {
        for status in [301, 302, 307, 308] {
            for failure in failures(*provider, status, "").await {
                // Following it would have ended where nobody listens.
                assert_ne!(failure.kind, Unavailable, "{status}");
                assert!(!failure.kind.blames_credentials());
            }
        }
    }
}

#[tokio::test]
async fn an_endless_answer_is_cut_off() {
    let body: &'static str = Box::leak(" ".repeat(2 * 1024 * 1024).into_boxed_str());
    for provider in ALL {
        for failure in failures(*provider, 200, body).await {
            assert!(
                matches!(failure.kind, Unavailable | OutcomeUnknown),
                "{failure:?}"
            );
        }
    }
}

#[test]
fn a_webhook_without_a_right_signature_is_refused() {
    for provider in ALL {
        let Some(webhooks) = provider.webhooks() else {
            continue;
        };
        let secret = webhooks.secret(&filled(*provider).credentials, &"verify".to_owned().into());
        let secret = secret.expect("a full form has what it takes");
        for secret in [None, Some(&Credentials::default()), Some(&secret)] {
            let verifier = webhooks.verifier(secret);
            for header in [None, Some(""), Some("x"), Some("sha256="), Some("v0=")] {
                let lookup = |_: &str| header;
                let request = WebhookRequest {
                    header: &lookup,
                    body: b"{}",
                    received_at: Timestamp::from_seconds(1_767_225_600),
                };
                assert!(!verifier.is_genuine(request), "{header:?}");
            }
            assert_eq!(verifier.answer_handshake(&[]), None);
        }
    }
}

#[test]
fn examples_and_defaults_fit_their_fields() {
    for provider in ALL {
        let filled = filled(*provider);
        let accounts = provider.accounts(&filled.settings);
        assert!(
            !accounts.exclusive.is_empty(),
            "{}",
            provider.descriptor().id
        );
        for field in provider.descriptor().fields {
            if let Some(default) = field.default {
                assert_eq!(field.form.objection(default), None, "{}", field.name);
                assert!(!field.secret, "{} is secret and has a default", field.name);
            }
        }
    }
}
