//! Queries: the items of one partition of a table or an index, in order, page by page.

use serde::Deserialize;
use serde_json::{Value, json};

use super::Tables;
use super::condition::Condition;
use super::placeholders::{Names, Placeholders, Values};
use super::read::Projection;
use super::span::Span;
use super::value::{Item, size};
use super::walk::View;
use crate::cloud::unknown;
use crate::cloud::wire::{Refusal, read};

/// A page holds no more bytes than this.
const PAGE: usize = 1024 * 1024;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Query {
    table_name: String,
    index_name: Option<String>,
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
        let table = self.table(&request.table_name)?;
        let index = request.index_name.as_deref();
        let index = index.map(|name| table.index(name)).transpose()?;
        let view = View { table, index };
        let span = Span::of(view.schema(), &wanted)?;
        request.check(view, filter.as_ref(), &projection)?;
        let start = request.exclusive_start_key.as_ref();
        let start = start.map(|place| view.start(place, &span)).transpose()?;
        let forward = request.scan_index_forward.unwrap_or(true);
        let (mut items, mut scanned, mut bytes, mut last) = (Vec::new(), 0, 0, None);
        for item in view.items(&span, forward, start.as_ref()) {
            let entry = view.entry(item);
            scanned += 1;
            bytes += size(&entry);
            if filter.as_ref().is_none_or(|filter| filter.holds(&entry)) {
                items.push(projection.of(&entry));
            }
            if request.limit == Some(scanned) || bytes >= PAGE {
                last = Some(view.place(item));
                break;
            }
        }
        self.bill_read(bytes, request.consistent_read);
        let mut answer = json!({"Count": items.len(), "ScannedCount": scanned});
        if request.select.as_deref() != Some("COUNT") {
            answer["Items"] = json!(items);
        }
        if let Some(last) = last {
            answer["LastEvaluatedKey"] = json!(last);
        }
        Ok(answer)
    }
}

impl Query {
    /// Refuses what no table, or not this index, can do.
    fn check(
        &self,
        view: View<'_>,
        filter: Option<&Condition<'_>>,
        projection: &Projection,
    ) -> Result<(), Refusal> {
        let refuse = |reason: String| Err(Refusal::validation(reason));
        if self.limit == Some(0) {
            return refuse("Limit must be at least 1".to_owned());
        }
        let keys = filter.map(Condition::attributes).unwrap_or_default();
        if let Some(name) = keys.into_iter().find(|name| view.schema().is_key(name)) {
            return refuse(format!(
                "Filter Expression can only contain non-primary key attributes: Primary key attribute: {name}"
            ));
        }
        let index = self.index_name.as_deref().unwrap_or_default();
        match self.select.as_deref() {
            None | Some("COUNT" | "SPECIFIC_ATTRIBUTES") => {}
            Some("ALL_ATTRIBUTES") if view.shows_all() => {}
            Some("ALL_PROJECTED_ATTRIBUTES") if view.index.is_some() => {}
            Some("ALL_ATTRIBUTES") => {
                return refuse(format!(
                    "One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global secondary index {index} because its projection type is not ALL"
                ));
            }
            Some("ALL_PROJECTED_ATTRIBUTES") => {
                return refuse(
                    "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName"
                        .to_owned(),
                );
            }
            Some(other) => return Err(unknown(&format!("Select {other}"))),
        }
        if view.index.is_some() && self.consistent_read {
            return refuse(
                "Consistent reads are not supported on global secondary indexes".to_owned(),
            );
        }
        if let Some(name) = projection.attributes().find(|name| !view.shows(name)) {
            return refuse(format!(
                "One or more parameter values were invalid: Global secondary index {index} does not project [{name}]"
            ));
        }
        Ok(())
    }
}
