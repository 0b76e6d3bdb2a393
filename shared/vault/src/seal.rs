//! One seal: derive, commit, encrypt; and back.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA512, KeyType, Prk, Salt};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::layout::{COMMITMENT, Layout, SALT, TAG};

/// 256 bits that KMS made; wiped on drop, never printed.
pub(crate) struct RingKey(Zeroizing<[u8; 32]>);

impl RingKey {
    pub(crate) fn from_slice(bytes: &[u8]) -> Option<Self> {
        let mut key = Zeroizing::new([0; 32]);
        (bytes.len() == key.len()).then(|| {
            key.copy_from_slice(bytes);
            Self(key)
        })
    }

    fn extract(&self, salt: &[u8; SALT]) -> Prk {
        Salt::new(HKDF_SHA512, salt).extract(self.0.as_slice())
    }

    /// A key for something else than sealing, told apart by its label.
    pub(crate) fn derive(&self, label: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
        expand(&self.extract(&[0; SALT]), label, &[])
    }
}

struct Bytes32;

impl KeyType for Bytes32 {
    fn len(&self) -> usize {
        32
    }
}

const KEY: &[u8] = b"switchboard seal v1 key";
const COMMIT: &[u8] = b"switchboard seal v1 commitment";

fn expand(prk: &Prk, label: &[u8], context: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    let mut out = Zeroizing::new([0; 32]);
    prk.expand(&[label, context], Bytes32)
        .ok()?
        .fill(out.as_mut_slice())
        .ok()?;
    Some(out)
}

fn cipher(prk: &Prk, context: &[u8]) -> Option<LessSafeKey> {
    let key = expand(prk, KEY, context)?;
    UnboundKey::new(&AES_256_GCM, key.as_slice())
        .ok()
        .map(LessSafeKey::new)
}

/// The key encrypts one message in its life.
fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}

fn associated(header: &[u8], context: &[u8]) -> Vec<u8> {
    [header, context].concat()
}

/// Seals under the given salt; only the test vectors choose a salt of their own.
pub(crate) fn seal(
    key: &RingKey,
    ring: &str,
    version: u32,
    salt: &[u8; SALT],
    context: &[u8],
    plaintext: &[u8],
) -> Option<Vec<u8>> {
    let prk = key.extract(salt);
    let header = Layout::header(ring, version, salt);
    let commitment = expand(&prk, COMMIT, context)?;
    let aad = associated(&header, context);
    let mut sealed = header;
    sealed.reserve(COMMITMENT + plaintext.len() + TAG);
    sealed.extend_from_slice(commitment.as_slice());
    let start = sealed.len();
    sealed.extend_from_slice(plaintext);
    let tag = cipher(&prk, context)?
        .seal_in_place_separate_tag(nonce(), Aad::from(aad), &mut sealed[start..])
        .ok()?;
    sealed.extend_from_slice(tag.as_ref());
    Some(sealed)
}

/// Opens; `None` whatever is wrong.
pub(crate) fn open(
    key: &RingKey,
    sealed: &Layout<'_>,
    context: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let prk = key.extract(sealed.salt);
    let commitment = expand(&prk, COMMIT, context)?;
    if !bool::from(commitment.as_slice().ct_eq(sealed.commitment.as_slice())) {
        return None;
    }
    let mut text = Zeroizing::new(sealed.body.to_vec());
    let aad = associated(sealed.header, context);
    let length = cipher(&prk, context)?
        .open_in_place(nonce(), Aad::from(aad), text.as_mut_slice())
        .ok()?
        .len();
    text.truncate(length);
    Some(text)
}
