//! The stretch of a partition that a key condition is about.

use std::ops::{Bound, RangeBounds};

use super::condition::{Condition, Operand};
use super::key::{KeyAttribute, KeyValue, Schema};
use super::value::{Attribute, Binary};
use crate::cloud::wire::Refusal;

/// A sort key, or `None` where there is none.
type Range = Option<KeyValue>;

/// A partition, and two bounds on the sort key.
#[derive(Debug)]
pub(super) struct Span {
    pub(super) hash: KeyValue,
    low: Bound<Range>,
    high: Bound<Range>,
}

impl Span {
    /// Reads a key condition: equality on the partition key and at most one comparison of the sort key.
    pub(super) fn of(schema: &Schema, condition: &Condition<'_>) -> Result<Self, Refusal> {
        let parts = match condition {
            Condition::All(parts) => parts.as_slice(),
            single => std::slice::from_ref(single),
        };
        let (mut hash, mut bounds) = (None, None);
        for part in parts {
            let twice = match part {
                Condition::Compare(Operand::Path(path), "=", Operand::Value(value))
                    if *path == [schema.hash.name.as_str()] =>
                {
                    hash.replace(key_value(&schema.hash, value)?).is_some()
                }
                other => {
                    let range = schema.range.as_ref().ok_or_else(unsupported)?;
                    bounds.replace(range_bounds(range, other)?).is_some()
                }
            };
            if twice {
                return Err(Refusal::validation(
                    "Invalid KeyConditionExpression: KeyConditionExpressions must only contain one condition per key",
                ));
            }
        }
        let (low, high) = bounds.unwrap_or((Bound::Unbounded, Bound::Unbounded));
        let hash = hash.ok_or_else(unsupported)?;
        Ok(Self { hash, low, high })
    }

    pub(super) fn contains(&self, range: &Range) -> bool {
        (self.low.as_ref(), self.high.as_ref()).contains(range)
    }

    /// The bounds of what is left, walking in that direction from a place within.
    pub(super) fn bounds<'a>(
        &'a self,
        forward: bool,
        from: Option<Bound<&'a Range>>,
    ) -> (Bound<&'a Range>, Bound<&'a Range>) {
        match (from, forward) {
            (None, _) => (self.low.as_ref(), self.high.as_ref()),
            (Some(from), true) => (from, self.high.as_ref()),
            (Some(from), false) => (self.low.as_ref(), from),
        }
    }
}

fn range_bounds(
    key: &KeyAttribute,
    condition: &Condition<'_>,
) -> Result<(Bound<Range>, Bound<Range>), Refusal> {
    use Bound::{Excluded, Included, Unbounded};
    let is_key = |path: &[String]| *path == [key.name.as_str()];
    let value = |value: &Attribute| key_value(key, value).map(Some);
    Ok(match condition {
        Condition::Compare(Operand::Path(path), comparison, Operand::Value(limit))
            if is_key(path) =>
        {
            let limit = value(limit)?;
            match *comparison {
                "=" => (Included(limit.clone()), Included(limit)),
                "<" => (Unbounded, Excluded(limit)),
                "<=" => (Unbounded, Included(limit)),
                ">" => (Excluded(limit), Unbounded),
                ">=" => (Included(limit), Unbounded),
                _ => return Err(unsupported()),
            }
        }
        Condition::Between(Operand::Path(path), Operand::Value(low), Operand::Value(high))
            if is_key(path) =>
        {
            let (low, high) = (value(low)?, value(high)?);
            if low > high {
                return Err(Refusal::validation(
                    "Invalid KeyConditionExpression: The BETWEEN operator requires upper bound to be greater than or equal to lower bound",
                ));
            }
            (Included(low), Included(high))
        }
        Condition::BeginsWith(path, Operand::Value(prefix)) if is_key(path) => {
            let prefix = key_value(key, prefix)?;
            let beyond = match &prefix {
                KeyValue::S(text) => beyond_text(text).map(KeyValue::S),
                KeyValue::B(Binary(bytes)) => beyond_bytes(bytes).map(Binary).map(KeyValue::B),
                KeyValue::N(_) => return Err(unsupported()),
            };
            let high = beyond.map_or(Unbounded, |beyond| Excluded(Some(beyond)));
            (Included(Some(prefix)), high)
        }
        _ => return Err(unsupported()),
    })
}

/// The first text after all that begin with this one, if any can come after them.
fn beyond_text(prefix: &str) -> Option<String> {
    let mut chars: Vec<char> = prefix.chars().collect();
    while let Some(last) = chars.pop() {
        if let Some(next) = (last..=char::MAX).nth(1) {
            chars.push(next);
            return Some(chars.into_iter().collect());
        }
    }
    None
}

/// As [`beyond_text`].
fn beyond_bytes(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = prefix.to_vec();
    while let Some(last) = bytes.pop() {
        if let Some(next) = last.checked_add(1) {
            bytes.push(next);
            return Some(bytes);
        }
    }
    None
}

fn key_value(key: &KeyAttribute, value: &Attribute) -> Result<KeyValue, Refusal> {
    KeyValue::of(value).filter(|_| value.kind() == key.kind).ok_or_else(|| {
        Refusal::validation(
            "One or more parameter values were invalid: Condition parameter type does not match schema type",
        )
    })
}

fn unsupported() -> Refusal {
    Refusal::validation("Query key condition not supported")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_alike_ends_where_the_next_begins() {
        for (prefix, beyond) in [
            ("MESSAGE#", Some("MESSAGE$")),
            ("a\u{d7ff}", Some("a\u{e000}")),
            ("a\u{10ffff}", Some("b")),
            ("\u{10ffff}", None),
            ("", None),
        ] {
            assert_eq!(beyond_text(prefix).as_deref(), beyond, "{prefix:?}");
        }
        assert_eq!(beyond_bytes(&[1, 255]), Some(vec![2]));
        assert_eq!(beyond_bytes(&[255]), None);
    }
}
