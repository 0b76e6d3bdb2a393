//! What is asked of every provider in the list, whoever it is.
#![expect(
    clippy::expect_used,
    reason = "a test that cannot go on says what it expected"
)]

use domain::FailureKind::{NotFound, OutcomeUnknown, Throttled, Unavailable};
use domain::{Credentials, Failure, MessageId, Timestamp};
use providers::descriptor::{Availability, Capability};
use providers::field::Form;
use providers::form::Filled;
use providers::http::{Egress, MAX_ANSWER_BYTES, Reach};
use providers::{Overrides, Provider, WebhookRequest};
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

/// The providers that can be connected.
fn ready() -> impl Iterator<Item = &'static dyn Provider> {
    let all = providers::ALL.iter().copied();
    all.filter(|provider| provider.descriptor().availability == Availability::Ready)
}

/// A form filled in with made-up values of the right look.
fn filled(provider: &dyn Provider) -> Filled {
    let mut form = Map::new();
    for field in provider.descriptor().fields {
        let canary = format!("CANARY{}", "0123456789abcdef".repeat(3));
        let value: Value = match field.form {
            Form::Token { max, .. } if field.secret => canary[..canary.len().min(max)].into(),
            Form::Flag => (field.example == "true").into(),
            Form::Object => {
                let example: Map<String, Value> =
                    serde_json::from_str(field.example).expect("an object");
                let names = example.into_iter().map(|(name, _)| name);
                names
                    .map(|name| (name, Value::from(canary.as_str())))
                    .collect()
            }
            _ => field.example.into(),
        };
        form.insert(field.name.to_owned(), value);
    }
    providers::form::read(provider, form, None).expect("examples fit their fields")
}

/// What a check, a send and the lists make of a server's answer.
async fn failures(provider: &dyn Provider, status: u16, body: &'static str) -> Vec<Failure> {
    let server = Server::answering(status, body).await;
    let filled = filled(provider);
    let overrides: Value = json!({ provider.descriptor().id: {"base_url": server.url} });
    let overrides: Overrides = serde_json::from_value(overrides).expect("overrides");
    let http = Egress::new(Reach::new(&overrides)).expect("a client");
    let connection = overrides.connect(provider, &filled.settings, &filled.credentials, &http);
    let mut failures: Vec<Failure> = provider.check(connection).await.err().into_iter().collect();
    if let Some(messages) = provider.messages() {
        let payload =
            serde_json::value::to_raw_value(&json!({"to": "1", "type": "text"})).expect("JSON");
        let id = MessageId::parse("m-1").expect("valid");
        failures.extend(messages.send(connection, &id, &payload).await.err());
    }
    if let Some(numbers) = provider.phone_numbers() {
        failures.extend(numbers.list(connection).await.err());
    }
    if let Some(templates) = provider.templates() {
        failures.extend(templates.list(connection, None, 10).await.err());
    }
    for failure in &failures {
        let printed = format!("{failure:?} {failure} {filled:?}");
        assert!(!printed.contains("CANARY"), "{printed}");
        assert!(
            !failure.detail.is_empty() && !failure.hint.is_empty(),
            "{printed}"
        );
    }
    let is_success =
        status == 200 && !knows_its_answers(provider) && body.len() <= MAX_ANSWER_BYTES;
    assert_eq!(
        failures.is_empty(),
        is_success,
        "{} takes {status} {body} for success",
        provider.descriptor().id
    );
    failures
}

/// Whether it is known what the provider answers. A CRM of the tenant's own may answer anything.
fn knows_its_answers(provider: &dyn Provider) -> bool {
    provider.descriptor().id != "custom_crm"
}

/// Whether its first request carries no secret, so that a refusal of it says nothing about one.
fn asks_without_secrets_first(provider: &dyn Provider) -> bool {
    provider.descriptor().id == "chatwoot"
}

/// Whether garbage shows that another server than the provider's is at the address: only where a tenant chose it.
fn may_be_elsewhere(provider: &dyn Provider) -> bool {
    provider.descriptor().base_url.is_empty()
}

#[tokio::test]
async fn a_401_rejects_the_credential() {
    for provider in ready() {
        for failure in failures(provider, 401, r#"{"error":{"code":190}}"#).await {
            let blames = failure.kind.blames_credentials();
            assert_eq!(blames, !asks_without_secrets_first(provider), "{failure:?}");
        }
    }
}

#[tokio::test]
async fn a_429_throttles() {
    for provider in ready() {
        for body in ["", "{}", "<html>"] {
            for failure in failures(provider, 429, body).await {
                assert_eq!(failure.kind, Throttled, "{body}");
            }
        }
    }
}

#[tokio::test]
async fn trouble_and_garbage_blame_nobody() {
    for provider in ready() {
        for (status, body) in [
            (500, ""),
            (502, "<html>"),
            (503, "{}"),
            (599, "x"),
            (200, ""),
            (200, "garbage"),
            (200, "[]"),
        ] {
            for failure in failures(provider, status, body).await {
                let elsewhere = status == 200 && may_be_elsewhere(provider);
                assert!(
                    matches!(failure.kind, Unavailable | OutcomeUnknown)
                        || (elsewhere && failure.kind == NotFound),
                    "{status} {body}: {failure:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_redirect_is_never_followed() {
    for provider in ready() {
        for status in [301, 302, 303, 307, 308] {
            for failure in failures(provider, status, "").await {
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
    for provider in ready() {
        for failure in failures(provider, 200, body).await {
            assert!(
                matches!(failure.kind, Unavailable | OutcomeUnknown),
                "{failure:?}"
            );
        }
    }
}

#[test]
fn a_webhook_without_a_right_signature_is_refused() {
    for provider in ready() {
        let Some(webhooks) = provider.webhooks() else {
            continue;
        };
        let secret = webhooks.secret(&filled(provider).credentials, &"verify".to_owned().into());
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

/// Not every account may be connected only once, but a webhook that names another than the route's must be noticed.
#[test]
fn whoever_calls_us_has_an_account_to_name() {
    for provider in ready() {
        let accounts = provider.accounts(&filled(provider).settings);
        let mut named = accounts.exclusive.iter().chain(&accounts.shared);
        let id = provider.descriptor().id;
        assert!(
            named.next().is_some() || provider.webhooks().is_none(),
            "{id}"
        );
        let shared = |account: &String| accounts.shared.contains(account);
        assert!(!accounts.exclusive.iter().any(shared), "{id}");
    }
}

#[test]
fn what_a_provider_is_said_to_do_it_does() {
    for provider in providers::ALL {
        let descriptor = provider.descriptor();
        for (capability, is_there) in [
            (Capability::Messages, provider.messages().is_some()),
            (
                Capability::WebhookRegistration,
                provider.webhooks().is_some(),
            ),
            (Capability::PhoneNumbers, provider.phone_numbers().is_some()),
            (Capability::Templates, provider.templates().is_some()),
        ] {
            let said = descriptor.is_able(capability);
            assert_eq!(said, is_there, "{} {capability:?}", descriptor.id);
        }
    }
}
