//! Answers that are complete, and not 200.

use domain::FailureKind::{AccountBlocked, CredentialsRejected, PermissionMissing, Undeliverable};
use domain::failure::Reaction;

use crate::fake::Step::{Read, Say};
use crate::matrix::{ACCEPTED, Fault, always, answer, hold};
use crate::outcomes::{IN_DOUBT, NOT_DONE, Outcome, REFUSED, SENT, not_done};
use crate::throttles::graph;

const HTML: &str = "<html><h1>Something went wrong</h1></html>";

pub(crate) fn faults() -> Vec<Fault> {
    let with = |name, status, headers: &str, body: &str, outcome| {
        always(
            name,
            outcome,
            vec![Read, Say(answer(status, headers, body))],
        )
    };
    let coded = |name, status, code, outcome| with(name, status, "", &graph(code), outcome);
    let bare = |name, said: &str| {
        let said = format!("HTTP/1.1 {said}").into_bytes();
        always(name, IN_DOUBT, vec![Read, Say(said)])
    };
    let parked = |kind| Outcome::Not(kind, Reaction::Park, None);
    let given_up = |kind| Outcome::Not(kind, Reaction::GiveUp, None);
    let transient = r#"{"error":{"message":"m","code":999999,"is_transient":true}}"#;
    let here = "location: /v25.0/106540352242922/messages\r\n";
    vec![
        // Trouble, and no proof that nothing was done.
        with("500", 500, "", "", IN_DOUBT),
        with("502 with a page", 502, "", HTML, IN_DOUBT),
        with("503, in 5 s", 503, "retry-after: 5\r\n", "", IN_DOUBT),
        with("504 with a page", 504, "", HTML, IN_DOUBT),
        with("520 of a proxy", 520, "", HTML, IN_DOUBT),
        with(
            "500 without a code",
            500,
            "",
            r#"{"error":{"message":"m"}}"#,
            IN_DOUBT,
        ),
        with(
            "500 with half an error",
            500,
            "",
            r#"{"error":{"code":2,"#,
            IN_DOUBT,
        ),
        with(
            "500 with an unknown code, transient",
            500,
            "",
            transient,
            IN_DOUBT,
        ),
        coded("500 with an unknown code", 500, 999_999, IN_DOUBT),
        coded("500 with code 1", 500, 1, IN_DOUBT),
        with("408", 408, "", "", IN_DOUBT),
        // Trouble, and Meta says that nothing was done.
        coded("503 with code 2", 503, 2, NOT_DONE),
        coded("500 with code 131000", 500, 131000, NOT_DONE),
        coded("500 with code 131016", 500, 131016, NOT_DONE),
        coded("500 with code 131057", 500, 131057, not_done(Some(60))),
        with(
            "503 with code 2, in 5 s",
            503,
            "retry-after: 5\r\n",
            &graph(2),
            not_done(Some(5)),
        ),
        with(
            "400 with an unknown code, transient",
            400,
            "",
            transient,
            NOT_DONE,
        ),
        // Refusals, with whatever status.
        coded("500 with code 3", 500, 3, parked(PermissionMissing)),
        coded(
            "500 with code 131045",
            500,
            131045,
            given_up(AccountBlocked),
        ),
        coded("401 with code 190", 401, 190, parked(CredentialsRejected)),
        coded("400 with code 131026", 400, 131026, given_up(Undeliverable)),
        coded("400 with code 131009", 400, 131009, REFUSED),
        with("404 with a page", 404, "", HTML, REFUSED),
        // Nobody goes where these lead.
        with("301 to itself", 301, here, "", REFUSED),
        with("302 to itself", 302, here, "", REFUSED),
        with("303 to itself", 303, here, "", REFUSED),
        with("307 to itself", 307, here, "", REFUSED),
        with("308 to itself", 308, here, "", REFUSED),
        with("300 to nowhere", 300, "", "", REFUSED),
        with("302 with code 2", 302, here, &graph(2), REFUSED),
        // Successes of another name.
        with("201", 201, "", ACCEPTED, SENT),
        with("202 with nothing", 202, "", "", IN_DOUBT),
        bare("204", "204 No Content\r\n\r\n"),
        bare(
            "101",
            "101 Switching\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n",
        ),
    ]
}

#[tokio::test]
async fn g7_only_what_proves_that_nothing_was_done_is_tried_again() {
    hold(faults()).await;
}
