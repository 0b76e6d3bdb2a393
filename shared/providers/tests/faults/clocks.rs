//! The provider's clock and ours differ.

use domain::Clock;
use domain::FailureKind::Throttled;
use domain::time::SystemClock;
use time::OffsetDateTime;
use time::macros::format_description;

use crate::fake::Step::{Read, Say};
use crate::matrix::{ACCEPTED, Fault, always, answer, hold};
use crate::outcomes::{SENT, throttled};

const MINUTES: i64 = 60;

/// So many seconds from now, as HTTP writes it.
fn from_now(seconds: i64) -> String {
    let form = format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    let time = SystemClock.now().seconds() + seconds;
    let time = OffsetDateTime::from_unix_timestamp(time).expect("a time");
    time.format(form).expect("a text")
}

pub(crate) fn faults() -> Vec<Fault> {
    let dated = |name, ahead: i64| {
        let headers = format!("date: {}\r\n", from_now(ahead));
        always(name, SENT, vec![Read, Say(answer(200, &headers, ACCEPTED))])
    };
    let asking = |name, ahead: i64| {
        let (now, then) = (from_now(ahead), from_now(ahead + 30));
        let headers = format!("date: {now}\r\nretry-after: {then}\r\n");
        let said = Say(answer(429, &headers, ""));
        always(name, throttled(Throttled, Some(30)), vec![Read, said])
    };
    vec![
        dated("its clock is slow", -10 * MINUTES),
        dated("its clock is fast", 10 * MINUTES),
        asking("its clock is slow, and it asks to wait", -10 * MINUTES),
        asking("its clock is fast, and it asks to wait", 10 * MINUTES),
    ]
}

#[tokio::test]
async fn g10_a_clock_that_is_wrong_changes_nothing() {
    hold(faults()).await;
}
