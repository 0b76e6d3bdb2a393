//! Update expressions: SET, REMOVE, ADD and DELETE.

use super::placeholders::Placeholders;
use super::syntax::{Path, Tokens, find};
use super::value::{Attribute, Item};
use crate::cloud::wire::Refusal;

/// A parsed update: what happens at which path.
#[derive(Debug)]
pub(super) struct Update<'a>(Vec<(Path, Change<'a>)>);

#[derive(Debug)]
enum Change<'a> {
    Set(Term<'a>),
    Remove,
    Add(&'a Attribute),
    Delete(&'a Attribute),
}

#[derive(Debug)]
enum Term<'a> {
    Value(&'a Attribute),
    Path(Path),
    IfNotExists(Path, Box<Term<'a>>),
    ListAppend(Box<Term<'a>>, Box<Term<'a>>),
    Plus(Box<Term<'a>>, Box<Term<'a>>),
    Minus(Box<Term<'a>>, Box<Term<'a>>),
}

impl<'a> Update<'a> {
    pub(super) fn parse(
        text: &'a str,
        placeholders: &'a Placeholders<'a>,
    ) -> Result<Self, Refusal> {
        let mut tokens = Tokens::new(text, placeholders);
        let mut changes: Vec<(Path, Change<'a>)> = Vec::new();
        let mut seen: Vec<&str> = Vec::new();
        while !tokens.peek().is_empty() {
            let keyword = ["SET", "REMOVE", "ADD", "DELETE"]
                .into_iter()
                .find(|keyword| tokens.take(keyword))
                .ok_or_else(|| tokens.error())?;
            if seen.contains(&keyword) {
                return Err(invalid(&format!(
                    "The \"{keyword}\" section can only be used once"
                )));
            }
            seen.push(keyword);
            loop {
                let path = tokens.path()?;
                let overlaps = |other: &Path| other.starts_with(&path) || path.starts_with(other);
                if changes.iter().any(|(other, _)| overlaps(other)) {
                    return Err(invalid("Two document paths overlap with each other"));
                }
                let change = match keyword {
                    "SET" => {
                        tokens.expect("=")?;
                        Change::Set(sum(&mut tokens)?)
                    }
                    "REMOVE" => Change::Remove,
                    "ADD" => Change::Add(tokens.value()?),
                    _ => Change::Delete(tokens.value()?),
                };
                changes.push((path, change));
                if !tokens.take(",") {
                    break;
                }
            }
        }
        if changes.is_empty() {
            return Err(invalid("The expression can not be empty"));
        }
        Ok(Self(changes))
    }

    /// Names of the item's attributes that it changes, or changes something in.
    pub(super) fn attributes(&self) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter_map(|(path, _)| path.first())
            .map(String::as_str)
    }

    /// Changes the item; every term reads the item as it was before.
    pub(super) fn apply(&self, before: &Item, item: &mut Item) -> Result<(), Refusal> {
        for (path, change) in &self.0 {
            let (map, name) = parent(item, path)?;
            match change {
                Change::Set(term) => {
                    map.insert(name.clone(), evaluate(term, before)?);
                }
                Change::Remove => {
                    map.remove(name);
                }
                Change::Add(value) => {
                    let sum = add(map.get(name), value)?;
                    map.insert(name.clone(), sum);
                }
                Change::Delete(value) => {
                    if let Some(rest) = map.get(name).map(|old| subtract(old, value)).transpose()? {
                        match rest {
                            Some(rest) => map.insert(name.clone(), rest),
                            None => map.remove(name),
                        };
                    }
                }
            }
        }
        Ok(())
    }
}

fn invalid(reason: &str) -> Refusal {
    Refusal::validation(format!("Invalid UpdateExpression: {reason}"))
}

fn sum<'a>(tokens: &mut Tokens<'a>) -> Result<Term<'a>, Refusal> {
    let left = term(tokens)?;
    if tokens.take("+") {
        return Ok(Term::Plus(Box::new(left), Box::new(term(tokens)?)));
    }
    if tokens.take("-") {
        return Ok(Term::Minus(Box::new(left), Box::new(term(tokens)?)));
    }
    Ok(left)
}

fn term<'a>(tokens: &mut Tokens<'a>) -> Result<Term<'a>, Refusal> {
    if tokens.peek().starts_with(':') {
        return tokens.value().map(Term::Value);
    }
    if tokens.at_function("if_not_exists") {
        tokens.next();
        tokens.expect("(")?;
        let path = tokens.path()?;
        tokens.expect(",")?;
        let otherwise = term(tokens)?;
        tokens.expect(")")?;
        return Ok(Term::IfNotExists(path, Box::new(otherwise)));
    }
    if tokens.at_function("list_append") {
        tokens.next();
        tokens.expect("(")?;
        let first = term(tokens)?;
        tokens.expect(",")?;
        let second = term(tokens)?;
        tokens.expect(")")?;
        return Ok(Term::ListAppend(Box::new(first), Box::new(second)));
    }
    tokens.path().map(Term::Path)
}

fn evaluate(term: &Term<'_>, item: &Item) -> Result<Attribute, Refusal> {
    let missing = || {
        Refusal::validation(
            "The provided expression refers to an attribute that does not exist in the item",
        )
    };
    let numbers = |left, right| match (evaluate(left, item)?, evaluate(right, item)?) {
        (Attribute::N(left), Attribute::N(right)) => Ok((left, right)),
        _ => Err(invalid(
            "Incorrect operand type for operator or function; operator or function: + or -",
        )),
    };
    Ok(match term {
        Term::Value(value) => (*value).clone(),
        Term::Path(path) => find(item, path).cloned().ok_or_else(missing)?,
        Term::IfNotExists(path, otherwise) => match find(item, path) {
            Some(value) => value.clone(),
            None => evaluate(otherwise, item)?,
        },
        Term::ListAppend(first, second) => {
            match (evaluate(first, item)?, evaluate(second, item)?) {
                (Attribute::L(first), Attribute::L(second)) => {
                    Attribute::L([first, second].concat())
                }
                _ => return Err(invalid("Incorrect operand type for list_append")),
            }
        }
        Term::Plus(left, right) => {
            let (left, right) = numbers(left, right)?;
            Attribute::N(left.plus(right))
        }
        Term::Minus(left, right) => {
            let (left, right) = numbers(left, right)?;
            Attribute::N(left.minus(right))
        }
    })
}

