//! What the libraries below us say at their finest level of a request with secrets in all its parts: none of them.
#![expect(
    clippy::expect_used,
    reason = "a test that cannot go on says what it expected"
)]

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::{Mutex, Once};

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use providers::Overrides;
use providers::http::{Egress, Outgoing, Reach};
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

/// A way of showing the provider who asks, with two secrets.
type Shows = fn(Outgoing, &str, &str) -> Outgoing;

const WAYS: [(&str, Shows); 3] = [
    ("bearer", |request, token, _| {
        request.bearer(&SecretString::from(token))
    }),
    ("basic", |request, password, user| {
        request.basic(user, &SecretString::from(password))
    }),
    ("secret_header", |request, key, other| {
        let header = HeaderName::from_static;
        let request = request.secret_header(header("xi-api-key"), &key.into());
        request.secret_header(header("api_access_token"), &other.into())
    }),
];

#[tokio::test]
async fn e7_no_log_below_us_shows_a_secret_of_a_request() {
    heard();
    for (way, shows) in WAYS {
        let [header, other, query, body] = ["header", "other", "query", "body"]
            .map(|part| format!("CANARY-{way}-{part}-7f3a91c05be2"));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let url = format!("http://{address}/debug_token?input_token={query}");
        let request = Outgoing::new(Method::POST, Url::parse(&url).expect("a URL"));
        let request =
            shows(request, &header, &other).json(format!(r#"{{"token":"{body}"}}"#).into_bytes());
        let here = serde_json::json!({"any": {"base_url": format!("http://{address}")}});
        let here: Overrides = serde_json::from_value(here).expect("overrides");
        let egress = Egress::new(Reach::new(&here)).expect("a client");
        let (answer, received) = tokio::join!(egress.send(request), answer_one(listener));
        assert_eq!(answer.map(|answer| answer.status), Ok(200));
        drop(egress);

        let secrets = [
            ("header", header),
            ("other", other),
            ("query", query),
            ("body", body),
        ];
        let scanner = Scanner::new(secrets);
        let sent = scanner.scan(&received);
        let sent: BTreeSet<_> = sent.iter().map(|leak| leak.secret.as_str()).collect();
        // A bearer token stands alone.
        let all = if way == "bearer" { 3 } else { 4 };
        assert_eq!(sent.len(), all, "all of them were sent: {way} {sent:?}");
        let lines = heard();
        let text = String::from_utf8_lossy(&lines);
        for library in ["reqwest", "hyper_util"] {
            assert!(text.contains(library), "{library} was not heard: {text}");
        }
        assert_eq!(scanner.scan(&lines), [], "{way}: {text}");
    }
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
