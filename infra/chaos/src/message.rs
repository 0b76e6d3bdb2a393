//! Messages of the world: what was put on the queue, and how it is told again.

use std::fmt;

use domain::{MessageId, TenantId, Timestamp};
use serde_json::{Value, json};

/// A message among all tenants'.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Whose it is.
    pub tenant: TenantId,
    /// Its id; two tenants may have the same.
    pub id: MessageId,
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.tenant, self.id)
    }
}

impl Key {
    /// Something of a tenant's by that name.
    ///
    /// # Panics
    /// If they are no names.
    #[expect(
        clippy::disallowed_methods,
        reason = "tenants of a world that is made here"
    )]
    pub(crate) fn named(tenant: &str, id: &str) -> Self {
        Self {
            tenant: TenantId::from_trusted_source(tenant).expect("a tenant"),
            id: MessageId::parse(id).expect("an id"),
        }
    }

    /// Reads whose a queue's body is, and which: a message, a provider's event, or something else of a tenant's. `None` if
    /// nobody can tell.
    pub fn of(body: &str) -> Option<Self> {
        let body: Value = serde_json::from_str(body).ok()?;
        let (metadata, event) = (&body["metadata"], &body["event"]);
        let text = |value: &'_ Value| value.as_str().map(str::to_owned);
        let tenant = text(&metadata["tenantId"])
            .or_else(|| text(&body["tenantId"]))
            .or_else(|| text(&body["tenant"]))?;
        let id = text(&metadata["messageId"]).or_else(|| text(&event["id"]));
        Some(Self::named(&tenant, id.as_deref().unwrap_or("other")))
    }
}

/// A message as a producer puts it on the queue.
#[derive(Debug, Clone)]
pub struct Sending {
    /// Which.
    pub key: Key,
    /// To whom.
    pub to: String,
    /// Not to be sent after this time.
    pub not_after: Option<Timestamp>,
    /// Whether it is to be sent once more when nobody knows.
    pub resend: bool,
    /// Whether it lacks what is to be sent.
    pub unreadable: bool,
}

impl Sending {
    /// One without conditions.
    pub fn new(tenant: &TenantId, id: &str) -> Self {
        Self {
            key: Key {
                tenant: tenant.clone(),
                id: MessageId::parse(id).expect("an id"),
            },
            to: "919876543220".into(),
            not_after: None,
            resend: false,
            unreadable: false,
        }
    }

    /// The queue's body.
    pub fn body(&self) -> String {
        let mut metadata = json!({"tenantId": self.key.tenant, "messageId": self.key.id});
        if let Some(limit) = self.not_after {
            metadata["notAfter"] = json!(limit);
        }
        if self.resend {
            metadata["onUnknown"] = "resend".into();
        }
        let mut body = json!({"metadata": metadata});
        if !self.unreadable {
            body["wabaPayload"] =
                json!({"to": self.to, "type": "text", "text": {"body": "Hello!"}});
        }
        body.to_string()
    }
}
