//! Condition, filter and key condition expressions.

use std::cmp::Ordering;

use super::placeholders::Placeholders;
use super::syntax::{Path, Tokens, find};
use super::value::{Attribute, Binary, Item, Number};
use crate::cloud::wire::Refusal;

/// A parsed condition.
#[derive(Debug)]
pub(super) enum Condition<'a> {
    All(Vec<Condition<'a>>),
    Any(Vec<Condition<'a>>),
    Not(Box<Condition<'a>>),
    Compare(Operand<'a>, &'a str, Operand<'a>),
    Between(Operand<'a>, Operand<'a>, Operand<'a>),
    In(Operand<'a>, Vec<Operand<'a>>),
    Exists(Path),
    BeginsWith(Path, Operand<'a>),
    Contains(Path, Operand<'a>),
    HasType(Path, Operand<'a>),
}

/// What a comparison compares.
#[derive(Debug)]
pub(super) enum Operand<'a> {
    Path(Path),
    Value(&'a Attribute),
    Size(Path),
}

impl<'a> Condition<'a> {
    pub(super) fn parse(
        text: &'a str,
        placeholders: &'a Placeholders<'a>,
    ) -> Result<Self, Refusal> {
        let mut tokens = Tokens::new(text, placeholders);
        let condition = any(&mut tokens)?;
        tokens.expect_end()?;
        Ok(condition)
    }

    /// Names of the item's attributes that it reads.
    pub(super) fn attributes(&self) -> Vec<&str> {
        match self {
            Self::All(parts) | Self::Any(parts) => {
                parts.iter().flat_map(Condition::attributes).collect()
            }
            Self::Not(part) => part.attributes(),
            Self::Compare(left, _, right) => [left, right]
                .into_iter()
                .filter_map(Operand::attribute)
                .collect(),
            Self::Between(value, low, high) => [value, low, high]
                .into_iter()
                .filter_map(Operand::attribute)
                .collect(),
            Self::In(value, list) => list
                .iter()
                .chain([value])
                .filter_map(Operand::attribute)
                .collect(),
            Self::Exists(path) => path.first().map(String::as_str).into_iter().collect(),
            Self::BeginsWith(path, other)
            | Self::Contains(path, other)
            | Self::HasType(path, other) => {
                let own = path.first().map(String::as_str);
                own.into_iter().chain(other.attribute()).collect()
            }
        }
    }

    /// Whether the item satisfies it; an absent item has no attributes.
    pub(super) fn holds(&self, item: &Item) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(item)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(item)),
            Self::Not(part) => !part.holds(item),
            Self::Compare(left, comparison, right) => compare(
                left.value(item).as_ref(),
                comparison,
                right.value(item).as_ref(),
            ),
            Self::Between(value, low, high) => {
                let value = value.value(item);
                compare(value.as_ref(), ">=", low.value(item).as_ref())
                    && compare(value.as_ref(), "<=", high.value(item).as_ref())
            }
            Self::In(value, list) => {
                let value = value.value(item);
                list.iter()
                    .any(|other| compare(value.as_ref(), "=", other.value(item).as_ref()))
            }
            Self::Exists(path) => find(item, path).is_some(),
            Self::BeginsWith(path, prefix) => match (find(item, path), prefix.value(item)) {
                (Some(Attribute::S(text)), Some(Attribute::S(prefix))) => text.starts_with(&prefix),
                (Some(Attribute::B(Binary(bytes))), Some(Attribute::B(Binary(prefix)))) => {
                    bytes.starts_with(&prefix)
                }
                _ => false,
            },
            Self::Contains(path, part) => contains(find(item, path), part.value(item).as_ref()),
            Self::HasType(path, kind) => match (find(item, path), kind.value(item)) {
                (Some(value), Some(Attribute::S(kind))) => value.kind() == kind,
                _ => false,
            },
        }
    }
}

impl Operand<'_> {
    fn attribute(&self) -> Option<&str> {
        match self {
            Self::Path(path) | Self::Size(path) => path.first().map(String::as_str),
            Self::Value(_) => None,
        }
    }

    fn value(&self, item: &Item) -> Option<Attribute> {
        match self {
            Self::Path(path) => find(item, path).cloned(),
            Self::Value(value) => Some((*value).clone()),
            Self::Size(path) => {
                let size = match find(item, path)? {
                    Attribute::S(text) => text.chars().count(),
                    Attribute::L(list) => list.len(),
                    Attribute::M(map) => map.len(),
                    Attribute::Texts(set) => set.len(),
                    Attribute::Numbers(set) => set.len(),
                    Attribute::Binaries(set) => set.len(),
                    other => other.size(),
                };
                Some(Attribute::N(Number::from(
                    i64::try_from(size).unwrap_or(i64::MAX),
                )))
            }
        }
    }
}

/// An attribute that is absent equals nothing, differs from everything, and has no place in any order.
fn compare(left: Option<&Attribute>, comparison: &str, right: Option<&Attribute>) -> bool {
    let equal = left.is_some() && left == right;
    let order = match (left, right) {
        (Some(Attribute::S(left)), Some(Attribute::S(right))) => Some(left.cmp(right)),
        (Some(Attribute::N(left)), Some(Attribute::N(right))) => Some(left.cmp(right)),
        (Some(Attribute::B(left)), Some(Attribute::B(right))) => Some(left.cmp(right)),
        _ => None,
    };
    match comparison {
        "=" => equal,
        "<>" => !equal,
        "<" => order == Some(Ordering::Less),
        "<=" => order.is_some_and(Ordering::is_le),
        ">" => order == Some(Ordering::Greater),
        _ => order.is_some_and(Ordering::is_ge),
    }
}

fn contains(whole: Option<&Attribute>, part: Option<&Attribute>) -> bool {
    match (whole, part) {
        (Some(Attribute::S(text)), Some(Attribute::S(part))) => text.contains(part),
        (Some(Attribute::Texts(set)), Some(Attribute::S(part))) => set.contains(part),
        (Some(Attribute::Numbers(set)), Some(Attribute::N(part))) => set.contains(part),
        (Some(Attribute::Binaries(set)), Some(Attribute::B(part))) => set.contains(part),
        (Some(Attribute::L(list)), Some(part)) => list.contains(part),
        _ => false,
    }
}

fn any<'a>(tokens: &mut Tokens<'a>) -> Result<Condition<'a>, Refusal> {
    let mut parts = vec![all(tokens)?];
    while tokens.take("OR") {
        parts.push(all(tokens)?);
    }
    Ok(if parts.len() == 1 {
        parts.remove(0)
    } else {
        Condition::Any(parts)
    })
}

fn all<'a>(tokens: &mut Tokens<'a>) -> Result<Condition<'a>, Refusal> {
    let mut parts = vec![not(tokens)?];
    while tokens.take("AND") {
        parts.push(not(tokens)?);
    }
    Ok(if parts.len() == 1 {
        parts.remove(0)
    } else {
        Condition::All(parts)
    })
}

