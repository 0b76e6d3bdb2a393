//! Telling Meta our URL, with a callback of our own on loopback that it verifies.

use std::sync::Arc;

use domain::FailureKind::{InvalidRequest, PermissionMissing};
use providers::form::Filled;
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use url::Url;

use crate::stage::{Stage, is_sound, webhooks};

const VERIFY_TOKEN: &str = "verify & /?= me";

/// Answers the handshake as the ingress does, and everything else with 401.
struct Callback {
    url: String,
    _serving: JoinSet<()>,
}

impl Callback {
    async fn start(filled: &Filled) -> Self {
        let secret = webhooks().secret(&filled.credentials, &SecretString::from(VERIFY_TOKEN));
        let verifier = Arc::new(webhooks().verifier(secret.as_ref()));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let query = query_of(stream).await;
                let (mut stream, query) = query.expect("a request");
                let reply = match verifier.answer_handshake(&query) {
                    Some(challenge) => format!(
                        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{challenge}",
                        challenge.len()
                    ),
                    None => "HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n".to_owned(),
                };
                stream.write_all(reply.as_bytes()).await.expect("written");
            }
        });
        Self {
            url: format!("http://{address}/webhooks/whatsapp/token"),
            _serving: serving,
        }
    }
}

async fn query_of(stream: TcpStream) -> std::io::Result<(TcpStream, Vec<(String, String)>)> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first).await?;
    let mut line = String::new();
    while reader.read_line(&mut line).await? > 2 {
        line.clear();
    }
    let target = first.split(' ').nth(1).unwrap_or_default();
    let url = Url::parse(&format!("http://127.0.0.1{target}")).expect("a target");
    Ok((
        reader.into_inner(),
        url.query_pairs().into_owned().collect(),
    ))
}

async fn register(
    stage: &Stage,
    filled: &Filled,
    url: &str,
    token: &str,
) -> Result<(), domain::Failure> {
    let connection = stage.connect(filled);
    webhooks()
        .register(connection, url, &SecretString::from(token))
        .await
}

/// Method and path without version and query of each call.
async fn calls(stage: &Stage) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let calls = stage.requests().await;
    calls
        .iter()
        .map(|call| {
            let path = text(&call["path"]);
            let path = path.split('?').next().unwrap_or_default();
            (
                text(&call["method"]),
                path.trim_start_matches("/v25.0/").to_owned(),
            )
        })
        .collect()
}

#[tokio::test]
async fn the_app_is_subscribed_and_the_number_overridden() {
    let stage = Stage::new().await;
    let filled = stage.filled("one", json!({})).await;
    let callback = Callback::start(&filled).await;
    register(&stage, &filled, &callback.url, VERIFY_TOKEN)
        .await
        .expect("registered");
    let setting = |name: &str| filled.settings[name].as_str().expect("text").to_owned();
    let apps = format!("{}/subscribed_apps", setting("waba_id"));
    let call = |method: &str, path: &str| (method.to_owned(), path.to_owned());
    let expected = [
        call("GET", &apps),
        call("POST", &apps),
        call("POST", &setting("phone_number_id")),
    ];
    assert_eq!(calls(&stage).await, expected);
    // Again: what is subscribed is left alone, for that call would end an override of the whole account.
    register(&stage, &filled, &callback.url, VERIFY_TOKEN)
        .await
        .expect("registered");
    let again = calls(&stage).await.split_off(3);
    assert_eq!(
        again,
        [
            call("GET", &apps),
            call("POST", &setting("phone_number_id"))
        ]
    );
}

#[tokio::test]
async fn what_is_registered_can_be_taken_back_and_the_subscription_stays() {
    let stage = Stage::new().await;
    let filled = stage.filled("one", json!({})).await;
    let callback = Callback::start(&filled).await;
    register(&stage, &filled, &callback.url, VERIFY_TOKEN)
        .await
        .expect("registered");
    for _ in 0..2 {
        webhooks()
            .deregister(stage.connect(&filled))
            .await
            .expect("taken back");
    }
    let calls = calls(&stage).await;
    assert!(calls.iter().all(|(method, _)| method != "DELETE"));
    let last = stage.requests().await.pop().expect("a call");
    assert_eq!(
        last["body"],
        json!({"webhook_configuration": {"override_callback_uri": ""}})
    );
}

#[tokio::test]
async fn a_url_that_does_not_answer_rightly_is_not_registered() {
    let stage = Stage::new().await;
    let filled = stage.filled("one", json!({})).await;
    let callback = Callback::start(&filled).await;
    for (url, token) in [
        (callback.url.as_str(), "another token"),
        ("http://127.0.0.1:1/webhooks/whatsapp/token", VERIFY_TOKEN),
    ] {
        let failure = register(&stage, &filled, url, token)
            .await
            .expect_err("refused");
        assert_eq!(failure.kind, InvalidRequest, "{failure:?}");
        assert_eq!(failure.provider_code.as_deref(), Some("2200"));
        assert!(failure.hint.contains("public URL"), "{failure:?}");
        is_sound(&failure, &filled);
    }
}

#[tokio::test]
async fn a_token_that_may_not_register_is_told_so() {
    let stage = Stage::new().await;
    let filled = stage.filled("no_management", json!({})).await;
    let callback = Callback::start(&filled).await;
    let failure = register(&stage, &filled, &callback.url, VERIFY_TOKEN)
        .await
        .expect_err("refused");
    assert_eq!(failure.kind, PermissionMissing, "{failure:?}");
}

#[tokio::test]
async fn trouble_in_registering_is_a_failure_and_no_panic() {
    for fault in [
        json!("reset"),
        json!("truncate"),
        json!("rate_limit"),
        json!({"status": 500}),
    ] {
        for path in ["subscribed_apps", ""] {
            let stage = Stage::new().await;
            let filled = stage.filled("one", json!({})).await;
            let callback = Callback::start(&filled).await;
            stage.fault(path, fault.clone()).await;
            let failure = register(&stage, &filled, &callback.url, VERIFY_TOKEN)
                .await
                .expect_err("trouble");
            assert!(!failure.kind.blames_credentials(), "{fault}: {failure:?}");
            let failure = webhooks().deregister(stage.connect(&filled)).await;
            assert_eq!(failure.is_err(), path.is_empty(), "{fault}");
        }
    }
}
