//! What the libraries below us say at their finest level of a request with secrets in all its parts: none of them.
#![expect(
    clippy::expect_used,
    reason = "a test that cannot go on says what it expected"
)]

use std::io::Write;
use std::sync::{Mutex, Once};

use http::{HeaderMap, HeaderValue, Method};
use providers::http::{Egress, Outgoing};
use secrecy::SecretString;
use testing::scan::Scanner;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tracing_subscriber::filter::LevelFilter;
use url::Url;

static HEARD: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Where lines go, whether they come by `tracing` or by `log`.
struct Ear;

impl Write for Ear {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        HEARD.lock().expect("unpoisoned").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl log::Log for Ear {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        writeln!(Ear, "{} {}", record.target(), record.args()).expect("memory");
    }

    fn flush(&self) {}
}

/// Listens to everything at every level; the lines so far.
fn heard() -> Vec<u8> {
    static LISTENING: Once = Once::new();
    LISTENING.call_once(|| {
        let lines = tracing_subscriber::fmt().with_max_level(LevelFilter::TRACE);
        let lines = lines.with_writer(|| Ear).finish();
        tracing::subscriber::set_global_default(lines).expect("nobody listens yet");
        log::set_logger(&Ear).expect("nobody listens yet");
        log::set_max_level(log::LevelFilter::Trace);
    });
    HEARD.lock().expect("unpoisoned").clone()
}

/// Answers one request; what it was, as it came over the wire.
async fn answer_one(listener: TcpListener) -> Vec<u8> {
    let (mut stream, _) = listener.accept().await.expect("a connection");
    let mut request = vec![0; 8192];
    let mut length = 0;
    while !request[..length].ends_with(b"}") {
        length += stream.read(&mut request[length..]).await.expect("bytes");
    }
    let reply = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
    stream.write_all(reply).await.expect("sent");
    request.truncate(length);
    request
}

#[tokio::test]
async fn e7_no_log_below_us_shows_a_secret_of_a_request() {
    let secrets = [
        ("header", "CANARY-header-7f3a91c05be2"),
        ("query", "CANARY-query-7f3a91c05be2"),
        ("body", "CANARY-body-7f3a91c05be2"),
    ];
    let [(_, header), (_, query), (_, body)] = secrets;
    heard();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let url = format!("http://{address}/debug_token?input_token={query}");
    let request = Outgoing::new(Method::POST, Url::parse(&url).expect("a URL"))
        .bearer(&SecretString::from(header))
        .json(format!(r#"{{"token":"{body}"}}"#).into_bytes());
    let egress = Egress::new(None).expect("a client");
    let (answer, received) = tokio::join!(egress.send(request), answer_one(listener));
    assert_eq!(answer.map(|answer| answer.status), Ok(200));
    drop(egress);

    let scanner = Scanner::new(secrets);
    assert_eq!(scanner.scan(&received).len(), 3, "all of them were sent");
    let lines = heard();
    let text = String::from_utf8_lossy(&lines);
    for library in ["reqwest", "hyper_util"] {
        assert!(text.contains(library), "{library} was not heard: {text}");
    }
    assert_eq!(scanner.scan(&lines), [], "{text}");
}

#[test]
fn e7_a_header_that_is_not_marked_would_be_heard() {
    heard();
    let headers = |value: &'static str, marked| {
        let mut value = HeaderValue::from_static(value);
        value.set_sensitive(marked);
        HeaderMap::from_iter([(http::header::AUTHORIZATION, value)])
    };
    let scanner = Scanner::new([
        ("traced", "CANARY-traced-3b"),
        ("logged", "CANARY-logged-3b"),
    ]);
    tracing::trace!(headers = ?headers("CANARY-traced-3b", true), "as a library would");
    log::trace!(
        "as a library would: {:?}",
        headers("CANARY-logged-3b", true)
    );
    assert_eq!(scanner.scan(&heard()), []);
    tracing::trace!(headers = ?headers("CANARY-traced-3b", false), "as a library would");
    log::trace!(
        "as a library would: {:?}",
        headers("CANARY-logged-3b", false)
    );
    assert_eq!(scanner.scan(&heard()).len(), 2);
}
