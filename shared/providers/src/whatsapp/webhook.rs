//! Meta's webhooks: the question whether a URL is ours, the signature over the raw bytes, and the single events.
//!
//! Source: <https://developers.facebook.com/docs/graph-api/webhooks/getting-started>.

use std::borrow::Cow;

use async_trait::async_trait;
use domain::event::{DeliveryStatus, EventKind, ProviderEvent, StatusUpdate};
use domain::{Credentials, Failure, MessageId, Timestamp, random};
use ring::hmac;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{WhatsApp, errors, registration};
use crate::{Connection, MalformedBody, Verifier, WebhookRequest, Webhooks};

const VERIFY_TOKEN: &str = "verify_token";
const APP_SECRET: &str = "app_secret";
/// 9999-12-31T23:59:59Z: no later time can be written as text.
const LAST_SECOND: i64 = 253_402_300_799;

#[async_trait]
impl Webhooks for WhatsApp {
    fn secret(
        &self,
        credentials: &Credentials,
        verify_token: &SecretString,
    ) -> Option<Credentials> {
        let app_secret = credentials.get(APP_SECRET)?.clone();
        Some(
            [
                (APP_SECRET, app_secret),
                (VERIFY_TOKEN, verify_token.clone()),
            ]
            .into_iter()
            .collect(),
        )
    }

    fn missing_secret_hint(&self) -> &'static str {
        "Enter the Meta app secret: without it no incoming message or status can be authenticated."
    }

    fn verifier(&self, secret: Option<&Credentials>) -> Box<dyn Verifier> {
        let field = |name| {
            secret
                .and_then(|secret| secret.get(name))
                .map(|value| value.expose_secret())
                .unwrap_or_default()
        };
        let app_secret = field(APP_SECRET);
        Box::new(MetaVerifier {
            known: !app_secret.is_empty(),
            key: hmac::Key::new(hmac::HMAC_SHA256, app_secret.as_bytes()),
            verify_token: SecretString::from(field(VERIFY_TOKEN)),
        })
    }

    fn events<'a>(
        &self,
        body: &'a [u8],
        received_at: Timestamp,
    ) -> Result<Vec<ProviderEvent<'a>>, MalformedBody> {
        let body: Body<'a> = serde_json::from_slice(body).map_err(|_| MalformedBody)?;
        let mut events = Vec::new();
        if body.object != "whatsapp_business_account" {
            return Ok(events);
        }
        for entry in &body.entry {
            for change in &entry.changes {
                change.events(entry, received_at, &mut events);
            }
        }
        Ok(events)
    }

    async fn register(
        &self,
        connection: Connection<'_>,
        url: &str,
        verify_token: &SecretString,
    ) -> Result<(), Failure> {
        registration::register(connection, url, verify_token).await
    }

    async fn deregister(&self, connection: Connection<'_>) -> Result<(), Failure> {
        registration::deregister(connection).await
    }
}

struct MetaVerifier {
    known: bool,
    key: hmac::Key,
    verify_token: SecretString,
}

impl Verifier for MetaVerifier {
    fn is_genuine(&self, request: WebhookRequest<'_>) -> bool {
        let given = (request.header)("x-hub-signature-256")
            .and_then(signature)
            .unwrap_or([0; 32]);
        hmac::verify(&self.key, request.body, &given).is_ok() && self.known
    }

    fn answer_handshake(&self, query: &[(String, String)]) -> Option<String> {
        let value = |name| {
            let mut found = query.iter().filter(|(key, _)| key == name);
            let first = found.next()?;
            found.next().is_none().then_some(first.1.as_str())
        };
        let expected = self.verify_token.expose_secret();
        let given = value("hub.verify_token")?;
        // Comparing MACs under a key of our own tells nothing of where two texts differ.
        let tag = hmac::sign(&self.key, expected.as_bytes());
        let same = hmac::verify(&self.key, given.as_bytes(), tag.as_ref()).is_ok();
        let challenge = value("hub.challenge")?;
        let sound = (1..=128).contains(&challenge.len())
            && challenge
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
        let asked = value("hub.mode") == Some("subscribe");
        (same && sound && asked && self.known && !expected.is_empty()).then(|| challenge.to_owned())
    }
}

/// The 32 bytes in `sha256={64 hexadecimal digits}`; anything else is no signature.
fn signature(header: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(header.strip_prefix("sha256=")?, &mut bytes).ok()?;
    Some(bytes)
}

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow, default)]
    object: Cow<'a, str>,
    #[serde(borrow, default)]
    entry: Vec<Entry<'a>>,
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(default)]
    id: TextOrNumber,
    #[serde(default)]
    time: TextOrNumber,
    #[serde(borrow, default)]
    changes: Vec<Change<'a>>,
}

