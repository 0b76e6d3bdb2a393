//! Answers without end or measure.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use flate2::Compression;
use flate2::write::GzEncoder;
use providers::http::{Answer, MAX_ANSWER_BYTES, MAX_HEADER_BYTES, NoAnswer, TOTAL_TIMEOUT};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::server::{Server, head};
use crate::stage::{Script, egress, get, named};

/// What a client makes of a server's answer, and the server.
async fn answered(answer: impl Into<Vec<u8>>) -> (Result<Answer, NoAnswer>, Server) {
    let server = Server::plain(answer).await;
    let answer = get(
        &egress(&Script::new(), &named(&[&server.url()])),
        &server.url(),
    )
    .await;
    (answer, server)
}

/// What a client makes of a server that says `first`, and then `again` without end; `after` it has said that so often,
/// all time is up. And how much it said.
async fn endless(
    first: &'static str,
    again: &'static str,
    after: Option<usize>,
) -> (Option<NoAnswer>, usize) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let said = Arc::new(AtomicUsize::new(0));
    let counter = said.clone();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        head(&mut stream).await.expect("a request");
        let mut next = first;
        while stream.write_all(next.as_bytes()).await.is_ok() {
            next = again;
            counter.fetch_add(1, Ordering::SeqCst);
            tokio::task::yield_now().await;
        }
    });
    let egress = egress(&Script::new(), &named(&[&url]));
    let clock = async {
        while said.load(Ordering::SeqCst) < after.unwrap_or(usize::MAX) {
            tokio::task::yield_now().await;
        }
        tokio::time::pause();
        tokio::time::advance(TOTAL_TIMEOUT).await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        answer = get(&egress, &url) => (answer.err(), said.load(Ordering::SeqCst) * again.len()),
        () = clock => unreachable!("it waits for ever"),
    }
}

fn with_headers(count: usize, size: usize) -> String {
    let header = |number: usize| format!("x-{number:03}: {}\r\n", "v".repeat(size - 5));
    let headers: String = (0..count).map(header).collect();
    format!("HTTP/1.1 200 OK\r\n{headers}\r\n")
}

fn with_body(length: usize) -> Vec<u8> {
    let mut answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n").into_bytes();
    answer.resize(answer.len() + length, b'x');
    answer
}

#[tokio::test]
async fn d9_headers_have_a_limit() {
    for (answer, fits) in [
        (with_headers(32, 1024), true),
        (with_headers(33, 1024), false),
        (with_headers(1, MAX_HEADER_BYTES), true),
        (with_headers(1, MAX_HEADER_BYTES + 1), false),
        (with_headers(1, 4 * 1024 * 1024), false),
        (with_headers(5000, 8), false),
    ] {
        let (answer, _) = answered(answer).await;
        assert_eq!(answer.err(), (!fits).then_some(NoAnswer::Unknown));
    }
    let (answer, said) = endless("HTTP/1.1 200 OK\r\n", "x-more: and more\r\n", None).await;
    assert_eq!(answer, Some(NoAnswer::Unknown));
    assert!(said < 8 * 1024 * 1024, "{said}");
}

#[tokio::test]
async fn d9_bodies_have_a_limit() {
    let (answer, _) = answered(with_body(MAX_ANSWER_BYTES)).await;
    assert_eq!(answer.map(|answer| answer.body.len()), Ok(MAX_ANSWER_BYTES));
    let (answer, _) = answered(with_body(MAX_ANSWER_BYTES + 1)).await;
    assert_eq!(answer.err(), Some(NoAnswer::Unknown));

    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let until_closed = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n";
    let chunk = concat!(
        "40\r\n",
        "0123456789abcdef0123456789abcdef",
        "0123456789abcdef0123456789abcdef",
        "\r\n"
    );
    let extended = concat!(
        "1;",
        "an-extension-of-a-chunk-that-says-nothing",
        "\r\nx\r\n"
    );
    for (first, again) in [(chunked, chunk), (chunked, extended), (until_closed, chunk)] {
        let (answer, said) = endless(first, again, None).await;
        assert_eq!(answer, Some(NoAnswer::Unknown), "{first}");
        // Some is on its way when it is cut off.
        assert!(said < 64 * MAX_ANSWER_BYTES, "{said}");
    }
}

#[tokio::test]
async fn d9_announcements_without_end_do_not_hold_us() {
    let early = "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n";
    let (answer, said) = endless(early, early, Some(500)).await;
    assert_eq!(answer, Some(NoAnswer::Unknown));
    assert!(said >= 500 * early.len(), "it was in the midst of them");
    // Control: after as many there may be an answer.
    let (answer, _) =
        answered(early.repeat(500) + "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    assert_eq!(answer.map(|answer| answer.status), Ok(200));
}

#[tokio::test]
async fn d9_what_follows_an_answer_without_a_body_is_nobodys_answer() {
    for status in [204, 304] {
        let stray = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nstray";
        let length = stray.len();
        let answer = format!("HTTP/1.1 {status} Empty\r\ncontent-length: {length}\r\n\r\n{stray}");
        let server = Server::plain(answer).await;
        let egress = egress(&Script::new(), &named(&[&server.url()]));
        for request in 1..=3 {
            let answer = get(&egress, &server.url()).await;
            let answer = answer.map(|answer| (answer.status, answer.body.len()));
            assert_eq!(answer, Ok((status, 0)));
            assert_eq!(server.seen().len(), request);
        }
    }
}

#[tokio::test]
async fn d9_nothing_is_inflated() {
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    bomb.write_all(&vec![0; 64 * MAX_ANSWER_BYTES])
        .expect("memory");
    let bomb = bomb.finish().expect("memory");
    assert!(bomb.len() < MAX_ANSWER_BYTES, "{}", bomb.len());
    for encoding in ["gzip", "deflate", "br", "zstd", "gzip, gzip"] {
        let length = bomb.len();
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-encoding: {encoding}\r\ncontent-length: {length}\r\n\r\n"
        );
        let (answer, server) = answered([head.as_bytes(), &bomb].concat()).await;
        let answer = answer.expect("small as it is");
        assert!(answer.body == bomb, "{encoding}");
        assert!(
            !server.seen()[0].head.contains("accept-encoding"),
            "we ask for none"
        );
    }
}
