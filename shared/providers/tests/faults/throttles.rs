//! Too fast: what Meta asks for, and how long.

use domain::FailureKind::{RecipientThrottled, Throttled};

use crate::fake::Step::{Read, Say};
use crate::matrix::{Fault, always, answer, hold};
use crate::outcomes::{Outcome, throttled};

/// An answer of Meta's with that code.
pub(crate) fn graph(code: i64) -> String {
    format!(
        r#"{{"error":{{"message":"(#{code})","type":"OAuthException","code":{code},"fbtrace_id":"x"}}}}"#
    )
}

pub(crate) fn faults() -> Vec<Fault> {
    let date = "date: Fri, 20 Nov 2026 10:00:00 GMT\r\n";
    let asking = |name, asked: &str, wait| {
        let headers = format!("{date}{asked}");
        let said = Say(answer(429, &headers, ""));
        always(name, throttled(Throttled, wait), vec![Read, said])
    };
    let coded = |name, status, code, headers: &str, outcome: Outcome| {
        let said = Say(answer(status, headers, graph(code)));
        always(name, outcome, vec![Read, said])
    };
    let slower = |wait| throttled(Throttled, Some(wait));
    let pair = |wait| throttled(RecipientThrottled, Some(wait));
    let soon = "retry-after: soon\r\n";
    let later = "retry-after: 17\r\n";
    vec![
        asking("429, and no time", "", None),
        asking("429, now", "retry-after: 0\r\n", Some(0)),
        asking("429, in 5 s", "retry-after: 5\r\n", Some(5)),
        asking("429, in a day", "retry-after: 86400\r\n", Some(86_400)),
        asking("429, in a year", "retry-after: 31536000\r\n", Some(86_400)),
        asking("429, a second ago", "retry-after: -1\r\n", None),
        asking("429, soon", soon, None),
        asking(
            "429, at a time that has been",
            "retry-after: Fri, 20 Nov 2026 09:00:00 GMT\r\n",
            Some(0),
        ),
        asking(
            "429, at a time to come",
            "retry-after: Fri, 20 Nov 2026 10:30:00 GMT\r\n",
            Some(1800),
        ),
        coded("130429 in a 400", 400, 130429, "", slower(1)),
        coded("130429 in a 429", 429, 130429, "", slower(1)),
        coded("131056 in a 400", 400, 131056, "", pair(6)),
        coded("131056 in a 429", 429, 131056, "", pair(6)),
        coded("4 in a 400", 400, 4, "", slower(60)),
        coded("4 in a 429", 429, 4, "", slower(60)),
        coded("80007 in a 400", 400, 80007, "", slower(300)),
        coded("80007 in a 429", 429, 80007, "", slower(300)),
        coded("130429, soon", 400, 130429, soon, slower(1)),
        coded("130429, in 17 s", 400, 130429, later, slower(17)),
        coded("131056, in 17 s", 429, 131056, later, pair(17)),
    ]
}

#[tokio::test]
async fn g4_the_providers_time_is_kept_whatever_its_form() {
    hold(faults()).await;
}
