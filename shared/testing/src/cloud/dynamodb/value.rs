//! Attribute values as DynamoDB writes them in JSON, numbers kept exactly.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// An item: attributes by name.
pub(super) type Item = BTreeMap<String, Attribute>;

/// One attribute value; the variants are the names on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Attribute {
    S(String),
    N(Number),
    B(Binary),
    #[serde(rename = "BOOL")]
    Bool(bool),
    #[serde(rename = "NULL")]
    Null(bool),
    L(Vec<Attribute>),
    M(Item),
    #[serde(rename = "SS")]
    Texts(BTreeSet<String>),
    #[serde(rename = "NS")]
    Numbers(BTreeSet<Number>),
    #[serde(rename = "BS")]
    Binaries(BTreeSet<Binary>),
}

impl Attribute {
    /// The type's name on the wire.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::S(_) => "S",
            Self::N(_) => "N",
            Self::B(_) => "B",
            Self::Bool(_) => "BOOL",
            Self::Null(_) => "NULL",
            Self::L(_) => "L",
            Self::M(_) => "M",
            Self::Texts(_) => "SS",
            Self::Numbers(_) => "NS",
            Self::Binaries(_) => "BS",
        }
    }

    /// Bytes that count towards the item's size.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::S(text) => text.len(),
            Self::N(number) => number.size(),
            Self::B(bytes) => bytes.0.len(),
            Self::Bool(_) | Self::Null(_) => 1,
            Self::L(list) => 3 + list.iter().map(|value| 1 + value.size()).sum::<usize>(),
            Self::M(map) => 3 + map.len() + size(map),
            Self::Texts(set) => set.iter().map(String::len).sum(),
            Self::Numbers(set) => set.iter().map(Number::size).sum(),
            Self::Binaries(set) => set.iter().map(|bytes| bytes.0.len()).sum(),
        }
    }
}

/// An item's size in bytes, as limits and billing count it.
pub(super) fn size(item: &Item) -> usize {
    item.iter()
        .map(|(name, value)| name.len() + value.size())
        .sum()
}

/// Bytes, in Base64 on the wire.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct Binary(pub(super) Vec<u8>);

impl TryFrom<String> for Binary {
    type Error = base64::DecodeError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        STANDARD.decode(text).map(Self)
    }
}

impl From<Binary> for String {
    fn from(bytes: Binary) -> Self {
        STANDARD.encode(bytes.0)
    }
}

/// A number with at most 26 digits before the point and 12 behind it; anything wider is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct Number(i128);

const DECIMALS: usize = 12;
const ONE: i128 = 10i128.pow(DECIMALS as u32);

impl Number {
    pub(super) fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    pub(super) fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    fn size(&self) -> usize {
        let digits = self.to_string().bytes().filter(u8::is_ascii_digit).count();
        digits.div_ceil(2) + 1
    }
}

impl TryFrom<String> for Number {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let unreadable = || format!("not a number that the stand-in keeps exactly: {text:?}");
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.as_str()),
        };
        let (whole, decimals) = digits.split_once('.').unwrap_or((digits, "0"));
        let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !plain(whole) || !plain(decimals) || whole.len() > 26 || decimals.len() > DECIMALS {
            return Err(unreadable());
        }
        let whole: i128 = whole.parse().map_err(|_| unreadable())?;
        let decimals: i128 = format!("{decimals:0<DECIMALS$}")
            .parse()
            .map_err(|_| unreadable())?;
        let value = whole * ONE + decimals;
        Ok(Self(if negative { -value } else { value }))
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self(i128::from(value) * ONE)
    }
}

impl From<Number> for String {
    fn from(number: Number) -> Self {
        number.to_string()
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, decimals) = (self.0.abs() / ONE, self.0.abs() % ONE);
        if decimals == 0 {
            write!(f, "{sign}{whole}")
        } else {
            let decimals = format!("{decimals:0>DECIMALS$}");
            write!(f, "{sign}{whole}.{}", decimals.trim_end_matches('0'))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number {
        Number::try_from(text.to_owned()).unwrap()
    }

    #[test]
    fn numbers_are_exact() {
        for text in [
            "0",
            "-1",
            "9007199254740993",
            "0.5",
            "-12.000000000001",
            "99999999999999999999999999",
        ] {
            assert_eq!(number(text).to_string(), text);
        }
        assert_eq!(number("0.10").plus(number("0.20")), number("0.3"));
        assert_eq!(number("007").minus(number("8")).to_string(), "-1");
        assert!(number("-2") < number("-1.5") && number("9") < number("10"));
        for text in ["", "-", "1e3", "1.", ".5", "+1", "0.1234567890123"] {
            assert!(Number::try_from(text.to_owned()).is_err(), "{text}");
        }
    }

    #[test]
    fn values_keep_their_form_on_the_wire() {
        let text = r#"{"a":{"S":"x"},"b":{"N":"1.5"},"c":{"B":"AAE="},"d":{"BOOL":true},"e":{"NULL":true},"f":{"L":[{"M":{"g":{"SS":["p","q"]}}}]},"h":{"NS":["1"]},"i":{"BS":["AA=="]}}"#;
        let item: Item = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&item).unwrap(), text);
        assert_eq!(
            size(&item),
            8 + 1 + 2 + 2 + 1 + 1 + (3 + 1 + (3 + 1 + 1 + 2)) + 2 + 1
        );
    }
}
