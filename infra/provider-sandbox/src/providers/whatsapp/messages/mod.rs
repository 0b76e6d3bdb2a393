//! `POST /{phone_number_id}/messages`: sends a message, or marks one as read.
//!
//! The envelope is checked here, each type of message in a file of its own or in [`simple`].

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use serde_json::{Map, Value, json};

use self::part::{Limits, Part};
use super::accounts::{Account, Phone};
use super::error::{Graph, GraphError};
use crate::random;

mod contacts;
mod interactive;
mod part;
mod simple;
mod template;

/// Types that can be sent.
const TYPES: [&str; 11] = [
    "audio",
    "contacts",
    "document",
    "image",
    "interactive",
    "location",
    "reaction",
    "sticker",
    "template",
    "text",
    "video",
];

/// Types that arrive but cannot be sent.
const INBOUND_TYPES: [&str; 5] = ["button", "order", "system", "unknown", "unsupported"];

const ENVELOPE: [&str; 8] = [
    "messaging_product",
    "recipient_type",
    "to",
    "recipient",
    "type",
    "context",
    "biz_opaque_callback_data",
    "recipient_identity_key_hash",
];

/// Longest `biz_opaque_callback_data`, in characters.
const MAX_CALLBACK_DATA: usize = 512;

/// What a valid call was.
#[derive(Debug)]
pub(super) enum Received {
    /// A read receipt, perhaps with a typing indicator.
    Receipt,
    Message(Accepted),
}

/// A message that will be sent.
#[derive(Debug)]
pub(super) struct Accepted {
    pub(super) id: String,
    /// The type: `text`, `template`, …
    pub(super) kind: String,
    pub(super) recipient: Recipient,
    pub(super) callback_data: Option<String>,
    /// Pricing category: that of the template, or `service`.
    pub(super) category: String,
}

/// Whom a message is for.
#[derive(Debug)]
pub(super) enum Recipient {
    /// A phone number as it was given, and its digits.
    Phone {
        input: String,
        wa_id: String,
    },
    /// A business-scoped user id.
    User(String),
    Group(String),
}

impl Recipient {
    pub(super) fn id(&self) -> &str {
        match self {
            Self::Phone { wa_id, .. } => wa_id,
            Self::User(id) | Self::Group(id) => id,
        }
    }

    /// The field of a status webhook that names them.
    pub(super) fn status_field(&self) -> &'static str {
        match self {
            Self::User(_) => "recipient_user_id",
            _ => "recipient_id",
        }
    }
}

impl Accepted {
    pub(super) fn answer(&self) -> Value {
        let (contact, message) = match &self.recipient {
            Recipient::Phone { input, wa_id } => (
                json!({ "input": input, "wa_id": wa_id }),
                json!({ "id": self.id }),
            ),
            Recipient::User(id) => (
                json!({ "input": id, "user_id": id }),
                json!({ "id": self.id }),
            ),
            Recipient::Group(id) => (
                json!({ "input": id, "wa_id": id }),
                json!({ "id": self.id, "group_id": id }),
            ),
        };
        json!({ "messaging_product": "whatsapp", "contacts": [contact], "messages": [message] })
    }
}

/// Checks a call and takes the message on.
pub(super) fn receive(
    params: &Map<String, Value>,
    account: &Account,
    phone: &Phone,
) -> Graph<Received> {
    let envelope = Part::envelope(params);
    match params.get("messaging_product") {
        None | Some(Value::Null) => return Err(GraphError::required("messaging_product")),
        Some(product) if product.as_str() != Some("whatsapp") => {
            return Err(GraphError::parameter(
                "Param messaging_product must be one of {WHATSAPP}",
            ));
        }
        Some(_) => {}
    }
    if params.contains_key("status") {
        return receipt(&envelope).map(|()| Received::Receipt);
    }
    let kind = kind(params)?;
    envelope.only(&[ENVELOPE.as_slice(), &[kind]].concat())?;
    let recipient = recipient(&envelope, phone)?;
    let callback_data = envelope.optional_text("biz_opaque_callback_data", MAX_CALLBACK_DATA)?;
    envelope.optional_text("recipient_identity_key_hash", MAX_CALLBACK_DATA)?;
    if let Some(context) = envelope.optional_part("context")? {
        context.only(&["message_id"])?;
        context.text("message_id", 512)?;
        if kind == "reaction" {
            return Err(GraphError::invalid("A reaction cannot have a context."));
        }
    }
    let mut category = "service".to_owned();
    match kind {
        "text" => simple::text(&envelope.part("text")?)?,
        "image" | "video" | "audio" | "document" | "sticker" => {
            simple::media(kind, &envelope.part(kind)?)?
        }
        "location" => simple::location(&envelope.part("location")?)?,
        "reaction" => simple::reaction(&envelope.part("reaction")?)?,
        "contacts" => contacts::check(&envelope)?,
        "interactive" => {
            interactive::check(&envelope.part("interactive")?.limited_by(Limits::Value))?
        }
        _ => category = template::check(&envelope.part("template")?, &recipient)?,
    }
    if account.is_blocked() {
        let details = "The account has no valid payment method.";
        return Err(GraphError::titled(
            StatusCode::BAD_REQUEST,
            131_042,
            "Business eligibility payment issue",
            details,
        ));
    }
    let id = make_id(recipient.id(), true);
    Ok(Received::Message(Accepted {
        id,
        kind: kind.to_owned(),
        recipient,
        callback_data: callback_data.map(str::to_owned),
        category,
    }))
}

