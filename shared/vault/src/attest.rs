//! Statements that only Switchboard can have made: where a page of a list begins, which version of its credentials an
//! integration has. Whoever holds the text can read it; nobody can make one up, or use it for another tenant or matter.
//!
//! They stand on the ring that the tenant shares, also if it has one of its own: its own may go, with its KMS key, and
//! nothing secret is in a statement.
//!
//! base64url of: the length of the ring's name (1 byte), the name, the ring version (4 bytes, big-endian), the first
//! 16 bytes of HMAC-SHA-256 over the length-prefixed tenant, matter and statement, and the statement. The MAC's key is
//! derived from the ring key by HKDF-SHA-512 under a label of its own.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::ids::TenantId;
use domain::random;
use ring::hmac::{HMAC_SHA256, Key, sign};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::error::OpenError;
use crate::opener::Opener;
use crate::seal::RingKey;
use crate::sealer::Sealer;

const TAG: usize = 16;
const STATEMENT: &[u8] = b"switchboard statement v1";
const FINGERPRINT: &[u8] = b"switchboard fingerprint v1";
/// Longest text worth reading.
const LONGEST: usize = 1_024;

impl Sealer {
    /// Attests a statement on a matter of the tenant's.
    ///
    /// # Errors
    /// [`OpenError::Unavailable`] while the keys cannot be had.
    pub async fn attest(
        &self,
        tenant: &TenantId,
        matter: &str,
        statement: &str,
    ) -> Result<String, OpenError> {
        let row = self.shared_ring(tenant).await?;
        let key = self.keys().get(&row.ring, row.version).await?;
        let tag = tag(&key, STATEMENT, [tenant.as_str(), matter, statement]);
        let tag = tag.ok_or(OpenError::DoesNotOpen)?;
        let length = u8::try_from(row.ring.len()).map_err(|_| OpenError::DoesNotOpen)?;
        let version = row.version.to_be_bytes();
        let (ring, statement) = (row.ring.as_bytes(), statement.as_bytes());
        Ok(URL_SAFE_NO_PAD.encode([&[length], ring, &version, &tag, statement].concat()))
    }

    /// What tells two values of a field of the tenant's apart: 13 characters that say nothing else of them without the
    /// ring's first key, and that stay the same when the ring is rotated (E4).
    ///
    /// # Errors
    /// [`OpenError::Unavailable`] while the keys cannot be had.
    pub async fn fingerprint(
        &self,
        tenant: &TenantId,
        field: &str,
        value: &str,
    ) -> Result<String, OpenError> {
        let row = self.shared_ring(tenant).await?;
        let key = self.keys().get(&row.ring, 1).await?;
        let tag = tag(&key, FINGERPRINT, [tenant.as_str(), field, value]);
        Ok(random::base32(&tag.ok_or(OpenError::DoesNotOpen)?[..8]))
    }
}

impl Opener {
    /// The statement on that matter of the tenant's that the text attests; `None` if we never made it.
    ///
    /// # Errors
    /// [`OpenError::Unavailable`] while the keys cannot be had.
    pub async fn attested(
        &self,
        tenant: &TenantId,
        matter: &str,
        text: &str,
    ) -> Result<Option<String>, OpenError> {
        let Some((ring, version, given, statement)) = parse(text) else {
            return Ok(None);
        };
        if !self.shares_ring(&ring) {
            return Ok(None);
        }
        let key = match self.keys().get(&ring, version).await {
            Ok(key) => key,
            Err(OpenError::DoesNotOpen) => return Ok(None),
            Err(error) => return Err(error),
        };
        let genuine = tag(&key, STATEMENT, [tenant.as_str(), matter, &statement])
            .is_some_and(|tag| bool::from(tag.as_slice().ct_eq(given.as_slice())));
        Ok(genuine.then_some(statement))
    }
}

fn parse(text: &str) -> Option<(String, u32, [u8; TAG], String)> {
    if text.len() > LONGEST {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (&length, rest) = bytes.split_first()?;
    let (ring, rest) = rest.split_at_checked(usize::from(length))?;
    let (version, rest) = rest.split_first_chunk::<4>()?;
    let (tag, statement) = rest.split_first_chunk::<TAG>()?;
    let text = |bytes| std::str::from_utf8(bytes).ok().map(str::to_owned);
    Some((
        text(ring)?,
        u32::from_be_bytes(*version),
        *tag,
        text(statement)?,
    ))
}

fn tag(key: &RingKey, label: &[u8], parts: [&str; 3]) -> Option<[u8; TAG]> {
    let mac_key = key.derive(label)?;
    let mut message = Zeroizing::new(Vec::with_capacity(
        parts.iter().map(|part| 4 + part.len()).sum(),
    ));
    for part in parts {
        message.extend_from_slice(&u32::try_from(part.len()).ok()?.to_be_bytes());
        message.extend_from_slice(part.as_bytes());
    }
    let tag = sign(&Key::new(HMAC_SHA256, mac_key.as_slice()), &message);
    tag.as_ref().first_chunk().copied()
}
