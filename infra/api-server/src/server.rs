//! Accepts connections on 127.0.0.1 and hands every request to the gateway.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use http::{Response, StatusCode};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::flaw::Flaw;
use crate::gateway::{Gateway, MAX_BODY_BYTES};
use crate::switchboard::Switchboard;

/// A port that nobody listens on yet, and its address.
pub struct Port {
    listener: TcpListener,
    url: String,
}

/// A server that is answering requests, until it is dropped.
pub struct Server {
    url: String,
    gateway: Arc<Gateway>,
    accepting: JoinHandle<io::Result<()>>,
}

impl Port {
    /// Takes a free one.
    ///
    /// # Errors
    /// When there is none.
    pub async fn take() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        Ok(Self { listener, url })
    }

    /// `http://127.0.0.1:PORT`, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Server {
    /// Starts to answer.
    pub fn start(port: Port, switchboard: Switchboard, flaw: Option<Flaw>) -> Self {
        let gateway = Arc::new(Gateway::new(switchboard, flaw));
        let router = Router::new().fallback(answer).with_state(gateway.clone());
        let serve = axum::serve(port.listener, router);
        Self {
            url: port.url,
            gateway,
            accepting: tokio::spawn(async move { serve.await }),
        }
    }

    /// Where it is reached.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What is behind it.
    pub fn switchboard(&self) -> &Switchboard {
        &self.gateway.switchboard
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn answer(State(gateway): State<Arc<Gateway>>, request: Request) -> Response<Body> {
    let (head, body) = request.into_parts();
    match to_bytes(body, MAX_BODY_BYTES + 1).await {
        Ok(body) => gateway.answer(head, body).await,
        Err(_) => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::BAD_REQUEST;
            response
        }
    }
}
