//! Senders with a defect each, which the matrix finds.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::FailureKind::{self, OutcomeUnknown, Unavailable};
use domain::{Failure, MessageId};
use providers::Accepted;
use providers::http::TOTAL_TIMEOUT;
use serde_json::{Value, json};

use crate::fake::Step::{Close, Read, Say, Stay};
use crate::matrix::{ACCEPTED, Fault, always, answer, fault};
use crate::outcomes::{IN_DOUBT, REFUSED, SENT};
use crate::senders::{Sender, payload};

/// A sender of its own making, sound where it is not told otherwise.
struct Naive {
    client: reqwest::Client,
    url: String,
    /// What it makes of an error.
    error: fn(&reqwest::Error) -> FailureKind,
    /// What it makes of an answer.
    answer: fn(u16, &Value) -> Result<String, FailureKind>,
}

/// A client that is built as none may be, but for what it is told.
fn client(told: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder) -> reqwest::Client {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    #[expect(clippy::disallowed_methods, reason = "as it must not be built")]
    let builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .timeout(TOTAL_TIMEOUT)
        .no_proxy();
    told(builder).build().expect("a client")
}

fn sound(builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
    builder
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .read_timeout(Duration::from_secs(8))
}

impl Naive {
    fn new(client: reqwest::Client, at: SocketAddr) -> Self {
        Self {
            client,
            url: format!("http://{at}/v25.0/1/messages"),
            error: |error| {
                if error.is_connect() {
                    Unavailable
                } else {
                    OutcomeUnknown
                }
            },
            answer: |status, body| match status {
                200..=299 => body["messages"][0]["id"]
                    .as_str()
                    .map(str::to_owned)
                    .ok_or(OutcomeUnknown),
                300..=499 => Err(FailureKind::InvalidRequest),
                _ => Err(OutcomeUnknown),
            },
        }
    }
}

#[async_trait]
impl Sender for Naive {
    async fn send(&self, id: &MessageId) -> Result<Accepted, Failure> {
        let failed = |kind| Failure::new(kind, "It failed.", "Nothing to do.");
        let error = |error: reqwest::Error| failed((self.error)(&error));
        let message: Value = serde_json::from_str(payload().get()).expect("JSON");
        let body = json!({"biz_opaque_callback_data": id.as_str(), "message": message});
        let request = self.client.post(&self.url).body(body.to_string());
        let answer = request.send().await.map_err(error)?;
        let status = answer.status().as_u16();
        let body = answer.bytes().await.map_err(error)?;
        let body = serde_json::from_slice(&body).unwrap_or_default();
        let provider_id = (self.answer)(status, &body).map_err(failed)?;
        Ok(Accepted { provider_id })
    }
}

fn silence() -> Fault {
    always("silence", IN_DOUBT, vec![Read, Stay]).cut_after(8)
}

fn closed() -> Fault {
    always("closed after reading", IN_DOUBT, vec![Read, Close])
}

fn answered(status: u16, body: &str) -> Fault {
    always(
        "an answer",
        IN_DOUBT,
        vec![Read, Say(answer(status, "", body))],
    )
}

/// Leads elsewhere, where there is an answer.
fn redirect() -> Fault {
    let elsewhere = Say(answer(302, "location: /elsewhere\r\n", ""));
    let there = Say(answer(200, "", r#"{"messages":[{"id":"wamid.00000000"}]}"#));
    fault("302", REFUSED, move |turn| {
        vec![Read, [&elsewhere, &there][turn.here % 2].clone()]
    })
}

#[track_caller]
fn finds(wrong: &[String], what: &[&str]) {
    for what in what {
        assert!(wrong.iter().any(|wrong| wrong.contains(what)), "{wrong:?}");
    }
}

#[tokio::test]
async fn control_one_without_a_defect_is_not_found_fault_with() {
    for fault in [silence(), closed(), answered(500, ""), answered(200, "{}")] {
        let wrong = fault.held_against(|at| Naive::new(client(sound), at)).await;
        assert!(wrong.is_empty(), "{}: {wrong:?}", fault.name);
    }
    let accepted = always("no fault", SENT, vec![Read, Say(answer(200, "", ACCEPTED))]);
    let wrong = accepted
        .held_against(|at| Naive::new(client(sound), at))
        .await;
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[tokio::test]
async fn control_one_that_follows_redirects_is_found() {
    let follows = |builder: reqwest::ClientBuilder| builder.retry(reqwest::retry::never());
    let wrong = redirect()
        .held_against(|at| Naive::new(client(follows), at))
        .await;
    // What was answered to another request looks like a success.
    finds(
        &wrong,
        &["200 requests and not 100", "an id that was not given"],
    );
}

#[tokio::test]
async fn control_one_that_tries_again_is_found() {
    let again = |at: SocketAddr| {
        let policy = reqwest::retry::for_host(at.ip().to_string())
            .no_budget()
            .max_retries_per_request(1)
            .classify_fn(|answer| match answer.error() {
                Some(_) => answer.retryable(),
                None => answer.success(),
            });
        Naive::new(client(|builder| sound(builder).retry(policy)), at)
    };
    let wrong = closed().held_against(again).await;
    finds(&wrong, &["200 requests and not 100"]);
}

#[tokio::test]
async fn control_one_for_whom_a_time_out_proves_something_is_found() {
    let wrong = silence()
        .held_against(|at| Naive {
            error: |error| match error.is_timeout() {
                true => Unavailable,
                false => OutcomeUnknown,
            },
            ..Naive::new(client(sound), at)
        })
        .await;
    finds(&wrong, &["Not(Unavailable"]);
}

#[tokio::test]
async fn control_one_for_whom_any_error_proves_something_is_found() {
    let wrong = closed()
        .held_against(|at| Naive {
            error: |error| match error.is_request() {
                true => Unavailable,
                false => OutcomeUnknown,
            },
            ..Naive::new(client(sound), at)
        })
        .await;
    finds(&wrong, &["Not(Unavailable"]);
}

#[tokio::test]
async fn control_one_that_waits_for_the_whole_time_is_found() {
    let patient = |builder| sound(builder).read_timeout(TOTAL_TIMEOUT);
    let wrong = silence()
        .held_against(|at| Naive::new(client(patient), at))
        .await;
    finds(&wrong, &["cut after 10 s and not 8 s"]);
}

#[tokio::test]
async fn control_one_that_takes_an_answer_for_an_id_is_found() {
    let wrong = answered(200, "{}")
        .held_against(|at| Naive {
            answer: |_, body| Ok(body["messages"][0]["id"].to_string()),
            ..Naive::new(client(sound), at)
        })
        .await;
    finds(&wrong, &["an id that was not given"]);
}

#[tokio::test]
async fn control_one_for_whom_trouble_proves_something_is_found() {
    let wrong = answered(500, "")
        .held_against(|at| Naive {
            answer: |_, _| Err(Unavailable),
            ..Naive::new(client(sound), at)
        })
        .await;
    finds(&wrong, &["Not(Unavailable"]);
}

#[tokio::test]
async fn control_one_that_panics_is_found() {
    let wrong = answered(200, "<html>")
        .held_against(|at| Naive {
            answer: |_, body| {
                Ok(body["messages"][0]["id"]
                    .as_str()
                    .expect("an id")
                    .to_owned())
            },
            ..Naive::new(client(sound), at)
        })
        .await;
    finds(&wrong, &["a panic"]);
}
