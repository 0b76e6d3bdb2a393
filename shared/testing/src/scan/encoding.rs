//! The ways in which a secret may be written.

use base64::Engine as _;
use base64::alphabet::{Alphabet, STANDARD, URL_SAFE};
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::NO_PAD;

/// How a secret was written where it was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Encoding {
    /// As it is.
    Raw,
    /// Hexadecimal digits in either case, also mixed.
    Hex,
    /// Base64 in the standard alphabet, wherever in the encoded text it begins.
    Base64,
    /// Base64 in the URL-safe alphabet, wherever in the encoded text it begins.
    Base64Url,
    /// Some or all bytes as `%2F`, in either case; a space also as `+`.
    Percent,
    /// Some or all characters as JSON escapes, `\n`, `\/` or `\u002f`.
    Json,
    /// Back to front.
    Reversed,
    /// Numbers with commas between, as Rust and JSON print bytes, on one line or many.
    Numbers,
}

impl Encoding {
    /// Whether what stands there as it is can be read in this encoding too.
    pub(super) fn keeps_plain(self) -> bool {
        matches!(self, Self::Percent | Self::Json)
    }
}

/// What to look for, in the view that shows the encoding.
pub(super) fn needles(value: &[u8]) -> Vec<(Encoding, Vec<u8>)> {
    let numbers: Vec<String> = value.iter().map(u8::to_string).collect();
    let mut needles = vec![
        (Encoding::Raw, value.to_vec()),
        (Encoding::Hex, hex::encode(value).into_bytes()),
        (Encoding::Percent, value.to_vec()),
        (Encoding::Json, value.to_vec()),
        (Encoding::Reversed, value.iter().rev().copied().collect()),
        (Encoding::Numbers, numbers.join(",").into_bytes()),
    ];
    for shift in 0..3 {
        needles.push((Encoding::Base64, base64_core(&STANDARD, value, shift)));
        needles.push((Encoding::Base64Url, base64_core(&URL_SAFE, value, shift)));
    }
    needles
}

/// The digits that the value alone decides when `shift` other bytes stand before it in its group of three.
fn base64_core(alphabet: &Alphabet, value: &[u8], shift: usize) -> Vec<u8> {
    let padded = [&[0; 2][..shift], value].concat();
    let text = GeneralPurpose::new(alphabet, NO_PAD).encode(&padded);
    let first = (shift * 8).div_ceil(6);
    let end = padded.len() * 8 / 6;
    text.as_bytes()[first..end].to_vec()
}
