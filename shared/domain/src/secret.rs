//! Secrets on their way: in forms that cannot be printed or written as JSON, and that wipe themselves.
//!
//! One secret value is a [`SecretString`], an integration's values are [`Credentials`](crate::Credentials), their
//! sealed form opened is a [`Plaintext`], and what a caller has just sent is a [`Given`].
//!
//! ```compile_fail,E0277
//! format!("{}", secrecy::SecretString::from("CANARY"));
//! ```
//! ```compile_fail,E0277
//! format!("{}", domain::Credentials::default());
//! ```
//! ```compile_fail,E0277
//! format!("{:?}", domain::Credentials::default().to_plaintext());
//! ```
//! ```compile_fail,E0277
//! serde_json::to_string(&secrecy::SecretString::from("CANARY"));
//! ```
//! ```compile_fail,E0277
//! serde_json::to_string(&domain::Credentials::default());
//! ```
//! ```compile_fail,E0277
//! serde_json::to_string(&domain::Credentials::default().to_plaintext());
//! ```
//! ```compile_fail,E0277
//! tracing::info!(token = %secrecy::SecretString::from("CANARY"));
//! ```
//! ```compile_fail,E0277
//! tracing::info!(credentials = %domain::Credentials::default());
//! ```
//! ```compile_fail,E0277
//! tracing::info!(plaintext = ?domain::Credentials::default().to_plaintext());
//! ```

use std::fmt;
use std::ops::{Deref, DerefMut};

use secrecy::SecretString;
use secrecy::zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};

/// What is sealed, before and after. The way to its bytes is one word that can be searched for.
pub struct Plaintext(Zeroizing<Vec<u8>>);

impl Plaintext {
    /// The bytes.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl From<Zeroizing<Vec<u8>>> for Plaintext {
    fn from(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }
}

impl ZeroizeOnDrop for Plaintext {}

/// Takes a text as a secret. `SecretString::from` would cut off the text's spare room, for which the allocator may
/// move it and leave a copy behind.
pub fn take(mut text: String) -> SecretString {
    let secret = SecretString::from(text.as_str());
    text.zeroize();
    secret
}

/// A JSON object as a caller gave it. Any of its values may be a secret, also in a field that nobody knows, so all of
/// them are wiped when it is dropped.
#[derive(Default)]
pub struct Given(Map<String, Value>);

impl Deref for Given {
    type Target = Map<String, Value>;
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Given {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl From<Map<String, Value>> for Given {
    fn from(fields: Map<String, Value>) -> Self {
        Self(fields)
    }
}

impl Drop for Given {
    fn drop(&mut self) {
        wipe_all(std::mem::take(&mut self.0));
    }
}

impl ZeroizeOnDrop for Given {}

impl<'de> Deserialize<'de> for Given {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Fields)
    }
}

/// Reads field by field, so that what was read before an error is wiped too.
struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = Given;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Given, A::Error> {
        let mut given = Given::default();
        while let Some((name, value)) = fields.next_entry()? {
            if let Some(replaced) = given.0.insert(name, value) {
                wipe(replaced);
            }
        }
        Ok(given)
    }
}

fn wipe(value: Value) {
    match value {
        Value::String(mut text) => text.zeroize(),
        Value::Array(values) => values.into_iter().for_each(wipe),
        Value::Object(fields) => wipe_all(fields),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn wipe_all(fields: Map<String, Value>) {
    fields.into_iter().for_each(|(_, value)| wipe(value));
}
