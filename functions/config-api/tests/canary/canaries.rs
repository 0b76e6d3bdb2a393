//! Made-up secrets that are like no other text, one for each secret field of each provider.

use domain::random;
use providers::Provider;
use providers::field::{Field, Form};
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

/// A canary for each secret field of the provider, in that field's form; in place of an object, one for each of its members
/// as `shape` has them. The same name gives the same canaries.
pub(crate) fn make(provider: &dyn Provider, shape: &Value, name: &str) -> Map<String, Value> {
    let descriptor = provider.descriptor();
    let secrets = descriptor.fields.iter().filter(|field| field.secret);
    let made = secrets.map(|field| {
        let of = format!("{} {} {name}", descriptor.id, field.name);
        let canary = match &shape[field.name] {
            Value::Object(members) => {
                let member = |member: &String| (member.clone(), awkward(&format!("{of} {member}")));
                Map::from_iter(members.keys().map(member)).into()
            }
            _ => of_field(field, &of).into(),
        };
        (field.name.to_owned(), canary)
    });
    made.collect()
}

/// The texts that are secret in a value of a field, each with a name: the field's, or that of a member in it.
pub(crate) fn texts<'v>(field: &str, value: &'v Value) -> Vec<(String, &'v str)> {
    match value {
        Value::String(text) => vec![(field.to_owned(), text)],
        Value::Object(members) => {
            let members = members.iter();
            members
                .filter_map(|(name, value)| Some((format!("{field}.{name}"), value.as_str()?)))
                .collect()
        }
        other => panic!("{other} is no form of a secret"),
    }
}

/// What anybody may write anywhere and still be found.
pub(crate) fn plain(of: &str) -> String {
    let text = digits(of).map(|digit| char::from(TOKEN[digit % 62]));
    text.collect()
}

fn of_field(field: &Field, of: &str) -> String {
    let digits = digits(of);
    let (text, least, most): (Vec<u8>, usize, usize) = match field.form {
        Form::Token { min, max } => (token(of), min, max),
        Form::Text { max } => (token(of), 1, max),
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
        form => panic!("{} has a form that no secret has: {form:?}", field.name),
    };
    let length = LENGTH.clamp(least, most);
    assert!(length >= 16, "{} is too short for a canary", field.name);
    let text = text.into_iter().cycle().take(length).collect();
    let text = String::from_utf8(text).expect("ASCII");
    assert!(field.form.fits(&text), "{}", field.name);
    text
}

/// A canary where any text may be.
fn awkward(of: &str) -> Value {
    String::from_utf8(token(of)).expect("ASCII").into()
}

fn token(of: &str) -> Vec<u8> {
    let mut text: Vec<u8> = digits(of).map(|digit| TOKEN[digit % 64]).collect();
    for (place, character) in AWKWARD {
        text[place] = character;
    }
    text
}

/// Numbers that follow from a text, as many as a canary has characters.
fn digits(of: &str) -> impl Iterator<Item = usize> {
    random::sha256(of.as_bytes()).into_iter().map(usize::from)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;

    #[test]
    fn there_is_a_canary_of_every_form_that_a_secret_may_have() {
        for (form, length) in [
            (Form::Token { min: 1, max: 16 }, 16),
            (Form::Token { min: 20, max: 4096 }, 32),
            (Form::Token { min: 64, max: 64 }, 64),
            (Form::Text { max: 100 }, 32),
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

    /// An object whose members are those of the field's example.
    fn example(provider: &dyn Provider) -> Value {
        let fields = provider.descriptor().fields.iter();
        let objects = fields.filter(|field| field.form == Form::Object);
        let objects = objects.map(|field| {
            let example: Value = serde_json::from_str(field.example).expect("an object");
            (field.name.to_owned(), example)
        });
        Map::from_iter(objects).into()
    }

    #[test]
    fn canaries_differ_at_both_ends() {
        let mut ends = BTreeSet::new();
        for provider in contract::forms::ready() {
            for name in ["first", "second", "wrong"] {
                for (field, value) in make(provider, &example(provider), name) {
                    for (of, text) in texts(&field, &value) {
                        for end in [&text[..8], &text[text.len() - 8..]] {
                            assert!(ends.insert(end.to_owned()), "{name} {of}");
                        }
                    }
                }
            }
        }
        assert!(ends.len() > 50);
    }

    #[test]
    fn every_member_of_an_object_is_a_canary_that_its_form_takes() {
        let crm = providers::find("custom_crm").expect("listed");
        let shape = json!({"credentials": {"username": "x", "password": "y"}});
        let made = make(crm, &shape, "first");
        assert!(Form::Object.read(&made["credentials"]).is_ok());
        let texts = texts("credentials", &made["credentials"]);
        let lengths: Vec<_> = texts
            .iter()
            .map(|(name, text)| (name.as_str(), text.len()))
            .collect();
        assert_eq!(
            lengths,
            [
                ("credentials.password", LENGTH),
                ("credentials.username", LENGTH)
            ]
        );
    }
}
