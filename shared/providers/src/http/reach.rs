//! How far a client reaches: the public internet, and what the operator names.

use url::Url;

use crate::Overrides;
use crate::address::{self, OwnHosts, Refused, Rule};

/// What an [`Egress`](super::Egress) reaches besides the public internet, and what it does not.
#[derive(Debug, Clone, Copy)]
pub struct Reach<'a> {
    /// Roots (PEM) that are trusted besides the public ones.
    pub extra_roots: Option<&'a [u8]>,
    /// Where the operator has providers reached. These addresses may be anywhere, and without TLS.
    pub overrides: &'a Overrides,
    /// Hosts of ours, which are never called.
    pub own_hosts: &'a OwnHosts,
}

impl<'a> Reach<'a> {
    /// The public internet and what the operator names.
    pub const fn new(overrides: &'a Overrides) -> Self {
        Self {
            extra_roots: None,
            overrides,
            own_hosts: OwnHosts::NONE,
        }
    }
}

/// Says which requests may leave.
#[derive(Debug)]
pub(super) struct Guard {
    /// Of each, scheme, host and port count.
    named: Vec<Url>,
    own_hosts: OwnHosts,
}

impl Guard {
    pub(super) fn new(reach: Reach<'_>) -> Self {
        // One that is no URL leads to no request either.
        let named = reach.overrides.base_urls();
        Self {
            named: named.filter_map(|text| Url::parse(text).ok()).collect(),
            own_hosts: reach.own_hosts.clone(),
        }
    }

    /// Whether a request may go to that URL, as far as that can be told without looking its host up.
    pub(super) fn check(&self, url: &Url) -> Result<(), Refused> {
        if self.named.iter().any(|named| same_origin(named, url)) {
            return Ok(());
        }
        self.check_chosen(url)
    }

    /// Reads a URL that was not the operator's to choose.
    pub(super) fn read(&self, text: &str) -> Result<Url, Refused> {
        let url = address::url(text, &self.own_hosts)?;
        self.check_chosen(&url)?;
        Ok(url)
    }

    fn check_chosen(&self, url: &Url) -> Result<(), Refused> {
        address::check(url, &self.own_hosts)?;
        if url.host_str().is_some_and(|host| self.is_named(host)) {
            // Connections are checked by name alone, and this name's are not.
            return Err(Rule::Operators.into());
        }
        Ok(())
    }

    /// Whether the operator names that host, which may then be anywhere.
    pub(super) fn is_named(&self, host: &str) -> bool {
        self.named.iter().any(|url| url.host_str() == Some(host))
    }
}

fn same_origin(one: &Url, other: &Url) -> bool {
    one.scheme() == other.scheme()
        && one.host() == other.host()
        && one.port_or_known_default() == other.port_or_known_default()
}
