//! `POST /{phone_number_id}/messages`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use domain::{Failure, FailureKind, MessageId};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::WhatsApp;
use super::graph::Graph;
use crate::{Accepted, Connection, Messages, Pace};

/// What Meta lets every number do: <https://developers.facebook.com/docs/whatsapp/cloud-api/overview> (throughput, and
/// the limit of a pair of business and user).
pub(super) const PACE: Pace = Pace {
    per_second: 80,
    burst: 80,
    recipient_interval: Duration::from_secs(6),
    recipient_burst: 45,
};

/// Most bytes of Meta's id of a message, which has 128 at most.
const LONGEST_ID: usize = 512;

/// Most characters of a recipient's name that are told apart.
const LONGEST_RECIPIENT: usize = 64;

/// Whom a payload is for: by phone number or group, or by a user's id at the business.
#[derive(Deserialize)]
struct Addressed<'a> {
    #[serde(borrow, default)]
    to: Cow<'a, str>,
    #[serde(borrow, default)]
    recipient: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    messages: Vec<Message>,
}

#[derive(Deserialize)]
struct Message {
    id: String,
}

#[async_trait]
impl Messages for WhatsApp {
    async fn send(
        &self,
        connection: Connection<'_>,
        id: &MessageId,
        payload: &RawValue,
    ) -> Result<Accepted, Failure> {
        let body = body(id, payload)?;
        let path = format!(
            "{}/messages",
            connection.setting("phone_number_id").unwrap_or_default()
        );
        let answer: Answer = Graph::new(connection).post(&path, body).await?;
        match answer.messages.into_iter().next() {
            Some(message) if (1..=LONGEST_ID).contains(&message.id.len()) => Ok(Accepted {
                provider_id: message.id,
            }),
            _ => Err(Failure::new(
                FailureKind::OutcomeUnknown,
                "Meta accepted the request but named no message.",
                "Wait for the message's status, or look in WhatsApp Manager before sending again.",
            )),
        }
    }

    fn pace(&self) -> Pace {
        PACE
    }

    fn recipient(&self, payload: &RawValue) -> Option<String> {
        let addressed: Addressed<'_> = serde_json::from_str(payload.get()).ok()?;
        let named = [addressed.to, addressed.recipient];
        named.iter().find_map(|name| plain(name))
    }
}

/// The same recipient however it is written: `+1 (555) 010-0199` is `15550100199`. `None` if nothing is left.
fn plain(name: &str) -> Option<String> {
    let plain = name.chars().filter(char::is_ascii_alphanumeric);
    let plain: String = plain.take(LONGEST_RECIPIENT).collect();
    (!plain.is_empty()).then_some(plain)
}

/// The producer's payload with the constant envelope and our id, which status webhooks echo.
fn body(id: &MessageId, payload: &RawValue) -> Result<Vec<u8>, Failure> {
    let wrong = |detail| {
        Failure::new(
            FailureKind::InvalidRequest,
            detail,
            "Give `wabaPayload` as Meta's message object, such as {\"to\": …, \"type\": \"text\", \"text\": {\"body\": …}}.",
        )
    };
    let fields: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_str(payload.get())
        .map_err(|_| wrong("The payload is not a JSON object."))?;
    if fields.contains_key("biz_opaque_callback_data") {
        return Err(wrong(
            "The payload sets biz_opaque_callback_data, which carries our own message id.",
        ));
    }
    let mut body = Vec::with_capacity(payload.get().len() + id.as_str().len() + 80);
    body.extend_from_slice(b"{\"messaging_product\":\"whatsapp\",\"biz_opaque_callback_data\":\"");
    // A message id has no character that JSON would escape.
    body.extend_from_slice(id.as_str().as_bytes());
    body.push(b'"');
    for (name, value) in fields
        .iter()
        .filter(|(name, _)| *name != "messaging_product")
    {
        body.push(b',');
        serde_json::to_writer(&mut body, name)
            .map_err(|_| wrong("The payload cannot be written."))?;
        body.push(b':');
        body.extend_from_slice(value.get().as_bytes());
    }
    body.push(b'}');
    Ok(body)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn body_of(payload: Value) -> Result<Value, Failure> {
        let raw = serde_json::value::to_raw_value(&payload).unwrap();
        let id = MessageId::parse("m-1").unwrap();
        body(&id, &raw).map(|body| serde_json::from_slice(&body).unwrap())
    }

    #[test]
    fn the_envelope_is_added() {
        let payload = json!({"to": "919876543220", "type": "text", "text": {"body": "Hello!"}});
        assert_eq!(
            body_of(payload).unwrap(),
            json!({"messaging_product": "whatsapp", "biz_opaque_callback_data": "m-1",
                "to": "919876543220", "type": "text", "text": {"body": "Hello!"}})
        );
    }

    #[test]
    fn a_recipient_is_the_same_however_it_is_written() {
        let recipient = |payload: &str| {
            let payload = RawValue::from_string(payload.to_owned()).unwrap();
            WhatsApp.recipient(&payload)
        };
        let number = Some("15550100199".to_owned());
        for payload in [
            r#"{"to":"15550100199","type":"text","text":{"body":"Hello!"}}"#,
            r#"{"to":"+1 (555) 010-0199"}"#,
            r#"{"to":"\u002b15550100199"}"#,
            r#"{"recipient":"15550100199"}"#,
            r#"{"to":"15550100199","recipient":"US.13491208655302741918"}"#,
        ] {
            assert_eq!(recipient(payload), number, "{payload}");
        }
        let user = recipient(r#"{"recipient":"US.13491208655302741918"}"#);
        assert_eq!(user.as_deref(), Some("US13491208655302741918"));
        for payload in [
            "{}",
            "[]",
            "7",
            r#"{"to":""}"#,
            r#"{"to":"+"}"#,
            r#"{"to":{}}"#,
        ] {
            assert_eq!(recipient(payload), None, "{payload}");
        }
        let long = recipient(&json!({"to": "1".repeat(100_000)}).to_string());
        assert_eq!(long.map(|name| name.len()), Some(LONGEST_RECIPIENT));
    }

    #[test]
    fn what_is_ours_to_set_is_not_taken_from_the_producer() {
        let given = json!({"messaging_product": "telegram", "to": "1"});
        assert_eq!(body_of(given).unwrap()["messaging_product"], "whatsapp");
        let given = json!({"biz_opaque_callback_data": "theirs"});
        assert_eq!(
            body_of(given).unwrap_err().kind,
            FailureKind::InvalidRequest
        );
        assert_eq!(
            body_of(json!([1])).unwrap_err().kind,
            FailureKind::InvalidRequest
        );
    }
}