/// The map that a path's last name is in, and that name.
fn parent<'i, 'p>(
    item: &'i mut Item,
    path: &'p Path,
) -> Result<(&'i mut Item, &'p String), Refusal> {
    let nowhere = || {
        Refusal::validation(
            "The document path provided in the update expression is invalid for update",
        )
    };
    let (name, above) = path.split_last().ok_or_else(nowhere)?;
    let mut map = item;
    for step in above {
        map = match map.get_mut(step) {
            Some(Attribute::M(inner)) => inner,
            _ => return Err(nowhere()),
        };
    }
    Ok((map, name))
}

fn add(old: Option<&Attribute>, value: &Attribute) -> Result<Attribute, Refusal> {
    Ok(match (old, value) {
        (
            None,
            Attribute::N(_) | Attribute::Texts(_) | Attribute::Numbers(_) | Attribute::Binaries(_),
        ) => value.clone(),
        (Some(Attribute::N(old)), Attribute::N(value)) => Attribute::N(old.plus(*value)),
        (Some(Attribute::Texts(old)), Attribute::Texts(value)) => Attribute::Texts(old | value),
        (Some(Attribute::Numbers(old)), Attribute::Numbers(value)) => {
            Attribute::Numbers(old | value)
        }
        (Some(Attribute::Binaries(old)), Attribute::Binaries(value)) => {
            Attribute::Binaries(old | value)
        }
        _ => {
            return Err(invalid(
                "Incorrect operand type for operator or function; operator: ADD",
            ));
        }
    })
}

/// What is left of a set; an empty one is no attribute.
fn subtract(old: &Attribute, value: &Attribute) -> Result<Option<Attribute>, Refusal> {
    Ok(match (old, value) {
        (Attribute::Texts(old), Attribute::Texts(value)) => Some(old - value)
            .filter(|rest| !rest.is_empty())
            .map(Attribute::Texts),
        (Attribute::Numbers(old), Attribute::Numbers(value)) => Some(old - value)
            .filter(|rest| !rest.is_empty())
            .map(Attribute::Numbers),
        (Attribute::Binaries(old), Attribute::Binaries(value)) => Some(old - value)
            .filter(|rest| !rest.is_empty())
            .map(Attribute::Binaries),
        _ => {
            return Err(invalid(
                "Incorrect operand type for operator or function; operator: DELETE",
            ));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::placeholders::{Names, Values};
    use super::*;

    fn updated(text: &str) -> Result<String, String> {
        let names: Names = [("#v".into(), "version".into())].into();
        let values: Values =
            serde_json::from_str(r#"{":one":{"N":"1"},":t":{"S":"t"},":set":{"SS":["a","b"]},":list":{"L":[{"N":"9"}]}}"#)
                .unwrap();
        let before: Item = serde_json::from_str(
            r#"{"entries":{"L":[]},"m":{"M":{}},"tags":{"SS":["a"]},"version":{"N":"4"}}"#,
        )
        .unwrap();
        let placeholders = Placeholders::new(&names, &values);
        let mut after = before.clone();
        Update::parse(text, &placeholders)
            .and_then(|update| update.apply(&before, &mut after))
            .map_err(|refusal| refusal.message().to_owned())?;
        let changed: Item = after
            .iter()
            .filter(|(name, value)| before.get(*name) != Some(value))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let removed: String = before
            .keys()
            .filter(|name| !after.contains_key(*name))
            .map(|name| format!("-{name}"))
            .collect();
        Ok(serde_json::to_string(&changed).unwrap() + &removed)
    }

    #[test]
    fn each_section_does_its_part() {
        for (text, expected) in [
            (
                "SET #v = #v + :one, twin = #v",
                r#"{"twin":{"N":"4"},"version":{"N":"5"}}"#,
            ),
            (
                "SET #v = if_not_exists(absent, :one) - :one",
                r#"{"version":{"N":"0"}}"#,
            ),
            ("SET a = if_not_exists(#v, :one)", r#"{"a":{"N":"4"}}"#),
            ("SET m.x = :t", r#"{"m":{"M":{"x":{"S":"t"}}}}"#),
            (
                "SET entries = list_append(entries, :list)",
                r#"{"entries":{"L":[{"N":"9"}]}}"#,
            ),
            (
                "SET a = :t REMOVE tags, absent ADD #v :one",
                r#"{"a":{"S":"t"},"version":{"N":"5"}}-tags"#,
            ),
            (
                "ADD hits :one, tags :set",
                r#"{"hits":{"N":"1"},"tags":{"SS":["a","b"]}}"#,
            ),
            ("DELETE tags :set", "{}-tags"),
        ] {
            assert_eq!(updated(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_dynamodb_would_refuse_is_refused() {
        for text in [
            "",
            "SET",
            "SET a",
            "SET a = absent",
            "SET #v = #v + :t",
            "SET name = :t",
            "SET a = :t, a = :one",
            "SET m.x = :t REMOVE m",
            "SET a = :t SET b = :t",
            "SET absent.x = :t",
            "ADD #v :t",
            "ADD a :list",
        ] {
            assert!(updated(text).is_err(), "{text}");
        }
    }
}
