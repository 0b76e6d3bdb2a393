//! The envelope of webhooks, the bytes that Meta makes of it, and their signature.

use std::fmt::Write;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use ring::hmac;
use serde_json::{Value, json};

use super::accounts::{Account, Phone};
use crate::delivery::Payload;

/// The value of a `messages` change, to which `messages` or `statuses` are to be added.
pub(super) fn value(phone_id: &str, phone: &Phone) -> Value {
    json!({
        "messaging_product": "whatsapp",
        "metadata": { "display_phone_number": phone.number, "phone_number_id": phone_id },
    })
}

/// One POST's worth: `{object, entry: [{id, changes: [{value, field}]}]}`.
pub(super) fn envelope(waba_id: &str, field: &str, values: Vec<Value>) -> Value {
    let changes: Vec<Value> = values
        .into_iter()
        .map(|value| json!({ "value": value, "field": field }))
        .collect();
    json!({ "object": "whatsapp_business_account", "entry": [{ "id": waba_id, "changes": changes }] })
}

/// Joins status values that follow each other and are of the same number, as Meta does with what
/// has piled up.
pub(super) fn merged(values: &[Value]) -> Vec<Value> {
    let mut merged: Vec<Value> = Vec::new();
    for value in values {
        let last = merged
            .last_mut()
            .filter(|last| last.get("metadata") == value.get("metadata"));
        let statuses = last.and_then(|last| last.get_mut("statuses")?.as_array_mut());
        match (statuses, value.get("statuses").and_then(Value::as_array)) {
            (Some(statuses), Some(more)) => statuses.extend(more.iter().cloned()),
            _ => merged.push(value.clone()),
        }
    }
    merged
}

/// The bytes that are sent and signed: JSON in which `/` is `\/` and what is not ASCII is `\uxxxx`
/// in lower case.
pub(super) fn encode(body: &Value) -> Bytes {
    let mut out = String::new();
    // Both occur inside strings only, so the text of the whole can be gone through.
    for character in body.to_string().chars() {
        match character {
            '/' => out.push_str("\\/"),
            ascii if ascii.is_ascii() => out.push(ascii),
            other => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    write!(out, "\\u{unit:04x}").ok();
                }
            }
        }
    }
    Bytes::from(out)
}

/// Body and headers; `tamper` leaves a signature of other bytes.
pub(super) fn signed(account: &Account, body: Bytes, tamper: bool) -> Payload {
    let secret = account.app_secret.as_bytes();
    let sign = |algorithm, name: &str| {
        let mut context = hmac::Context::with_key(&hmac::Key::new(algorithm, secret));
        context.update(&body);
        if tamper {
            context.update(b" ");
        }
        HeaderValue::from_str(&format!("{name}={}", hex::encode(context.sign()))).ok()
    };
    let mut headers = HeaderMap::new();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert(
        header::USER_AGENT,
        HeaderValue::from_static("facebookexternalua"),
    );
    headers.extend(
        [
            ("x-hub-signature-256", sign(hmac::HMAC_SHA256, "sha256")),
            // The older one still comes along; nobody should look at it.
            (
                "x-hub-signature",
                sign(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, "sha1"),
            ),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((HeaderName::from_static(name), value?))),
    );
    Payload { headers, body }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_escaped_as_meta_does() {
        let body = json!({ "text": "é \"quoted\" https://a.example/ह 😀 <&>@% \n" });
        let expected =
            r#"{"text":"\u00e9 \"quoted\" https:\/\/a.example\/\u0939 \ud83d\ude00 <&>@% \n"}"#;
        assert_eq!(encode(&body), expected.as_bytes());
        assert_eq!(
            serde_json::from_slice::<Value>(&encode(&body)).ok(),
            Some(body)
        );
    }

    #[test]
    fn statuses_of_one_number_share_a_change() {
        let value = |phone: &str, id: &str| json!({ "metadata": { "id": phone }, "statuses": [{ "id": id }] });
        let values = [value("1", "a"), value("1", "b"), value("2", "c")];
        let both = json!({ "metadata": { "id": "1" }, "statuses": [{ "id": "a" }, { "id": "b" }] });
        assert_eq!(merged(&values), [both, value("2", "c")]);
    }
}
