//! Fields with rules of their own.

use std::borrow::Cow;

use domain::integration::Masked;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use secrecy::zeroize::Zeroize;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use unicode_normalization::UnicodeNormalization;

use crate::text::LINE;

/// A rule was broken; the end of a sentence.
#[derive(Debug)]
pub struct Broken(String);

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// What people call something: 1 to `MOST` characters on one line, trimmed, in Unicode's composed form (NFC).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Label<const MOST: usize>(String);

impl<const MOST: usize> TryFrom<String> for Label<MOST> {
    type Error = Broken;
    fn try_from(text: String) -> Result<Self, Broken> {
        let text: String = text.trim().nfc().collect();
        let sound = text.chars().count() <= MOST && domain::text::is_label(&text);
        if sound {
            Ok(Self(text))
        } else {
            Err(Broken(format!(
                "must be 1 to {MOST} characters on one line, without control characters"
            )))
        }
    }
}

impl<const MOST: usize> From<Label<MOST>> for String {
    fn from(label: Label<MOST>) -> Self {
        label.0
    }
}

impl<const MOST: usize> JsonSchema for Label<MOST> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        format!("Label{MOST}").into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "minLength": 1, "maxLength": MOST, "pattern": LINE})
    }
}

/// A whole number of a range, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Ranged<const LEAST: i64, const MOST: i64>(i64);

impl<const LEAST: i64, const MOST: i64> Ranged<LEAST, MOST> {
    /// The number.
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl<const LEAST: i64, const MOST: i64> TryFrom<i64> for Ranged<LEAST, MOST> {
    type Error = Broken;
    fn try_from(number: i64) -> Result<Self, Broken> {
        if (LEAST..=MOST).contains(&number) {
            Ok(Self(number))
        } else {
            Err(Broken(format!(
                "must be a whole number from {LEAST} to {MOST}"
            )))
        }
    }
}

impl<const LEAST: i64, const MOST: i64> From<Ranged<LEAST, MOST>> for i64 {
    fn from(number: Ranged<LEAST, MOST>) -> Self {
        number.0
    }
}

impl<const LEAST: i64, const MOST: i64> JsonSchema for Ranged<LEAST, MOST> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        format!("From{LEAST}To{MOST}").into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "integer", "minimum": LEAST, "maximum": MOST})
    }
}

/// `limit` of a list.
pub type Limit = Ranged<1, 100>;

/// `Idempotency-Key`: 1 to 128 letters, digits, `_` or `-`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Reads the header.
    pub fn parse(text: &str) -> Option<Self> {
        let in_keys = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        let sound = (1..=128).contains(&text.len()) && text.bytes().all(in_keys);
        sound.then(|| Self(text.to_owned()))
    }

    /// As it came.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl JsonSchema for IdempotencyKey {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "IdempotencyKey".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": "^[0-9A-Za-z_-]{1,128}$"})
    }
}

/// How a secret is shown: `••••` and at most its last four characters. Posted back it means "unchanged".
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct Mask(String);

impl From<&Masked> for Mask {
    fn from(masked: &Masked) -> Self {
        let last4 = masked.last4.as_deref().unwrap_or_default();
        Self(format!("••••{last4}"))
    }
}

impl Mask {
    /// As a value of an answer.
    pub fn into_value(self) -> Value {
        self.0.into()
    }
}

/// A secret as somebody enters it, or its mask. It cannot be printed, and wipes itself.
///
/// ```
/// let entered: contract::fields::Entered = serde_json::from_str("\"CANARY\"").unwrap();
/// assert_eq!(entered.into_value(), "CANARY");
/// ```
/// ```compile_fail,E0277
/// let entered: contract::fields::Entered = serde_json::from_str("\"CANARY\"").unwrap();
/// format!("{entered}");
/// ```
/// ```compile_fail,E0277
/// let entered: contract::fields::Entered = serde_json::from_str("\"CANARY\"").unwrap();
/// format!("{entered:?}");
/// ```
/// ```compile_fail,E0277
/// let entered: contract::fields::Entered = serde_json::from_str("\"CANARY\"").unwrap();
/// serde_json::to_string(&entered);
/// ```
#[derive(Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline, extend("writeOnly" = true))]
pub struct Entered(String);

impl Entered {
    /// As a value of a form, which wipes itself too.
    pub fn into_value(mut self) -> Value {
        Value::String(std::mem::take(&mut self.0))
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}
