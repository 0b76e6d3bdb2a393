//! Random bytes from the operating system and the text forms we give them.

#[cfg(feature = "seeded")]
pub mod seeded;

#[cfg(all(feature = "seeded", not(debug_assertions)))]
compile_error!(
    "`seeded` is for tests: what is deployed takes its random bytes from the operating system"
);

use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};

/// `N` bytes from the operating system's generator.
///
/// # Panics
/// If the operating system has no randomness to give, which no caller could handle safely.
#[expect(
    clippy::expect_used,
    reason = "without randomness nothing here may go on"
)]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    #[cfg(feature = "seeded")]
    if seeded::fill(&mut bytes) {
        return bytes;
    }
    SystemRandom::new()
        .fill(&mut bytes)
        .expect("the operating system gives random bytes");
    bytes
}

const BASE32: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Crockford's base 32 in lower case: no padding, no letters that look like digits.
pub fn base32(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    let (mut held, mut count) = (0u32, 0u32);
    for byte in bytes {
        held = (held << 8) | u32::from(*byte);
        count += 8;
        while count >= 5 {
            count -= 5;
            text.push(char::from(BASE32[(held >> count) as usize & 31]));
        }
    }
    if count > 0 {
        text.push(char::from(BASE32[(held << (5 - count)) as usize & 31]));
    }
    text
}

/// Whether the byte is a digit of [`base32`].
pub fn is_base32(byte: u8) -> bool {
    BASE32.contains(&byte)
}

/// SHA-256, for ids that must not be stored as they are.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base32_of_known_bytes() {
        assert_eq!(base32(b""), "");
        assert_eq!(base32(&[0xff]), "zw");
        assert_eq!(base32(&[0; 16]).len(), 26);
        assert_eq!(base32(b"hello"), "d1jprv3f");
    }
}