fn not<'a>(tokens: &mut Tokens<'a>) -> Result<Condition<'a>, Refusal> {
    if tokens.take("NOT") {
        return Ok(Condition::Not(Box::new(not(tokens)?)));
    }
    if tokens.take("(") {
        let inner = any(tokens)?;
        tokens.expect(")")?;
        return Ok(inner);
    }
    match function(tokens)? {
        Some(condition) => Ok(condition),
        None => comparison(tokens),
    }
}

fn function<'a>(tokens: &mut Tokens<'a>) -> Result<Option<Condition<'a>>, Refusal> {
    const KNOWN: [&str; 5] = [
        "attribute_exists",
        "attribute_not_exists",
        "begins_with",
        "contains",
        "attribute_type",
    ];
    let Some(name) = KNOWN.into_iter().find(|name| tokens.at_function(name)) else {
        return Ok(None);
    };
    tokens.next();
    tokens.expect("(")?;
    let path = tokens.path()?;
    let condition = match name {
        "attribute_exists" => Condition::Exists(path),
        "attribute_not_exists" => Condition::Not(Box::new(Condition::Exists(path))),
        name => {
            tokens.expect(",")?;
            let argument = operand(tokens)?;
            match name {
                "begins_with" => Condition::BeginsWith(path, argument),
                "contains" => Condition::Contains(path, argument),
                _ => Condition::HasType(path, argument),
            }
        }
    };
    tokens.expect(")")?;
    Ok(Some(condition))
}

