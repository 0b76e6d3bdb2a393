//! A Graph call, taken apart: version, path, parameters, token.

use http::{Method, header};
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::error::{Graph, GraphError};
use crate::provider::Request;

/// Versions that are alive in November 2026, by their major numbers; all of them end in `.0`.
const ALIVE: std::ops::RangeInclusive<u32> = 21..=26;

/// Expired versions that had more than one minor release, and how many; all later ones have only
/// `.0`.
const MINORS: [(u32, u32); 3] = [(1, 1), (2, 13), (3, 4)];

/// One call.
pub(super) struct Call<'a> {
    pub(super) method: &'a Method,
    /// What stands behind the version.
    pub(super) segments: Vec<&'a str>,
    /// Parameters of query and body together, as Graph takes them. Without the token and its proof.
    pub(super) params: Map<String, Value>,
    /// From the `Authorization` header and nowhere else.
    pub(super) token: Option<&'a str>,
    pub(super) proof: Option<String>,
    pub(super) version: Version,
    /// Scheme, host and path without query: where further pages are.
    pub(super) address: String,
}

/// The version that serves a call; an expired one is served by the oldest that is alive.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Version(pub(super) u32);

impl Version {
    /// Reads `v25.0`; none when there never was such a version.
    fn serving(segment: &str) -> Option<Self> {
        let (major, minor) = segment.strip_prefix('v')?.split_once('.')?;
        let (major, minor): (u32, u32) = (major.parse().ok()?, minor.parse().ok()?);
        let minors = MINORS
            .iter()
            .find(|(other, _)| *other == major)
            .map_or(1, |(_, minors)| *minors);
        let existed = (1..=*ALIVE.end()).contains(&major)
            && minor < minors
            && segment == format!("v{major}.{minor}");
        existed.then_some(Self(major.max(*ALIVE.start())))
    }

    /// As the header `facebook-api-version` says it.
    pub(super) fn shown(self) -> String {
        format!("v{}.0", self.0)
    }
}

/// Whether a path looks like Graph's: its first segment is a version, of whatever number.
pub(super) fn is_graph(path: &str) -> bool {
    let first = path
        .trim_start_matches('/')
        .split('/')
        .next()
        .unwrap_or_default();
    let numbers = first
        .strip_prefix('v')
        .and_then(|rest| rest.split_once('.'));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    numbers.is_some_and(|(major, minor)| is_number(major) && is_number(minor))
}

impl<'a> Call<'a> {
    pub(super) fn new(request: &'a Request) -> Graph<Self> {
        let path = request.uri().path();
        let mut segments = path.split('/').filter(|segment| !segment.is_empty());
        let version = segments.next().and_then(Version::serving);
        let version = version.ok_or_else(|| GraphError::unknown_path(path))?;
        let host = header_text(request, header::HOST).unwrap_or("graph.localhost");

        let mut params = Map::new();
        params.extend(pairs(request.uri().query().unwrap_or_default().as_bytes()));
        params.extend(body(request)?);
        // A token in the query would be in every log on the way; this Graph does not look there.
        params.remove("access_token");
        let proof = match params.remove("appsecret_proof") {
            Some(Value::String(proof)) => Some(proof),
            Some(_) => return Err(GraphError::proof_wrong()),
            None => None,
        };
        Ok(Self {
            method: request.method(),
            segments: segments.collect(),
            params,
            token: bearer(request),
            proof,
            version,
            address: format!("http://{host}{path}"),
        })
    }

    /// A parameter as text; numbers and flags count too, as they do in a query.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        match self.params.get(name)? {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }
}

/// The bearer token of a request.
pub(super) fn bearer(request: &Request) -> Option<&str> {
    let (scheme, token) = header_text(request, header::AUTHORIZATION)?.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim())
        .filter(|token| !token.is_empty())
}

fn header_text(request: &Request, name: header::HeaderName) -> Option<&str> {
    request.headers().get(name)?.to_str().ok()
}

/// The parameters in a body. One of another content type has none, and so will be found wanting.
fn body(request: &Request) -> Graph<Map<String, Value>> {
    let body = request.body();
    let content_type = header_text(request, header::CONTENT_TYPE).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if body.is_empty() {
        Ok(Map::new())
    } else if essence.eq_ignore_ascii_case("application/json") {
        serde_json::from_slice(body)
            .map_err(|_| GraphError::parameter("Invalid JSON in request body"))
    } else if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        Ok(pairs(body).collect())
    } else {
        Ok(Map::new())
    }
}

/// Names and values of a form or a query; a value that is a JSON object or list is taken as such.
fn pairs(text: &[u8]) -> impl Iterator<Item = (String, Value)> {
    form_urlencoded::parse(text).map(|(name, value)| {
        let parsed = serde_json::from_str(&value)
            .ok()
            .filter(|value: &Value| value.is_object() || value.is_array());
        (
            name.into_owned(),
            parsed.unwrap_or_else(|| value.into_owned().into()),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expired_versions_are_served_by_the_oldest_alive() {
        let cases = [
            ("v25.0", Some(25)),
            ("v21.0", Some(21)),
            ("v18.0", Some(21)),
            ("v2.12", Some(21)),
        ];
        for (segment, served) in cases {
            assert_eq!(
                Version::serving(segment).map(|version| version.0),
                served,
                "{segment}"
            );
        }
    }

    #[test]
    fn versions_that_never_were_are_unknown() {
        for segment in [
            "v27.0", "v0.0", "v25.1", "v2.13", "v025.0", "25.0", "v25", "me",
        ] {
            assert_eq!(Version::serving(segment), None, "{segment}");
        }
    }

    #[test]
    fn graph_paths_are_told_by_their_version() {
        assert!(is_graph("/v99.0/1/messages") && is_graph("/v25.0"));
        assert!(!is_graph("/v1/messages") && !is_graph("/") && !is_graph("/v1.x/a"));
    }
}
