//! What Exotel's refusals mean. The status decides: bodies are JSON, XML or plain text, and their codes are not listed
//! anywhere.
//!
//! Source: <https://developer.exotel.com/api>, "Error codes"; the causes that a test tells apart are S1-68.

use domain::FailureKind::{
    AccountBlocked, CredentialsRejected, InvalidRequest, NotFound, Throttled, Unavailable,
};
use domain::{Failure, FailureKind};
use serde_json::Value;

/// The failure that a refused read stands for.
pub(super) fn failure_of(status: u16, body: &[u8]) -> Failure {
    let (kind, detail, hint) = meaning(status);
    let failure = Failure::new(kind, detail, hint);
    match code(body) {
        Some(code) => failure.with_code(code),
        None => failure,
    }
}

/// The failure that a 200 stands for whose body is not what was asked for: Exotel puts refusals into one at times.
pub(super) fn failure_within(body: &[u8]) -> Failure {
    match stated_status(body) {
        Some(status) if status != 200 => failure_of(status, body),
        _ => Failure::new(
            Unavailable,
            "Exotel's answer could not be read.",
            "Try again; if it goes on, tell the operator.",
        ),
    }
}

const fn meaning(status: u16) -> (FailureKind, &'static str, &'static str) {
    match status {
        401 => (
            CredentialsRejected,
            "Exotel does not accept the API key and API token for this account SID.",
            "Copy account SID, API key and API token again from the Exotel dashboard → Settings → API settings, \
             all three from the same page.",
        ),
        402 => (
            AccountBlocked,
            "The Exotel account is suspended: it has no balance left, or its plan has ended.",
            "Top the account up or renew the plan in the Exotel dashboard → Billing, then test the connection again.",
        ),
        403 => (
            AccountBlocked,
            "Exotel refuses the account: it is suspended, its KYC is not complete, or the API key is limited to other \
             IP addresses.",
            "Look at the notices in the Exotel dashboard and at the key's limits in Settings → API settings, or ask \
             Exotel's support.",
        ),
        404 => (
            NotFound,
            "Exotel does not know the account SID.",
            "Copy the account SID again from the Exotel dashboard → Settings → API settings.",
        ),
        429 => (
            Throttled,
            "The Exotel account has made too many calls in a minute.",
            "Wait a minute and try again.",
        ),
        408 | 500.. => (
            Unavailable,
            "Exotel has trouble at present.",
            "Nothing to correct; try again later.",
        ),
        _ => (
            InvalidRequest,
            "Exotel refused the request.",
            "Check the account SID, and test the connection again.",
        ),
    }
}

/// The status that the body states: `RestException` is v1's envelope, `http_code` is v2's and v3's.
fn stated_status(body: &[u8]) -> Option<u16> {
    let number = number_at(body, ["/RestException/Status", "/http_code"])?;
    number.try_into().ok()
}

/// Exotel's own code, where it is a number; a text might repeat what was sent.
fn code(body: &[u8]) -> Option<String> {
    let number = number_at(body, ["/RestException/Code", "/response/error_data/code"])?;
    Some(number.to_string())
}

/// The number that stands at one of the places, as a number or as its text.
fn number_at(body: &[u8], places: [&str; 2]) -> Option<u64> {
    let body: Value = serde_json::from_slice(body).ok()?;
    places.iter().find_map(|place| match body.pointer(place)? {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s1_68_the_status_decides_whatever_the_body_is() {
        for body in [
            "",
            "Authentication failed",
            "<TwilioResponse/>",
            "{}",
            "[]",
            r#"{"RestException":"text"}"#,
        ] {
            for (status, kind) in [
                (400, InvalidRequest),
                (401, CredentialsRejected),
                (402, AccountBlocked),
                (403, AccountBlocked),
                (404, NotFound),
                (418, InvalidRequest),
                (429, Throttled),
                (503, Unavailable),
            ] {
                let failure = failure_of(status, body.as_bytes());
                assert_eq!(failure.kind, kind, "{status} {body}");
            }
        }
    }

    #[test]
    fn a_refusal_inside_a_200_is_one() {
        let exception = |status| format!(r#"{{"RestException":{{"Status":{status}}}}}"#);
        let envelope = |status| format!(r#"{{"http_code":{status},"response":{{}}}}"#);
        for (body, kind) in [
            (exception("401"), CredentialsRejected),
            (exception(r#""403""#), AccountBlocked),
            (envelope("429"), Throttled),
            (envelope("500"), Unavailable),
            (envelope("200"), Unavailable),
            (envelope("70000"), Unavailable),
            ("{}".into(), Unavailable),
            ("text".into(), Unavailable),
        ] {
            assert_eq!(failure_within(body.as_bytes()).kind, kind, "{body}");
        }
    }

    #[test]
    fn codes_are_numbers_and_texts_are_not_repeated() {
        for (body, code) in [
            (r#"{"RestException":{"Code":34001}}"#, Some("34001")),
            (r#"{"RestException":{"Code":"34001"}}"#, Some("34001")),
            (
                r#"{"response":{"error_data":{"code":1010,"message":"CANARY"}}}"#,
                Some("1010"),
            ),
            (
                r#"{"RestException":{"Code":"CANARY","Message":"CANARY"}}"#,
                None,
            ),
            ("CANARY", None),
        ] {
            let failure = failure_of(401, body.as_bytes());
            assert_eq!(failure.provider_code.as_deref(), code, "{body}");
            assert!(!format!("{failure:?}").contains("CANARY"), "{failure:?}");
        }
    }
}
