//! HTTP/1.1 on loopback, with or without TLS: one task per connection, kept alive.

use std::future::Future;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// A whole answer.
pub(crate) type Reply = Response<Full<Bytes>>;

/// Answers every request on that listener from now on; `None` closes the connection without an answer.
pub(crate) fn serve<H, F>(listener: TcpListener, tls: Option<TlsAcceptor>, handle: H)
where
    H: Fn(Request<Bytes>) -> F + Clone + 'static,
    F: Future<Output = Option<Reply>> + 'static,
{
    tokio::task::spawn_local(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let handle = handle.clone();
            let tls = tls.clone();
            // Small answers must not wait for more to send.
            if stream.set_nodelay(true).is_err() {
                continue;
            }
            tokio::task::spawn_local(async move {
                match tls {
                    None => connection(stream, handle).await,
                    Some(tls) => {
                        if let Ok(stream) = tls.accept(stream).await {
                            connection(stream, handle).await;
                        }
                    }
                }
            });
        }
    });
}

async fn connection<S, H, F>(stream: S, handle: H)
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
    H: Fn(Request<Bytes>) -> F + Clone + 'static,
    F: Future<Output = Option<Reply>> + 'static,
{
    let service = service_fn(|request: Request<Incoming>| {
        let handle = handle.clone();
        async move {
            let (parts, body) = request.into_parts();
            let body = body
                .collect()
                .await
                .map_err(|error| error.to_string())?
                .to_bytes();
            handle(Request::from_parts(parts, body))
                .await
                .ok_or_else(|| "no answer".to_owned())
        }
    });
    // A connection that ends badly is the caller's to notice.
    drop(
        http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service)
            .await,
    );
}

/// An answer with a body.
pub(crate) fn reply(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(Full::new(body.into()));
    if let Ok(status) = status.try_into() {
        *reply.status_mut() = status;
    }
    set_header(&mut reply, "content-type", content_type);
    reply
}

/// Sets a header; one that is not valid is left out.
pub(crate) fn set_header(reply: &mut Reply, name: &'static str, value: &str) {
    if let Ok(value) = value.parse() {
        reply.headers_mut().insert(name, value);
    }
}
