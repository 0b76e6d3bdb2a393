//! `#names` and `:values` of a request: looked up, and every one of them used.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::LazyLock;

use super::value::Attribute;
use crate::cloud::wire::Refusal;

pub(super) type Names = BTreeMap<String, String>;
pub(super) type Values = BTreeMap<String, Attribute>;

static RESERVED: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    include_str!("reserved_words.txt")
        .split_ascii_whitespace()
        .collect()
});

/// The placeholders of one request, shared by all its expressions.
pub(super) struct Placeholders<'a> {
    names: &'a Names,
    values: &'a Values,
    used: RefCell<BTreeSet<String>>,
}

impl<'a> Placeholders<'a> {
    pub(super) fn new(names: &'a Names, values: &'a Values) -> Self {
        Self {
            names,
            values,
            used: RefCell::default(),
        }
    }

    /// The attribute name that a token of an expression stands for.
    pub(super) fn name(&self, token: &str) -> Result<String, Refusal> {
        if token.starts_with('#') {
            self.used.borrow_mut().insert(token.to_owned());
            return self.names.get(token).cloned().ok_or_else(|| {
                Refusal::validation(format!("An expression attribute name used in the document path is not defined; attribute name: {token}"))
            });
        }
        if RESERVED.contains(token.to_ascii_uppercase().as_str()) {
            return Err(Refusal::validation(format!(
                "Invalid expression: Attribute name is a reserved keyword; reserved keyword: {token}"
            )));
        }
        Ok(token.to_owned())
    }

    pub(super) fn value(&self, token: &str) -> Result<&'a Attribute, Refusal> {
        self.used.borrow_mut().insert(token.to_owned());
        self.values.get(token).ok_or_else(|| {
            Refusal::validation(format!("An expression attribute value used in expression is not defined; attribute value: {token}"))
        })
    }

    /// To be called when all expressions are read.
    pub(super) fn check_all_used(&self) -> Result<(), Refusal> {
        let used = self.used.borrow();
        let unused =
            |keys: Vec<&String>| keys.into_iter().find(|key| !used.contains(*key)).cloned();
        if let Some(name) = unused(self.names.keys().collect()) {
            return Err(Refusal::validation(format!(
                "Value provided in ExpressionAttributeNames unused in expressions: keys: {{{name}}}"
            )));
        }
        if let Some(value) = unused(self.values.keys().collect()) {
            return Err(Refusal::validation(format!(
                "Value provided in ExpressionAttributeValues unused in expressions: keys: {{{value}}}"
            )));
        }
        Ok(())
    }
}
