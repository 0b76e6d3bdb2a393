//! Finds secrets in bytes, in whatever encoding they got there: in tables, queues, logs, answers, core files.
//!
//! ```
//! use testing::scan::{Encoding, Scanner};
//!
//! let scanner = Scanner::new([("access_token", "EAAG-canary-0123")]);
//! let leaks = scanner.scan(b"GET /?token=EAAG%2Dcanary%2D0123");
//! assert_eq!(leaks[0].secret, "access_token");
//! assert_eq!(leaks[0].encoding, Encoding::Percent);
//! ```

use std::fmt;

use base64::Engine as _;
use base64::alphabet::{Alphabet, STANDARD, URL_SAFE};
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::NO_PAD;

/// A secret shorter than this would be found by chance, so there is no looking for it.
pub const SHORTEST: usize = 8;

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
}

/// A secret that was found.
#[derive(Clone, PartialEq, Eq)]
pub struct Leak {
    /// The name it was given, never the value.
    pub secret: String,
    /// How it was written.
    pub encoding: Encoding,
    /// Offset in bytes of its beginning in the bytes, or in what they decode to for `Percent` and `Json`.
    pub at: usize,
}

impl fmt::Debug for Leak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} as {:?} at byte {}",
            self.secret, self.encoding, self.at
        )
    }
}

/// Looks for a set of secrets.
pub struct Scanner(Vec<Pattern>);

struct Pattern {
    secret: String,
    encoding: Encoding,
    needle: Vec<u8>,
}

impl Scanner {
    /// A scanner for these names and values.
    ///
    /// # Panics
    /// If a value has fewer than [`SHORTEST`] bytes.
    pub fn new<N: Into<String>, V: AsRef<[u8]>>(secrets: impl IntoIterator<Item = (N, V)>) -> Self {
        let mut patterns = Vec::new();
        for (name, value) in secrets {
            let (name, value) = (name.into(), value.as_ref());
            assert!(
                value.len() >= SHORTEST,
                "{name} is too short to be looked for"
            );
            patterns.extend(
                needles(value)
                    .into_iter()
                    .map(|(encoding, needle)| Pattern {
                        secret: name.clone(),
                        encoding,
                        needle,
                    }),
            );
        }
        Self(patterns)
    }

    /// All secrets found in the bytes, each once per encoding, in the order in which they were given.
    pub fn scan(&self, bytes: &[u8]) -> Vec<Leak> {
        let lower = bytes.to_ascii_lowercase();
        let percent = decode_percent(bytes);
        let json = decode_json(bytes);
        let found = |pattern: &Pattern| {
            let at = |haystack: &[u8]| find(haystack, &pattern.needle);
            match pattern.encoding {
                Encoding::Hex => at(&lower),
                // What is there without any decoding is another pattern's find.
                Encoding::Percent => at(&percent).filter(|_| at(bytes).is_none()),
                Encoding::Json => at(&json).filter(|_| at(bytes).is_none()),
                _ => at(bytes),
            }
        };
        let mut leaks: Vec<Leak> = Vec::new();
        for pattern in &self.0 {
            let known =
                |leak: &Leak| leak.secret == pattern.secret && leak.encoding == pattern.encoding;
            if let Some(at) = found(pattern)
                && !leaks.iter().any(known)
            {
                leaks.push(Leak {
                    secret: pattern.secret.clone(),
                    encoding: pattern.encoding,
                    at,
                });
            }
        }
        leaks
    }
}

fn needles(value: &[u8]) -> Vec<(Encoding, Vec<u8>)> {
    let mut needles = vec![
        (Encoding::Raw, value.to_vec()),
        (Encoding::Hex, hex::encode(value).into_bytes()),
        (Encoding::Percent, value.to_vec()),
        (Encoding::Json, value.to_vec()),
        (Encoding::Reversed, value.iter().rev().copied().collect()),
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

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let last_start = haystack.len().checked_sub(needle.len())?;
    (0..=last_start).find(|&at| haystack[at] == first && haystack[at..].starts_with(needle))
}

fn decode_percent(bytes: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&byte, tail)) = rest.split_first() {
        let hex = (byte == b'%').then(|| tail.first_chunk::<2>()).flatten();
        match hex.and_then(|digits| hex::decode(digits).ok()) {
            Some(byte) => {
                decoded.extend(byte);
                rest = &tail[2..];
            }
            None => {
                decoded.push(if byte == b'+' { b' ' } else { byte });
                rest = tail;
            }
        }
    }
    decoded
}

/// Undoes JSON's escapes; more than one layer of them when JSON was put in JSON as text.
fn decode_json(bytes: &[u8]) -> Vec<u8> {
    let mut decoded = bytes.to_vec();
    for _ in 0..3 {
        decoded = decode_json_once(&decoded);
    }
    decoded
}

fn decode_json_once(bytes: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&byte, tail)) = rest.split_first() {
        let (text, used) = match (byte, tail) {
            (b'\\', [b'u', digits @ ..]) => match character(digits) {
                Some((character, used)) => (character, used + 2),
                None => (char::from(byte), 1),
            },
            (b'\\', [escape, ..]) => match escape {
                b'n' => ('\n', 2),
                b'r' => ('\r', 2),
                b't' => ('\t', 2),
                b'b' => ('\u{8}', 2),
                b'f' => ('\u{c}', 2),
                b'"' | b'\\' | b'/' => (char::from(*escape), 2),
                _ => ('\\', 1),
            },
            _ => {
                decoded.push(byte);
                rest = tail;
                continue;
            }
        };
        decoded.extend_from_slice(text.encode_utf8(&mut [0; 4]).as_bytes());
        rest = &rest[used..];
    }
    decoded
}

