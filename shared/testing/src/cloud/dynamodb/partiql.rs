//! PartiQL, as far as `INSERT INTO "table" VALUE {'attribute': ?, …}` goes.

use super::placeholders::{Names, Values};
use super::value::{Attribute, Item};
use super::write::{Put, Write};
use crate::cloud::wire::Refusal;

/// The write that an `INSERT` with its parameters stands for.
pub(super) fn insert(statement: &str, parameters: Vec<Attribute>) -> Result<Write, Refusal> {
    let wrong = || {
        Refusal::validation(format!(
            "Statement wasn't well formed, can't be processed: {statement}"
        ))
    };
    let mut rest = statement.trim();
    for word in ["INSERT", "INTO"] {
        rest = keyword(rest, word).ok_or_else(wrong)?;
    }
    let (table, rest) = rest
        .strip_prefix('"')
        .and_then(|rest| rest.split_once('"'))
        .ok_or_else(wrong)?;
    let members = keyword(rest.trim_start(), "VALUE")
        .and_then(|rest| rest.strip_prefix('{'))
        .and_then(|rest| rest.trim_end().strip_suffix('}'))
        .ok_or_else(wrong)?;
    let mut parameters = parameters.into_iter();
    let mut item = Item::new();
    for member in members.split(',') {
        let (name, value) = member.split_once(':').ok_or_else(wrong)?;
        let name = name
            .trim()
            .strip_prefix('\'')
            .and_then(|name| name.strip_suffix('\''))
            .ok_or_else(wrong)?;
        let value = match value.trim() {
            "?" => parameters.next().ok_or_else(|| {
                Refusal::validation("Number of parameters in request and statement don't match.")
            })?,
            _ => return Err(wrong()),
        };
        if name.is_empty() || item.insert(name.to_owned(), value).is_some() {
            return Err(wrong());
        }
    }
    if parameters.next().is_some() {
        return Err(Refusal::validation(
            "Number of parameters in request and statement don't match.",
        ));
    }
    Ok(Write::Put(Put {
        table_name: table.to_owned(),
        item,
        condition_expression: None,
        expression_attribute_names: Names::new(),
        expression_attribute_values: Values::new(),
        return_values_on_condition_check_failure: None,
        return_values: None,
    }))
}

fn keyword<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let (first, rest) = text.split_at_checked(word.len())?;
    (first.eq_ignore_ascii_case(word) && !rest.starts_with(|next: char| next.is_alphanumeric()))
        .then(|| rest.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &str) -> Attribute {
        Attribute::S(value.to_owned())
    }

    #[test]
    fn an_insert_is_a_put() {
        let statement = r#"insert into "Activity" value {'pk': ?, 'sk' : ?}"#;
        let Write::Put(put) = insert(statement, vec![text("t"), text("m")]).unwrap() else {
            panic!()
        };
        assert_eq!(put.table_name, "Activity");
        assert_eq!(
            put.item,
            [("pk".to_owned(), text("t")), ("sk".to_owned(), text("m"))].into()
        );
    }

    #[test]
    fn anything_else_is_refused() {
        for (statement, parameters) in [
            (r#"SELECT * FROM "Activity""#, 0),
            (r#"INSERT INTO "Activity" VALUE {'pk': ?}"#, 0),
            (r#"INSERT INTO "Activity" VALUE {'pk': ?}"#, 2),
            (r#"INSERT INTO "Activity" VALUE {'pk': 'literal'}"#, 0),
            (r#"INSERT INTO "Activity" VALUE {'pk': ?, 'pk': ?}"#, 2),
            (r#"INSERT INTO "Activity" VALUE {"pk": ?}"#, 1),
            (r#"INSERT INTO Activity VALUE {'pk': ?}"#, 1),
            (r#"INSERTINTO "Activity" VALUE {'pk': ?}"#, 1),
            ("", 0),
        ] {
            assert!(
                insert(statement, vec![text("t"); parameters]).is_err(),
                "{statement}"
            );
        }
    }
}
