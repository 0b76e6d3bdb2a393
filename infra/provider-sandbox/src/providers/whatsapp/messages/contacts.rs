//! Contact cards.

use super::part::Part;
use crate::providers::whatsapp::error::{Graph, GraphError};

/// Most contacts in one message.
const MOST: usize = 257;

/// Longest text anywhere in a card: the description sets no limit, so this is far off.
const MAX_TEXT: usize = 1_024;

/// Lists of a card: name, the field each item has to have, and what else it may have.
const LISTS: [(&str, &str, &[&str]); 3] = [
    ("phones", "phone", &["type", "wa_id"]),
    ("emails", "email", &["type"]),
    ("urls", "url", &["type"]),
];

const NAME_PARTS: [&str; 5] = ["first_name", "last_name", "middle_name", "prefix", "suffix"];
const ADDRESS_PARTS: [&str; 7] = [
    "street",
    "city",
    "state",
    "zip",
    "country",
    "country_code",
    "type",
];
const ORG_PARTS: [&str; 3] = ["company", "department", "title"];

pub(super) fn check(envelope: &Part<'_>) -> Graph<()> {
    envelope
        .parts("contacts", MOST)?
        .iter()
        .try_for_each(contact)
}

fn contact(contact: &Part<'_>) -> Graph<()> {
    contact.only(&[
        "name",
        "phones",
        "emails",
        "urls",
        "addresses",
        "org",
        "birthday",
    ])?;
    let name = contact.part("name")?;
    name.only(&[["formatted_name"].as_slice(), &NAME_PARTS].concat())?;
    name.text("formatted_name", MAX_TEXT)?;
    if texts(&name, &NAME_PARTS)? == 0 {
        return Err(GraphError::missing(format!(
            "One of {} is needed.",
            name.at(&NAME_PARTS.join(", "))
        )));
    }
    for (list, needed, others) in LISTS {
        for item in contact.optional_parts(list, MOST)? {
            item.only(&[[needed].as_slice(), others].concat())?;
            item.text(needed, MAX_TEXT)?;
            texts(&item, others)?;
        }
    }
    for address in contact.optional_parts("addresses", MOST)? {
        address.only(&ADDRESS_PARTS)?;
        texts(&address, &ADDRESS_PARTS)?;
    }
    if let Some(org) = contact.optional_part("org")? {
        org.only(&ORG_PARTS)?;
        texts(&org, &ORG_PARTS)?;
    }
    match contact.optional_text("birthday", MAX_TEXT)? {
        Some(day) if !is_date(day) => Err(contact.wrong("birthday", "must be YYYY-MM-DD.")),
        _ => Ok(()),
    }
}

/// How many of some text fields are there.
fn texts(part: &Part<'_>, names: &[&str]) -> Graph<usize> {
    names.iter().try_fold(0, |count, name| {
        Ok(count + usize::from(part.optional_text(name, MAX_TEXT)?.is_some()))
    })
}

fn is_date(text: &str) -> bool {
    let numbers: Vec<&str> = text.split('-').collect();
    let is = |text: &str, digits, most| {
        text.len() == digits && text.parse().is_ok_and(|n: u16| n > 0 && n <= most)
    };
    matches!(*numbers.as_slice(), [year, month, day] if is(year, 4, 9999) && is(month, 2, 12) && is(day, 2, 31))
}
