//! The types of message that one object describes: text, media, location, reaction.

use url::Url;

use super::part::Part;
use crate::providers::whatsapp::error::{Graph, GraphError};

/// Longest caption, in characters.
const MAX_CAPTION: usize = 1_024;

pub(super) fn text(text: &Part<'_>) -> Graph<()> {
    text.only(&["body", "preview_url"])?;
    text.text("body", 4_096)?;
    text.optional_flag("preview_url")
}

/// An uploaded file by `id` or a public one by `link`, never both, with what its kind can have
/// beside it.
pub(super) fn media(kind: &str, media: &Part<'_>) -> Graph<()> {
    let beside: &[&str] = match kind {
        "image" | "video" => &["caption"],
        "document" => &["caption", "filename"],
        "audio" => &["voice"],
        _ => &[],
    };
    media.only(&[["id", "link"].as_slice(), beside].concat())?;
    file(media)?;
    media.optional_text("caption", MAX_CAPTION)?;
    media.optional_text("filename", 240)?;
    media.optional_flag("voice")
}

/// The `id` or `link` of a media object.
pub(super) fn file(media: &Part<'_>) -> Graph<()> {
    match (media.optional("id"), media.optional("link")) {
        (None, None) => Err(GraphError::missing(format!(
            "{} or {} is needed.",
            media.at("id"),
            media.at("link")
        ))),
        (Some(_), Some(_)) => Err(GraphError::invalid(format!(
            "Only one of {} and {} can be given.",
            media.at("id"),
            media.at("link")
        ))),
        (Some(_), None) => {
            let id = media.text("id", 64)?;
            if id.bytes().all(|byte| byte.is_ascii_digit()) {
                Ok(())
            } else {
                Err(media.wrong("id", "is not the id of a file."))
            }
        }
        (None, Some(_)) => web_address(media, "link"),
    }
}

/// A field that has to be an http(s) URL.
pub(super) fn web_address(part: &Part<'_>, name: &str) -> Graph<()> {
    let url = Url::parse(part.text(name, 2_048)?);
    if url.is_ok_and(|url| ["http", "https"].contains(&url.scheme()) && url.has_host()) {
        Ok(())
    } else {
        Err(part.wrong(name, "is not a valid http(s) URL."))
    }
}

/// Coordinates are taken as numbers and as text: the pages show one, the description the other.
pub(super) fn location(location: &Part<'_>) -> Graph<()> {
    location.only(&["latitude", "longitude", "name", "address"])?;
    for (name, limit) in [("latitude", 90.0), ("longitude", 180.0)] {
        let value = location.value(name)?;
        let degrees = value.as_f64().or_else(|| value.as_str()?.parse().ok());
        if !degrees.is_some_and(|degrees: f64| degrees.abs() <= limit) {
            return Err(location.wrong(name, &format!("must be degrees from -{limit} to {limit}.")));
        }
    }
    location.optional_text("name", 1_000)?;
    location.optional_text("address", 1_000)?;
    Ok(())
}

/// An empty emoji takes the reaction away.
pub(super) fn reaction(reaction: &Part<'_>) -> Graph<()> {
    reaction.only(&["message_id", "emoji"])?;
    reaction.text("message_id", 512)?;
    let emoji = reaction
        .value("emoji")?
        .as_str()
        .ok_or_else(|| reaction.wrong("emoji", "must be a string."))?;
    // The longest emoji are families and flags of several code points.
    if emoji.chars().count() > 16
        || emoji
            .chars()
            .any(|character| character.is_ascii_alphabetic())
    {
        return Err(reaction.wrong("emoji", "is not an emoji."));
    }
    Ok(())
}
