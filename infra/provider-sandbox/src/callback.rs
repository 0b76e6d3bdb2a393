//! One HTTP request to a callback URL. Only this machine can be reached: the sandbox never leaves
//! loopback.

use std::net::Ipv4Addr;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use url::{Host, Url};

/// From connecting to the last byte. Meta gives no figure; a cold start behind a local gateway must
/// fit in.
const TIME_LIMIT: Duration = Duration::from_secs(15);

/// An answer to a webhook has nothing to say that is longer.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// Whether a URL leads to this machine: `127.0.0.1`, `localhost` or a name ending in `.localhost`.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address == Ipv4Addr::LOCALHOST,
        _ => false,
    }
}

/// Sends a request and reads the whole answer. The error is a sentence on why there was none.
pub(crate) async fn request(
    method: Method,
    url: &Url,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response<Bytes>, String> {
    let exchange = exchange(method, url, headers, body);
    tokio::time::timeout(TIME_LIMIT, exchange)
        .await
        .unwrap_or_else(|_| Err(format!("no answer within {} s", TIME_LIMIT.as_secs())))
}

async fn exchange(
    method: Method,
    url: &Url,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response<Bytes>, String> {
    if url.scheme() != "http" || !is_loopback(url) {
        return Err("the sandbox reaches only http:// on this machine".to_owned());
    }
    let mut request = Request::new(Full::new(body));
    *request.method_mut() = method;
    *request.uri_mut() = url[url::Position::BeforePath..url::Position::AfterQuery]
        .parse()
        .map_err(sentence)?;
    *request.headers_mut() = headers;
    // The names that local gateways route by do not resolve everywhere, so the address is fixed and
    // the name sent.
    let authority = &url[url::Position::BeforeHost..url::Position::AfterPort];
    request
        .headers_mut()
        .insert(header::HOST, authority.parse().map_err(sentence)?);

    let port = url.port_or_known_default().unwrap_or(80);
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
        .await
        .map_err(sentence)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(sentence)?;
    let driver = tokio::spawn(connection);
    let (head, body) = sender
        .send_request(request)
        .await
        .map_err(sentence)?
        .into_parts();
    let body = Limited::new(body, MAX_ANSWER_BYTES)
        .collect()
        .await
        .map_err(|error| error.to_string())?;
    driver.abort();
    Ok(Response::from_parts(head, body.to_bytes()))
}

fn sentence(error: impl std::error::Error) -> String {
    error.to_string()
}
