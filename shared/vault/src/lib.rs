//! Envelope encryption of tenants' secrets, in two steps.
//!
//! A *ring key* is made and wrapped by KMS and shared by many records; a *seal* derives from it a key that is
//! used for one record only and bound to that record's place. So KMS calls do not grow with records, and a
//! value moved to another tenant, integration, field, revision or host does not open.
//!
//! # The sealed layout, version 1
//!
//! | bytes | what |
//! | --- | --- |
//! | 2 | magic `SB` (0x53 0x42) |
//! | 1 | format, 1 |
//! | 1 | suite, 1: HKDF-SHA-512, AES-256-GCM, 32-byte key commitment |
//! | 1 | length `n` of the ring's name, 1 to 96 |
//! | n | the ring's name, bytes 0x21 to 0x7E; it begins with its purpose and a slash, as `credentials/` |
//! | 4 | ring version, big-endian, from 1 |
//! | 32 | salt, random, fresh for every seal |
//! | 32 | key commitment |
//! | m | ciphertext, as long as the plaintext |
//! | 16 | tag |
//!
//! Everything before the commitment is the *header*. The *context* is [`context`]'s canonical form of the
//! record's place. With HKDF-SHA-512 over the ring key and the salt:
//!
//! * key = expand(`switchboard seal v1 key` ‖ context, 32 bytes),
//! * commitment = expand(`switchboard seal v1 commitment` ‖ context, 32 bytes), compared in constant time
//!   before anything is decrypted,
//! * associated data = header ‖ context.
//!
//! Each key encrypts once, so the nonce is twelve zero bytes. Text is UTF-8, taken as it is.
//!
//! `tests/vectors.json` has values that open and values that must not, with the reason; `tests/reader.py` is a
//! second reader of them, and `tests/make_vectors.py` writes the file.
//!
//! # What is not promised
//!
//! Ring keys and plaintexts are wiped when dropped as far as this crate owns the memory. The AWS SDK's buffers
//! that carried the key from KMS, and the copies that the HTTP client makes of a header value, are not ours to wipe.

pub mod context;
mod error;
mod kms;
mod layout;
mod opener;
mod rings;
mod seal;
mod sealer;
#[cfg(test)]
mod vectors;

pub use error::OpenError;
pub use kms::{AwsKms, DataKey, KeyContext, KeyService, KeyServiceError};
pub use opener::Opener;
pub use rings::{CacheLimits, RingKeys};
pub use sealer::{RingAssignment, Sealer};
