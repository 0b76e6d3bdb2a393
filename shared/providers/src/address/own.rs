//! Our own hosts, which we never call: that would be a loop.

use std::str::FromStr;

use url::{ParseError, Url};

/// The hosts at which we are reached ourselves.
#[derive(Debug, Clone, Default)]
pub struct OwnHosts(Vec<String>);

impl OwnHosts {
    /// For whoever is reached nowhere.
    pub const NONE: &'static Self = &Self(Vec::new());

    /// Whether a parsed, lower-case host is one of them.
    pub fn contain(&self, host: &str) -> bool {
        self.0.iter().any(|own| own == host)
    }
}

/// From URLs with commas between them; where there is nothing between two commas, nothing is meant.
impl FromStr for OwnHosts {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let given = text.split(',').map(str::trim).filter(|url| !url.is_empty());
        let hosts = given.map(|url| {
            let url = Url::parse(url)?;
            let host = url.host_str().ok_or(ParseError::EmptyHost)?;
            Ok(host.to_owned())
        });
        hosts.collect::<Result<_, _>>().map(Self)
    }
}
