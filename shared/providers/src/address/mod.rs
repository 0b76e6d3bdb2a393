//! Which addresses may be called: rules, which do nothing.
//!
//! An address that a tenant gave is refused unless it plainly names a public host: nothing is repaired, and no list of
//! bad spellings is kept. Whoever is refused hears one sentence, whatever the rule; the rule is for the operator.

mod ip;
mod name;
mod own;
mod text;

use domain::{Failure, FailureKind};
use url::Url;

pub use ip::is_public;
pub use own::OwnHosts;
pub(crate) use text::parse;
pub use text::{origin, url};

/// Most bytes of an address.
pub const MAX_BYTES: usize = 2048;

/// What people hear of an address that is refused.
pub const SENTENCE: &str = "This address cannot be used.";

/// An address may not be called. It prints as one and the same sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this address cannot be used")]
pub struct Refused(Rule);

/// What an address must keep to, named by how it fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// At most [`MAX_BYTES`].
    TooLong,
    /// Visible ASCII without a backslash.
    OddBytes,
    /// It can be parsed, without looking for the host.
    Malformed,
    /// `https://`, in these very letters.
    NotHttps,
    /// No user and no password.
    UserInfo,
    /// No fragment.
    Fragment,
    /// The port is 443.
    Port,
    /// The host is a name: no IP address, however it is spelt.
    Literal,
    /// The name is one that DNS knows on the public internet: with a dot, without one at the end.
    NoDnsName,
    /// The name is under no suffix that is for special use.
    SpecialUse,
    /// The host is spelt as it is understood.
    Spelling,
    /// Where only scheme and host are asked for, there is no more.
    NoOrigin,
    /// It is not one of our own hosts.
    OwnHost,
    /// A host that the operator names is reached where the operator names it, and nowhere else.
    Operators,
    /// The name leads somewhere.
    NoAddress,
    /// The name leads to public addresses only.
    NotPublic,
}

impl Refused {
    /// The rule that the address breaks: for the operator, never for whoever gave the address.
    pub const fn rule(self) -> Rule {
        self.0
    }
}

impl From<Rule> for Refused {
    fn from(rule: Rule) -> Self {
        Self(rule)
    }
}

/// The same for every rule.
impl From<Refused> for Failure {
    fn from(_: Refused) -> Self {
        Self::new(
            FailureKind::AddressRefused,
            SENTENCE,
            "Enter the https:// address of a server that everybody on the internet can reach.",
        )
    }
}

/// Holds a parsed URL against the rules. What its parser has repaired cannot be seen any more: a text is held against
/// them with [`url()`].
///
/// # Errors
/// [`Refused`], with the first rule that it breaks.
pub fn check(url: &Url, own_hosts: &OwnHosts) -> Result<(), Refused> {
    let broken = if url.as_str().len() > MAX_BYTES {
        Some(Rule::TooLong)
    } else if url.scheme() != "https" {
        Some(Rule::NotHttps)
    } else if !url.username().is_empty() || url.password().is_some() {
        Some(Rule::UserInfo)
    } else if url.fragment().is_some() {
        Some(Rule::Fragment)
    } else if url.port().is_some() {
        // The scheme's own port is not kept by the parser.
        Some(Rule::Port)
    } else {
        match url.host() {
            Some(url::Host::Domain(name)) if own_hosts.contain(name) => Some(Rule::OwnHost),
            Some(url::Host::Domain(name)) => name::broken_rule(name),
            _ => Some(Rule::Literal),
        }
    };
    broken.map_or(Ok(()), |rule| Err(rule.into()))
}
