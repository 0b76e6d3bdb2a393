//! The numbers of an account, which Exotel calls ExoPhones.
//!
//! Source: <https://developer.exotel.com/api/exophone-details>. Pages are counted: the addresses of further pages in an
//! answer are plain HTTP on other hosts, where no credential may go.

use std::collections::HashSet;

use domain::Failure;
use domain::phone::{E164, Region};
use domain::text::is_label;
use serde::Deserialize;
use serde_json::Value;

use super::api::Api;
use super::clusters;
use crate::{Connection, MOST_NUMBERS, NumberKind, PhoneNumber};

/// Numbers in one page: Exotel's own default.
const PAGE_SIZE: usize = 50;

/// Pages that are read of one account.
pub(super) const MOST_PAGES: usize = MOST_NUMBERS.div_ceil(PAGE_SIZE);

/// Most characters of a display name.
const LONGEST_NAME: usize = 128;

/// Some of an account's numbers.
pub(super) struct Page {
    pub(super) numbers: Vec<ExoPhone>,
    /// There are no more.
    pub(super) is_last: bool,
}

/// One number. What Exotel does not say of it is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ExoPhone {
    pub(super) number: E164,
    pub(super) sid: Option<String>,
    pub(super) name: Option<String>,
    pub(super) voice: Option<bool>,
    pub(super) sms: Option<bool>,
}

#[derive(Deserialize)]
struct Answer {
    incoming_phone_numbers: Vec<Value>,
    #[serde(default)]
    next_page_uri: Value,
}

/// Reads a page, the first of which is 0.
pub(super) async fn page(api: &Api<'_>, page: usize) -> Result<Page, Failure> {
    let (page, size) = (page.to_string(), PAGE_SIZE.to_string());
    let query = [("Page", page.as_str()), ("PageSize", size.as_str())];
    let answer: Answer = api.get("v2_beta", "IncomingPhoneNumbers", &query).await?;
    let items = &answer.incoming_phone_numbers;
    Ok(Page {
        numbers: items.iter().filter_map(ExoPhone::read).collect(),
        is_last: items.is_empty() || answer.next_page_uri.is_null(),
    })
}

impl ExoPhone {
    /// Reads an item; any part of it may be missing, except the number.
    fn read(item: &Value) -> Option<Self> {
        let text = |name| match item.get(name)? {
            Value::String(text) => Some(text.trim().to_owned()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        let number = text("phone_number").or_else(|| text("sid"))?;
        let capability = |name| match item.get("capabilities")?.get(name)? {
            Value::Bool(flag) => Some(*flag),
            Value::String(text) => text.to_ascii_lowercase().parse().ok(),
            _ => None,
        };
        Some(Self {
            number: number_of(&number)?,
            sid: text("sid"),
            name: text("friendly_name").filter(|name| is_label(name)),
            voice: capability("voice"),
            sms: capability("sms"),
        })
    }

    /// An ExoPhone lives at Exotel alone. The list has no word for a kind, so only India's toll-free series is told
    /// from the rest.
    fn kind(&self) -> NumberKind {
        if self.number.as_str().starts_with("+911800") {
            NumberKind::TollFree
        } else {
            NumberKind::Virtual
        }
    }
}

impl From<ExoPhone> for PhoneNumber {
    fn from(phone: ExoPhone) -> Self {
        let name = phone.name.as_deref().unwrap_or(phone.number.as_str());
        Self {
            display_name: name.chars().take(LONGEST_NAME).collect(),
            kind: phone.kind(),
            // Calls are what an ExoPhone is for.
            can_call: phone.voice.unwrap_or(true),
            can_sms: phone.sms.unwrap_or(false),
            provider_id: phone.sid,
            number: phone.number,
        }
    }
}

/// A number as Exotel writes it: E.164, an Indian one also with `0` or plain `91` in front.
fn number_of(text: &str) -> Option<E164> {
    let plain = text.len() == 12 && text.starts_with("91");
    E164::parse(text, Some(Region::India))
        .or_else(|| plain.then(|| E164::parse(&format!("+{text}"), None))?)
}

/// All of an account's numbers, [`MOST_NUMBERS`] at most.
pub(super) async fn all(connection: Connection<'_>) -> Result<Vec<PhoneNumber>, Failure> {
    let api = Api::new(clusters::home(connection));
    let mut seen = HashSet::new();
    let mut numbers = Vec::new();
    for number in 0..MOST_PAGES {
        let page = page(&api, number).await?;
        let new = page.numbers.into_iter();
        let new = new.filter(|phone| seen.insert(phone.number.clone()));
        numbers.extend(new.map(PhoneNumber::from));
        if page.is_last {
            break;
        }
    }
    numbers.truncate(MOST_NUMBERS);
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(item: Value) -> Option<PhoneNumber> {
        ExoPhone::read(&item).map(PhoneNumber::from)
    }

    #[test]
    fn numbers_are_read_however_they_are_written() {
        for (text, number) in [
            ("+911140001000", Some("+911140001000")),
            ("01140001000", Some("+911140001000")),
            ("911140001000", Some("+911140001000")),
            ("00911140001000", Some("+911140001000")),
            ("+622130001000", Some("+622130001000")),
            (" +91 11 4000 1000 ", Some("+911140001000")),
            ("1140001000", None),
            ("SHOPIN", None),
            ("", None),
        ] {
            let item = json!({"phone_number": text});
            let read = read(item).map(|phone| String::from(phone.number));
            assert_eq!(read.as_deref(), number, "{text}");
        }
        assert!(read(json!({"phone_number": 911_140_001_000_u64})).is_some());
    }

    #[test]
    fn all_but_the_number_may_be_missing() {
        let bare = read(json!({"sid": "01140001000"})).expect("a number");
        assert_eq!(bare.display_name, "+911140001000");
        assert_eq!(bare.kind, NumberKind::Virtual);
        assert!(bare.can_call && !bare.can_sms);
        for odd in [
            json!(null),
            json!("01140001000"),
            json!([]),
            json!({}),
            json!({"sid": null}),
            json!({"phone_number": ["+911140001000"]}),
        ] {
            assert_eq!(read(odd.clone()), None, "{odd}");
        }
    }

    #[test]
    fn capabilities_and_names_are_taken_for_what_they_are_worth() {
        let item = json!({"sid": "abc", "phone_number": "+911800400100", "friendly_name": "Sales",
            "capabilities": {"voice": "False", "sms": true}});
        let phone = read(item).expect("a number");
        assert_eq!(phone.display_name, "Sales");
        assert_eq!(phone.provider_id.as_deref(), Some("abc"));
        assert_eq!(phone.kind, NumberKind::TollFree);
        assert!(!phone.can_call && phone.can_sms);
        let item = json!({"phone_number": "+911140001000", "friendly_name": "a\u{202e}b",
            "capabilities": [1]});
        assert_eq!(read(item).expect("a number").display_name, "+911140001000");
        let long = "x".repeat(500);
        let item = json!({"phone_number": "+911140001000", "friendly_name": long});
        assert_eq!(
            read(item).expect("a number").display_name.len(),
            LONGEST_NAME
        );
    }
}
