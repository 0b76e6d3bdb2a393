//! KMS: symmetric keys, data keys, and ciphertexts bound to their key and encryption context.
//!
//! A ciphertext is `id length (1 byte) ‖ key id ‖ nonce (12) ‖ AES-256-GCM`, with key id and context as associated
//! data. Keys and nonces are numbered, not random, so that a run can be repeated; they protect nothing.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::time::Timestamp;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::digest::{SHA256, digest};
use serde::Deserialize;
use serde_json::{Value, json};

use super::wire::{Refusal, read};
use super::{ACCOUNT, REGION, unknown};

type Context = BTreeMap<String, String>;

/// All keys, by id.
#[derive(Debug, Default)]
pub(super) struct Keys {
    keys: BTreeMap<String, Key>,
    counter: u64,
}

#[derive(Debug)]
struct Key {
    state: KeyState,
    material: [u8; 32],
}

#[derive(Debug, Clone, Copy)]
enum KeyState {
    Enabled,
    Disabled,
    PendingDeletion,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GenerateDataKey {
    key_id: String,
    key_spec: Option<String>,
    number_of_bytes: Option<usize>,
    #[serde(default)]
    encryption_context: Context,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Decrypt {
    ciphertext_blob: String,
    key_id: Option<String>,
    #[serde(default)]
    encryption_context: Context,
    encryption_algorithm: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ReEncrypt {
    ciphertext_blob: String,
    source_key_id: Option<String>,
    #[serde(default)]
    source_encryption_context: Context,
    destination_key_id: String,
    #[serde(default)]
    destination_encryption_context: Context,
}

pub(super) fn arn(id: &str) -> String {
    format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/{id}")
}

impl Keys {
    pub(super) fn call(
        &mut self,
        operation: &str,
        body: Value,
        now: Timestamp,
    ) -> Result<Value, Refusal> {
        match operation {
            "CreateKey" => {
                let id = format!("00000000-0000-4000-8000-{:012x}", self.keys.len() + 1);
                self.create(&id);
                Ok(json!({"KeyMetadata": {
                    "KeyId": id, "Arn": arn(&id), "Enabled": true, "KeyState": "Enabled",
                    "CreationDate": now.seconds(), "KeyUsage": "ENCRYPT_DECRYPT",
                }}))
            }
            "GenerateDataKey" => self.generate_data_key(&read(body)?),
            "Decrypt" => {
                let request: Decrypt = read(body)?;
                if request
                    .encryption_algorithm
                    .is_some_and(|name| name != "SYMMETRIC_DEFAULT")
                {
                    return Err(unknown("asymmetric keys"));
                }
                let (id, plaintext) = self.open(
                    &request.ciphertext_blob,
                    request.key_id.as_deref(),
                    &request.encryption_context,
                )?;
                Ok(
                    json!({"KeyId": arn(&id), "Plaintext": STANDARD.encode(plaintext), "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}),
                )
            }
            "ReEncrypt" => {
                let request: ReEncrypt = read(body)?;
                let (source, plaintext) = self.open(
                    &request.ciphertext_blob,
                    request.source_key_id.as_deref(),
                    &request.source_encryption_context,
                )?;
                let id = self.usable(&request.destination_key_id)?;
                let ciphertext =
                    self.close(&id, &request.destination_encryption_context, plaintext)?;
                Ok(json!({
                    "SourceKeyId": arn(&source),
                    "KeyId": arn(&id),
                    "CiphertextBlob": STANDARD.encode(ciphertext),
                    "SourceEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
                    "DestinationEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
                }))
            }
            _ => Err(unknown(operation)),
        }
    }

    pub(super) fn create(&mut self, id: &str) {
        let material = self.numbered(b"key");
        self.keys.entry(id.to_owned()).or_insert(Key {
            state: KeyState::Enabled,
            material,
        });
    }

    pub(super) fn set_enabled(&mut self, id: &str, enabled: bool) {
        let state = if enabled {
            KeyState::Enabled
        } else {
            KeyState::Disabled
        };
        self.set_state(id, state);
    }

    pub(super) fn schedule_deletion(&mut self, id: &str) {
        self.set_state(id, KeyState::PendingDeletion);
    }

    fn set_state(&mut self, id: &str, state: KeyState) {
        if let Some(key) = self.keys.get_mut(id) {
            key.state = state;
        }
    }

    fn generate_data_key(&mut self, request: &GenerateDataKey) -> Result<Value, Refusal> {
        let length = match (request.key_spec.as_deref(), request.number_of_bytes) {
            (Some("AES_256"), None) => 32,
            (Some("AES_128"), None) => 16,
            (None, Some(length @ 1..=32)) => length,
            _ => {
                return Err(Refusal::validation(
                    "Please specify either number of bytes or key spec.",
                ));
            }
        };
        let id = self.usable(&request.key_id)?;
        let plaintext = self.numbered(b"data key")[..length].to_vec();
        let ciphertext = self.close(&id, &request.encryption_context, plaintext.clone())?;
        Ok(json!({
            "KeyId": arn(&id),
            "Plaintext": STANDARD.encode(plaintext),
            "CiphertextBlob": STANDARD.encode(ciphertext),
        }))
    }

    /// The id of a key named by id or ARN, if it exists and can be used.
    fn usable(&self, name: &str) -> Result<String, Refusal> {
        let id = name.rsplit('/').next().unwrap_or_default();
        match self.keys.get(id).map(|key| key.state) {
            None => Err(Refusal::new(
                "NotFoundException",
                format!("Key '{}' does not exist", arn(id)),
            )),
            Some(KeyState::Disabled) => Err(Refusal::new(
                "DisabledException",
                format!("{} is disabled.", arn(id)),
            )),
            Some(KeyState::PendingDeletion) => Err(Refusal::new(
                "KMSInvalidStateException",
                format!("{} is pending deletion.", arn(id)),
            )),
            Some(KeyState::Enabled) => Ok(id.to_owned()),
        }
    }

    fn close(
        &mut self,
        id: &str,
        context: &Context,
        mut plaintext: Vec<u8>,
    ) -> Result<Vec<u8>, Refusal> {
        let nonce: [u8; NONCE_LEN] = self.numbered(b"nonce")[..NONCE_LEN]
            .try_into()
            .map_err(|_| failure())?;
        self.cipher(id)?
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                associated(id, context),
                &mut plaintext,
            )
            .map_err(|_| failure())?;
        let length = u8::try_from(id.len()).map_err(|_| failure())?;
        Ok([&[length], id.as_bytes(), &nonce, &plaintext].concat())
    }

    /// The id of the key that made a ciphertext, and the plaintext.
    fn open(
        &self,
        ciphertext: &str,
        named: Option<&str>,
        context: &Context,
    ) -> Result<(String, Vec<u8>), Refusal> {
        let invalid = || Refusal::new("InvalidCiphertextException", "");
        let blob = STANDARD.decode(ciphertext).map_err(|_| invalid())?;
        let (&length, rest) = blob.split_first().ok_or_else(invalid)?;
        let (id, rest) = rest
            .split_at_checked(usize::from(length))
            .ok_or_else(invalid)?;
        let (nonce, sealed) = rest.split_at_checked(NONCE_LEN).ok_or_else(invalid)?;
        let id = std::str::from_utf8(id).map_err(|_| invalid())?;
        if let Some(named) = named
            && self.usable(named)? != id
        {
            return Err(Refusal::new(
                "IncorrectKeyException",
                "The key ID in the request does not identify a CMK that can perform this operation.",
            ));
        }
        if !self.keys.contains_key(id) {
            return Err(invalid());
        }
        let id = self.usable(id)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| failure())?;
        let mut sealed = sealed.to_vec();
        let plaintext = self
            .cipher(&id)?
            .open_in_place(nonce, associated(&id, context), &mut sealed)
            .map_err(|_| invalid())?
            .to_vec();
        Ok((id, plaintext))
    }

    fn cipher(&self, id: &str) -> Result<LessSafeKey, Refusal> {
        let material = self
            .keys
            .get(id)
            .map(|key| key.material)
            .ok_or_else(failure)?;
        UnboundKey::new(&AES_256_GCM, &material)
            .map(LessSafeKey::new)
            .map_err(|_| failure())
    }

    /// The next 32 bytes of a sequence that is the same in every run.
    fn numbered(&mut self, what: &[u8]) -> [u8; 32] {
        self.counter += 1;
        let mut bytes = [0; 32];
        bytes.copy_from_slice(
            digest(&SHA256, &[what, &self.counter.to_be_bytes()].concat()).as_ref(),
        );
        bytes
    }
}

fn failure() -> Refusal {
    Refusal::internal("KMSInternalException")
}

/// Key id and context, each part with its length before it.
fn associated(id: &str, context: &Context) -> Aad<Vec<u8>> {
    let parts = context
        .iter()
        .flat_map(|(name, value)| [name.as_str(), value.as_str()]);
    let mut bytes = Vec::new();
    for part in std::iter::once(id).chain(parts) {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    Aad::from(bytes)
}
