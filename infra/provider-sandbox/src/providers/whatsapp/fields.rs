//! `fields=a,b{c,d}`: a node answers only what it was asked for, and `id`.

use serde_json::{Map, Value};

use super::error::{Graph, GraphError};

/// The part of a node that was asked for.
///
/// Names in `defaults` answer when `fields` is absent. A name that the node knows but has no value
/// for is left out; one that it does not know is an error, as is a brace that does not close.
pub(super) fn select(
    node: &Value,
    kind: &str,
    wanted: Option<&str>,
    defaults: &[&str],
) -> Graph<Value> {
    let Some(wanted) = wanted else {
        let pick = |name: &&str| Some(((*name).to_owned(), node.get(*name)?.clone()));
        return Ok(defaults
            .iter()
            .filter_map(pick)
            .filter(|(_, value)| !value.is_null())
            .collect());
    };
    let mut selected = Map::new();
    for item in split(wanted)? {
        let (name, inner) = match item.split_once('{') {
            Some((name, rest)) => (name, rest.strip_suffix('}')),
            None => (item, None),
        };
        let value = node
            .get(name)
            .ok_or_else(|| GraphError::no_field(name, kind))?;
        let value = match inner {
            Some(inner) if value.is_object() => select(value, kind, Some(inner), &[])?,
            _ => value.clone(),
        };
        if !value.is_null() {
            selected.insert(name.to_owned(), value);
        }
    }
    if let Some(id) = node.get("id") {
        selected.insert("id".to_owned(), id.clone());
    }
    Ok(selected.into())
}

/// Splits at the commas that are outside of braces.
fn split(list: &str) -> Graph<Vec<&str>> {
    let (mut items, mut start, mut depth) = (Vec::new(), 0, 0_usize);
    for (place, character) in list.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth = depth.checked_sub(1).ok_or_else(|| malformed(list))?,
            ',' if depth == 0 => {
                items.push(list.get(start..place).unwrap_or_default().trim());
                start = place + 1;
            }
            _ => {}
        }
    }
    items.push(list.get(start..).unwrap_or_default().trim());
    items.retain(|item| !item.is_empty());
    if depth == 0 {
        Ok(items)
    } else {
        Err(malformed(list))
    }
}

fn malformed(list: &str) -> GraphError {
    GraphError::new(
        http::StatusCode::BAD_REQUEST,
        2500,
        format!("Syntax error in field list: {list}"),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn chosen(fields: Option<&str>) -> Result<Value, String> {
        let node = json!({"id": "1", "name": "n", "gone": null, "inner": {"a": 1, "b": 2}});
        select(&node, "Node", fields, &["id", "name", "gone"])
            .map_err(|error| error.brief().to_string())
    }

    #[test]
    fn only_what_was_asked_for_is_answered() {
        assert_eq!(chosen(None), Ok(json!({"id": "1", "name": "n"})));
        assert_eq!(
            chosen(Some("name, gone")),
            Ok(json!({"id": "1", "name": "n"}))
        );
        assert_eq!(
            chosen(Some("inner{b},name")),
            Ok(json!({"id": "1", "name": "n", "inner": {"b": 2}}))
        );
    }

    #[test]
    fn unknown_and_broken_fields_are_refused() {
        assert!(chosen(Some("name,nope")).is_err_and(|error| error.contains("nope")));
        assert!(chosen(Some("inner{b")).is_err() && chosen(Some("b}")).is_err());
    }
}
