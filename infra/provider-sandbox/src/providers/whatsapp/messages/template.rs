//! Template messages: what is sent has to fit the template that it names.

use std::collections::HashSet;

use http::StatusCode;
use serde_json::Value;

use super::Recipient;
use super::part::Part;
use super::simple::file;
use crate::providers::whatsapp::error::{Graph, GraphError};
use crate::providers::whatsapp::templates::{self, text};

const COMPONENTS: [&str; 6] = [
    "header",
    "body",
    "footer",
    "button",
    "carousel",
    "limited_time_offer",
];
const BUTTONS: [&str; 6] = [
    "quick_reply",
    "url",
    "catalog",
    "flow",
    "copy_code",
    "voice_call",
];
const PARAMETERS: [&str; 10] = [
    "text",
    "currency",
    "date_time",
    "image",
    "video",
    "document",
    "location",
    "payload",
    "action",
    "coupon_code",
];

/// Longest text of one parameter, in characters.
const MAX_TEXT: usize = 1_024;

/// Returns the category that the message is priced by.
pub(super) fn check(sent: &Part<'_>, recipient: &Recipient) -> Graph<String> {
    sent.only(&["name", "language", "components"])?;
    let name = sent.text("name", 512)?;
    let language = sent.part("language")?;
    language.only(&["code", "policy"])?;
    if language.optional("policy").is_some() {
        language.one_of("policy", &["deterministic"])?;
    }
    let template = usable(name, language.text("code", 16)?)?;
    let category = text(template, "category").to_lowercase();
    if category == "authentication" && matches!(recipient, Recipient::User(_)) {
        let details = "Codes can be sent to phone numbers only.";
        return Err(refused(
            131_062,
            "Business-scoped user ids are not supported for this message",
            details,
        ));
    }
    let components = sent.optional_parts("components", 20)?;
    for component in &components {
        component.only(&["type", "sub_type", "index", "parameters", "cards"])?;
        component.one_of("type", &COMPONENTS)?;
        component
            .optional_parts("parameters", 100)?
            .iter()
            .try_for_each(parameter)?;
    }
    let of = |kind: &str| parameters_of(&components, kind);
    header(template, &of("header")?)?;
    texts(template, "BODY", &of("body")?)?;
    buttons(template, &components)?;
    Ok(category)
}

/// The template, if it may be sent now.
fn usable(name: &str, language: &str) -> Graph<&'static Value> {
    let template = templates::find(name, language);
    match template.map(|template| text(template, "status")) {
        Some("APPROVED") => template.ok_or_else(|| unknown(name, language)),
        Some("PAUSED") => Err(refused(
            132_015,
            "Template is paused",
            "Its quality is too low for now.",
        )),
        Some("DISABLED") => Err(refused(
            132_016,
            "Template is disabled",
            "Its quality was too low for too long.",
        )),
        _ => Err(unknown(name, language)),
    }
}

fn unknown(name: &str, language: &str) -> GraphError {
    let details = format!("template name ({name}) does not exist in {language}");
    GraphError::titled(
        StatusCode::NOT_FOUND,
        132_001,
        "Template name does not exist in the translation",
        details,
    )
}

fn refused(code: u32, title: &str, details: impl Into<String>) -> GraphError {
    GraphError::titled(StatusCode::BAD_REQUEST, code, title, details)
}

/// A parameter has to be of a known type and to carry what its type says.
fn parameter(parameter: &Part<'_>) -> Graph<()> {
    let kind = parameter.one_of("type", &PARAMETERS)?;
    parameter.only(&["type", kind, "parameter_name"])?;
    match kind {
        "text" | "payload" | "coupon_code" => parameter.text(kind, MAX_TEXT).map(drop),
        "currency" => {
            let currency = parameter.part("currency")?;
            currency.text("fallback_value", MAX_TEXT)?;
            currency.text("code", 3)?;
            let amount = currency.value("amount_1000")?;
            if amount.is_i64() {
                Ok(())
            } else {
                Err(currency.wrong("amount_1000", "must be a whole number."))
            }
        }
        "date_time" => parameter
            .part("date_time")?
            .text("fallback_value", MAX_TEXT)
            .map(drop),
        "image" | "video" | "document" => file(&parameter.part(kind)?),
        _ => parameter.part(kind).map(drop),
    }
}

