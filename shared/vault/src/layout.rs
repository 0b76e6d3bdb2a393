//! The bytes of a sealed value; the table in the crate's documentation is this file in words.

pub(crate) const MAGIC: [u8; 2] = *b"SB";
pub(crate) const FORMAT: u8 = 1;
pub(crate) const SUITE: u8 = 1;
pub(crate) const SALT: usize = 32;
pub(crate) const COMMITMENT: usize = 32;
pub(crate) const TAG: usize = 16;
pub(crate) const LONGEST_RING: usize = 96;

/// A sealed value taken apart; nothing in it has been verified.
pub(crate) struct Layout<'a> {
    pub(crate) ring: &'a str,
    pub(crate) version: u32,
    pub(crate) salt: &'a [u8; SALT],
    pub(crate) header: &'a [u8],
    pub(crate) commitment: &'a [u8; COMMITMENT],
    /// Ciphertext and tag.
    pub(crate) body: &'a [u8],
}

impl<'a> Layout<'a> {
    /// `None` for anything that version 1 does not write.
    pub(crate) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(&MAGIC)?.strip_prefix(&[FORMAT, SUITE])?;
        let (&length, rest) = rest.split_first()?;
        let (ring, rest) = rest.split_at_checked(usize::from(length))?;
        let (version, rest) = rest.split_first_chunk::<4>()?;
        let (salt, rest) = rest.split_first_chunk::<SALT>()?;
        let header = &bytes[..bytes.len() - rest.len()];
        let (commitment, body) = rest.split_first_chunk::<COMMITMENT>()?;
        let ring = std::str::from_utf8(ring)
            .ok()
            .filter(|ring| is_ring(ring))?;
        let version = u32::from_be_bytes(*version);
        (version > 0 && body.len() >= TAG).then_some(Self {
            ring,
            version,
            salt,
            header,
            commitment,
            body,
        })
    }

    /// Writes the header of a new seal.
    pub(crate) fn header(ring: &str, version: u32, salt: &[u8; SALT]) -> Vec<u8> {
        let mut header = Vec::with_capacity(9 + ring.len() + SALT);
        header.extend_from_slice(&MAGIC);
        header.extend_from_slice(&[FORMAT, SUITE]);
        header.push(u8::try_from(ring.len()).unwrap_or(u8::MAX));
        header.extend_from_slice(ring.as_bytes());
        header.extend_from_slice(&version.to_be_bytes());
        header.extend_from_slice(salt);
        header
    }
}

/// Whether the text can name a ring.
pub(crate) fn is_ring(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= LONGEST_RING
        && text.bytes().all(|byte| byte.is_ascii_graphic())
}
