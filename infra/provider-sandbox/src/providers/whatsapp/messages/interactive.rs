//! Interactive messages: buttons, lists, links, flows, products and requests.

use std::collections::HashSet;

use super::part::Part;
use super::simple::{file, web_address};
use crate::providers::whatsapp::error::{Graph, GraphError};

const TYPES: [&str; 13] = [
    "button",
    "list",
    "cta_url",
    "location_request_message",
    "flow",
    "product",
    "product_list",
    "catalog_message",
    "call_permission_request",
    "voice_call",
    "address_message",
    "order_details",
    "order_status",
];

/// Longest body of most types, in characters.
const MAX_BODY: usize = 1_024;

pub(super) fn check(interactive: &Part<'_>) -> Graph<()> {
    interactive.only(&["type", "header", "body", "footer", "action"])?;
    let kind = interactive.one_of("type", &TYPES)?;
    header(interactive, kind)?;
    let max_body = if kind == "list" { 4_096 } else { MAX_BODY };
    match interactive.optional_part("body")? {
        Some(body) => {
            body.only(&["text"])?;
            body.text("text", max_body)?;
        }
        None if kind == "product" || kind == "call_permission_request" => {}
        None => return Err(GraphError::missing("interactive['body'] is missing.")),
    }
    if let Some(footer) = interactive.optional_part("footer")? {
        footer.only(&["text"])?;
        footer.text("text", 60)?;
    }
    let action = interactive.part("action")?;
    match kind {
        "button" => buttons(&action),
        "list" => list(&action),
        "cta_url" => link(&action),
        "location_request_message" => named(&action, "send_location").map(drop),
        "flow" => flow(&action),
        "product" => catalog(&action, &["product_retailer_id"]),
        "product_list" => products(&action),
        "catalog_message" | "call_permission_request" | "voice_call" | "address_message" => {
            named(&action, kind).map(drop)
        }
        // Payments differ from country to country and are not looked into.
        _ => Ok(()),
    }
}

fn header(interactive: &Part<'_>, kind: &str) -> Graph<()> {
    let Some(header) = interactive.optional_part("header")? else {
        return match kind {
            "product_list" => Err(GraphError::missing("interactive['header'] is missing.")),
            _ => Ok(()),
        };
    };
    let types: &[&str] = match kind {
        "product" | "location_request_message" | "catalog_message" => &[],
        "list" | "product_list" => &["text"],
        _ => &["text", "image", "video", "document"],
    };
    if types.is_empty() {
        return Err(interactive.wrong("header", &format!("cannot be set for type {kind}.")));
    }
    header.only(&["type", "text", "sub_text", "image", "video", "document"])?;
    match header.one_of("type", types)? {
        "text" => {
            header.text("text", 60)?;
            header.optional_text("sub_text", 60).map(drop)
        }
        media => file(&header.part(media)?),
    }
}

fn buttons(action: &Part<'_>) -> Graph<()> {
    action.only(&["buttons"])?;
    let (mut ids, mut titles) = (HashSet::new(), HashSet::new());
    for button in action.parts("buttons", 3)? {
        button.only(&["type", "reply"])?;
        button.one_of("type", &["reply"])?;
        let reply = button.part("reply")?;
        reply.only(&["id", "title"])?;
        let id = reply.text("id", 256)?;
        if id.trim() != id {
            return Err(reply.wrong("id", "cannot begin or end with a space."));
        }
        if !ids.insert(id) || !titles.insert(reply.text("title", 20)?) {
            return Err(action.wrong("buttons", "must differ in id and title."));
        }
    }
    Ok(())
}

fn list(action: &Part<'_>) -> Graph<()> {
    action.only(&["button", "sections"])?;
    action.text("button", 20)?;
    let sections = action.parts("sections", 10)?;
    let mut ids = HashSet::new();
    for section in &sections {
        section.only(&["title", "rows"])?;
        titled(section, sections.len())?;
        for row in section.parts("rows", 10)? {
            row.only(&["id", "title", "description"])?;
            row.text("title", 24)?;
            row.optional_text("description", 72)?;
            if !ids.insert(row.text("id", 200)?) {
                return Err(row.wrong("id", "is used by another row."));
            }
        }
    }
    if ids.len() > 10 {
        Err(action.wrong("sections", "must have at most 10 rows in all."))
    } else {
        Ok(())
    }
}

/// One section needs no title, several do.
fn titled(section: &Part<'_>, sections: usize) -> Graph<()> {
    if sections > 1 {
        section.text("title", 24).map(drop)
    } else {
        section.optional_text("title", 24).map(drop)
    }
}

/// An action that has a name and, with most names, parameters.
fn named<'a>(action: &Part<'a>, name: &str) -> Graph<Option<Part<'a>>> {
    action.only(&["name", "parameters"])?;
    action.one_of("name", &[name])?;
    action.optional_part("parameters")
}

fn named_with_parameters<'a>(action: &Part<'a>, name: &str) -> Graph<Part<'a>> {
    named(action, name)?
        .ok_or_else(|| GraphError::missing(format!("{} is missing.", action.at("parameters"))))
}

fn link(action: &Part<'_>) -> Graph<()> {
    let parameters = named_with_parameters(action, "cta_url")?;
    parameters.only(&["display_text", "url"])?;
    parameters.text("display_text", 20)?;
    web_address(&parameters, "url")
}

fn flow(action: &Part<'_>) -> Graph<()> {
    let parameters = named_with_parameters(action, "flow")?;
    parameters.one_of("flow_message_version", &["3"])?;
    parameters.text("flow_cta", 30)?;
    match (
        parameters.optional("flow_id"),
        parameters.optional("flow_name"),
    ) {
        (Some(_), None) | (None, Some(_)) => {}
        _ => return Err(parameters.wrong("flow_id", "or flow_name is needed, and not both.")),
    }
    for (name, known) in [
        ("mode", ["draft", "published"]),
        ("flow_action", ["navigate", "data_exchange"]),
    ] {
        if parameters.optional(name).is_some() {
            parameters.one_of(name, &known)?;
        }
    }
    parameters.optional_text("flow_token", MAX_BODY)?;
    parameters.optional_part("flow_action_payload").map(drop)
}

fn catalog(action: &Part<'_>, others: &[&str]) -> Graph<()> {
    action.only(&[["catalog_id", "sections"].as_slice(), others].concat())?;
    action.text("catalog_id", 64)?;
    others
        .iter()
        .try_for_each(|name| action.text(name, 256).map(drop))
}

fn products(action: &Part<'_>) -> Graph<()> {
    catalog(action, &[])?;
    let sections = action.parts("sections", 10)?;
    let mut count = 0;
    for section in &sections {
        section.only(&["title", "product_items"])?;
        titled(section, sections.len())?;
        for product in section.parts("product_items", 30)? {
            product.text("product_retailer_id", 256)?;
            count += 1;
        }
    }
    if count > 30 {
        Err(action.wrong("sections", "must have at most 30 products in all."))
    } else {
        Ok(())
    }
}
