//! Host names: which of them can be names on the public internet.

use super::Rule;

/// Last labels that no public name has: RFC 6761 and its registry, what ICANN has set aside, and what networks use
/// among themselves.
const SPECIAL_USE: [&str; 17] = [
    "alt",
    "arpa",
    "corp",
    "example",
    "home",
    "internal",
    "intranet",
    "invalid",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "mail",
    "onion",
    "private",
    "svc",
    "test",
];

/// The rule that a parsed, lower-case host name breaks.
pub(super) fn broken_rule(name: &str) -> Option<Rule> {
    let (_, last) = name.rsplit_once('.').unwrap_or(("", ""));
    if name.len() > 253 || last.is_empty() || !name.split('.').all(is_label) {
        Some(Rule::NoDnsName)
    } else if SPECIAL_USE.contains(&last) {
        Some(Rule::SpecialUse)
    } else {
        None
    }
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
}
