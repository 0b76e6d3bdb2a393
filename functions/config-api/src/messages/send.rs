//! `POST /messages`: the queue's own contract, with the tenant taken from the caller.

use domain::message::{MAX_BODY_BYTES, OutboundMessage, attribute};
use domain::{Caller, MessageId, random};
use edge::Problem;
use edge::http::{HttpReply, HttpRequest};
use edge::problem::FieldError;
use edge::queue::Entry;
use serde_json::{Map, Value, json};

use crate::Context;

pub(crate) async fn send(
    context: &Context,
    caller: &Caller,
    request: &HttpRequest,
) -> Result<HttpReply, Problem> {
    if !caller.role.sends_for_tenant() {
        return Err(Problem::forbidden(
            "Only an admin or a service may send for the organisation.",
        ));
    }
    let mut body = request.json_object()?;
    let key = idempotency_key(request)?;
    let mut metadata = match body.remove("metadata") {
        None => Map::new(),
        Some(Value::Object(metadata)) => metadata
            .into_iter()
            .map(|(name, value)| (camel_case(&name), value))
            .collect(),
        Some(_) => return Err(wrong("metadata", "must be an object")),
    };
    let payload = body
        .remove("wabaPayload")
        .or_else(|| body.remove("waba_payload"));
    let Some(payload @ Value::Object(_)) = payload else {
        return Err(wrong(
            "wabaPayload",
            "must be the provider's message object",
        ));
    };
    if let Some(unknown) = body.keys().next() {
        return Err(wrong(unknown, "is not a field of a message"));
    }
    take_tenant(&mut metadata, caller)?;
    let given = metadata.remove("messageId");
    let id = match (given, &key) {
        (Some(given), _) => given
            .as_str()
            .and_then(|text| MessageId::parse(text).ok())
            .ok_or_else(|| {
                wrong(
                    "metadata.messageId",
                    "must be 1 to 128 letters, digits or _-.:",
                )
            })?,
        (None, Some(key)) => id_of_key(caller, key),
        (None, None) => MessageId::make(),
    };
    metadata.insert("tenantId".into(), caller.tenant.as_str().into());
    metadata.insert("messageId".into(), id.as_str().into());
    let body = json!({ "metadata": metadata, "wabaPayload": payload }).to_string();
    if body.len() > MAX_BODY_BYTES {
        return Err(Problem::too_large(MAX_BODY_BYTES));
    }
    if let Err(error) = edge::json::read::<OutboundMessage<'_>>(body.as_bytes()) {
        tracing::info!(at = %error, "metadata does not parse");
        return Err(wrong(
            "metadata",
            "has a field of the wrong form; see events/schemas/message.json",
        ));
    }
    let now = context.clock.now();
    let hash = random::base32(&random::sha256(body.as_bytes()));
    let known = context
        .messages
        .accept((&caller.tenant, &id), now, &hash)
        .await?;
    if known.is_some_and(|known| known != hash) {
        return Err(Problem::new(
            422,
            "idempotency_key_reused",
            "This key or message id was used before for another message.",
        )
        .hint("Use a new key for a new message; repeat the same body under the same key."));
    }
    // A repeat is put on the queue again, for the first may have been lost before it got there; it is sent once.
    let mut entry = Entry::new(&caller.tenant, &body);
    entry.attributes = vec![(attribute::ACCEPTED_AT, now.millis().to_string())];
    if context.queue.send(&[entry]).await != [true] {
        return Err(Problem::unavailable());
    }
    Ok(HttpReply::data(
        202,
        &json!({ "id": id.as_str(), "status": "accepted" }),
    ))
}

/// A tenant that is not the caller's is answered as one that does not exist.
fn take_tenant(metadata: &mut Map<String, Value>, caller: &Caller) -> Result<(), Problem> {
    match metadata.remove("tenantId") {
        Some(named) if named != caller.tenant.as_str() => Err(Problem::not_found("tenant")),
        _ => Ok(()),
    }
}

/// The queue's contract is camelCase; the API takes both.
fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let mut out = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        out.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        out.push_str(letters.as_str());
    }
    out
}

fn idempotency_key(request: &HttpRequest) -> Result<Option<String>, Problem> {
    let Some(key) = request.header("idempotency-key") else {
        return Ok(None);
    };
    let sound = (1..=128).contains(&key.len())
        && key
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    if sound {
        Ok(Some(key.to_owned()))
    } else {
        Err(wrong(
            "Idempotency-Key",
            "must be 1 to 128 letters, digits, '_' or '-'",
        ))
    }
}

/// The same key of the same tenant always names the same message.
fn id_of_key(caller: &Caller, key: &str) -> MessageId {
    let hash = random::sha256(format!("{}\n{key}", caller.tenant).as_bytes());
    MessageId::parse(&format!("msg_{}", random::base32(&hash[..16])))
        .unwrap_or_else(|_| MessageId::make())
}

fn wrong(field: &str, detail: &str) -> Problem {
    Problem::invalid_fields(vec![FieldError {
        field: field.into(),
        detail: detail.into(),
    }])
}
