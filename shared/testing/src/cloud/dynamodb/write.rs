//! Writes: planned first, applied only when nothing objects. Single writes, transactions and batches share them.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Tables;
use super::condition::Condition;
use super::key::Key;
use super::placeholders::{Names, Placeholders, Values};
use super::update::Update;
use super::value::{Item, size};
use crate::cloud::unknown;
use crate::cloud::wire::Refusal;

const ITEM_LIMIT: usize = 400 * 1024;

/// One write, in the form it has in a transaction.
#[derive(Debug, Deserialize)]
pub(super) enum Write {
    Put(Put),
    Update(UpdateItem),
    Delete(Delete),
    ConditionCheck(Check),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Put {
    pub(super) table_name: String,
    pub(super) item: Item,
    pub(super) condition_expression: Option<String>,
    #[serde(default)]
    pub(super) expression_attribute_names: Names,
    #[serde(default)]
    pub(super) expression_attribute_values: Values,
    pub(super) return_values_on_condition_check_failure: Option<String>,
    pub(super) return_values: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct UpdateItem {
    table_name: String,
    key: Item,
    update_expression: Option<String>,
    condition_expression: Option<String>,
    #[serde(default)]
    expression_attribute_names: Names,
    #[serde(default)]
    expression_attribute_values: Values,
    return_values_on_condition_check_failure: Option<String>,
    return_values: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Delete {
    table_name: String,
    key: Item,
    condition_expression: Option<String>,
    #[serde(default)]
    expression_attribute_names: Names,
    #[serde(default)]
    expression_attribute_values: Values,
    return_values_on_condition_check_failure: Option<String>,
    return_values: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Check {
    table_name: String,
    key: Item,
    condition_expression: String,
    #[serde(default)]
    expression_attribute_names: Names,
    #[serde(default)]
    expression_attribute_values: Values,
    return_values_on_condition_check_failure: Option<String>,
}

/// A write that may be applied.
pub(super) struct Plan {
    table: String,
    key: Key,
    before: Option<Item>,
    /// `None` leaves things as they are.
    change: Option<Option<Item>>,
}

/// Why a write may not be applied.
pub(super) enum Objection {
    /// The condition does not hold; with the item, where the request asks for it.
    Condition(Option<Item>),
    /// What the item would become is wrong, which is found out when a transaction is under way.
    Item(Refusal),
    /// The request itself is wrong.
    Request(Refusal),
}

impl From<Refusal> for Objection {
    fn from(refusal: Refusal) -> Self {
        Self::Request(refusal)
    }
}

impl From<Objection> for Refusal {
    fn from(objection: Objection) -> Self {
        match objection {
            Objection::Item(refusal) | Objection::Request(refusal) => refusal,
            Objection::Condition(item) => {
                let refusal = Self::new(
                    "ConditionalCheckFailedException",
                    "The conditional request failed",
                );
                match item {
                    Some(item) => refusal.with("Item", item),
                    None => refusal,
                }
            }
        }
    }
}

/// What a write asks for, with the differences between the four kinds taken out.
pub(super) struct Parts<'a> {
    pub(super) table: &'a str,
    pub(super) key: Key,
    condition: Option<&'a str>,
    names: &'a Names,
    values: &'a Values,
    on_failure: Option<&'a str>,
}

impl Tables {
    /// One write by itself; returns what the request asks to have returned.
    pub(super) fn write(&mut self, write: &Write) -> Result<Value, Refusal> {
        let returned = match write {
            Write::Put(put) => put.return_values.as_deref(),
            Write::Update(update) => update.return_values.as_deref(),
            Write::Delete(delete) => delete.return_values.as_deref(),
            Write::ConditionCheck(_) => None,
        };
        let is_update = matches!(write, Write::Update(_));
        let plan = self.plan(write, 1)?;
        let item = match returned {
            None | Some("NONE") => None,
            Some("ALL_OLD") => plan.before.clone(),
            Some("ALL_NEW") if is_update => plan.change.clone().flatten(),
            Some(other) => return Err(unknown(&format!("ReturnValues {other}"))),
        };
        self.apply(plan);
        Ok(item.map_or_else(
            || Value::Object(Map::new()),
            |item| json!({"Attributes": item}),
        ))
    }

    /// Checks a write against the present items, and bills it `factor` times.
    pub(super) fn plan(&mut self, write: &Write, factor: usize) -> Result<Plan, Objection> {
        let parts = self.parts(write)?;
        let table = self.table(parts.table)?;
        let before = table.find(&parts.key).cloned();
        let absent = Item::new();
        let current = before.as_ref().unwrap_or(&absent);
        let placeholders = Placeholders::new(parts.names, parts.values);
        let condition = parts
            .condition
            .map(|text| Condition::parse(text, &placeholders))
            .transpose()?;
        let update = match write {
            Write::Update(UpdateItem {
                update_expression: Some(text),
                ..
            }) => Some(Update::parse(text, &placeholders)?),
            _ => None,
        };
        placeholders.check_all_used()?;
        if let Some(name) = update
            .as_ref()
            .and_then(|update| update.attributes().find(|name| table.schema.is_key(name)))
        {
            return Err(Refusal::validation(format!("One or more parameter values were invalid: Cannot update attribute {name}. This attribute is part of the key")).into());
        }
        let held = condition.is_none_or(|condition| condition.holds(current));
        let change = match write {
            _ if !held => None,
            Write::Put(put) => Some(Some(put.item.clone())),
            Write::Delete(_) => Some(None),
            Write::ConditionCheck(_) => None,
            Write::Update(request) => {
                let mut after = if before.is_some() {
                    current.clone()
                } else {
                    request.key.clone()
                };
                if let Some(update) = update {
                    update.apply(current, &mut after).map_err(Objection::Item)?;
                }
                Some(Some(after))
            }
        };
        let after = change.iter().flatten().next();
        if let Some(after) = after {
            table.check_indexed(after)?;
        }
        let after = after.map_or(0, size);
        if after > ITEM_LIMIT {
            return Err(Objection::Item(Refusal::validation(
                "Item size has exceeded the maximum allowed size",
            )));
        }
        let wanted = parts.on_failure.is_some_and(|value| value == "ALL_OLD");
        let plan = Plan {
            table: parts.table.to_owned(),
            key: parts.key,
            before,
            change,
        };
        let billed = after.max(plan.before.as_ref().map_or(0, size));
        self.bill_write(billed, factor);
        if held {
            Ok(plan)
        } else {
            Err(Objection::Condition(plan.before.filter(|_| wanted)))
        }
    }

    pub(super) fn apply(&mut self, plan: Plan) {
        if let Some(change) = plan.change {
            self.set(&plan.table, plan.key, change);
        }
    }

    /// Puts or removes an item, and bills what that writes to indexes. No transaction makes these dearer.
    pub(super) fn set(&mut self, table: &str, key: Key, item: Option<Item>) {
        let table = self.tables.get_mut(table);
        let written = table.map(|table| table.set(key, item)).unwrap_or_default();
        for bytes in written {
            self.bill_write(bytes, 1);
        }
    }

    pub(super) fn parts<'a>(&self, write: &'a Write) -> Result<Parts<'a>, Refusal> {
        Ok(match write {
            Write::Put(put) => Parts {
                table: &put.table_name,
                key: self.table(&put.table_name)?.schema.key_of(&put.item)?,
                condition: put.condition_expression.as_deref(),
                names: &put.expression_attribute_names,
                values: &put.expression_attribute_values,
                on_failure: put.return_values_on_condition_check_failure.as_deref(),
            },
            Write::Update(update) => Parts {
                table: &update.table_name,
                key: self.table(&update.table_name)?.exact_key(&update.key)?,
                condition: update.condition_expression.as_deref(),
                names: &update.expression_attribute_names,
                values: &update.expression_attribute_values,
                on_failure: update.return_values_on_condition_check_failure.as_deref(),
            },
            Write::Delete(delete) => Parts {
                table: &delete.table_name,
                key: self.table(&delete.table_name)?.exact_key(&delete.key)?,
                condition: delete.condition_expression.as_deref(),
                names: &delete.expression_attribute_names,
                values: &delete.expression_attribute_values,
                on_failure: delete.return_values_on_condition_check_failure.as_deref(),
            },
            Write::ConditionCheck(check) => Parts {
                table: &check.table_name,
                key: self.table(&check.table_name)?.exact_key(&check.key)?,
                condition: Some(&check.condition_expression),
                names: &check.expression_attribute_names,
                values: &check.expression_attribute_values,
                on_failure: check.return_values_on_condition_check_failure.as_deref(),
            },
        })
    }
}
