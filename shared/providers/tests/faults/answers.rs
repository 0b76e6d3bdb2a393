//! Answers that say 200, and not what was accepted.

use std::io::Write;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use providers::http::MAX_ANSWER_BYTES;

use crate::fake::Step::{Close, Read, Repeat, Say};
use crate::matrix::{ACCEPTED, Fault, always, answer, fault, hold};
use crate::outcomes::{IN_DOUBT, SENT};
use crate::throttles::graph;

/// An answer as short as one can be: each place where it may be cut off is met.
const SHORT: &str = r#"{"contacts":[],"messages":[{"id":"wamid.cut"}]}"#;

fn bomb() -> Vec<u8> {
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    bomb.write_all(ACCEPTED.as_bytes()).expect("memory");
    bomb.write_all(&vec![b' '; 16 * MAX_ANSWER_BYTES])
        .expect("memory");
    bomb.finish().expect("memory")
}

/// The answer to a message that was accepted, with room after it up to that length.
fn padded(length: usize) -> String {
    ACCEPTED.to_owned() + &" ".repeat(length - ACCEPTED.len())
}

/// At each turn, the short answer is cut off one byte later.
fn cut(turn: usize) -> &'static str {
    &SHORT[..turn % SHORT.len()]
}

pub(crate) fn faults() -> Vec<Fault> {
    let with =
        |name, body: &[u8], outcome| always(name, outcome, vec![Read, Say(answer(200, "", body))]);
    let in_doubt = |name, body: &str| with(name, body.as_bytes(), IN_DOUBT);
    let sent = |name, body: &str| with(name, body.as_bytes(), SENT);
    let deep = "[".repeat(20_000);
    let closed = format!("{deep}{}", "]".repeat(20_000));
    let long = format!(r#"{{"messages":[{{"id":"{}"}}]}}"#, "w".repeat(1000));
    vec![
        in_doubt("a page", "<html>Hello!</html>"),
        in_doubt("nothing", ""),
        in_doubt("an error", &graph(190)),
        in_doubt("an error that is tried again elsewhere", &graph(131056)),
        in_doubt("an empty object", "{}"),
        in_doubt("null", "null"),
        in_doubt("no message", r#"{"messages":[]}"#),
        in_doubt("a message without an id", r#"{"messages":[{}]}"#),
        in_doubt("an empty id", r#"{"messages":[{"id":""}]}"#),
        in_doubt("an id that is null", r#"{"messages":[{"id":null}]}"#),
        in_doubt("an id that is a number", r#"{"messages":[{"id":7}]}"#),
        in_doubt("an id without measure", &long),
        in_doubt(
            "two ids of one message",
            r#"{"messages":[{"id":"a","id":"b"}]}"#,
        ),
        in_doubt(
            "two lists of messages",
            r#"{"messages":[{"id":"a"}],"messages":[{"id":"b"}]}"#,
        ),
        with(
            "an id that is no text",
            b"{\"messages\":[{\"id\":\"\xff\"}]}",
            IN_DOUBT,
        ),
        in_doubt("depth without end", &deep),
        in_doubt(
            "depth in place of messages",
            &format!(r#"{{"messages":{closed}}}"#),
        ),
        in_doubt("a body over the limit", &padded(MAX_ANSWER_BYTES + 1)),
        always(
            "a body without end",
            IN_DOUBT,
            vec![
                Read,
                Say(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_vec()),
                Repeat(vec![b' '; 64 * 1024], Duration::ZERO),
            ],
        ),
        always(
            "a head without end",
            IN_DOUBT,
            vec![
                Read,
                Say(b"HTTP/1.1 200 OK\r\n".to_vec()),
                Repeat(b"x-more: and more\r\n".repeat(200), Duration::ZERO),
            ],
        ),
        always(
            "no HTTP",
            IN_DOUBT,
            vec![Read, Say(b"220 mail.example.org ESMTP\r\n".to_vec())],
        ),
        always(
            "a bomb",
            IN_DOUBT,
            vec![Read, Say(answer(200, "content-encoding: gzip\r\n", bomb()))],
        ),
        fault("cut off at every byte", IN_DOUBT, |turn| {
            vec![
                Read,
                Say(answer(200, "connection: close\r\n", cut(turn.overall))),
                Close,
            ]
        }),
        fault(
            "cut off at every byte, and short of its length",
            IN_DOUBT,
            |turn| {
                let whole = answer(200, "", SHORT);
                let end = whole.len() - SHORT.len() + cut(turn.overall).len();
                vec![Read, Say(whole[..end].to_vec()), Close]
            },
        ),
        fault(
            "cut off at every byte, and its length not told",
            IN_DOUBT,
            |turn| {
                let head = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n";
                vec![
                    Read,
                    Say(format!("{head}{}", cut(turn.overall)).into_bytes()),
                    Close,
                ]
            },
        ),
        // What is odd and yet an answer.
        sent("a body at the limit", &padded(MAX_ANSWER_BYTES)),
        sent(
            "depth beside the id",
            &format!(r#"{{"x":{closed},"messages":[{{"id":"wamid.########"}}]}}"#),
        ),
        sent(
            "the id of the first of two",
            r#"{"messages":[{"id":"wamid.########"},{"id":"b"}]}"#,
        ),
        sent(
            "another phone number",
            r#"{"metadata":{"phone_number_id":"999"},"contacts":[{"input":"9"}],"messages":[{"id":"wamid.########"}]}"#,
        ),
        always(
            "JSON that is called a page",
            SENT,
            vec![
                Read,
                Say(answer(200, "content-type: text/html\r\n", ACCEPTED)),
            ],
        ),
    ]
}

#[tokio::test]
async fn g7_nothing_is_sent_without_an_id_that_the_provider_gave() {
    hold(faults()).await;
}
