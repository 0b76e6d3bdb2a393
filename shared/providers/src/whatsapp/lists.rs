//! What a WhatsApp Business Account lists, page by page.
//!
//! Source: <https://developers.facebook.com/docs/graph-api/results>. Further pages are asked for by their cursor: the
//! addresses of pages in an answer repeat the query, and what was secret in it.

use domain::{Failure, FailureKind};
use serde::Deserialize;
use serde_json::Value;

use super::graph::Graph;
use crate::Connection;

/// Some of a list. Items are read one by one, so that one that is odd spoils no other.
#[derive(Deserialize)]
pub(super) struct Page {
    pub(super) data: Vec<Value>,
    #[serde(default)]
    paging: Paging,
}

#[derive(Default, Deserialize)]
struct Paging {
    next: Option<String>,
    cursors: Option<Cursors>,
}

#[derive(Deserialize)]
struct Cursors {
    after: Option<String>,
}

impl Page {
    /// Reads up to `limit` items of the account's list from `after` on.
    pub(super) async fn read(
        graph: &Graph<'_>,
        account: &str,
        (list, fields): (&str, &str),
        after: Option<&str>,
        limit: usize,
    ) -> Result<Self, Failure> {
        let limit = limit.to_string();
        let mut query = vec![("fields", fields), ("limit", &limit)];
        query.extend(after.map(|after| ("after", after)));
        graph.get(&format!("{account}/{list}"), &query).await
    }

    /// Where the next page begins. The last page has a cursor too, but no address of a next one.
    pub(super) fn next(&self) -> Option<&str> {
        self.paging.next.as_ref()?;
        let cursors = self.paging.cursors.as_ref()?;
        cursors.after.as_deref().filter(|after| !after.is_empty())
    }
}

/// The account whose lists are read.
pub(super) fn account(connection: Connection<'_>) -> Result<&str, Failure> {
    connection.setting("waba_id").ok_or_else(|| {
        Failure::new(
            FailureKind::InvalidRequest,
            "The integration has no waba_id, and lists belong to a WhatsApp Business Account.",
            "Enter the waba_id from WhatsApp Manager → API setup, or save the integration again: it is found for you.",
        )
    })
}

/// A part of an item as text; ids are numbers at times.
pub(super) fn text(item: &Value, name: &str) -> Option<String> {
    let text = match item.get(name)? {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    Some(text).filter(|text| !text.is_empty())
}
