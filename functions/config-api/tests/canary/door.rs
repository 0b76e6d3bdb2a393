//! Our webhook URLs, open on loopback: a small HTTP server that hands requests to the ingress as the gateway would.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::sinks::Seen;

/// What stands behind the door.
pub(crate) struct Ingress {
    pub(crate) context: webhook_ingress::Context,
    pub(crate) seen: Seen,
}

/// A server that stops when it is dropped.
pub(crate) struct Door(#[expect(dead_code, reason = "it is held")] JoinSet<()>);

impl Door {
    pub(crate) fn open(listener: TcpListener, ingress: Arc<Ingress>) -> Self {
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let ingress = ingress.clone();
                tokio::spawn(async move {
                    let service = service_fn(|request| answer(ingress.clone(), request));
                    let http = http1::Builder::new();
                    let connection = http.serve_connection(TokioIo::new(stream), service);
                    connection.await.unwrap_or_default();
                });
            }
        });
        Self(serving)
    }
}

impl Ingress {
    /// Answers an event of the gateway; status and body.
    pub(crate) async fn answer(&self, event: Value) -> (u16, String) {
        let request = serde_json::from_value(event).expect("an event");
        let reply = webhook_ingress::handle(&self.context, request).await;
        self.seen.webhook_answer(&reply);
        (reply.status(), reply.body().to_owned())
    }
}

async fn answer(
    ingress: Arc<Ingress>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let text = |bytes: &[u8]| Value::from(String::from_utf8_lossy(bytes));
    let headers = head.headers.iter();
    let headers: Map<String, Value> = headers
        .map(|(name, value)| (name.to_string(), text(value.as_bytes())))
        .collect();
    let body = body.collect().await.map(|body| body.to_bytes());
    let (status, body) = ingress
        .answer(json!({
            "rawPath": head.uri.path(),
            "rawQueryString": head.uri.query().unwrap_or_default(),
            "headers": headers,
            "requestContext": {"http": {"method": head.method.as_str()}, "requestId": "r-in"},
            "body": text(&body.unwrap_or_default()),
        }))
        .await;
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status.try_into().expect("a status");
    Ok(response)
}
