//! Addresses as they are given: texts, before a parser has repaired them.

use url::Url;

use super::{MAX_BYTES, OwnHosts, Refused, Rule, check};

const SCHEME: &str = "https://";

/// Reads the address of a host and nothing more: `https://` and its name in lower case, as in `https://chat.example.com`.
///
/// # Errors
/// [`Refused`] for anything else.
pub fn origin(text: &str) -> Result<Url, Refused> {
    let url = url(text, OwnHosts::NONE)?;
    let host = text.strip_prefix(SCHEME).unwrap_or_default();
    if url.host_str() == Some(host) {
        Ok(url)
    } else {
        Err(Rule::NoOrigin.into())
    }
}

/// Reads an address with what may stand behind the host: port 443, path and query.
///
/// # Errors
/// [`Refused`] for what breaks one of the rules.
pub fn url(text: &str, own_hosts: &OwnHosts) -> Result<Url, Refused> {
    let url = parse(text)?;
    check(&url, own_hosts)?;
    // No two parsers may disagree about the host: it stands there as it was understood.
    let spelt = authority(text).strip_suffix(":443");
    let spelt = spelt.unwrap_or_else(|| authority(text));
    let host = url.host_str().unwrap_or_default();
    if !host.eq_ignore_ascii_case(spelt) {
        return Err(Rule::Spelling.into());
    }
    Ok(url)
}

/// Parses a text that has nothing in it which a parser would have to interpret to find the host.
pub(crate) fn parse(text: &str) -> Result<Url, Refused> {
    let broken = if text.len() > MAX_BYTES {
        Rule::TooLong
    } else if !text.bytes().all(|b| b.is_ascii_graphic() && b != b'\\') {
        Rule::OddBytes
    } else if !text.starts_with(SCHEME) {
        Rule::NotHttps
    } else if authority(text).is_empty() {
        Rule::Malformed
    } else if authority(text).contains('%') {
        Rule::Spelling
    } else {
        return Url::parse(text).map_err(|_| Rule::Malformed.into());
    };
    Err(broken.into())
}

/// What stands where the host should, up to path, query or fragment.
fn authority(text: &str) -> &str {
    let rest = text.strip_prefix(SCHEME).unwrap_or_default();
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}
