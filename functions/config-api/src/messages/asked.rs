//! A message as somebody asks for it: read, and named.

use contract::fields::IdempotencyKey;
use contract::messages::Metadata;
use domain::{Caller, Given, MessageId, random};
use edge::{Problem, input};
use serde_json::{Map, Value, json};

use crate::ask::Ask;

/// What a message is to be, as it was asked for.
pub(crate) struct Asked {
    pub(crate) metadata: Metadata,
    pub(crate) payload: Map<String, Value>,
}

impl Asked {
    /// Reads the fields of a message.
    pub(super) fn read(mut given: Given) -> Result<Self, Problem> {
        let payload = given
            .remove("wabaPayload")
            .or_else(|| given.remove("waba_payload"));
        let Some(Value::Object(payload)) = payload else {
            let says = "must be the provider's message object";
            return Err(Problem::invalid_field("wabaPayload", says));
        };
        let metadata = match given.remove("metadata") {
            None => Metadata::default(),
            Some(Value::Object(fields)) => input::read_at("metadata", fields.into())?,
            Some(_) => return Err(Problem::invalid_field("metadata", "must be an object")),
        };
        if let Some(unknown) = given.keys().next() {
            return Err(Problem::invalid_field(
                unknown,
                "is not a field of a message",
            ));
        }
        Ok(Self { metadata, payload })
    }

    /// As the queue's contract has it.
    pub(super) fn text(&self) -> String {
        json!({ "metadata": self.metadata, "wabaPayload": self.payload }).to_string()
    }
}

/// A message that has its id. What was asked for is told from anything else by its hash.
pub(super) struct Named {
    pub(super) id: MessageId,
    pub(super) hash: String,
    pub(super) asked: Asked,
}

impl Named {
    /// Gives a message its tenant and its id: the one it brings, the one its key stands for, or a new one.
    pub(super) fn of(
        caller: &Caller,
        mut asked: Asked,
        key: Option<Key<'_>>,
    ) -> Result<Self, Problem> {
        let metadata = &mut asked.metadata;
        // A tenant that is not the caller's is answered as one that does not exist.
        if let Some(named) = metadata.tenant_id.take()
            && named.as_str() != Some(caller.tenant.as_str())
        {
            return Err(Problem::not_found("tenant"));
        }
        let id = match (metadata.message_id.take(), key) {
            (Some(_), _) if !caller.role.sends_for_tenant() => {
                let says = "is chosen by machines and admins; use the header Idempotency-Key";
                return Err(Problem::invalid_field("metadata.message_id", says));
            }
            (Some(_), Some(_)) => {
                let says = "cannot be given together with Idempotency-Key: both name the message";
                return Err(Problem::invalid_field("metadata.message_id", says));
            }
            (Some(given), None) => given,
            (None, Some(key)) => key.id(caller),
            (None, None) => MessageId::make(),
        };
        metadata.tenant_id = Some(caller.tenant.as_str().into());
        metadata.message_id = Some(id.clone());
        // Of what was asked, not of what will be found: the choice may be another one when it is asked again.
        let hash = random::base32(&random::sha256(asked.text().as_bytes()));
        Ok(Self { id, hash, asked })
    }
}

/// What names a message: the request's key, and the message's place if there are several.
pub(super) struct Key<'k> {
    of_request: &'k IdempotencyKey,
    place: Option<usize>,
}

impl<'k> Key<'k> {
    /// Of the only message of a request.
    pub(super) const fn of_one(of_request: &'k IdempotencyKey) -> Self {
        let place = None;
        Self { of_request, place }
    }

    /// Of the message at that place among several.
    pub(super) const fn of_several(of_request: &'k IdempotencyKey, place: usize) -> Self {
        let place = Some(place);
        Self { of_request, place }
    }

    /// The same key of the same tenant always names the same message; of somebody who does not send for the tenant, the
    /// same key of theirs.
    fn id(&self, caller: &Caller) -> MessageId {
        let by = match caller.role.sends_for_tenant() {
            true => "",
            false => caller.user.as_str(),
        };
        let key = self.of_request.as_str();
        let place = self
            .place
            .map_or_else(String::new, |place| format!("\n{place}"));
        let name = format!("{}\n{by}\n{key}{place}", caller.tenant);
        let hash = random::sha256(name.as_bytes());
        MessageId::parse(&format!("msg_{}", random::base32(&hash[..16])))
            .unwrap_or_else(|_| MessageId::make())
    }
}

/// The key that a request carries.
pub(super) fn key_of(ask: &Ask<'_>) -> Result<Option<IdempotencyKey>, Problem> {
    let Some(key) = ask.request.header("idempotency-key") else {
        return Ok(None);
    };
    let says = "must be 1 to 128 letters, digits, '_' or '-'";
    let key = IdempotencyKey::parse(key);
    key.map(Some)
        .ok_or_else(|| Problem::invalid_parameter("Idempotency-Key", says))
}
