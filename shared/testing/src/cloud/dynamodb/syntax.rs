//! Tokens and document paths, which all of DynamoDB's expression languages share.

use super::placeholders::Placeholders;
use super::value::{Attribute, Item};
use crate::cloud::wire::Refusal;

/// The names from the item down to an attribute; list indexes are not known here.
pub(super) type Path = Vec<String>;

/// The attribute at a path.
pub(super) fn find<'a>(item: &'a Item, path: &[String]) -> Option<&'a Attribute> {
    let (first, rest) = path.split_first()?;
    let value = item.get(first)?;
    match (rest.is_empty(), value) {
        (true, value) => Some(value),
        (false, Attribute::M(map)) => find(map, rest),
        (false, _) => None,
    }
}

/// Reads an expression from left to right.
pub(super) struct Tokens<'a> {
    rest: &'a str,
    pub(super) placeholders: &'a Placeholders<'a>,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str, placeholders: &'a Placeholders<'a>) -> Self {
        Self {
            rest: text.trim_start(),
            placeholders,
        }
    }

    /// The next token, left in place; empty at the end.
    pub(super) fn peek(&self) -> &'a str {
        let word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'#' | b':');
        let bytes = self.rest.as_bytes();
        let length = match bytes {
            [] => 0,
            [b'<', b'>' | b'=', ..] | [b'>', b'=', ..] => 2,
            [first, ..] if word(*first) => bytes.iter().take_while(|byte| word(**byte)).count(),
            _ => self.rest.chars().next().map_or(0, char::len_utf8),
        };
        &self.rest[..length]
    }

    pub(super) fn next(&mut self) -> &'a str {
        let token = self.peek();
        self.rest = self.rest[token.len()..].trim_start();
        token
    }

    /// Takes the next token if it is this symbol or keyword.
    pub(super) fn take(&mut self, wanted: &str) -> bool {
        let found = self.peek().eq_ignore_ascii_case(wanted);
        if found {
            self.next();
        }
        found
    }

    pub(super) fn expect(&mut self, wanted: &str) -> Result<(), Refusal> {
        if self.take(wanted) {
            Ok(())
        } else {
            Err(self.error())
        }
    }

    pub(super) fn expect_end(&self) -> Result<(), Refusal> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(self.error())
        }
    }

    /// The refusal of whatever comes next.
    pub(super) fn error(&self) -> Refusal {
        let token = self.peek();
        let token = if token.is_empty() { "<EOF>" } else { token };
        Refusal::validation(format!(
            "Invalid expression: Syntax error; token: \"{token}\", near: \"{}\"",
            self.rest
        ))
    }

    /// Whether the next token opens a function call.
    pub(super) fn at_function(&self, name: &str) -> bool {
        let token = self.peek();
        token == name && self.rest[token.len()..].trim_start().starts_with('(')
    }

    pub(super) fn value(&mut self) -> Result<&'a Attribute, Refusal> {
        if !self.peek().starts_with(':') {
            return Err(self.error());
        }
        let token = self.next();
        self.placeholders.value(token)
    }

    pub(super) fn path(&mut self) -> Result<Path, Refusal> {
        let mut path = Vec::new();
        loop {
            let starts_a_name = self.peek().starts_with(|first: char| {
                first.is_ascii_alphabetic() || matches!(first, '#' | '_')
            });
            if !starts_a_name {
                return Err(self.error());
            }
            let token = self.next();
            path.push(self.placeholders.name(token)?);
            if !self.take(".") {
                return Ok(path);
            }
        }
    }
}
