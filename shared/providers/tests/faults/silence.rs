//! The request was made, and the answer does not come to an end.

use std::time::Duration;

use domain::{FailureKind, MessageId};
use providers::http::{CONNECT_TIMEOUT, HEAD_TIMEOUT, Limits, TOTAL_TIMEOUT};

use crate::fake::Fake;
use crate::fake::Step::{Notice, Read, Repeat, Say, Stay, Trickle};
use crate::matrix::{ACCEPTED, Fault, always, answer, hold};
use crate::outcomes::IN_DOUBT;
use crate::senders::{Sender, WhatsApp};

const SECOND: Duration = Duration::from_secs(1);

pub(crate) fn faults() -> Vec<Fault> {
    let in_doubt = |name, steps| always(name, IN_DOUBT, steps);
    let whole = answer(200, "", ACCEPTED);
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 40\r\n\r\n".to_vec();
    let chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    let begun = b"HTTP/1.1 200 OK\r\ncontent-".to_vec();
    let early = b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n".to_vec();
    vec![
        in_doubt("silence, nothing read", vec![Notice, Stay]).cut_after(8),
        in_doubt("silence", vec![Read, Stay]).cut_after(8),
        in_doubt("silence within the head", vec![Read, Say(begun), Stay]).cut_after(8),
        in_doubt(
            "a byte of the head a second",
            vec![Read, Trickle(whole, SECOND)],
        )
        .cut_after(8),
        in_doubt(
            "announcements without end",
            vec![Read, Repeat(early, SECOND / 2)],
        )
        .cut_after(8),
        in_doubt(
            "silence after the head",
            vec![Read, Say(head.clone()), Stay],
        )
        .cut_after(8),
        in_doubt(
            "a byte of the body a second",
            vec![Read, Say(head), Trickle(vec![b' '; 40], SECOND)],
        )
        .cut_after(10),
        in_doubt(
            "a chunk of the body in two seconds",
            vec![
                Read,
                Say(chunked),
                Repeat(b"1\r\n \r\n".to_vec(), 2 * SECOND),
            ],
        )
        .cut_after(10),
    ]
}

#[tokio::test]
async fn g2_who_falls_silent_is_cut_off() {
    let limits = [CONNECT_TIMEOUT, HEAD_TIMEOUT, TOTAL_TIMEOUT];
    assert_eq!(limits.map(|limit| limit.as_secs()), [3, 8, 10]);
    hold(faults()).await;
}

/// The one test that waits: the limits hold by a clock that runs, too.
#[tokio::test]
async fn g2_limits_hold_by_a_clock_that_runs() {
    let fake = Fake::start(None, std::sync::Arc::new(|_| vec![Read, Stay])).await;
    let sender = WhatsApp::plain(fake.at, Limits::STANDARD.divided_by(20));
    let start = std::time::Instant::now();
    let id = MessageId::parse("m-1").expect("an id");
    let failure = sender.send(&id).await.expect_err("silence");
    let took = start.elapsed();
    assert_eq!(failure.kind, FailureKind::OutcomeUnknown);
    assert!(took >= HEAD_TIMEOUT / 20 && took < HEAD_TIMEOUT, "{took:?}");
}
