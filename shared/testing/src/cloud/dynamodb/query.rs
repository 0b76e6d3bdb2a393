//! Queries: the items of one partition, in order, page by page.

use serde::Deserialize;
use serde_json::{Value, json};

use super::Tables;
use super::condition::{Condition, Operand};
use super::placeholders::{Names, Placeholders, Values};
use super::read::Projection;
use super::table::{KeyAttribute, KeyValue, Table};
use super::value::{Attribute, Item, size};
use crate::cloud::unknown;
use crate::cloud::wire::{Refusal, read};

/// A page holds no more bytes than this.
const PAGE: usize = 1024 * 1024;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Query {
    table_name: String,
    key_condition_expression: String,
    filter_expression: Option<String>,
    projection_expression: Option<String>,
    #[serde(default)]
    expression_attribute_names: Names,
    #[serde(default)]
    expression_attribute_values: Values,
    scan_index_forward: Option<bool>,
    limit: Option<usize>,
    exclusive_start_key: Option<Item>,
    #[serde(default)]
    consistent_read: bool,
    select: Option<String>,
}

impl Tables {
    pub(super) fn query(&mut self, body: Value) -> Result<Value, Refusal> {
        let request: Query = read(body)?;
        let names = &request.expression_attribute_names;
        let placeholders = Placeholders::new(names, &request.expression_attribute_values);
        let wanted = Condition::parse(&request.key_condition_expression, &placeholders)?;
        let filter = match &request.filter_expression {
            Some(text) => Some(Condition::parse(text, &placeholders)?),
            None => None,
        };
        let projection =
            Projection::parse(request.projection_expression.as_deref(), &placeholders)?;
        placeholders.check_all_used()?;
        if request.limit == Some(0) {
            return Err(Refusal::validation("Limit must be at least 1"));
        }
        let table = self.table(&request.table_name)?;
        let sought = Sought::of(table, &wanted)?;
        if let Some(filter) = &filter
            && let Some(name) = filter
                .attributes()
                .into_iter()
                .find(|name| table.is_key(name))
        {
            return Err(Refusal::validation(format!(
                "Filter Expression can only contain non-primary key attributes: Primary key attribute: {name}"
            )));
        }
        let start = request
            .exclusive_start_key
            .as_ref()
            .map(|key| table.exact_key(key))
            .transpose()?;
        let mut found = sought.items(table, &wanted);
        if request.scan_index_forward == Some(false) {
            found.reverse();
        }
        let after_start = |range: &Option<KeyValue>| match (&start, request.scan_index_forward) {
            (None, _) => true,
            (Some((_, start)), Some(false)) => range < start,
            (Some((_, start)), _) => range > start,
        };
        let (mut items, mut scanned, mut bytes, mut last) = (Vec::new(), 0, 0, None);
        for (range, item) in found {
            if !after_start(range) {
                continue;
            }
            scanned += 1;
            bytes += size(item);
            if filter.as_ref().is_none_or(|filter| filter.holds(item)) {
                items.push(projection.of(item));
            }
            if request.limit == Some(scanned) || bytes >= PAGE {
                last = Some(table.key_attributes(item));
                break;
            }
        }
        self.bill_read(bytes, request.consistent_read);
        let mut answer = json!({"Count": items.len(), "ScannedCount": scanned});
        match request.select.as_deref() {
            Some("COUNT") => {}
            None | Some("ALL_ATTRIBUTES" | "SPECIFIC_ATTRIBUTES") => answer["Items"] = json!(items),
            Some(other) => return Err(unknown(&format!("Select {other}"))),
        }
        if let Some(last) = last {
            answer["LastEvaluatedKey"] = json!(last);
        }
        Ok(answer)
    }
}

/// Where the items are that a key condition is about.
struct Sought {
    hash: KeyValue,
    /// The lowest sort key that can satisfy it.
    lowest: Option<KeyValue>,
}

impl Sought {
    /// Reads a key condition: equality on the partition key and at most one comparison of the sort key.
    fn of(table: &Table, condition: &Condition<'_>) -> Result<Self, Refusal> {
        let parts = match condition {
            Condition::All(parts) => parts.iter().collect(),
            single => vec![single],
        };
        let wrong = || Refusal::validation("Query key condition not supported");
        let is = |key: &KeyAttribute, path: &[String]| path == [key.name.clone()];
        let is_range = |path: &[String]| table.range.as_ref().is_some_and(|range| is(range, path));
        let (mut hash, mut lowest, mut sort_conditions) = (None, None, 0);
        for part in parts {
            match part {
                Condition::Compare(Operand::Path(path), "=", Operand::Value(value))
                    if is(&table.hash, path) =>
                {
                    hash = Some(key_value(&table.hash, value)?);
                }
                Condition::Compare(Operand::Path(path), comparison, Operand::Value(value))
                    if is_range(path) && *comparison != "<>" =>
                {
                    sort_conditions += 1;
                    let value = key_value(table.range.as_ref().ok_or_else(wrong)?, value)?;
                    lowest = Some(value).filter(|_| !comparison.starts_with('<'));
                }
                Condition::BeginsWith(path, Operand::Value(low))
                | Condition::Between(Operand::Path(path), Operand::Value(low), Operand::Value(_))
                    if is_range(path) =>
                {
                    sort_conditions += 1;
                    lowest = Some(key_value(table.range.as_ref().ok_or_else(wrong)?, low)?);
                }
                _ => return Err(wrong()),
            }
        }
        let hash = hash.filter(|_| sort_conditions < 2).ok_or_else(wrong)?;
        Ok(Self { hash, lowest })
    }

    /// The items in order. They are neighbours, so the first one that does not belong ends them.
    fn items<'t>(
        &self,
        table: &'t Table,
        condition: &Condition<'_>,
    ) -> Vec<(&'t Option<KeyValue>, &'t Item)> {
        let Some(partition) = table.partitions.get(&self.hash) else {
            return Vec::new();
        };
        partition
            .range(&self.lowest..)
            // `>` leaves out the lowest itself.
            .skip_while(|(range, item)| **range == self.lowest && !condition.holds(item))
            .take_while(|(_, item)| condition.holds(item))
            .collect()
    }
}

fn key_value(key: &KeyAttribute, value: &Attribute) -> Result<KeyValue, Refusal> {
    KeyValue::of(value).filter(|_| value.kind() == key.kind).ok_or_else(|| {
        Refusal::validation(
            "One or more parameter values were invalid: Condition parameter type does not match schema type",
        )
    })
}