/// The parameters of the component of a kind, of which there can be one.
fn parameters_of<'a>(components: &[Part<'a>], kind: &str) -> Graph<Vec<Part<'a>>> {
    let mut found = components
        .iter()
        .filter(|component| component.optional("type").is_some_and(|own| own == kind));
    match (found.next(), found.next()) {
        (None, _) => Ok(Vec::new()),
        (Some(one), None) => one.optional_parts("parameters", 100),
        (Some(_), Some(_)) => Err(refused(
            132_018,
            "Template parameters are wrong",
            format!("{kind} is there twice."),
        )),
    }
}

fn component<'t>(template: &'t Value, kind: &str) -> Option<&'t Value> {
    template
        .get("components")?
        .as_array()?
        .iter()
        .find(|component| text(component, "type") == kind)
}

/// A text header has texts to fill in; one of another format takes one file of that format.
fn header(template: &Value, given: &[Part<'_>]) -> Graph<()> {
    let format = component(template, "HEADER").map_or("TEXT", |header| text(header, "format"));
    if format == "TEXT" {
        return texts(template, "HEADER", given);
    }
    let [one] = given else {
        return Err(count("header", given.len(), 1));
    };
    let kind = one.text("type", MAX_TEXT)?.to_uppercase();
    if kind == format {
        return Ok(());
    }
    let details = format!("header: expected {format}, received {kind}");
    Err(refused(
        132_012,
        "Parameter format does not match format in the created template",
        details,
    ))
}

/// As many parameters as the text has places; by name where the template names them.
fn texts(template: &Value, kind: &str, given: &[Part<'_>]) -> Graph<()> {
    let part = kind.to_lowercase();
    let places =
        placeholders(component(template, kind).map_or("", |component| text(component, "text")));
    if given.len() != places.len() {
        return Err(count(&part, given.len(), places.len()));
    }
    for parameter in given {
        let kind = parameter.text("type", MAX_TEXT)?;
        if !["text", "currency", "date_time"].contains(&kind) {
            let details = format!("{part}: expected TEXT, received {}", kind.to_uppercase());
            return Err(refused(
                132_012,
                "Parameter format does not match format in the created template",
                details,
            ));
        }
    }
    if text(template, "parameter_format") == "NAMED" {
        let names: Graph<HashSet<&str>> = given
            .iter()
            .map(|parameter| parameter.text("parameter_name", MAX_TEXT))
            .collect();
        if names? != places {
            return Err(GraphError::parameter("Invalid parameter")
                .because(format!("{part}: parameter_name does not fit")));
        }
    }
    Ok(())
}

fn count(part: &str, given: usize, expected: usize) -> GraphError {
    let details = format!(
        "{part}: number of localizable_params ({given}) does not match the expected number of params ({expected})"
    );
    refused(
        132_000,
        "Number of parameters does not match the expected number of params",
        details,
    )
}

/// The different names within `{{…}}`.
fn placeholders(text: &str) -> HashSet<&str> {
    text.split("{{")
        .skip(1)
        .filter_map(|rest| rest.split_once("}}"))
        .map(|(name, _)| name.trim())
        .collect()
}

/// Each button that is filled in has to be there, and each that has to be filled in has to be
/// given.
fn buttons(template: &Value, components: &[Part<'_>]) -> Graph<()> {
    let buttons = component(template, "BUTTONS").and_then(|part| part.get("buttons")?.as_array());
    let buttons = buttons.map_or(&[][..], Vec::as_slice);
    let mut filled = HashSet::new();
    for given in components
        .iter()
        .filter(|part| part.optional("type").is_some_and(|kind| kind == "button"))
    {
        let kind = given.one_of("sub_type", &BUTTONS)?;
        // A place is text here, "0", and not a number.
        let index: Option<usize> = given.text("index", 2)?.parse().ok();
        let own = index.and_then(|index| buttons.get(index));
        if own.is_none_or(|own| text(own, "type").to_lowercase() != kind) || !filled.insert(index) {
            let details = format!(
                "buttons: there is no {kind} button to fill in at {}",
                given.at("index")
            );
            return Err(refused(132_018, "Template parameters are wrong", details));
        }
        given.parts("parameters", 10)?;
    }
    let needs =
        |button: &Value| text(button, "url").contains("{{") || text(button, "type") == "COPY_CODE";
    match buttons
        .iter()
        .zip(0..)
        .find(|(button, index)| needs(button) && !filled.contains(&Some(*index)))
    {
        None => Ok(()),
        Some((button, index)) => {
            let kind = text(button, "type");
            Err(GraphError::missing(format!(
                "buttons: Button at index {index} of type {kind} requires a parameter"
            )))
        }
    }
}
