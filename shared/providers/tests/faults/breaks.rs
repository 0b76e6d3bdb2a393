//! The connection ends before the answer does.

use std::sync::Arc;
use std::time::Duration;

use domain::MessageId;
use providers::http::{IDLE_TIMEOUT, Limits};

use crate::fake::Fake;
use crate::fake::Step::{Close, Leave, Notice, Read, Reset, Say};
use crate::journal::Turn;
use crate::matrix::{ACCEPTED, Fault, always, answer, fault, hold};
use crate::outcomes::{IN_DOUBT, Outcome, SENT, outcome_of};
use crate::senders::{Sender, WhatsApp};

pub(crate) fn faults() -> Vec<Fault> {
    let in_doubt = |name, steps| always(name, IN_DOUBT, steps);
    let accepted = Say(answer(200, "", ACCEPTED));
    let mut half = answer(200, "", ACCEPTED);
    half.truncate(half.len() - 30);
    let half = Say(half);
    let begun = Say(b"HTTP/1.1 200 OK\r\ncontent-".to_vec());
    let chunk = Say(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n".to_vec());
    let until_the_end =
        Say(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"messages\":[".to_vec());
    let at_second = |name, then: &[_]| {
        let (first, then) = (vec![Read, accepted.clone()], then.to_vec());
        fault(name, IN_DOUBT, move |turn| match turn.here {
            0 => first.clone(),
            _ => then.clone(),
        })
        .second()
    };
    vec![
        in_doubt("reset before reading", vec![Notice, Reset]),
        in_doubt("closed before reading", vec![Notice, Close]),
        in_doubt("left before reading", vec![Notice, Leave]),
        in_doubt("reset after reading", vec![Read, Reset]),
        in_doubt("closed after reading", vec![Read, Close]),
        in_doubt("reset within the head", vec![Read, begun.clone(), Reset]),
        in_doubt("closed within the head", vec![Read, begun, Close]),
        in_doubt("reset within the body", vec![Read, half.clone(), Reset]),
        in_doubt("closed within the body", vec![Read, half.clone(), Close]),
        in_doubt("closed between chunks", vec![Read, chunk, Close]),
        in_doubt(
            "closed, and nobody knows how much there was",
            vec![Read, until_the_end, Close],
        ),
        in_doubt("reset after reading, by TLS", vec![Read, Reset]).by_tls(),
        in_doubt("closed after reading, by TLS", vec![Read, Close]).by_tls(),
        in_doubt("left after reading, by TLS", vec![Read, Leave]).by_tls(),
        in_doubt(
            "left within the body, by TLS",
            vec![Read, half.clone(), Leave],
        )
        .by_tls(),
        at_second("kept, and closed before reading", &[Notice, Close]),
        at_second("kept, and closed after reading", &[Read, Close]),
        at_second("kept, and reset after reading", &[Read, Reset]),
        at_second("kept, and closed within the body", &[Read, half, Close]),
        // Control: whoever says goodbye is not sent a second request.
        always(
            "closed after the answer, as announced",
            SENT,
            vec![
                Read,
                Say(answer(200, "connection: close\r\n", ACCEPTED)),
                Close,
            ],
        )
        .second(),
        always("no fault", SENT, vec![Read, accepted.clone()]),
        always(
            "no fault on a connection that is kept",
            SENT,
            vec![Read, accepted.clone()],
        )
        .second(),
        always("no fault, by TLS", SENT, vec![Read, accepted]).by_tls(),
    ]
}

/// What comes of a message that is sent so long after another.
async fn after(rest: Duration) -> Outcome {
    let first = vec![Read, Say(answer(200, "", ACCEPTED))];
    let kept = vec![Read, Close];
    let script = move |turn: Turn| [&first, &kept][turn.here.min(1)].clone();
    let fake = Fake::start(None, Arc::new(script)).await;
    let sender = WhatsApp::plain(fake.at, Limits::STANDARD);
    let id = MessageId::parse("m-1").expect("an id");
    sender.send(&id).await.expect("nothing is wrong yet");
    tokio::time::pause();
    tokio::time::advance(rest).await;
    tokio::time::resume();
    outcome_of(&sender.send(&id).await)
}

#[tokio::test]
async fn g3_a_connection_is_not_kept_until_the_provider_closes_it() {
    let margin = Duration::from_secs(1);
    assert_eq!(after(IDLE_TIMEOUT - margin).await, IN_DOUBT, "on the same");
    assert_eq!(after(IDLE_TIMEOUT + margin).await, SENT, "on another");
}

#[tokio::test]
async fn g3_g9_a_request_that_broke_off_is_in_doubt_and_not_made_again() {
    hold(faults()).await;
}
