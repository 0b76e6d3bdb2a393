//! One type per kind of id, so that one cannot be passed for another.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::phone::E164;
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
    ($name:ident, $pattern:expr) => {
        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({"type": "string", "pattern": $pattern})
            }
        }
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
text_id!(TenantId, r"^[0-9A-Za-z_.:-]{1,64}$");

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
text_id!(UserId, r"^[0-9A-Za-z_.:-]{1,128}$");

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

/// An id of ours: a prefix and 128 bits in 26 characters.
macro_rules! own_id {
    ($name:ident, $prefix:literal, $kind:literal) => {
        text_id!($name, concat!("^", $prefix, "[0-9a-hjkmnp-tv-z]{26}$"));

        impl $name {
            fn of_bits(bits: &[u8; 16]) -> Self {
                Self(format!("{}{}", $prefix, random::base32(bits)).into())
            }

            /// # Errors
            /// [`InvalidId`] unless the text has the form of an id of ours.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                let wrong = InvalidId {
                    kind: $kind,
                    longest: 30,
                    alphabet: concat!("'", $prefix, "' and 26 lower-case letters and digits"),
                };
                match text.strip_prefix($prefix) {
                    Some(rest) if rest.len() == 26 && rest.bytes().all(random::is_base32) => {
                        Ok(Self(text.into()))
                    }
                    _ => Err(wrong),
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                Self::parse(&text)
            }
        }
    };
}

/// An id that is made here alone, of random bits.
macro_rules! made_id {
    ($name:ident, $prefix:literal, $kind:literal) => {
        own_id!($name, $prefix, $kind);

        impl $name {
            /// A new id of 128 random bits.
            pub fn make() -> Self {
                Self::of_bits(&random::bytes())
            }
        }
    };
}

/// One configured connection of a tenant to a provider: `int_` and 26 characters.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct IntegrationId(Box<str>);
made_id!(IntegrationId, "int_", "an integration id");

/// One agent of a tenant: `agt_` and 26 characters.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct AgentId(Box<str>);
made_id!(AgentId, "agt_", "an agent id");

/// One phone number of a tenant: `num_` and 26 characters. It is made of the number, so a tenant has each number once.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct NumberId(Box<str>);
own_id!(NumberId, "num_", "a phone number's id");

impl NumberId {
    /// The id of a number: the first half of its SHA-256.
    pub fn of(number: &E164) -> Self {
        let mut half = [0; 16];
        half.copy_from_slice(&random::sha256(number.as_str().as_bytes())[..16]);
        Self::of_bits(&half)
    }
}

/// One outbound message: the producer's idempotency key, or ours (`msg_` and 26 characters).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct MessageId(Box<str>);
text_id!(MessageId, r"^[0-9A-Za-z_.:-]{1,128}$");

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
text_id!(ProviderId, r"^[0-9a-z_]{1,32}$");

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

    /// Of +919876543210, computed elsewhere.
    const NUMBER_ID: &str = "num_yej7ssee7n6ahb8n49d28ps7b4";

    #[test]
    fn made_ids_parse_again() {
        let id = IntegrationId::make();
        assert_eq!(IntegrationId::parse(id.as_str()), Ok(id.clone()));
        assert!(AgentId::parse(id.as_str()).is_err());
        let id = AgentId::make();
        assert_eq!(AgentId::parse(id.as_str()), Ok(id));
        let id = MessageId::make();
        assert_eq!(MessageId::parse(id.as_str()), Ok(id));
    }

    #[test]
    fn s1_59_a_number_has_one_id_however_it_is_written() {
        let id = |text| NumberId::of(&E164::parse(text, None).expect("a number"));
        assert_eq!(id("+91 98765-43210").as_str(), NUMBER_ID);
        assert_eq!(id("00919876543210"), id("+919876543210"));
        assert_ne!(id("+919876543211"), id("+919876543210"));
        assert_eq!(NumberId::parse(NUMBER_ID), Ok(id("+919876543210")));
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
            assert!(AgentId::parse(text).is_err(), "{text:.20}");
            assert!(ProviderId::parse(text).is_err(), "{text:.20}");
        }
    }
}
