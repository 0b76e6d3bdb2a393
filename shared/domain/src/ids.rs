//! One type per kind of id, so that one cannot be passed for another.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::random;

/// An id that breaks the rules of its kind; says which kind and what is allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} must be 1 to {longest} characters of {alphabet}")]
pub struct InvalidId {
    kind: &'static str,
    longest: usize,
    alphabet: &'static str,
}

fn check(
    text: &str,
    kind: &'static str,
    longest: usize,
    alphabet: &'static str,
    allowed: impl Fn(u8) -> bool,
) -> Result<(), InvalidId> {
    if text.is_empty() || text.len() > longest || !text.bytes().all(allowed) {
        return Err(InvalidId {
            kind,
            longest,
            alphabet,
        });
    }
    Ok(())
}

const WORD: &str = "letters, digits, '_', '-', '.' and ':'";

fn word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':')
}

macro_rules! text_id {
    ($name:ident) => {
        impl $name {
            /// The id as it is stored and sent.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

/// The customer of the platform on whose behalf everything happens.
///
/// It is made in three places only: from verified claims, from a webhook route's own record, and from a job
/// that a queue with access control delivered. It cannot be deserialized.
///
/// ```compile_fail
/// let tenant: domain::TenantId = serde_json::from_str("\"t_1\"").unwrap();
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct TenantId(Box<str>);
text_id!(TenantId);

impl TenantId {
    /// Names the tenant; `clippy.toml` bans this call outside the three places above.
    ///
    /// # Errors
    /// [`InvalidId`] unless the text is 1 to 64 letters, digits, `_`, `-`, `.` or `:`.
    pub fn from_trusted_source(text: &str) -> Result<Self, InvalidId> {
        check(text, "a tenant id", 64, WORD, word)?;
        if text.starts_with(RESERVED) {
            return Err(InvalidId {
                kind: "a tenant id",
                longest: 64,
                alphabet: WORD_BUT_RESERVED,
            });
        }
        Ok(Self(text.into()))
    }

    /// Nobody's: under it stands what an operator does that concerns no single tenant.
    pub fn platform() -> Self {
        Self("switchboard:platform".into())
    }
}

/// Ids that begin with it are no tenant's.
const RESERVED: &str = "switchboard:";
const WORD_BUT_RESERVED: &str =
    "letters, digits, '_', '-', '.' and ':', and must not begin with 'switchboard:'";

/// A person or service of a tenant, as the identity provider names it (`sub`).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct UserId(Box<str>);
text_id!(UserId);

impl UserId {
    /// # Errors
    /// [`InvalidId`] unless the text is 1 to 128 letters, digits, `_`, `-`, `.` or `:`.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        check(text, "a user id", 128, WORD, word)?;
        Ok(Self(text.into()))
    }
}

impl TryFrom<String> for UserId {
    type Error = InvalidId;
    fn try_from(text: String) -> Result<Self, InvalidId> {
        Self::parse(&text)
    }
}

/// One configured connection of a tenant to a provider: `int_` and 26 characters.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct IntegrationId(Box<str>);
text_id!(IntegrationId);

impl IntegrationId {
    const PREFIX: &str = "int_";

    /// A new id of 128 random bits.
    pub fn make() -> Self {
        Self(format!("{}{}", Self::PREFIX, random::base32(&random::bytes::<16>())).into())
    }

    /// # Errors
    /// [`InvalidId`] unless the text has the form that [`IntegrationId::make`] gives.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let wrong = InvalidId {
            kind: "an integration id",
            longest: 30,
            alphabet: "'int_' and 26 lower-case letters and digits",
        };
        match text.strip_prefix(Self::PREFIX) {
            Some(rest) if rest.len() == 26 && rest.bytes().all(random::is_base32) => {
                Ok(Self(text.into()))
            }
            _ => Err(wrong),
        }
    }
}

impl TryFrom<String> for IntegrationId {
    type Error = InvalidId;
    fn try_from(text: String) -> Result<Self, InvalidId> {
        Self::parse(&text)
    }
}

/// One outbound message: the producer's idempotency key, or ours (`msg_` and 26 characters).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct MessageId(Box<str>);
text_id!(MessageId);

impl MessageId {
    /// A new id of 128 random bits.
    pub fn make() -> Self {
        Self(format!("msg_{}", random::base32(&random::bytes::<16>())).into())
    }

    /// # Errors
    /// [`InvalidId`] unless the text is 1 to 128 letters, digits, `_`, `-`, `.` or `:`.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        check(text, "a message id", 128, WORD, word)?;
        Ok(Self(text.into()))
    }
}

impl TryFrom<String> for MessageId {
    type Error = InvalidId;
    fn try_from(text: String) -> Result<Self, InvalidId> {
        Self::parse(&text)
    }
}

/// A type of provider, such as `whatsapp`; the list of those that exist is `providers::ALL`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct ProviderId(Box<str>);
text_id!(ProviderId);

impl ProviderId {
    /// # Errors
    /// [`InvalidId`] unless the text is 1 to 32 lower-case letters, digits or `_`.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        check(
            text,
            "a provider type",
            32,
            "lower-case letters, digits and '_'",
            |byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_',
        )?;
        Ok(Self(text.into()))
    }
}

impl TryFrom<String> for ProviderId {
    type Error = InvalidId;
    fn try_from(text: String) -> Result<Self, InvalidId> {
        Self::parse(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_ids_parse_again() {
        let id = IntegrationId::make();
        assert_eq!(IntegrationId::parse(id.as_str()), Ok(id));
        let id = MessageId::make();
        assert_eq!(MessageId::parse(id.as_str()), Ok(id));
    }

    #[test]
    fn hostile_ids_are_refused() {
        for text in [
            "",
            "..%2e",
            "a/b",
            "a#b",
            "{}",
            "é",
            "a b",
            &"x".repeat(10_000),
        ] {
            assert!(MessageId::parse(text).is_err(), "{text:.20}");
            assert!(IntegrationId::parse(text).is_err(), "{text:.20}");
            assert!(ProviderId::parse(text).is_err(), "{text:.20}");
        }
    }
}