#[derive(Deserialize)]
struct Change<'a> {
    #[serde(borrow, default)]
    field: Cow<'a, str>,
    #[serde(borrow)]
    value: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct MessagesValue<'a> {
    metadata: Option<Metadata>,
    #[serde(borrow)]
    contacts: Option<&'a RawValue>,
    #[serde(borrow, default)]
    messages: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    statuses: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    errors: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Metadata {
    phone_number_id: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    id: String,
    #[serde(default)]
    timestamp: TextOrNumber,
}

#[derive(Deserialize)]
struct Status<'a> {
    id: String,
    #[serde(borrow)]
    status: Cow<'a, str>,
    #[serde(default)]
    timestamp: TextOrNumber,
    #[serde(borrow, default)]
    recipient_participant_id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    biz_opaque_callback_data: Option<Cow<'a, str>>,
    #[serde(default)]
    errors: Vec<StatusError>,
}

#[derive(Deserialize)]
struct StatusError {
    code: Option<i64>,
}

/// Meta writes ids and times now as text, now as numbers.
#[derive(Deserialize, Default)]
#[serde(untagged)]
enum TextOrNumber {
    Number(i64),
    Text(String),
    #[default]
    Absent,
}

impl TextOrNumber {
    fn text(&self) -> Option<String> {
        match self {
            Self::Number(number) => Some(number.to_string()),
            Self::Text(text) => Some(text.clone()),
            Self::Absent => None,
        }
    }

    fn seconds(&self) -> Option<Timestamp> {
        let seconds = match self {
            Self::Number(number) => *number,
            Self::Text(text) => text.parse().ok()?,
            Self::Absent => return None,
        };
        (1..=LAST_SECOND)
            .contains(&seconds)
            .then(|| Timestamp::from_seconds(seconds))
    }
}

impl<'a> Change<'a> {
    fn events(
        &self,
        entry: &Entry<'a>,
        received_at: Timestamp,
        events: &mut Vec<ProviderEvent<'a>>,
    ) {
        let Some(raw) = self.value else { return };
        let value = match self.field.as_ref() {
            "messages" => serde_json::from_str::<MessagesValue<'a>>(raw.get()).ok(),
            _ => None,
        };
        let Some(value) = value else {
            events.push(whole(
                raw,
                entry.id.text(),
                entry.time.seconds().unwrap_or(received_at),
            ));
            return;
        };
        let account = value
            .metadata
            .and_then(|metadata| metadata.phone_number_id)
            .or(entry.id.text());
        for raw in value.messages {
            events.push(match serde_json::from_str::<Message>(raw.get()) {
                Ok(message) => ProviderEvent {
                    id: message.id,
                    account: account.clone(),
                    occurred_at: message.timestamp.seconds().unwrap_or(received_at),
                    kind: EventKind::Message,
                    contacts: value.contacts,
                    payload: raw,
                },
                Err(_) => whole(raw, account.clone(), received_at),
            });
        }
        for raw in value.statuses {
            events.push(
                status_event(raw, account.clone(), received_at)
                    .unwrap_or_else(|| whole(raw, account.clone(), received_at)),
            );
        }
        for raw in value.errors {
            events.push(whole(raw, account.clone(), received_at));
        }
    }
}

fn status_event(
    raw: &RawValue,
    account: Option<String>,
    received_at: Timestamp,
) -> Option<ProviderEvent<'_>> {
    let status: Status<'_> = serde_json::from_str(raw.get()).ok()?;
    let what = match status.status.as_ref() {
        "sent" => DeliveryStatus::Sent,
        "delivered" => DeliveryStatus::Delivered,
        "read" | "played" => DeliveryStatus::Read,
        "failed" => DeliveryStatus::Failed,
        _ => return None,
    };
    let failure = (what == DeliveryStatus::Failed).then(|| {
        let code = status.errors.first().and_then(|error| error.code);
        errors::failure_of_status(code)
    });
    let participant = status
        .recipient_participant_id
        .as_deref()
        .unwrap_or_default();
    Some(ProviderEvent {
        id: format!("{}:{}:{participant}", status.id, status.status),
        account,
        occurred_at: status.timestamp.seconds().unwrap_or(received_at),
        kind: EventKind::Status(StatusUpdate {
            message: status
                .biz_opaque_callback_data
                .and_then(|id| MessageId::parse(&id).ok()),
            provider_id: status.id,
            status: what,
            failure,
        }),
        contacts: None,
        payload: raw,
    })
}

/// An event of no further interest to us: told from others by its bytes and its time.
fn whole(raw: &RawValue, account: Option<String>, occurred_at: Timestamp) -> ProviderEvent<'_> {
    let id = random::base32(&random::sha256(raw.get().as_bytes())[..20]);
    ProviderEvent {
        id: format!("{id}:{}", occurred_at.seconds()),
        account,
        occurred_at,
        kind: EventKind::Account,
        contacts: None,
        payload: raw,
    }
}
