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
//! Ring keys and plaintexts are wiped when dropped as far as our own code owns the memory; an allocator that looks at
//! every freed block shows it (`tests/memory`). Not ours to wipe are:
//!
//! * what carried a value to us: the Runtime API's event buffer, the JSON reader's scratch buffer (every text with an
//!   escape passes through it), the AWS SDK's JSON and base64 buffers with the key from KMS;
//! * what carries it on: header values, URLs and bodies once the HTTP client has them, and an answer that tells it;
//! * the cipher library's internals, the stack and the registers.
//!
//! An older record put back in the place of a newer one opens: see the roster's attestation in `custody`, and its
//! limits. A value sealed under a ring that tenants share opens as long as that ring exists, also from a backup.

mod attest;
mod cache;
pub mod context;
mod entry;
mod error;
mod keeper;
mod kms;
mod layout;
mod limits;
mod opener;
mod rings;
mod seal;
mod sealer;
#[cfg(test)]
mod vectors;

pub use error::{KeeperError, OpenError};
pub use keeper::RingKeeper;
pub use kms::{AwsKms, DataKey, KeyContext, KeyService, KeyServiceError};
pub use limits::CacheLimits;
pub use opener::Opener;
pub use rings::RingKeys;
pub use sealer::{RingAssignment, Sealer};
