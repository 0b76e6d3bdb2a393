//! A call, taken apart: regional host, version, account, resource, key and token.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{Method, header};
use url::form_urlencoded;

use super::error::{Exotel, RestException};
use crate::provider::Request;

/// Where paths begin, version and collection. Their case counts.
const ROOTS: [(&str, &str); 4] = [
    ("v1", "Accounts"),
    ("v2_beta", "Accounts"),
    ("v2", "accounts"),
    ("v3", "accounts"),
];

const HOSTS: [&str; 2] = ["api.exotel.com", "api.in.exotel.com"];

/// One call.
pub(super) struct Call<'a> {
    pub(super) method: &'a Method,
    /// The host that the path begins with, if it does.
    pub(super) host: Option<&'a str>,
    pub(super) version: &'a str,
    /// The SID in the path.
    pub(super) account: &'a str,
    /// What stands behind the SID.
    pub(super) resource: Vec<&'a str>,
    pub(super) query: Vec<(String, String)>,
    /// API key and token.
    pub(super) basic: Option<(String, String)>,
}

impl<'a> Call<'a> {
    pub(super) fn new(request: &'a Request) -> Exotel<Self> {
        let (host, path) = without_host(request.uri().path());
        let mut segments = path.split('/');
        let root = (segments.next(), segments.next(), segments.next());
        let (Some(version), Some(collection), Some(account)) = root else {
            return Err(RestException::not_found());
        };
        if !ROOTS.contains(&(version, collection)) {
            return Err(RestException::not_found());
        }
        let query = request.uri().query().unwrap_or_default();
        Ok(Self {
            method: request.method(),
            host,
            version,
            account,
            resource: segments.collect(),
            query: form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
            basic: basic(request),
        })
    }
}

/// Whether a path looks like Exotel's.
pub(super) fn is_exotel(path: &str) -> bool {
    let (host, path) = without_host(path);
    let mut segments = path.split('/');
    let root = (segments.next(), segments.next());
    host.is_some()
        || ROOTS
            .iter()
            .any(|(version, collection)| root == (Some(*version), Some(*collection)))
}

/// A path without its first slash, and the regional host that it begins with, if it does.
fn without_host(path: &str) -> (Option<&str>, &str) {
    let path = path.trim_start_matches('/');
    match path.split_once('/') {
        Some((host, rest)) if HOSTS.contains(&host) => (Some(host), rest),
        _ => (None, path),
    }
}

/// User name and password of a request, from the `Authorization` header and nowhere else.
pub(super) fn basic(request: &Request) -> Option<(String, String)> {
    let header = request.headers().get(header::AUTHORIZATION)?;
    let (scheme, pair) = header.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(pair).ok()?).ok()?;
    let (user, password) = pair.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_by_version_and_collection() {
        for path in [
            "/v1/Accounts/shop/Calls.json",
            "/v2_beta/Accounts/shop",
            "/v2/accounts/shop/messages",
            "/api.in.exotel.com/v2_beta/Accounts/shop",
        ] {
            assert!(is_exotel(path), "{path}");
        }
        for path in [
            "/",
            "/v1/accounts/shop",
            "/v2/Accounts/shop",
            "/api/v1/accounts/1",
            "/v25.0/1",
        ] {
            assert!(!is_exotel(path), "{path}");
        }
    }
}
