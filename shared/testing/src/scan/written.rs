//! The other direction: a text written in all the ways that are known, for whoever has to show that a leak is found.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;

use super::Encoding;

/// The text in every encoding, in several spellings where there are several.
pub fn written(text: &str) -> Vec<(Encoding, String)> {
    let hex = hex::encode(text);
    let json = |text: &str| Value::from(text).to_string();
    let bytes = text.as_bytes();
    let mut ways = vec![
        (Encoding::Raw, text.to_owned()),
        (Encoding::Hex, hex.clone()),
        (Encoding::Hex, hex.to_uppercase()),
        (Encoding::Hex, in_mixed_case(&hex)),
        (Encoding::Percent, percent(text)),
        (Encoding::Percent, percent(text).to_lowercase()),
        (Encoding::Json, escapes(text)),
        (Encoding::Json, json(&escapes(text))),
        (Encoding::Numbers, format!("{bytes:?}")),
        (Encoding::Numbers, format!("{bytes:#?}")),
        (Encoding::Numbers, Value::from(bytes).to_string()),
    ];
    for before in ["", "1", "12"] {
        for after in ["", "3", "34"] {
            let whole = format!("{before}{text}{after}");
            ways.push((Encoding::Base64, STANDARD.encode(&whole)));
            ways.push((Encoding::Base64Url, URL_SAFE_NO_PAD.encode(&whole)));
        }
    }
    if text.is_ascii() {
        ways.push((Encoding::Reversed, text.chars().rev().collect()));
    }
    ways
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn escapes(text: &str) -> String {
    text.encode_utf16()
        .map(|unit| format!("\\u{unit:04x}"))
        .collect()
}

fn in_mixed_case(hex: &str) -> String {
    let flip = |(number, digit): (usize, char)| match number % 2 {
        0 => digit.to_ascii_uppercase(),
        _ => digit,
    };
    hex.chars().enumerate().map(flip).collect()
}
