//! Accepts connections and serves HTTP/1.1 on each, with a handle by which a request can break its
//! connection off.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;

/// The TCP connection that a request came in on; every request carries one as an extension.
#[derive(Debug, Clone, Default)]
pub(crate) struct Connection {
    reset: Arc<Notify>,
}

impl Connection {
    /// Ends the connection with a TCP reset, without a word. Never returns: the request dies with
    /// its connection.
    pub(crate) async fn reset(&self) -> Infallible {
        self.reset.notify_one();
        std::future::pending().await
    }
}

/// Serves until it is dropped, which ends all connections.
pub(crate) async fn accept(listener: TcpListener, router: Router) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(connections.spawn(serve(stream, router.clone()))),
                // Out of file descriptors, as a rule: some will come free.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(stream: TcpStream, router: Router) {
    stream.set_nodelay(true).ok();
    let connection = Connection::default();
    let router = TowerToHyperService::new(router);
    let service = service_fn(|mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(connection.clone());
        router.call(request)
    });
    let mut http = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        // A client that goes away is its own affair.
        _ = &mut http => {}
        () = connection.reset.notified() => {
            // Lingering for zero seconds is what turns the close into a reset.
            http.into_parts().io.into_inner().set_zero_linger().ok();
        }
    }
}
