//! What must not be found: secrets by their values, with a name to tell them by.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Map, Value};
use testing::scan::Scanner;

/// How the names of our own keys begin.
pub(crate) const RING_KEY: &str = "ring key";

/// Names by values; clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Secrets(Arc<Mutex<BTreeMap<Vec<u8>, String>>>);

impl Secrets {
    /// Adds one; what is known already keeps its name.
    pub(crate) fn keep(&self, name: impl Into<String>, value: &[u8]) {
        let mut known = self.0.lock().expect("unpoisoned");
        known.entry(value.to_owned()).or_insert_with(|| name.into());
    }

    /// Names and values.
    pub(crate) fn all(&self) -> Vec<(String, Vec<u8>)> {
        let known = self.0.lock().expect("unpoisoned");
        let known = known.iter();
        known
            .map(|(value, name)| (name.clone(), value.clone()))
            .collect()
    }

    /// Looks for all of them, in all encodings, and for their ends.
    pub(crate) fn scanner(&self) -> Scanner {
        Scanner::with_ends(self.all())
    }

    /// For another process.
    pub(crate) fn to_json(&self) -> Value {
        let all = self.all().into_iter();
        let all = all.map(|(name, value)| (hex::encode(value), name.into()));
        Map::from_iter(all).into()
    }

    /// Those of another process.
    pub(crate) fn from_json(json: &Value) -> Self {
        let secrets = Self::default();
        for (value, name) in json.as_object().into_iter().flatten() {
            let value = hex::decode(value).expect("hex");
            secrets.keep(name.as_str().unwrap_or_default(), &value);
        }
        secrets
    }
}
