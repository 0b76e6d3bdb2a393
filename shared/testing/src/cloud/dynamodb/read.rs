//! Reads by key: one item or a batch of them.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::Tables;
use super::batch::check_distinct;
use super::placeholders::{Names, Placeholders, Values};
use super::syntax::{Path, Tokens, find};
use super::value::{Attribute, Item, size};
use crate::cloud::wire::{Refusal, read};

const KEYS: usize = 100;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GetItem {
    table_name: String,
    key: Item,
    #[serde(default)]
    consistent_read: bool,
    projection_expression: Option<String>,
    #[serde(default)]
    expression_attribute_names: Names,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct BatchGetItem {
    request_items: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct KeysOfTable {
    keys: Vec<Item>,
    #[serde(default)]
    consistent_read: bool,
    projection_expression: Option<String>,
    #[serde(default)]
    expression_attribute_names: Names,
}

/// Which attributes a read returns; `None` stands for all.
pub(super) struct Projection(Option<Vec<Path>>);

impl Projection {
    pub(super) fn parse(
        text: Option<&str>,
        placeholders: &Placeholders<'_>,
    ) -> Result<Self, Refusal> {
        let Some(text) = text else {
            return Ok(Self(None));
        };
        let mut tokens = Tokens::new(text, placeholders);
        let mut paths = vec![tokens.path()?];
        while tokens.take(",") {
            paths.push(tokens.path()?);
        }
        tokens.expect_end()?;
        Ok(Self(Some(paths)))
    }

    /// Names of the item's attributes that it asks for.
    pub(super) fn attributes(&self) -> impl Iterator<Item = &str> {
        let paths = self.0.iter().flatten();
        paths.filter_map(|path| path.first()).map(String::as_str)
    }

    pub(super) fn of(&self, item: &Item) -> Item {
        let Some(paths) = &self.0 else {
            return item.clone();
        };
        let mut projected = Item::new();
        for path in paths {
            if let Some(value) = find(item, path) {
                place(&mut projected, path, value);
            }
        }
        projected
    }
}

/// Puts a value where a path says, and the maps above it.
fn place(map: &mut Item, path: &[String], value: &Attribute) {
    match path {
        [] => {}
        [name] => {
            map.insert(name.clone(), value.clone());
        }
        [step, rest @ ..] => {
            let inner = map
                .entry(step.clone())
                .or_insert_with(|| Attribute::M(Item::new()));
            if let Attribute::M(inner) = inner {
                place(inner, rest, value);
            }
        }
    }
}

impl Tables {
    pub(super) fn get(&mut self, body: Value) -> Result<Value, Refusal> {
        let request: GetItem = read(body)?;
        let values = Values::new();
        let placeholders = Placeholders::new(&request.expression_attribute_names, &values);
        let projection =
            Projection::parse(request.projection_expression.as_deref(), &placeholders)?;
        placeholders.check_all_used()?;
        let table = self.table(&request.table_name)?;
        let item = table.find(&table.exact_key(&request.key)?);
        let (bytes, answer) = match item {
            Some(item) => (size(item), json!({"Item": projection.of(item)})),
            None => (0, json!({})),
        };
        self.bill_read(bytes, request.consistent_read);
        Ok(answer)
    }

    /// Reads the first `keep` and hands the other keys back.
    pub(super) fn batch_get(&mut self, body: Value, keep: usize) -> Result<Value, Refusal> {
        let request: BatchGetItem = read(body)?;
        let mut responses = json!({});
        let mut unprocessed = json!({});
        let (mut seen, mut places, mut bills) = (0, Vec::new(), Vec::new());
        for (name, whole) in request.request_items {
            let wanted: KeysOfTable = read(whole.clone())?;
            let values = Values::new();
            let placeholders = Placeholders::new(&wanted.expression_attribute_names, &values);
            let projection =
                Projection::parse(wanted.projection_expression.as_deref(), &placeholders)?;
            placeholders.check_all_used()?;
            let table = self.table(&name)?;
            let (mut items, mut left) = (Vec::new(), Vec::new());
            for key in wanted.keys {
                let place = table.exact_key(&key)?;
                if seen < keep {
                    let item = table.find(&place);
                    bills.push((item.map_or(0, size), wanted.consistent_read));
                    items.extend(item.map(|item| projection.of(item)));
                } else {
                    left.push(key);
                }
                seen += 1;
                places.push((name.clone(), place));
            }
            responses[&name] = json!(items);
            if !left.is_empty() {
                unprocessed[&name] = whole;
                unprocessed[&name]["Keys"] = json!(left);
            }
        }
        if !(1..=KEYS).contains(&seen) {
            return Err(Refusal::validation(format!(
                "1 to {KEYS} keys make a batch, not {seen}"
            )));
        }
        check_distinct(places)?;
        for (bytes, consistent) in bills {
            self.bill_read(bytes, consistent);
        }
        Ok(json!({"Responses": responses, "UnprocessedKeys": unprocessed}))
    }
}
