//! Nothing was sent: no name, no connection, no TLS.

use domain::FailureKind::AddressRefused;
use domain::failure::Reaction;

use crate::fake::Step::{Close, Leave, Notice, Reset, Say, Stay};
use crate::matrix::{Fault, hold, unsent};
use crate::outcomes::{NOT_DONE, Outcome};
use crate::places::Place;
use crate::senders::Leads;

pub(crate) fn faults() -> Vec<Fault> {
    let not_done = |place, name, steps| unsent(place, name, NOT_DONE, steps);
    let refused = Outcome::Not(AddressRefused, Reaction::GiveUp, None);
    let name = |leads| Place::Name(leads);
    let in_handshake = |name, then| not_done(Place::Handshake, name, vec![Notice, then]);
    let http = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n".to_vec();
    // Fatal, handshake failure.
    let alert = vec![21, 3, 3, 0, 2, 2, 40];
    let cut_short = vec![22, 3, 3, 0, 90, 2, 0, 0, 86, 3, 3];
    vec![
        not_done(name(Leads::Failing), "the name server fails", vec![]),
        not_done(name(Leads::Silent), "the name server is silent", vec![]).cut_after(3),
        unsent(
            name(Leads::Inside),
            "the name leads inside",
            refused,
            vec![],
        ),
        not_done(Place::Nobody, "nobody listens", vec![]),
        not_done(Place::Full, "nobody takes the connection", vec![]).cut_after(3),
        in_handshake("the handshake is not answered", Stay).cut_after(3),
        in_handshake("the handshake is ended", Close),
        in_handshake("the handshake is broken off", Leave),
        in_handshake("the handshake is reset", Reset),
        in_handshake("the handshake is answered without TLS", Say(http)),
        in_handshake("the handshake is refused", Say(alert)),
        in_handshake(
            "the handshake is answered with noise",
            Say(vec![0xff; 4096]),
        ),
        not_done(
            Place::Handshake,
            "the handshake stops halfway",
            vec![Notice, Say(cut_short), Stay],
        )
        .cut_after(3),
        not_done(Place::Impostor, "somebody else answers", vec![]),
    ]
}

#[tokio::test]
async fn g1_who_cannot_be_reached_was_sent_nothing() {
    hold(faults()).await;
}
