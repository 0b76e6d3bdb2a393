//! Meta's errors by `code`: the HTTP status never decides alone, for a throttle comes as 400.
//!
//! Source: <https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes> and
//! <https://developers.facebook.com/docs/graph-api/guides/error-handling>.

use std::time::Duration;

use domain::FailureKind::{
    AccountBlocked, CredentialsRejected, InvalidRequest, NotFound, OutcomeUnknown,
    PermissionMissing, RecipientThrottled, Throttled, Unavailable, Undeliverable,
};
use domain::failure::Reaction;
use domain::{Failure, FailureKind};
use http::HeaderMap;
use serde::Deserialize;

use super::messages::PACE;
use crate::retry_after::retry_after;

#[derive(Deserialize)]
struct Envelope {
    error: GraphError,
}

/// The parts of an error that are decided on. `error_data` may be an object or text, so it is not read.
#[derive(Deserialize)]
struct GraphError {
    code: Option<i64>,
    error_subcode: Option<i64>,
    is_transient: Option<bool>,
    message: Option<String>,
}

/// The failure that an answer other than 2xx stands for.
pub(super) fn failure_of(status: u16, headers: &HeaderMap, body: &[u8]) -> Failure {
    let error = serde_json::from_slice(body).map(|Envelope { error }| error);
    let coded = error.ok().and_then(|error| Some((error.code?, error)));
    let (code, failure) = match coded {
        Some((code, error)) if !is_redirect(status) => (
            code,
            of_error(status, code, &error).with_code(code.to_string()),
        ),
        _ => (0, by_status(status, false)),
    };
    match wait(code, headers) {
        Some(wait) if matches!(failure.kind.reaction(), Reaction::TryLater { .. }) => {
            failure.after(wait)
        }
        _ => failure,
    }
}

fn of_error(status: u16, code: i64, error: &GraphError) -> Failure {
    let message = error.message.as_deref().unwrap_or_default();
    let message = message.to_ascii_lowercase();
    let proof = message.contains("appsecret_proof");
    let secret = message.contains("client secret");
    match (code, error.error_subcode) {
        (1, _) if secret => Failure::new(
            CredentialsRejected,
            "The app secret does not fit the app.",
            "Copy the app secret again from App Dashboard → App settings → Basic.",
        ),
        // "Invalid request or possible server error": what failed for the second reason may have been done.
        (1, _) if !is_refusal(status) => in_doubt(),
        (100, _) if proof => Failure::new(
            PermissionMissing,
            "Meta asks for proof of the app secret, and the one given does not fit.",
            "Enter the app secret of the app that the token belongs to.",
        ),
        (100, Some(33)) => Failure::new(
            NotFound,
            "Meta does not know the ID, or the token may not see it.",
            "Check the phone number ID, and that the system user has this WhatsApp account assigned.",
        ),
        (190, Some(463)) => Failure::new(
            CredentialsRejected,
            "The access token has expired.",
            "Generate a new system user token in Meta Business settings; choose one that never expires.",
        ),
        (190, Some(460)) => Failure::new(
            CredentialsRejected,
            "The access token ended when a password was changed.",
            "Generate a new token in Meta Business settings; a system user's is not tied to a password.",
        ),
        _ => by_code(code).unwrap_or_else(|| by_status(status, error.is_transient == Some(true))),
    }
}

/// The failure that the code in a status webhook stands for, if there is one in it.
pub(super) fn failure_of_status(code: Option<i64>) -> Failure {
    let failure = code.and_then(by_code).unwrap_or_else(|| {
        Failure::new(
            Undeliverable,
            "Meta could not deliver the message.",
            "Look the code up in Meta's list of error codes.",
        )
    });
    match code {
        Some(code) => failure.with_code(code.to_string()),
        None => failure,
    }
}

/// Whether the status alone proves that nothing was done. 408 does not: it comes as well from a proxy that has passed the
/// request on and waited in vain.
const fn is_refusal(status: u16) -> bool {
    matches!(status, 400..=499) && status != 408
}

