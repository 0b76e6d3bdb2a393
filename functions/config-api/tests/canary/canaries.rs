//! Made-up secrets that are like no other text, one for each secret field of each provider.

use domain::random;
use providers::Provider;
use providers::descriptor::{Field, Form};
use serde_json::{Map, Value};

/// As long as a field lets a canary be.
const LENGTH: usize = 32;

const TOKEN: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
/// Visible characters that most ways of writing text have to escape, and their places in a token: some near its ends.
const AWKWARD: [(usize, u8); 6] = [
    (3, b'/'),
    (6, b'+'),
    (15, b'\\'),
    (16, b'<'),
    (25, b'"'),
    (28, b'%'),
];
/// By turns, so that no digest or key, which are in lower case, has them by chance.
const HEX: [&[u8]; 4] = [b"ABCDEF", b"abcdef", b"0123456789", b"abcdef"];

/// A canary for each secret field of the provider, in that field's form. The same name gives the same canaries.
pub(crate) fn make(provider: &dyn Provider, name: &str) -> Map<String, Value> {
    let descriptor = provider.descriptor();
    let secrets = descriptor.fields.iter().filter(|field| field.secret);
    let made = secrets.map(|field| {
        let of = format!("{} {} {name}", descriptor.id, field.name);
        (field.name.to_owned(), of_field(field, &of).into())
    });
    made.collect()
}

/// What anybody may write anywhere and still be found.
pub(crate) fn plain(of: &str) -> String {
    let text = digits(of).map(|digit| char::from(TOKEN[digit % 62]));
    text.collect()
}

fn of_field(field: &Field, of: &str) -> String {
    let digits = digits(of);
    let (text, least, most): (Vec<u8>, usize, usize) = match field.form {
        Form::Token { min, max } => {
            let mut text: Vec<u8> = digits.map(|digit| TOKEN[digit % 64]).collect();
            for (place, character) in AWKWARD {
                text[place] = character;
            }
            (text, min, max)
        }
        Form::Hex { min, max } => {
            let alphabets = HEX.into_iter().cycle();
            let text = digits.zip(alphabets);
            let text = text.map(|(digit, alphabet)| alphabet[digit % alphabet.len()]);
            (text.collect(), min, max)
        }
        Form::Digits => {
            let text = digits.map(|digit| b'0' + (digit % 10) as u8);
            (text.collect(), 5, 32)
        }
        Form::GraphVersion | Form::Address => {
            panic!("{} has a form that no secret has", field.name)
        }
    };
    let length = LENGTH.clamp(least, most);
    assert!(length >= 16, "{} is too short for a canary", field.name);
    let text = text.into_iter().cycle().take(length).collect();
    let text = String::from_utf8(text).expect("ASCII");
    assert_eq!(field.form.objection(&text), None, "{}", field.name);
    text
}

/// Numbers that follow from a text, as many as a canary has characters.
fn digits(of: &str) -> impl Iterator<Item = usize> {
    random::sha256(of.as_bytes()).into_iter().map(usize::from)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn there_is_a_canary_of_every_form_that_a_secret_may_have() {
        for (form, length) in [
            (Form::Token { min: 1, max: 16 }, 16),
            (Form::Token { min: 20, max: 4096 }, 32),
            (Form::Token { min: 64, max: 64 }, 64),
            (Form::Hex { min: 16, max: 128 }, 32),
            (Form::Hex { min: 64, max: 64 }, 64),
            (Form::Digits, 32),
        ] {
            let field = Field {
                form,
                ..providers::ALL[0].descriptor().fields[0]
            };
            assert_eq!(of_field(&field, "x").len(), length, "{form:?}");
        }
    }

    #[test]
    fn canaries_differ_at_both_ends() {
        let mut ends = BTreeSet::new();
        for provider in providers::ALL {
            for name in ["first", "second", "wrong"] {
                for (field, value) in make(*provider, name) {
                    let value = value.as_str().expect("text");
                    for end in [&value[..8], &value[value.len() - 8..]] {
                        assert!(ends.insert(end.to_owned()), "{name} {field}");
                    }
                }
            }
        }
        assert!(!ends.is_empty());
    }
}
