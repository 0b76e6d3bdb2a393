//! Reading JSON that somebody else wrote. What the parser says quotes what it read, so it ends here: where it
//! stopped, and whether the text was no JSON or JSON of another form, is all that goes on.

use std::fmt;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::error::Category;
use serde_json::value::RawValue;

/// Why a text could not be read, without a word of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}")]
pub struct Unreadable {
    /// Whether it is JSON, as far as it was read, but of another form.
    pub other_form: bool,
    line: usize,
    column: usize,
}

/// Reads a whole text.
///
/// # Errors
/// [`Unreadable`]: where the reading stopped.
pub fn read<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Result<T, Unreadable> {
    serde_json::from_slice(text).map_err(|error| Unreadable {
        other_form: error.classify() == Category::Data,
        line: error.line(),
        column: error.column(),
    })
}

/// The items of a list as they stand in a text, at most `MOST`: each can be read alone.
#[derive(Debug)]
pub struct Items<'a, const MOST: usize>(Vec<&'a RawValue>);

impl<'a, const MOST: usize> Items<'a, MOST> {
    /// The items as texts, in their order.
    pub fn texts(self) -> impl ExactSizeIterator<Item = &'a [u8]> {
        self.0.into_iter().map(|item| item.get().as_bytes())
    }
}

impl<'de: 'a, 'a, const MOST: usize> Deserialize<'de> for Items<'a, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Few::<MOST>).map(Self)
    }
}

/// Reads a list, and no further than it may be long.
struct Few<const MOST: usize>;

impl<'de, const MOST: usize> Visitor<'de> for Few<MOST> {
    type Value = Vec<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut read = Vec::new();
        while let Some(item) = items.next_element()? {
            if read.len() == MOST {
                return Err(A::Error::custom("too long a list"));
            }
            read.push(item);
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const CANARY: &str = "CANARY-0123456789abcdef";

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase", deny_unknown_fields)]
    #[expect(dead_code, reason = "it is never read")]
    enum Strict {
        Number(u8),
        Flags(BTreeMap<u8, bool>),
    }

    #[test]
    fn e2_what_could_not_be_read_is_not_repeated() {
        for text in [
            format!(r#"{{"number":"{CANARY}"}}"#),
            format!(r#"{{"flags":{{"{CANARY}":true}}}}"#),
            format!(r#"{{"flags":{{"1":"{CANARY}"}}}}"#),
            format!(r#"{{"{CANARY}":1}}"#),
            format!(r#""{CANARY}""#),
            format!(r#"{{"number":1}}{CANARY}"#),
        ] {
            let error = read::<Strict>(text.as_bytes()).unwrap_err();
            assert!(
                !format!("{error} {error:?}").contains("CANARY"),
                "{error:?}"
            );
        }
        // The parser's own words do repeat it.
        let text = format!(r#"{{"number":"{CANARY}"}}"#);
        let error = serde_json::from_str::<Strict>(&text).unwrap_err();
        assert!(format!("{error}").contains(CANARY) && format!("{error:?}").contains(CANARY));
    }

    #[test]
    fn what_is_no_json_is_told_from_json_of_another_form() {
        let read = |text: &str| read::<Strict>(text.as_bytes()).unwrap_err();
        assert!(read(r#"{"number":true}"#).other_form);
        assert!(!read(r#"{"number":"#).other_form);
        assert_eq!(read("{\n}x").to_string(), "line 2, column 1");
    }

    #[test]
    fn items_are_kept_as_they_stand_and_few() {
        let texts = |text: &'static str| {
            let items = read::<Items<'_, 3>>(text.as_bytes());
            items.map(|items| items.texts().map(str::from_utf8).collect::<Vec<_>>())
        };
        let expected = [Ok(r#"{"a":1, "a":2}"#), Ok("1e999"), Ok(r#""\ud800""#)];
        let found = texts(r#"[{"a":1, "a":2}, 1e999 ,"\ud800"]"#);
        assert_eq!(found.unwrap(), expected);
        assert!(texts("[]").unwrap().is_empty());
        for text in ["[1,2,3,4]", "{}", "null"] {
            assert!(texts(text).unwrap_err().other_form, "{text}");
        }
        assert!(!texts("[1,2").unwrap_err().other_form);
        // What is beyond the bound is not looked at.
        assert!(texts("[1,2,3,4,no JSON").unwrap_err().other_form);
    }
}