/// `{messaging_product, status: "read", message_id, typing_indicator?: {type: "text"}}`.
fn receipt(envelope: &Part<'_>) -> Graph<()> {
    envelope.only(&[
        "messaging_product",
        "status",
        "message_id",
        "typing_indicator",
    ])?;
    envelope.one_of("status", &["read"])?;
    if !envelope.text("message_id", 512)?.starts_with("wamid.") {
        return Err(
            GraphError::parameter("Invalid parameter").because("message_id names no message.")
        );
    }
    if let Some(indicator) = envelope.optional_part("typing_indicator")? {
        indicator.only(&["type"])?;
        indicator.one_of("type", &["text"])?;
    }
    Ok(())
}

/// The type; text when none is given.
fn kind(params: &Map<String, Value>) -> Graph<&str> {
    let kind = match params.get("type") {
        None | Some(Value::Null) => "text",
        Some(kind) => kind
            .as_str()
            .ok_or_else(|| GraphError::parameter("Param type must be a string."))?,
    };
    if TYPES.contains(&kind) {
        Ok(kind)
    } else if INBOUND_TYPES.contains(&kind) {
        let details = format!("Messages of type {kind} cannot be sent.");
        Err(GraphError::titled(
            StatusCode::BAD_REQUEST,
            131_051,
            "Unsupported message type",
            details,
        ))
    } else {
        let all = TYPES.join(", ").to_uppercase();
        Err(GraphError::parameter(format!(
            "Param type must be one of {{{all}}} - got \"{kind}\"."
        )))
    }
}

fn recipient(envelope: &Part<'_>, phone: &Phone) -> Graph<Recipient> {
    let is_group = match envelope.optional("recipient_type") {
        None => false,
        Some(_) => envelope.one_of("recipient_type", &["individual", "group"])? == "group",
    };
    match (envelope.optional("to"), envelope.optional("recipient")) {
        (None, None) => Err(GraphError::required("to")),
        (None, Some(_)) => user(envelope.text("recipient", 256)?),
        (Some(_), Some(_)) => Err(GraphError::parameter(
            "Only one of to and recipient can be given.",
        )),
        (Some(_), None) if is_group => Ok(Recipient::Group(envelope.text("to", 128)?.to_owned())),
        (Some(_), None) => {
            let input = envelope.text("to", 64)?;
            let wa_id =
                digits(input).ok_or_else(|| GraphError::invalid("to is not a phone number."))?;
            if wa_id == phone.number {
                let details = "Recipient and sender are the same number.";
                let title = "Recipient cannot be sender";
                return Err(GraphError::titled(
                    StatusCode::BAD_REQUEST,
                    131_021,
                    title,
                    details,
                ));
            }
            Ok(Recipient::Phone {
                input: input.to_owned(),
                wa_id,
            })
        }
    }
}

/// `CC.` and up to 128 letters and digits, with `ENT.` in between for those of a parent.
fn user(id: &str) -> Graph<Recipient> {
    let rest = id
        .split_once('.')
        .filter(|(country, _)| country.len() == 2)
        .map(|(_, rest)| rest);
    let number = rest.map(|rest| rest.strip_prefix("ENT.").unwrap_or(rest));
    let is_id = |text: &str| {
        (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    if number.is_some_and(is_id) {
        Ok(Recipient::User(id.to_owned()))
    } else {
        Err(GraphError::invalid(
            "recipient is not a business-scoped user id.",
        ))
    }
}

/// The digits of a phone number that may be written with `+`, spaces, dashes, dots and brackets.
fn digits(input: &str) -> Option<String> {
    let rest = input.strip_prefix('+').unwrap_or(input);
    if rest
        .chars()
        .any(|character| !character.is_ascii_digit() && !" -.()".contains(character))
    {
        return None;
    }
    let digits: String = rest.chars().filter(char::is_ascii_digit).collect();
    (7..=15).contains(&digits.len()).then_some(digits)
}

/// A message id of the shape of real ones: who it is exchanged with and 20 hex digits, in base64.
pub(super) fn make_id(with: &str, outbound: bool) -> String {
    let with = with
        .as_bytes()
        .get(..with.len().min(30))
        .unwrap_or_default();
    let mut bytes = vec![0x1c, 0x18, u8::try_from(with.len()).unwrap_or_default()];
    bytes.extend(with);
    bytes.extend([
        0x15,
        0x02,
        0x00,
        if outbound { 0x11 } else { 0x12 },
        0x18,
        0x14,
    ]);
    bytes.extend(hex::encode_upper(random::bytes::<10>()).bytes());
    bytes.push(0);
    format!("wamid.{}", STANDARD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phone_numbers_are_read_as_people_write_them() {
        for (input, expected) in [
            ("+1 (415) 555-0142", Some("14155550142")),
            ("14155550142", Some("14155550142")),
            ("12", None),
            ("1415555014a", None),
            ("++14155550142", None),
            ("1234567890123456", None),
        ] {
            assert_eq!(digits(input).as_deref(), expected, "{input}");
        }
    }

    #[test]
    fn message_ids_differ_and_are_short_enough() {
        let (one, other) = (
            make_id(&"9".repeat(140), true),
            make_id("14155550142", true),
        );
        assert!(one != other && one.len() <= 128 && other.starts_with("wamid.HBgL"));
        assert_ne!(other, make_id("14155550142", true));
    }
}
