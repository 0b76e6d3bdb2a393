//! The MD5 digests by which SQS and its clients compare what was sent.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};

use super::queue::MessageAttribute;

pub(super) fn of_body(body: &str) -> String {
    hex::encode(Md5::digest(body.as_bytes()))
}

/// Of the attributes in the order of their names: name, type and value, each with its length before it, and a
/// byte that tells text from bytes.
pub(super) fn of_attributes(attributes: &BTreeMap<String, MessageAttribute>) -> String {
    let mut hash = Md5::new();
    let part = |hash: &mut Md5, bytes: &[u8]| {
        hash.update(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
        hash.update(bytes);
    };
    for (name, attribute) in attributes {
        part(&mut hash, name.as_bytes());
        part(&mut hash, attribute.data_type.as_bytes());
        if let Some(text) = &attribute.string_value {
            hash.update([1]);
            part(&mut hash, text.as_bytes());
        } else if let Some(text) = &attribute.binary_value {
            hash.update([2]);
            part(&mut hash, &STANDARD.decode(text).unwrap_or_default());
        }
    }
    hex::encode(hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_known_text() {
        assert_eq!(of_body("hello"), "5d41402abc4b2a76b9719d911017c592");
    }
}
