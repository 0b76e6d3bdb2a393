//! Text that people read, and names of fields.

/// Whether the text can stand in a name or a label: on one line, without control characters, and without the marks
/// that turn the direction of writing or hide among letters, by which one name passes for another.
pub fn is_label(text: &str) -> bool {
    !text.is_empty()
        && !text
            .chars()
            .any(|letter| letter.is_control() || is_deceptive(letter))
}

/// Bidirectional controls (Unicode 9, UAX #9), line and paragraph separators, and what has no shape at all.
const fn is_deceptive(letter: char) -> bool {
    matches!(
        letter,
        '\u{061c}'
            | '\u{200e}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{fdd0}'..='\u{fdef}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{fffe}'..='\u{ffff}'
    )
}

/// `phoneNumberId` as `phone_number_id`: both name the same field.
pub fn snake_case(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            out.push('_');
            out.push(letter.to_ascii_lowercase());
        } else {
            out.push(letter);
        }
    }
    out
}

/// `phone_number_id` as `phoneNumberId`.
pub fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let mut out = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        out.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        out.push_str(letters.as_str());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_plain_lines() {
        for label in ["Support", "サポート", "Büro 1 (neu)", "👍 ok", "दिल्ली"] {
            assert!(is_label(label), "{label}");
        }
        for other in [
            "",
            "a\nb",
            "a\u{0}b",
            "a\u{85}b",
            "a\u{202e}b",
            "\u{feff}a",
            "a\u{2028}b",
        ] {
            assert!(!is_label(other), "{other:?}");
        }
    }
}
