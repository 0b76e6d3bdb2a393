//! Events that the control API asks for: someone writes to one of the account's numbers, or
//! anything else.
//!
//! Takes `account` (`one`), `from`, one of `text` · `message` · `value` · `raw_body`, `field`
//! (`messages`), `phone_number_id` and `waba_id` (as the payload shall say), `tamper`.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::accounts::Account;
use super::messages::make_id;
use super::registration::Registration;
use super::webhook;
use crate::control::{Input, Refusal};
use crate::provider::Event;

const FIELDS: [&str; 10] = [
    "account",
    "from",
    "text",
    "message",
    "value",
    "raw_body",
    "field",
    "phone_number_id",
    "waba_id",
    "tamper",
];

/// Who writes when nobody is named.
const CUSTOMER: &str = "14155550142";

/// Composes the event and finds the webhook that it goes to.
///
/// A `phone_number_id` of the account decides which webhook; another one goes into the payload all
/// the same and to the webhook of the account's first number that has one.
pub(super) fn compose(
    wanted: &Map<String, Value>,
    find_account: impl Fn(&str) -> Option<Arc<Account>>,
    registration_of: impl Fn(&Account) -> Registration,
) -> Result<Event, Refusal> {
    let input = Input::new(wanted, &FIELDS)?;
    let name = input.text("account")?.unwrap_or("one");
    let account = find_account(name)
        .ok_or_else(|| Refusal::field("account", format!("there is no {name:?}")))?;
    let registration = registration_of(&account);

    let named = input.text("phone_number_id")?;
    let own = named.and_then(|id| account.phone(id));
    let reachable = || {
        account
            .phones
            .iter()
            .find(|phone| registration.target(&phone.id).is_some())
    };
    let phone = own.or_else(reachable);
    let url = phone.and_then(|phone| registration.target(&phone.id));
    let (Some(phone), Some(url)) = (phone, url) else {
        return Err(Refusal::conflict(format!(
            "account {name} has no webhook registered to send this to"
        )));
    };

    let mut ids = Map::new();
    let body = match content(&input)? {
        Content::Raw(body) => body,
        Content::Value(value) => envelope(&input, &account, value)?,
        Content::Message(message) => {
            let from = input.text("from")?.unwrap_or(CUSTOMER);
            let message = completed(message, from);
            ids.insert(
                "message_id".to_owned(),
                message.get("id").cloned().unwrap_or_default(),
            );
            let mut value = webhook::value(named.unwrap_or(&phone.id), phone);
            if let Some(value) = value.as_object_mut() {
                value.insert(
                    "contacts".to_owned(),
                    json!([{ "profile": { "name": "Customer" }, "wa_id": from }]),
                );
                value.insert("messages".to_owned(), json!([message]));
            }
            envelope(&input, &account, value)?
        }
    };
    let payload = webhook::signed(&account, body, input.flag("tamper")?.unwrap_or(false));
    Ok(Event {
        account: name.to_owned(),
        url: url.clone(),
        payload,
        ids,
    })
}

/// What the event is made of.
enum Content {
    /// Exactly these bytes.
    Raw(Bytes),
    /// The `value` of the one change.
    Value(Value),
    /// An inbound message, as far as it was given.
    Message(Map<String, Value>),
}

fn content(input: &Input<'_>) -> Result<Content, Refusal> {
    let given: Vec<&str> = ["text", "message", "value", "raw_body"]
        .into_iter()
        .filter(|name| input.get(name).is_some())
        .collect();
    match *given.as_slice() {
        ["raw_body"] => Ok(Content::Raw(match input.get("raw_body") {
            Some(Value::String(text)) => Bytes::from(text.clone()),
            other => webhook::encode(other.unwrap_or(&Value::Null)),
        })),
        ["value"] => Ok(Content::Value(
            input.object("value")?.cloned().unwrap_or_default().into(),
        )),
        ["message"] => {
            let message = input.object("message")?.cloned().unwrap_or_default();
            let kind = message.get("type").and_then(Value::as_str);
            kind.ok_or_else(|| Refusal::field("message", "needs a type"))?;
            Ok(Content::Message(message))
        }
        ["text"] => {
            let text = json!({ "type": "text", "text": { "body": input.text("text")? } });
            Ok(Content::Message(
                text.as_object().cloned().unwrap_or_default(),
            ))
        }
        [] => Err(Refusal::field(
            "text",
            "one of text, message, value and raw_body is needed",
        )),
        [_, second, ..] => Err(Refusal::field(
            second,
            "only one of text, message, value and raw_body can be sent",
        )),
        [other] => Err(Refusal::field(other, "cannot be sent")),
    }
}

fn envelope(input: &Input<'_>, account: &Account, value: Value) -> Result<Bytes, Refusal> {
    let waba_id = input.text("waba_id")?.unwrap_or(&account.waba_id);
    let field = input.text("field")?.unwrap_or("messages");
    Ok(webhook::encode(&webhook::envelope(
        waba_id,
        field,
        vec![value],
    )))
}

/// Adds sender, id and time where the message does not say them itself.
fn completed(message: Map<String, Value>, from: &str) -> Value {
    let mut full = Map::new();
    full.insert("from".to_owned(), from.into());
    full.insert("id".to_owned(), make_id(from, false).into());
    full.insert(
        "timestamp".to_owned(),
        OffsetDateTime::now_utc()
            .unix_timestamp()
            .to_string()
            .into(),
    );
    full.extend(message);
    full.into()
}
