//! Phone numbers, kept as E.164 (ITU-T E.164: `+`, country code, at most 15 digits in all).

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A phone number in international form, such as `+919876543210`.
#[derive(
    Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String")]
#[schemars(with = "String", extend("pattern" = r"^\+[1-9][0-9]{6,14}$"))]
pub struct E164(Box<str>);

/// Whose national numbers are understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Region {
    /// `0` and ten digits, as Indian providers write them.
    India,
}

/// What kind of phone number it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NumberKind {
    /// Lives at the provider alone.
    Virtual,
    /// Free for those who call it.
    TollFree,
    /// Of a landline's area.
    Local,
}

/// The text is no phone number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a phone number with its country code, such as +919876543210")]
pub struct InvalidPhone;

impl E164 {
    /// Reads a number as people write it: with spaces, dots, dashes and brackets, `+` or `00` before the country code;
    /// where a region is given also its national form. Nothing else passes: no letters, extensions or digits of
    /// other scripts.
    pub fn parse(text: &str, region: Option<Region>) -> Option<Self> {
        if text.len() > 40 {
            return None;
        }
        let (international, rest) = match text.strip_prefix('+').or_else(|| text.strip_prefix("00"))
        {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let mut digits = String::with_capacity(16);
        for letter in rest.chars() {
            match letter {
                '0'..='9' => digits.push(letter),
                ' ' | '-' | '.' | '(' | ')' | '\u{a0}' => {}
                _ => return None,
            }
        }
        match (international, region, digits.strip_prefix('0')) {
            (true, _, _) => Self::of_digits(&digits),
            (false, Some(Region::India), Some(national)) if national.len() == 10 => {
                Self::of_digits(&format!("91{national}"))
            }
            _ => None,
        }
    }

    /// Country code and number, without anything before them.
    fn of_digits(digits: &str) -> Option<Self> {
        let sound = (7..=15).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|digit| digit.is_ascii_digit());
        // Indian numbers have ten digits, whatever their kind.
        let sound = sound
            && digits
                .strip_prefix("91")
                .is_none_or(|rest| rest.len() == 10);
        sound.then(|| Self(format!("+{digits}").into()))
    }

    /// With the `+`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<E164> for String {
    fn from(number: E164) -> Self {
        number.0.into()
    }
}

impl TryFrom<String> for E164 {
    type Error = InvalidPhone;
    fn try_from(text: String) -> Result<Self, InvalidPhone> {
        Self::parse(&text, None).ok_or(InvalidPhone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_e164() {
        let india = Some(Region::India);
        for (text, region, number) in [
            ("+919876543210", None, Some("+919876543210")),
            ("+91 98765-43210", None, Some("+919876543210")),
            ("0091 98765 43210", None, Some("+919876543210")),
            ("+1 (555) 010-0199", None, Some("+15550100199")),
            ("01141169368", india, Some("+911141169368")),
            ("01141169368", None, None),
            ("9876543210", india, None),
            ("+91987654321", None, None),
            ("+0123456789", None, None),
            ("+", None, None),
            ("", india, None),
            ("+123", None, None),
            ("+1234567890123456", None, None),
            ("+9198765x3210", None, None),
            ("+919876543210 ext 5", None, None),
            ("+９１9876543210", None, None),
            ("+919876543210;ext=5", None, None),
            ("112", india, None),
            ("++919876543210", None, None),
        ] {
            let read = E164::parse(text, region);
            assert_eq!(read.as_ref().map(E164::as_str), number, "{text}");
        }
    }

    #[test]
    fn what_is_read_reads_again() {
        let number = E164::parse("0091 98765 43210", None).expect("a number");
        let text = serde_json::to_string(&number).expect("JSON");
        assert_eq!(
            serde_json::from_str::<E164>(&text).expect("a number"),
            number
        );
        assert!(serde_json::from_str::<E164>("\"12\"").is_err());
    }
}