const fn is_redirect(status: u16) -> bool {
    matches!(status, 300..=399)
}

/// What an answer means that has no code, or none that is listed.
fn by_status(status: u16, transient: bool) -> Failure {
    match status {
        _ if is_redirect(status) => Failure::new(
            InvalidRequest,
            "The Graph API's address redirects, which is never followed.",
            "Check the base URL that the operator has set for this provider.",
        ),
        _ if !is_refusal(status) => in_doubt(),
        429 => Failure::new(
            Throttled,
            "Meta asks for fewer calls.",
            "Nothing to do; sending goes on when Meta allows it.",
        ),
        _ if transient => trouble(),
        401 | 403 => Failure::new(
            PermissionMissing,
            "Meta did not allow the request.",
            "Check the token's permissions in Meta Business settings and test the connection again.",
        ),
        _ => Failure::new(
            InvalidRequest,
            "Meta refused the request.",
            "Look the code up in Meta's list of error codes.",
        ),
    }
}

fn in_doubt() -> Failure {
    Failure::new(
        OutcomeUnknown,
        "Meta failed without saying whether the request was carried out.",
        "Wait for the message's status, or look in WhatsApp Manager before sending again.",
    )
}

fn trouble() -> Failure {
    Failure::new(
        Unavailable,
        "Meta has trouble at present.",
        "Nothing to do; it is tried again.",
    )
}

/// What each code means for us. `None` for one that is not listed.
pub(super) fn by_code(code: i64) -> Option<Failure> {
    let (kind, detail, hint): (FailureKind, &str, &str) = match code {
        0 | 101 | 102 | 104 | 190 | 2500 => (
            CredentialsRejected,
            "Meta does not accept the access token: it has expired, was revoked, or is wrong.",
            "Generate a new system user token in Meta Business settings and enter it here.",
        ),
        3 | 10 | 200..=299 | 131005 => (
            PermissionMissing,
            "The access token may not do this.",
            "Give the token the permissions whatsapp_business_messaging and whatsapp_business_management, and assign \
             the WhatsApp account to the system user.",
        ),
        4 | 17 | 32 | 341 | 613 | 80007 | 80008 => (
            Throttled,
            "The app has made too many calls to Meta.",
            "Nothing to do; sending goes on when Meta allows it.",
        ),
        130429 => (
            Throttled,
            "The phone number sends faster than Meta allows.",
            "Nothing to do; sending goes on more slowly.",
        ),
        131056 => (
            RecipientThrottled,
            "Too many messages to this recipient in a short time.",
            "Nothing to do; the message is sent later. Send fewer messages to one person.",
        ),
        1 | 2 | 131000 | 131016 | 131057 | 133004 | 2494100 => return Some(trouble()),
        33 | 133010 | 131045 => (
            AccountBlocked,
            "The phone number is not registered with the Cloud API.",
            "Register the number in WhatsApp Manager, then test the connection.",
        ),
        368 | 131031 => (
            AccountBlocked,
            "Meta has restricted the WhatsApp account for breaking its policies.",
            "Open WhatsApp Manager → Account quality and follow what Meta asks for there.",
        ),
        // As an error, and as an account's health tells it.
        131042 | 141006 => (
            AccountBlocked,
            "The WhatsApp account has no valid payment method.",
            "Add or repair the payment method in Meta Business settings → Billing.",
        ),
        131037 => (
            AccountBlocked,
            "The number's display name is not approved yet.",
            "Wait for the approval in WhatsApp Manager → Phone numbers.",
        ),
        131048 | 131063 | 131064 | 134011 | 134102 => (
            AccountBlocked,
            "Meta limits what this number may send.",
            "Open WhatsApp Manager → Account quality and follow what Meta asks for there.",
        ),
        803 => (
            NotFound,
            "Meta does not know the ID.",
            "Check the IDs in WhatsApp Manager → API setup.",
        ),
        131047 => (
            Undeliverable,
            "More than 24 hours have passed since the recipient last wrote.",
            "Send an approved template instead; it opens the conversation again.",
        ),
        131026 => (
            Undeliverable,
            "The recipient cannot receive this message: not on WhatsApp, an old client, or terms not accepted.",
            "Try another channel.",
        ),
        131049 => (
            Undeliverable,
            "Meta chose not to deliver this marketing message to keep its recipients content.",
            "Do not send it again within 24 hours.",
        ),
        131030 => (
            Undeliverable,
            "The number is a test number, and the recipient is not on its list.",
            "Add the recipient in WhatsApp Manager → API setup, or use a real number.",
        ),
        131050 => (
            Undeliverable,
            "The recipient has stopped marketing messages from this business.",
            "Do not send them marketing messages.",
        ),
        130403 | 130472 | 130497 | 131021 | 131035 | 131036 | 137000 => (
            Undeliverable,
            "Meta does not deliver this message to this recipient.",
            "Try another channel.",
        ),
        132001 => (
            InvalidRequest,
            "The template does not exist in this language, or is not approved.",
            "Check its name and language in WhatsApp Manager → Message templates.",
        ),
        132000 | 132008 | 132012 | 132018 => (
            InvalidRequest,
            "The parameters do not fit the template.",
            "Compare number and kind of the parameters with the template in WhatsApp Manager.",
        ),
        132015 | 132016 => (
            InvalidRequest,
            "Meta has paused or disabled the template for its quality.",
            "Use another template, or edit this one in WhatsApp Manager.",
        ),
        131053 => (
            InvalidRequest,
            "Meta could not fetch or use the media file.",
            "Check that the link is public and that type and size are allowed.",
        ),
        131051 => (
            InvalidRequest,
            "This type of message is not supported.",
            "Use a type from Meta's list of message types.",
        ),
        100 | 131008 | 131009 | 135000 => (
            InvalidRequest,
            "A parameter of the message is missing or wrong.",
            "Compare the message with Meta's description of its type.",
        ),
        131059 => (
            InvalidRequest,
            "The place in the list is none that Meta knows.",
            "Start again from the first page.",
        ),
        2200 => (
            InvalidRequest,
            "Meta called the webhook URL to verify it and did not get the expected answer.",
            "Check that the public URL of Switchboard can be reached, then repair the webhook.",
        ),
        131041 | 131020 | 131055 | 131062 | 132005 | 132007 | 132068 | 132069 | 134100 | 134101 => {
            (
                InvalidRequest,
                "Meta refused the message.",
                "Look the code up in Meta's list of error codes.",
            )
        }
        _ => return None,
    };
    Some(Failure::new(kind, detail, hint))
}

