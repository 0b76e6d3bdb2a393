//! Reading JSON that somebody else wrote. What the parser says quotes what it read, so it ends here: where it
//! stopped, and whether the text was no JSON or JSON of another form, is all that goes on.

use serde::Deserialize;
use serde_json::error::Category;

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
}
