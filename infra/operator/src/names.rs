//! Names that a person types, checked before anything is done.

use std::str::FromStr;

use domain::TenantId;
use domain::audit::LinkHash;
use domain::seal::Purpose;

/// Whose chain tells what was done to rings. Ids that begin like this one are no tenants.
pub const PLATFORM: &str = "switchboard:platform";

const LONGEST_RING: usize = 96;
const LONGEST_FRAGMENT: usize = 200;

/// Both purposes, in the order in which they are told.
pub(crate) const PURPOSES: [Purpose; 2] = [Purpose::Credentials, Purpose::WebhookSecrets];

/// A tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant(pub(crate) TenantId);

impl FromStr for Tenant {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        chain(text).map(Self)
    }
}

/// Whose audit trail: a tenant's, or [`PLATFORM`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain(pub(crate) TenantId);

impl FromStr for Chain {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == PLATFORM {
            return Ok(Self::of_platform());
        }
        chain(text).map(Self)
    }
}

impl Chain {
    /// The one of the platform.
    pub(crate) fn of_platform() -> Self {
        Self(TenantId::platform())
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "an operator may name every tenant: IAM says who may take the operator's role"
)]
fn chain(text: &str) -> Result<TenantId, String> {
    TenantId::from_trusted_source(text).map_err(|error| error.to_string())
}

/// A ring, as `credentials/shared-0`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RingName {
    pub(crate) purpose: Purpose,
    pub(crate) name: String,
}

impl FromStr for RingName {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let fits = name.len() <= LONGEST_RING && name.bytes().all(|byte| byte.is_ascii_graphic());
        match purpose_of(name).filter(|_| fits) {
            Some(purpose) => Ok(Self {
                purpose,
                name: name.to_owned(),
            }),
            None => Err(
                "a ring's name is like credentials/shared-0 or webhook-secrets/shared-0; \
                 `operator rings list` shows them"
                    .to_owned(),
            ),
        }
    }
}

/// The purpose of a ring, with which its name begins.
pub(crate) fn purpose_of(ring: &str) -> Option<Purpose> {
    PURPOSES.into_iter().find(|purpose| {
        ring.strip_prefix(purpose.name())
            .and_then(|rest| rest.strip_prefix('/'))
            .is_some_and(|rest| !rest.is_empty())
    })
}

/// A KMS key by its ARN: rows name the key that wrapped them, so each key has one name only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KmsKey(pub(crate) String);

impl FromStr for KmsKey {
    type Err = String;

    fn from_str(arn: &str) -> Result<Self, String> {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        match parts[..] {
            ["arn", _, "kms", region, account, key]
                if !region.is_empty()
                    && !account.is_empty()
                    && key.strip_prefix("key/").is_some_and(|id| !id.is_empty())
                    && arn.bytes().all(|byte| byte.is_ascii_graphic()) =>
            {
                Ok(Self(arn.to_owned()))
            }
            _ => Err(
                "a KMS key is named by its ARN, arn:aws:kms:REGION:ACCOUNT:key/ID; \
                 neither an alias nor a bare id will do"
                    .to_owned(),
            ),
        }
    }
}

/// A part of a reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fragment(pub(crate) String);

impl FromStr for Fragment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if (1..=LONGEST_FRAGMENT).contains(&text.chars().count()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!("must have 1 to {LONGEST_FRAGMENT} characters"))
        }
    }
}

/// The head of a chain as it was noted before: `NUMBER:HASH`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotedHead {
    pub(crate) number: u64,
    pub(crate) hash: LinkHash,
}

impl FromStr for NotedHead {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.split_once(':')
            .and_then(|(number, hash)| {
                Some(Self {
                    number: number.parse().ok().filter(|number| *number > 0)?,
                    hash: LinkHash::parse(hash)?,
                })
            })
            .ok_or("a head is NUMBER:HASH, as `operator audit verify` prints it")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_platforms_chain_has_an_id_that_no_tenant_may_bear() {
        assert_eq!(Chain::of_platform().0.as_str(), PLATFORM);
        assert!(PLATFORM.parse::<Tenant>().is_err());
        assert!("switchboard:x".parse::<Tenant>().is_err());
        assert!("t_one".parse::<Tenant>().is_ok());
        assert!("t one".parse::<Chain>().is_err());
    }

    #[test]
    fn rings_are_named_with_their_purpose() {
        let ring: RingName = "webhook-secrets/shared-7".parse().unwrap();
        assert_eq!(ring.purpose, Purpose::WebhookSecrets);
        for other in [
            "shared-0",
            "credentials/",
            "others/shared-0",
            "credentials/a b",
            "",
        ] {
            assert!(other.parse::<RingName>().is_err(), "{other}");
        }
    }

    #[test]
    fn a_kms_key_is_named_by_its_arn() {
        let arn = "arn:aws:kms:us-east-1:000000000000:key/credentials";
        assert_eq!(arn.parse(), Ok(KmsKey(arn.to_owned())));
        for other in [
            "credentials",
            "alias/credentials",
            "arn:aws:kms:us-east-1:000000000000:alias/credentials",
            "arn:aws:kms:us-east-1:000000000000:key/",
            "arn:aws:sqs:us-east-1:000000000000:key/x",
        ] {
            assert!(other.parse::<KmsKey>().is_err(), "{other}");
        }
    }

    #[test]
    fn a_noted_head_is_a_number_and_a_hash() {
        let hash = "0123456789abcdef".repeat(4);
        let head: NotedHead = format!("17:{hash}").parse().unwrap();
        assert_eq!((head.number, head.hash.to_string()), (17, hash.clone()));
        for other in [
            format!("0:{hash}"),
            hash.clone(),
            "17:".into(),
            format!("x:{hash}"),
        ] {
            assert!(other.parse::<NotedHead>().is_err(), "{other}");
        }
    }
}
