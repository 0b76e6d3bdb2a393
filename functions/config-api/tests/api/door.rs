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

/// A server that stops when it is dropped.
pub(crate) struct Door(JoinSet<()>);

impl Door {
    /// A door that is not open yet, and the base URL that it will have.
    pub(crate) async fn bind() -> (TcpListener, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        (listener, format!("http://{address}"))
    }

    pub(crate) fn open(listener: TcpListener, ingress: Arc<webhook_ingress::Context>) -> Self {
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let ingress = ingress.clone();
                tokio::spawn(async move {
                    let service = service_fn(|request| answer(ingress.clone(), request));
                    let connection =
                        http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                    connection.await.unwrap_or_default();
                });
            }
        });
        Self(serving)
    }

    pub(crate) fn close(&mut self) {
        self.0.abort_all();
    }
}

async fn answer(
    ingress: Arc<webhook_ingress::Context>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let headers: Map<String, Value> = head
        .headers
        .iter()
        .map(|(name, value)| {
            (
                name.to_string(),
                String::from_utf8_lossy(value.as_bytes()).into(),
            )
        })
        .collect();
    let body = body
        .collect()
        .await
        .map(|body| body.to_bytes())
        .unwrap_or_default();
    let event = json!({
        "rawPath": head.uri.path(),
        "rawQueryString": head.uri.query().unwrap_or_default(),
        "headers": headers,
        "requestContext": {"http": {"method": head.method.as_str()}, "requestId": "r-in"},
        "body": String::from_utf8_lossy(&body),
    });
    let event = serde_json::from_value(event).expect("an event");
    let reply = webhook_ingress::handle(&ingress, event).await;
    let mut response = Response::new(Full::new(Bytes::from(reply.body().to_owned())));
    *response.status_mut() = reply.status().try_into().expect("a status");
    Ok(response)
}
