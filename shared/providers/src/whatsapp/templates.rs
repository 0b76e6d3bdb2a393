//! `GET /{waba_id}/message_templates`.
//!
//! Source: <https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account/message_templates>.

use async_trait::async_trait;
use domain::Failure;
use serde_json::Value;

use super::WhatsApp;
use super::graph::Graph;
use super::lists::{self, Page};
use crate::{Connection, Template, TemplatePage, Templates};

const FIELDS: &str = "id,name,language,status,category,components";

#[async_trait]
impl Templates for WhatsApp {
    async fn list(
        &self,
        connection: Connection<'_>,
        after: Option<&str>,
        limit: usize,
    ) -> Result<TemplatePage, Failure> {
        let graph = Graph::new(connection);
        let account = lists::account(connection)?;
        let list = ("message_templates", FIELDS);
        let page = Page::read(&graph, account, list, after, limit.clamp(1, 100)).await?;
        Ok(TemplatePage {
            templates: page.data.iter().filter_map(read).collect(),
            next: page.next().map(str::to_owned),
        })
    }
}

/// Reads an item; one that could not be sent, for it has no name or language, is left out.
fn read(item: &Value) -> Option<Template> {
    let word = |name| lists::text(item, name).unwrap_or_default().to_lowercase();
    Some(Template {
        id: lists::text(item, "id")?,
        name: lists::text(item, "name")?,
        language: lists::text(item, "language")?,
        status: word("status"),
        category: word("category"),
        components: item.get("components").cloned().unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn words_are_in_lower_case_and_may_be_missing() {
        let item = json!({"id": 594_425_479_261_596_u64, "name": "order", "language": "en_US",
            "status": "APPROVED", "category": "UTILITY", "components": [{"type": "BODY"}]});
        let template = read(&item).expect("a template");
        assert_eq!(
            (template.status.as_str(), template.category.as_str()),
            ("approved", "utility")
        );
        assert_eq!(
            (template.id.as_str(), &template.components),
            ("594425479261596", &item["components"])
        );
        let bare =
            read(&json!({"id": "1", "name": "order", "language": "en"})).expect("a template");
        assert_eq!((bare.status.as_str(), bare.components), ("", Value::Null));
        for odd in [json!(null), json!({"id": "1", "name": "order"}), json!([])] {
            assert!(read(&odd).is_none(), "{odd}");
        }
    }
}