/// How long Meta asks to wait: by header where there is one, else what is known of the limit that was hit.
fn wait(code: i64, headers: &HeaderMap) -> Option<Duration> {
    let known = match code {
        130429 => Some(Duration::from_secs(1)),
        // Meta asks for 4ⁿ s, which only whoever counts the tries can keep to; before this is over, there is no room for
        // another message.
        131056 => Some(PACE.recipient_interval),
        4 | 17 | 32 | 341 | 613 | 131057 | 2494100 => Some(Duration::from_secs(60)),
        80007 | 80008 => Some(Duration::from_secs(300)),
        _ => None,
    };
    retry_after(headers).or(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, body: &str) -> Failure {
        failure_of(status, &HeaderMap::new(), body.as_bytes())
    }

    fn coded(status: u16, code: i64) -> FailureKind {
        of(
            status,
            &format!(r#"{{"error":{{"message":"x","code":{code}}}}}"#),
        )
        .kind
    }

    #[test]
    fn the_code_decides_not_the_status() {
        for (status, code, kind) in [
            (400, 130429, Throttled),
            (400, 131056, RecipientThrottled),
            (429, 130429, Throttled),
            (400, 80007, Throttled),
            (401, 190, CredentialsRejected),
            (400, 190, CredentialsRejected),
            (401, 0, CredentialsRejected),
            (403, 10, PermissionMissing),
            (403, 200, PermissionMissing),
            (403, 299, PermissionMissing),
            (500, 3, PermissionMissing),
            (500, 131000, Unavailable),
            (503, 2, Unavailable),
            (400, 131047, Undeliverable),
            (404, 132001, InvalidRequest),
            (400, 100, InvalidRequest),
            (403, 368, AccountBlocked),
            (400, 131042, AccountBlocked),
            (404, 803, NotFound),
            (400, 1, Unavailable),
            (500, 1, OutcomeUnknown),
            (500, 999_999, OutcomeUnknown),
            (302, 2, InvalidRequest),
            (403, 999_999, PermissionMissing),
            (400, 999_999, InvalidRequest),
        ] {
            assert_eq!(coded(status, code), kind, "{status} {code}");
        }
    }

    #[test]
    fn what_is_no_graph_error_is_judged_by_what_it_proves() {
        assert_eq!(of(502, "<html>bad gateway</html>").kind, OutcomeUnknown);
        assert_eq!(of(500, "").kind, OutcomeUnknown);
        assert_eq!(
            of(500, r#"{"error":{"message":"no code"}}"#).kind,
            OutcomeUnknown
        );
        assert_eq!(of(302, "").kind, InvalidRequest);
        assert_eq!(of(404, "<html>").kind, InvalidRequest);
        let text = r#"{"error":{"message":"m","code":131009,"error_data":"a string"}}"#;
        assert_eq!(of(400, text).kind, InvalidRequest);
        let text = r#"{"error":{"message":null,"code":131056,"is_transient":null}}"#;
        assert_eq!(of(400, text).kind, RecipientThrottled);
        for status in [101, 408, 500, 503, 599, 999] {
            let text = r#"{"error":{"message":"m","code":999999,"is_transient":true}}"#;
            assert_eq!(of(status, text).kind, OutcomeUnknown, "{status}");
        }
    }

    #[test]
    fn subcodes_and_texts_refine() {
        let of = |body| of(400, body);
        let failure = of(r#"{"error":{"message":"m","code":100,"error_subcode":33}}"#);
        assert_eq!(failure.kind, NotFound);
        assert_eq!(failure.provider_code.as_deref(), Some("100"));
        let failure = of(r#"{"error":{"message":"Invalid appsecret_proof provided","code":100}}"#);
        assert_eq!(failure.kind, PermissionMissing);
        let failure = of(
            r#"{"error":{"message":"Session has expired CANARY","code":190,"error_subcode":463}}"#,
        );
        assert!(failure.detail.contains("expired") && !format!("{failure:?}").contains("CANARY"));
        assert!(
            of(r#"{"error":{"message":"m","code":7,"is_transient":true}}"#).kind == Unavailable
        );
    }

    #[test]
    fn a_wait_is_metas_own_or_that_of_the_limit() {
        let wait = |status: u16, code: i64, asked: Option<&str>| {
            let mut headers = HeaderMap::new();
            if let Some(asked) = asked {
                headers.insert("retry-after", asked.parse().unwrap());
            }
            let body = format!(r#"{{"error":{{"message":"m","code":{code}}}}}"#);
            let wait = failure_of(status, &headers, body.as_bytes()).retry_after;
            wait.map(|wait| wait.as_secs())
        };
        for (status, code, known) in [
            (400, 130429, Some(1)),
            (400, 131056, Some(6)),
            (400, 4, Some(60)),
            (400, 80007, Some(300)),
            (500, 131057, Some(60)),
            (503, 2, None),
            (429, 999_999, None),
        ] {
            assert_eq!(wait(status, code, None), known, "{code}");
            assert_eq!(wait(status, code, Some("soon")), known, "{code}");
            assert_eq!(wait(status, code, Some("17")), Some(17), "{code}");
            assert_eq!(wait(status, code, Some("0")), Some(0), "{code}");
        }
        // Where nothing is tried again, nothing is waited for.
        for (status, code) in [(400, 100), (401, 190), (500, 999_999)] {
            assert_eq!(wait(status, code, Some("17")), None, "{code}");
        }
    }
}
