//! `POST /messages`: the queue's own contract, with the tenant taken from the caller.

use contract::fields::IdempotencyKey;
use contract::messages::{Accepted, Metadata};
use domain::ledger::MessageStatus;
use domain::message::{MAX_BODY_BYTES, OutboundMessage, attribute};
use domain::{Caller, MessageId, random};
use edge::http::HttpReply;
use edge::queue::Entry;
use edge::{Problem, input};
use serde_json::{Map, Value, json};

use super::allowed;
use crate::ask::Ask;

pub(crate) async fn send(ask: &Ask<'_>) -> Result<HttpReply, Problem> {
    let mut body = ask.request.json_object()?;
    let payload = body
        .remove("wabaPayload")
        .or_else(|| body.remove("waba_payload"));
    let Some(Value::Object(payload)) = payload else {
        let says = "must be the provider's message object";
        return Err(Problem::invalid_field("wabaPayload", says));
    };
    let metadata = match body.remove("metadata") {
        None => Metadata::default(),
        Some(Value::Object(fields)) => input::read_at("metadata", fields.into())?,
        Some(_) => return Err(Problem::invalid_field("metadata", "must be an object")),
    };
    if let Some(unknown) = body.keys().next() {
        return Err(Problem::invalid_field(
            unknown,
            "is not a field of a message",
        ));
    }
    accept(ask, metadata, payload).await
}

/// Takes a message in, for the caller's own tenant, if the caller may send it.
pub(crate) async fn accept(
    ask: &Ask<'_>,
    mut metadata: Metadata,
    payload: Map<String, Value>,
) -> Result<HttpReply, Problem> {
    let (context, caller) = (ask.context, ask.caller);
    let key = idempotency_key(ask)?;
    // A tenant that is not the caller's is answered as one that does not exist.
    if let Some(named) = metadata.tenant_id.take()
        && named.as_str() != Some(caller.tenant.as_str())
    {
        return Err(Problem::not_found("tenant"));
    }
    let id = match (metadata.message_id.take(), &key) {
        (Some(_), _) if !caller.role.sends_for_tenant() => {
            let says = "is chosen by machines and admins; use the header Idempotency-Key";
            return Err(Problem::invalid_field("metadata.message_id", says));
        }
        (Some(_), Some(_)) => {
            let says = "cannot be given together with Idempotency-Key: both name the message";
            return Err(Problem::invalid_field("metadata.message_id", says));
        }
        (Some(given), None) => given,
        (None, Some(key)) => id_of_key(caller, key),
        (None, None) => MessageId::make(),
    };
    metadata.tenant_id = Some(caller.tenant.as_str().into());
    metadata.message_id = Some(id.clone());
    // Of what was asked, not of what was found: the choice may be another one when it is asked again.
    let hash = hash_of(&metadata, &payload);
    allowed::check(ask, &mut metadata).await?;
    let body = json!({ "metadata": metadata, "wabaPayload": payload }).to_string();
    if body.len() > MAX_BODY_BYTES {
        return Err(Problem::too_large(MAX_BODY_BYTES));
    }
    if let Err(error) = edge::json::read::<OutboundMessage<'_>>(body.as_bytes()) {
        tracing::error!(at = %error, "a message is not in the queue's form");
        return Err(Problem::unavailable());
    }
    let now = context.clock.now();
    let messages = &context.messages;
    let known = messages.accept((&caller.tenant, &id), now, &hash).await?;
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
    let accepted = Accepted {
        id: &id,
        status: MessageStatus::Accepted,
    };
    Ok(HttpReply::data(202, &accepted))
}

/// What tells two messages under one key apart.
fn hash_of(metadata: &Metadata, payload: &Map<String, Value>) -> String {
    let asked = json!({ "metadata": metadata, "wabaPayload": payload }).to_string();
    random::base32(&random::sha256(asked.as_bytes()))
}

fn idempotency_key(ask: &Ask<'_>) -> Result<Option<IdempotencyKey>, Problem> {
    let Some(key) = ask.request.header("idempotency-key") else {
        return Ok(None);
    };
    let says = "must be 1 to 128 letters, digits, '_' or '-'";
    let key = IdempotencyKey::parse(key);
    key.map(Some)
        .ok_or_else(|| Problem::invalid_parameter("Idempotency-Key", says))
}

/// The same key of the same tenant always names the same message; of somebody who does not send for the tenant, the same
/// key of theirs.
fn id_of_key(caller: &Caller, key: &IdempotencyKey) -> MessageId {
    let by = match caller.role.sends_for_tenant() {
        true => "",
        false => caller.user.as_str(),
    };
    let hash = random::sha256(format!("{}\n{by}\n{}", caller.tenant, key.as_str()).as_bytes());
    MessageId::parse(&format!("msg_{}", random::base32(&hash[..16])))
        .unwrap_or_else(|_| MessageId::make())
}