fn comparison<'a>(tokens: &mut Tokens<'a>) -> Result<Condition<'a>, Refusal> {
    let left = operand(tokens)?;
    if tokens.take("BETWEEN") {
        let low = operand(tokens)?;
        tokens.expect("AND")?;
        return Ok(Condition::Between(left, low, operand(tokens)?));
    }
    if tokens.take("IN") {
        tokens.expect("(")?;
        let mut list = vec![operand(tokens)?];
        while tokens.take(",") {
            list.push(operand(tokens)?);
        }
        tokens.expect(")")?;
        return Ok(Condition::In(left, list));
    }
    match tokens.peek() {
        "=" | "<>" | "<" | "<=" | ">" | ">=" => {
            let comparison = tokens.next();
            Ok(Condition::Compare(left, comparison, operand(tokens)?))
        }
        _ => Err(tokens.error()),
    }
}

fn operand<'a>(tokens: &mut Tokens<'a>) -> Result<Operand<'a>, Refusal> {
    if tokens.peek().starts_with(':') {
        return tokens.value().map(Operand::Value);
    }
    if tokens.at_function("size") {
        tokens.next();
        tokens.expect("(")?;
        let path = tokens.path()?;
        tokens.expect(")")?;
        return Ok(Operand::Size(path));
    }
    tokens.path().map(Operand::Path)
}

#[cfg(test)]
mod tests {
    use super::super::placeholders::{Names, Values};
    use super::*;

    fn holds(text: &str) -> Result<bool, String> {
        let names: Names = [("#status".into(), "status".into())].into();
        let values: Values = serde_json::from_str(
            r#"{":one":{"N":"1"},":two":{"N":"2"},":sent":{"S":"sent"},":s":{"S":"se"},":type":{"S":"N"}}"#,
        )
        .unwrap();
        let item: Item = serde_json::from_str(
            r#"{"status":{"S":"sent"},"n":{"N":"2"},"tags":{"SS":["se"]},"deep":{"M":{"n":{"N":"1"}}}}"#,
        )
        .unwrap();
        let placeholders = Placeholders::new(&names, &values);
        let held = Condition::parse(text, &placeholders).map(|condition| condition.holds(&item));
        held.map_err(|refusal| refusal.message().to_owned())
    }

    #[test]
    fn what_holds_and_what_does_not() {
        for (text, expected) in [
            ("attribute_exists(n)", true),
            ("attribute_not_exists(n)", false),
            ("attribute_not_exists(absent) AND #status = :sent", true),
            ("#status <> :sent", false),
            ("absent <> :sent", true),
            ("absent = :sent OR n > :one", true),
            ("absent < :one", false),
            ("n >= :two and n <= :two", true),
            ("n < :two", false),
            ("n = :sent", false),
            ("NOT n = :one", true),
            ("NOT (n = :two OR n = :one)", false),
            ("#status IN (:s, :sent)", true),
            ("n BETWEEN :one AND :two AND deep.n = :one", true),
            ("begins_with(#status, :s)", true),
            ("begins_with(n, :s)", false),
            ("contains(tags, :s)", true),
            ("size(#status) > :two", true),
            ("attribute_type(n, :type)", true),
            // AND binds tighter than OR.
            ("n = :two OR n = :one AND n = :one", true),
        ] {
            assert_eq!(holds(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_dynamodb_would_refuse_is_refused() {
        for text in [
            "status = :sent",
            "n = :absent",
            "#absent = :one",
            "n == :one",
            "n = ",
            "n = :one AND",
            "(n = :one",
            "n = :one n",
            "attribute_exists(:one)",
            "",
        ] {
            assert!(holds(text).is_err(), "{text}");
        }
    }
}
