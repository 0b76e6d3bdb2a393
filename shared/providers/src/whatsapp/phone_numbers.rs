//! `GET /{waba_id}/phone_numbers`.
//!
//! Source: <https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account/phone_numbers>.

use async_trait::async_trait;
use domain::Failure;
use domain::phone::E164;
use domain::text::is_label;
use serde_json::Value;

use super::WhatsApp;
use super::graph::Graph;
use super::lists::{self, Page};
use crate::{Connection, MOST_NUMBERS, NumberKind, PhoneNumber, PhoneNumbers};

/// Most items that Graph puts in one page.
const PAGE_SIZE: usize = 100;

const FIELDS: &str = "id,display_phone_number,verified_name";

#[async_trait]
impl PhoneNumbers for WhatsApp {
    async fn list(&self, connection: Connection<'_>) -> Result<Vec<PhoneNumber>, Failure> {
        let graph = Graph::new(connection);
        let account = lists::account(connection)?;
        let mut numbers = Vec::new();
        let mut after = None;
        for _ in 0..MOST_NUMBERS.div_ceil(PAGE_SIZE) {
            let list = ("phone_numbers", FIELDS);
            let page = Page::read(&graph, account, list, after.as_deref(), PAGE_SIZE).await?;
            numbers.extend(page.data.iter().filter_map(read));
            after = page.next().map(str::to_owned);
            if after.is_none() {
                break;
            }
        }
        numbers.truncate(MOST_NUMBERS);
        Ok(numbers)
    }
}

/// Reads an item; one without a number is left out.
fn read(item: &Value) -> Option<PhoneNumber> {
    let number = lists::text(item, "display_phone_number")?;
    let number = E164::parse(&format!("+{}", number.trim_start_matches('+')), None)?;
    let name = lists::text(item, "verified_name").filter(|name| is_label(name));
    Some(PhoneNumber {
        provider_id: lists::text(item, "id"),
        display_name: name.unwrap_or_else(|| number.to_string()),
        number,
        kind: NumberKind::Virtual,
        // Here the number is WhatsApp's: neither calls nor text messages leave from it.
        can_call: false,
        can_sms: false,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn all_but_the_number_may_be_missing_or_odd() {
        for (item, name, id) in [
            (
                json!({"id": "1", "display_phone_number": "+1 555-010-0001", "verified_name": "Shop"}),
                "Shop",
                Some("1"),
            ),
            (
                json!({"id": 1, "display_phone_number": "15550100001", "verified_name": null}),
                "+15550100001",
                Some("1"),
            ),
            (
                json!({"display_phone_number": "+1 (555) 010 0001", "verified_name": "a\nb"}),
                "+15550100001",
                None,
            ),
        ] {
            let phone = read(&item).expect("a number");
            assert_eq!(phone.number.as_str(), "+15550100001");
            assert_eq!(
                (phone.display_name.as_str(), phone.provider_id.as_deref()),
                (name, id)
            );
        }
        for odd in [json!(null), json!({}), json!({"display_phone_number": "-"})] {
            assert_eq!(read(&odd), None, "{odd}");
        }
    }
}