/// The character of a `\u` escape, of a pair of them where it takes two, and how many bytes follow its `\u`.
fn character(digits: &[u8]) -> Option<(char, usize)> {
    let unit = |digits: &[u8]| {
        let text = std::str::from_utf8(digits.get(..4)?).ok()?;
        u16::from_str_radix(text, 16).ok()
    };
    let first = unit(digits)?;
    if let Some(character) = char::from_u32(u32::from(first)) {
        return Some((character, 4));
    }
    let second = unit(digits.get(4..)?.strip_prefix(b"\\u")?)?;
    let character = char::decode_utf16([first, second]).next()?.ok()?;
    Some((character, 10))
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

    use super::*;

    /// Bytes that every encoding has to change.
    const SECRET: &str = "EAAG/k+ü~\"x\\y z?>>>😀";
    /// As long and as odd, but another.
    const OTHER: &str = "EAAG/k+ü~\"x\\y z?>>!😀";

    fn percent(text: &str) -> String {
        text.bytes().map(|byte| format!("%{byte:02X}")).collect()
    }

    fn unicode_escapes(text: &str) -> String {
        text.encode_utf16()
            .map(|unit| format!("\\u{unit:04x}"))
            .collect()
    }

    fn mixed_case(hex: &str) -> String {
        let flip = |(number, digit): (usize, char)| {
            if number % 2 == 0 {
                digit.to_ascii_uppercase()
            } else {
                digit
            }
        };
        hex.chars().enumerate().map(flip).collect()
    }

    /// Every way of writing a text that the scanner is to know.
    fn written(text: &str) -> Vec<(Encoding, Vec<u8>)> {
        let hex = hex::encode(text);
        let mut ways = vec![
            (Encoding::Raw, text.to_owned()),
            (Encoding::Hex, hex.clone()),
            (Encoding::Hex, hex.to_uppercase()),
            (Encoding::Hex, mixed_case(&hex)),
            (Encoding::Percent, percent(text)),
            (Encoding::Percent, percent(text).to_lowercase()),
            (
                Encoding::Percent,
                text.replace('/', "%2f")
                    .replace(' ', "+")
                    .replace("k+", "k%2B"),
            ),
            (Encoding::Json, serde_json::to_string(text).unwrap()),
            (
                Encoding::Json,
                text.replace('\\', "\\\\")
                    .replace('"', "\\\"")
                    .replace('/', "\\/"),
            ),
            (Encoding::Json, unicode_escapes(text)),
            (
                Encoding::Json,
                serde_json::to_string(&serde_json::to_string(text).unwrap()).unwrap(),
            ),
        ];
        for before in ["", "1", "12"] {
            for after in ["", "3", "34"] {
                let whole = format!("{before}{text}{after}");
                ways.push((Encoding::Base64, STANDARD.encode(&whole)));
                ways.push((Encoding::Base64Url, URL_SAFE_NO_PAD.encode(&whole)));
            }
        }
        let mut ways: Vec<_> = ways
            .into_iter()
            .map(|(encoding, text)| (encoding, text.into_bytes()))
            .collect();
        ways.push((Encoding::Reversed, text.bytes().rev().collect()));
        ways
    }

    #[test]
    fn every_encoding_is_found_and_named() {
        let scanner = Scanner::new([("token", SECRET)]);
        for (encoding, text) in written(SECRET) {
            let haystack = [b"before ".as_slice(), &text, b" after"].concat();
            let leaks = scanner.scan(&haystack);
            assert!(
                leaks
                    .iter()
                    .any(|leak| leak.encoding == encoding && leak.secret == "token"),
                "{encoding:?} of {:?}: {leaks:?}",
                String::from_utf8_lossy(&haystack)
            );
        }
    }

    #[test]
    fn another_text_in_the_same_encoding_is_no_leak() {
        let scanner = Scanner::new([("token", SECRET)]);
        for (encoding, text) in written(OTHER) {
            assert_eq!(scanner.scan(&text), [], "{encoding:?}");
        }
    }

    #[test]
    fn a_part_of_a_secret_is_no_leak() {
        let scanner = Scanner::new([("token", "abcdefgh12345678")]);
        assert_eq!(scanner.scan(b"abcdefgh1234567 bcdefgh12345678"), []);
        assert_eq!(scanner.scan(b""), []);
    }

    #[test]
    fn each_secret_is_reported_by_its_name_and_never_by_its_value() {
        let scanner = Scanner::new([
            ("token", "first-secret-value"),
            ("app_secret", "second-secret-value"),
        ]);
        let leaks = scanner.scan(b"xx second-secret-value second-secret-value");
        assert_eq!(
            leaks,
            [Leak {
                secret: "app_secret".into(),
                encoding: Encoding::Raw,
                at: 3
            }]
        );
        assert_eq!(format!("{leaks:?}"), "[app_secret as Raw at byte 3]");
    }

    #[test]
    #[should_panic(expected = "too short")]
    fn a_short_secret_is_not_looked_for() {
        Scanner::new([("pin", "1234567")]);
    }
}
