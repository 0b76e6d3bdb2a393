//! What bytes are turned into to read an encoding in them.

use std::borrow::Cow;

use super::Encoding;

/// How the bytes are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum View {
    AsTheyAre,
    LowerCase,
    WithoutPercent,
    WithoutEscapes,
    WithoutSpace,
}

impl View {
    pub(super) fn showing(encoding: Encoding) -> Self {
        match encoding {
            Encoding::Raw | Encoding::Base64 | Encoding::Base64Url | Encoding::Reversed => {
                Self::AsTheyAre
            }
            Encoding::Hex => Self::LowerCase,
            Encoding::Percent => Self::WithoutPercent,
            Encoding::Json => Self::WithoutEscapes,
            Encoding::Numbers => Self::WithoutSpace,
        }
    }

    pub(super) fn of(self, bytes: &[u8]) -> Cow<'_, [u8]> {
        match self {
            Self::AsTheyAre => bytes.into(),
            Self::LowerCase => bytes.to_ascii_lowercase().into(),
            Self::WithoutPercent => without_percent(bytes).into(),
            Self::WithoutEscapes => without_escapes(bytes),
            Self::WithoutSpace => {
                let text = without_escapes(bytes);
                let dense = text.iter().filter(|byte| !byte.is_ascii_whitespace());
                dense.copied().collect::<Vec<u8>>().into()
            }
        }
    }
}

fn without_percent(bytes: &[u8]) -> Vec<u8> {
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

/// With JSON's escapes undone once, then twice, then thrice, for JSON may have been put in JSON as text; one after the
/// other, for what is undone too often is lost again.
fn without_escapes(bytes: &[u8]) -> Cow<'_, [u8]> {
    let mut layers = Vec::new();
    let mut last = Cow::from(bytes);
    for _ in 0..3 {
        let next = without_escapes_once(&last);
        if next == *last {
            break;
        }
        layers.extend_from_slice(&next);
        layers.push(b'\n');
        last = next.into();
    }
    if layers.is_empty() {
        bytes.into()
    } else {
        layers.into()
    }
}

fn without_escapes_once(bytes: &[u8]) -> Vec<u8> {
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
