//! What must not be found: secrets by their values, with a name to tell them by.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use serde_json::{Map, Value};
use testing::scan::Scanner;

/// How the names of our own keys begin.
pub(crate) const RING_KEY: &str = "ring key";

/// How the names begin of what we made ourselves for a webhook.
pub(crate) const WEBHOOK: &str = "webhook_";

/// Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Secrets(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    /// Names by values.
    names: BTreeMap<Vec<u8>, String>,
    /// By what an integration goes by, the names of those that it has had.
    holders: BTreeMap<String, BTreeSet<String>>,
}

impl Secrets {
    /// Adds one; what is known already keeps its name, which is returned.
    pub(crate) fn keep(&self, name: impl Into<String>, value: &[u8]) -> String {
        let mut known = self.0.lock().expect("unpoisoned");
        let names = known.names.entry(value.to_owned());
        names.or_insert_with(|| name.into()).clone()
    }

    /// As [`Secrets::keep`], of an integration that goes by these names.
    pub(crate) fn keep_of(&self, integration: [&str; 2], field: &str, value: &[u8]) {
        let name = self.keep(format!("{field} of {}", integration[0]), value);
        let mut known = self.0.lock().expect("unpoisoned");
        for one in integration {
            let held = known.holders.entry(one.to_owned()).or_default();
            held.insert(name.clone());
        }
    }

    /// Whether the secret of that name is, or was, one of the integration's.
    pub(crate) fn is_of(&self, integration: &str, name: &str) -> bool {
        let known = self.0.lock().expect("unpoisoned");
        let held = known.holders.get(integration);
        held.is_some_and(|held| held.contains(name))
    }

    /// Names and values.
    pub(crate) fn all(&self) -> Vec<(String, Vec<u8>)> {
        let known = self.0.lock().expect("unpoisoned");
        let known = known.names.iter();
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
